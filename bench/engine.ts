// Our side of the step benchmark and of the measurement of memory: node engine.js wasm|native
//
// It trains as the product trains, through trainStage, and stands still between requests.
import readline from 'node:readline';
import * as tf from '@tensorflow/tfjs-core';
import { NoEngineError, openEngine, type WantedEngine } from '../src/trainer/engine/engine';
import { epochOrder, inPieces, makeBatch } from '../src/trainer/data/batches';
import type { Dataset, Samples } from '../src/trainer/data/sources';
import { buildModel } from '../src/trainer/models/buildModel';
import type { Model } from '../src/trainer/models/model';
import { randomFor } from '../src/trainer/random';
import { createOptimizer } from '../src/trainer/training/optimizers';
import { askedOnce, liveTeacher, pixelTensor } from '../src/trainer/training/teacherOutputs';
import { trainStage, type StageTask, type TeacherAnswers } from '../src/trainer/training/trainStage';
import { classes, losses, type Case, type Mode } from './cases';
import type { Answer, Hello, Request } from './protocol';

/** Samples in memory; every step draws its batch from them. */
const sampleCount = 2000;
const indices = Uint32Array.from({ length: sampleCount }, (_, i) => i);

async function main(): Promise<void> {
  const hello = await open();
  say(hello);
  if ('missing' in hello) return;
  const measured = new Map<string, Measured>();
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const request = JSON.parse(line) as Request;
    const key = `${request.name} ${request.mode}`;
    const at = measured.get(key) ?? (await prepare(request.case, request.mode));
    measured.set(key, at);
    const milliseconds = await at.measure(request);
    const memory = { resident: process.memoryUsage.rss(), tensors: tf.memory().numTensors };
    say({ milliseconds, parameters: at.parameters, memory });
  }
}

async function open(): Promise<Hello> {
  const folder = process.env['DISTILLERY_NATIVE'];
  const searchFrom = [process.cwd(), ...(folder === undefined ? [] : [folder])];
  try {
    const { probes } = await openEngine(process.argv[2] as WantedEngine, { searchFrom });
    return { version: probes.at(-1)!.version! };
  } catch (error) {
    if (!(error instanceof NoEngineError)) throw error;
    return { missing: error.message };
  }
}

function say(line: Hello | Answer): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

interface Measured {
  parameters: Answer['parameters'];
  measure(request: Request): Promise<number[]>;
}

async function prepare(
  { shape, batch, teacher: teacherLayers, student }: Case,
  mode: Mode,
): Promise<Measured> {
  const dataset = syntheticDataset(shape);
  const options = { inputShape: shape, classes, seed: 1 };
  const teacher = buildModel(teacherLayers, { ...options, name: 'teacher' });
  if (mode === 'teacher') return new TeacherPass(teacher, dataset, batch);
  const answers =
    mode === 'live'
      ? liveTeacher(teacher)
      : await askedOnce(teacher, dataset, indices, () => Promise.resolve());
  const model = buildModel(student, { ...options, name: 'student' });
  return new Steps(model, teacher.parameters, dataset, answers, batch);
}

/** Lets trainStage go on for as many steps as are asked for, and measures from the end of one to the end of the next. */
class Steps implements Measured {
  readonly parameters: Answer['parameters'];
  private times: number[] = [];
  private since = 0;
  private goesOn: (times: number[]) => boolean = () => false;
  private finish: (times: number[]) => void = () => undefined;
  private resume: () => void;

  constructor(model: Model, teacher: number, dataset: Dataset, answers: TeacherAnswers, batch: number) {
    this.parameters = { teacher, student: model.parameters };
    const task = taskWith(answers, batch);
    const optimizer = createOptimizer(task.training.optimizer);
    const observer = {
      wantsGradientNorm: () => false,
      onStep: () => this.onStep(),
      onEpoch: () => Promise.resolve('continue' as const),
    };
    this.resume = () => void trainStage(model, dataset, task, optimizer, null, observer);
  }

  measure(request: Request): Promise<number[]> {
    return new Promise((resolve) => {
      this.finish = resolve;
      this.goesOn = (times) => wantsMore(request, times);
      this.times = [];
      this.since = performance.now();
      this.resume();
    });
  }

  private async onStep(): Promise<'continue'> {
    const now = performance.now();
    this.times.push(now - this.since);
    this.since = now;
    if (!this.goesOn(this.times)) {
      const resumed = new Promise<void>((resolve) => (this.resume = resolve));
      this.finish(this.times);
      await resumed;
    }
    return 'continue';
  }
}

function taskWith(teacher: TeacherAnswers, batch: number): StageTask {
  return {
    name: 'distill',
    source: ['distill'],
    seed: 1,
    losses,
    indices,
    teacher,
    training: {
      epochs: 1_000_000,
      batch,
      accumulate: 1,
      optimizer: { kind: 'adam', rate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
      schedule: { kind: 'constant', warmup: 0 },
      augment: { shift: 0 },
      keep: 'last',
    },
  };
}

/** Passes batches through the teacher, as the cache of its outputs and every evaluation do. */
class TeacherPass implements Measured {
  readonly parameters: Answer['parameters'];
  private epoch = 0;

  constructor(
    private readonly teacher: Model,
    private readonly dataset: Dataset,
    private readonly batch: number,
  ) {
    this.parameters = { teacher: teacher.parameters };
  }

  async measure(request: Request): Promise<number[]> {
    const times: number[] = [];
    for (;;) {
      const order = epochOrder(indices, { seed: 1, name: 'teacher' }, ++this.epoch);
      for (const drawn of inPieces(order, this.batch)) {
        if (drawn.length < this.batch) break;
        const start = performance.now();
        const pixels = pixelTensor(this.dataset, makeBatch(this.dataset, this.dataset.train, drawn).pixels);
        const logits = this.teacher.predict(pixels);
        await logits.data();
        tf.dispose([pixels, logits]);
        times.push(performance.now() - start);
        if (!wantsMore(request, times)) return times;
      }
    }
  }
}

function wantsMore({ steps, budget }: Request, times: readonly number[]): boolean {
  return times.length < steps || times.reduce((sum, time) => sum + time, 0) < budget;
}

function syntheticDataset([height, width, channels]: Case['shape']): Dataset {
  const random = randomFor(1, 'pixels');
  const samples: Samples = {
    count: sampleCount,
    pixels: Uint8Array.from({ length: sampleCount * height * width * channels }, () =>
      random.integer(0, 255),
    ),
    labels: Uint8Array.from({ length: sampleCount }, () => random.integer(0, classes - 1)),
  };
  const classNames = Array.from({ length: classes }, (_, i) => String(i));
  return { train: samples, test: samples, height, width, channels, classes, classNames, hash: '' };
}

void main();
