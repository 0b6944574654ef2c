import * as tf from '@tensorflow/tfjs-core';
import type { ExperimentPath } from '../../experiment/problems';
import type { LossAtStep, ResolvedLoss, ResolvedTraining } from '../../experiment/resolved';
import { scheduledText } from '../../experiment/scheduled';
import { lossTerm } from '../criteria/registry';
import type { Batch } from '../data/batches';
import type { Dataset } from '../data/sources';
import { exitCodes, RunFailure } from '../failures';
import type { Model } from '../models/model';
import { clipByGlobalNorm, type Optimizer } from './optimizers';
import { learningRate, lossesAt, type StagePosition } from './schedule';
import { StageBatches, stepsPerEpoch, type BatchedStage } from './stageBatches';
import { pixelTensor } from './teacherOutputs';
import type { WeightAverage } from './weightAverage';

/** One training of one model: the teacher's, or one stage of one student. */
export interface StageTask extends BatchedStage {
  /** Where the stage stands in the experiment file. */
  source: ExperimentPath;
  training: ResolvedTraining;
  losses: readonly ResolvedLoss[];
  /** Null for the teacher and for a student without one. */
  teacher: TeacherAnswers | null;
}

/** What a student is given of its teacher. */
export interface TeacherAnswers {
  /**
   * The teacher's logits for one batch, `batch × classes`; the caller disposes them. Never called inside a gradient
   * tape: the teacher is a constant.
   */
  forBatch(batch: AskedBatch): tf.Tensor2D | Promise<tf.Tensor2D>;
}

export interface AskedBatch {
  /** Batches of the stage, counted from 1. */
  number: number;
  /** Indices into the training samples. */
  indices: Uint32Array;
  /** `batch × height × width × channels`, as the student sees them. */
  pixels: tf.Tensor4D;
}

/** What one step computed; means over its batches where there are several. */
export interface StepResult {
  /** Counted from 1 within the stage. */
  step: number;
  rate: number;
  /** The weighted sum of the terms. */
  loss: number;
  /** Each term, not weighted, in the order of the losses. */
  terms: number[];
  /** Before clipping; null where nobody asked and nothing is clipped: it costs a pass over all gradients. */
  gradientNorm: number | null;
}

export interface StageObserver {
  /** Whether the gradient norm of this step (counted from 1) is wanted. */
  wantsGradientNorm(step: number): boolean;
  /** Awaited after every step: shows progress and lets commands in. Decides whether the stage goes on. */
  onStep(result: StepResult): Promise<'continue' | 'stop'>;
  /** Awaited after every epoch, counted from 1. `finish` ends the stage as if this had been its last epoch. */
  onEpoch(epoch: number): Promise<'continue' | 'stop' | 'finish'>;
}

/** How far a stage has come. */
export interface StageProgress {
  /** Steps that are done. */
  step: number;
  /** Epochs after which `onEpoch` has been called. */
  epoch: number;
}

/**
 * Trains a model on one stage. Nothing is random but what the seed, the stage's name and the step decide, so a stage can
 * go on from any step.
 *
 * @param average of the weights, which takes them in after every step; null without one.
 * @param from what was done before.
 * @returns whether it ran to its end.
 * @throws {RunFailure} `training.diverged` when the loss is no longer a finite number.
 */
export async function trainStage(
  model: Model,
  dataset: Dataset,
  task: StageTask,
  optimizer: Optimizer,
  average: WeightAverage | null,
  observer: StageObserver,
  from: StageProgress = { step: 0, epoch: 0 },
): Promise<'finished' | 'stopped'> {
  const { epochs } = task.training;
  const perEpoch = stepsPerEpoch(task);
  const batches = new StageBatches(dataset, task);
  let { step } = from;
  for (let epoch = from.epoch + 1; epoch <= epochs; epoch++) {
    while (step < epoch * perEpoch) {
      const position = { step, stepsPerEpoch: perEpoch, epochs };
      step++;
      const wantsNorm = observer.wantsGradientNorm(step);
      const result = await trainStep(model, dataset, task, batches, optimizer, position, wantsNorm);
      average?.update();
      if ((await observer.onStep({ step, ...result })) === 'stop') return 'stopped';
    }
    const verdict = await observer.onEpoch(epoch);
    if (verdict === 'finish') return 'finished';
    if (verdict === 'stop') return epoch === epochs ? 'finished' : 'stopped';
  }
  return 'finished';
}

/** One step of the optimiser: forward, backward and update, over as many batches as `accumulate` says. */
async function trainStep(
  model: Model,
  dataset: Dataset,
  task: StageTask,
  batches: StageBatches,
  optimizer: Optimizer,
  position: StagePosition,
  wantsNorm: boolean,
): Promise<Omit<StepResult, 'step'>> {
  const { accumulate, clipNorm, schedule, optimizer: spec } = task.training;
  const losses = lossesAt(task.losses, position);
  const sum = new GradientSum();
  try {
    for (let part = 0; part < accumulate; part++) {
      const number = position.step * accumulate + part + 1;
      const batch = batches.at(number);
      const { indices } = batch;
      const pixels = pixelTensor(dataset, batch.pixels);
      let teacherLogits: tf.Tensor2D | null = null;
      try {
        teacherLogits = (await task.teacher?.forBatch({ number, indices, pixels })) ?? null;
        sum.add(gradientsOf(model, dataset, losses, batch, pixels, teacherLogits));
      } finally {
        tf.dispose([pixels, ...(teacherLogits ? [teacherLogits] : [])]);
      }
      assertFinite(task, sum.loss);
    }
    const { step, stepsPerEpoch: perEpoch, epochs } = position;
    const rate = learningRate(schedule, spec.rate, step, perEpoch, epochs);
    let gradientNorm: number | null = null;
    tf.tidy(() => {
      const gradients = sum.mean();
      if (clipNorm !== undefined || wantsNorm)
        gradientNorm = clipByGlobalNorm(gradients, clipNorm ?? Infinity).norm;
      optimizer.apply(gradients, model.trainable, rate);
    });
    return { rate, loss: sum.loss, terms: sum.terms, gradientNorm };
  } finally {
    sum.dispose();
  }
}

interface BatchGradients {
  loss: number;
  terms: number[];
  /** By the name of the weight; the receiver disposes them. */
  gradients: Map<string, tf.Tensor>;
}

/** The losses of one batch and their gradients. */
function gradientsOf(
  model: Model,
  dataset: Dataset,
  losses: readonly LossAtStep[],
  batch: Batch,
  pixels: tf.Tensor4D,
  teacherLogits: tf.Tensor2D | null,
): BatchGradients {
  const gradients = new Map<string, tf.Tensor>();
  const kept = tf.tidy(() => {
    const labels = tf.tensor2d(batch.labels, [batch.indices.length, dataset.classes]);
    const terms: tf.Scalar[] = [];
    const { value, grads } = tf.variableGrads(
      () => {
        const inputs = { studentLogits: model.forward(pixels), teacherLogits, labels };
        return weightedSum(losses, (loss) => {
          const term = lossTerm(loss, inputs);
          terms.push(tf.keep(term));
          return term;
        });
      },
      model.trainable.map(({ variable }) => variable),
    );
    for (const { name, variable } of model.trainable) gradients.set(name, grads[variable.name]!);
    return { value, terms, grads };
  });
  const number = (tensor: tf.Scalar) => tensor.dataSync()[0]!;
  const result = { loss: number(kept.value), terms: kept.terms.map(number), gradients };
  tf.dispose([kept.value, ...kept.terms]);
  return result;
}

/** Adds up the gradients of the batches of one step; with one batch it hands them on as they are. */
class GradientSum {
  private batches = 0;
  private readonly sums = new Map<string, tf.Tensor>();
  private lossSum = 0;
  private termSums: number[] = [];

  add({ loss, terms, gradients }: BatchGradients): void {
    this.batches++;
    this.lossSum += loss;
    this.termSums = terms.map((term, i) => (this.termSums[i] ?? 0) + term);
    for (const [name, gradient] of gradients) {
      const before = this.sums.get(name);
      this.sums.set(name, before ? tf.add(before, gradient) : gradient);
      if (before) tf.dispose([before, gradient]);
    }
  }

  get loss(): number {
    return this.lossSum / this.batches;
  }

  get terms(): number[] {
    return this.termSums.map((sum) => sum / this.batches);
  }

  /** To be called inside a tidy scope. */
  mean(): Map<string, tf.Tensor> {
    if (this.batches === 1) return new Map(this.sums);
    return new Map([...this.sums].map(([name, sum]) => [name, tf.mul(sum, 1 / this.batches)]));
  }

  dispose(): void {
    tf.dispose([...this.sums.values()]);
  }
}

/** Terms of weight 0 are computed for the dashboard but left out of the sum: 0 · ∞ would be no number. */
function weightedSum(losses: readonly LossAtStep[], term: (loss: LossAtStep) => tf.Scalar): tf.Scalar {
  return losses.reduce<tf.Scalar>((sum, loss) => {
    const value = term(loss);
    return loss.weight === 0 ? sum : tf.add(sum, tf.mul(value, loss.weight));
  }, tf.scalar(0));
}

/** @throws {RunFailure} `training.diverged` when a loss of this stage is not a finite number. */
export function assertFinite(task: Pick<StageTask, 'source' | 'training'>, loss: number): void {
  if (Number.isFinite(loss)) return;
  const { kind, rate } = task.training.optimizer;
  throw new RunFailure(
    exitCodes.diverged,
    'training.diverged',
    `The loss became ${Number.isNaN(loss) ? 'not a number' : 'infinite'}: training diverged. Lower the learning rate of ${kind} (it is ${scheduledText(rate)}), or add clip_norm: 1.`,
    [...task.source, 'optimizer', kind, 'rate'],
  );
}
