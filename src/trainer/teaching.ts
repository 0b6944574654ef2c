import * as tf from '@tensorflow/tfjs-core';
import type { Logits } from './evaluation/metrics';
import type { Model } from './models/model';
import { isLive, stageId, teacherHash } from './plan';
import type { RunContext } from './runContext';
import { openBatchCache } from './training/batchCache';
import { openSampleCache } from './training/sampleCache';
import { StageBatches, stepsPerEpoch } from './training/stageBatches';
import { liveTeacher, pixelTensor } from './training/teacherOutputs';
import type { TeacherAhead } from './workers/teacherAhead';
import type { CachedTeacher, CacheSettings } from './training/teacherCache';

const askedMilliseconds = 3000;

/** What students are given of their teacher, in one process. */
export class Teaching {
  private samples: Promise<CachedTeacher> | null = null;
  private readonly batches = new Map<string, StageBatches>();

  /**
   * @param onValidation the teacher's logits on the validation samples.
   * @param ahead asks about moved images in another process; null where there is none.
   */
  constructor(
    private readonly context: RunContext,
    private readonly teacher: Model,
    readonly onValidation: Logits,
    private readonly ahead: TeacherAhead | null = null,
  ) {}

  /**
   * Asks the teacher about everything that stages without augmentation will want, so that other processes find it on
   * disk.
   */
  async prepare(): Promise<void> {
    if (!this.context.experiment.distill.every(isLive)) await this.openSamples();
  }

  /**
   * The teacher's outputs for a stage of the student of one seed; the caller closes them.
   *
   * @param index of the stage, from 0.
   */
  async answersFor(index: number, seed: number): Promise<CachedTeacher> {
    const stage = this.context.experiment.distill[index]!;
    if (!isLive(stage)) return shared(await this.openSamples());
    const batched = this.batched(index, seed);
    const moved = { ...batched, id: stageId('student', seed, stage) };
    const here = liveTeacher(this.teacher);
    const all = stepsPerEpoch(batched) * stage.accumulate * stage.epochs;
    const live = this.ahead?.answersFor({ stage: index, seed, batches: all }, here) ?? here;
    return openBatchCache(this.settings(), moved, live);
  }

  /** The live teacher's logits for a batch, counted from 1, of a stage of the student of one seed. */
  async answer(index: number, seed: number, number: number): Promise<Float32Array> {
    const key = `${index}/${seed}`;
    const { dataset } = this.context;
    let batches = this.batches.get(key);
    if (!batches) this.batches.set(key, (batches = new StageBatches(dataset, this.batched(index, seed))));
    const pixels = pixelTensor(dataset, batches.at(number).pixels);
    const logits = tf.tidy(() => this.teacher.predict(pixels));
    try {
      return (await logits.data()) as Float32Array;
    } finally {
      tf.dispose([pixels, logits]);
    }
  }

  async close(): Promise<void> {
    this.ahead?.close();
    (await this.samples)?.close();
    this.samples = null;
  }

  private batched(index: number, seed: number) {
    const stage = this.context.experiment.distill[index]!;
    return { name: stage.name, seed, training: stage, indices: this.context.transferSets.get(seed)! };
  }

  /** Where images are not moved, the teacher is asked once about every sample that reaches a student with any seed. */
  private openSamples(): Promise<CachedTeacher> {
    const { transferSets } = this.context;
    this.samples ??= openSampleCache(
      this.settings(),
      [...transferSets.values()].flatMap((indices) => [...indices]),
      this.tellAsked(),
    );
    return this.samples;
  }

  /** Says now and then how far the teacher has been asked: many samples take a while. */
  private tellAsked(): (done: number, total: number) => void {
    let last = performance.now();
    return (done, total) => {
      if (performance.now() - last < askedMilliseconds) return;
      last = performance.now();
      const message = `Asking the teacher: ${done.toLocaleString('en')} of ${total.toLocaleString('en')} samples.`;
      this.context.emit({ type: 'log', level: 'info', message });
    };
  }

  private settings(): CacheSettings {
    const { workspace, experiment, engine, dataset, emit, control } = this.context;
    return {
      workspace,
      precision: experiment.teacher.cache,
      engine,
      teacherHash: teacherHash(this.context),
      teacher: this.teacher,
      dataset,
      emit,
      between: control.listenOrStop,
    };
  }
}

/** Several stages and seeds share these outputs: closing them is not up to one of them. */
function shared(outputs: CachedTeacher): CachedTeacher {
  return {
    has: (number) => outputs.has(number),
    forBatch: (batch) => outputs.forBatch(batch),
    close: () => undefined,
  };
}
