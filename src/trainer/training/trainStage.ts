import * as tf from '@tensorflow/tfjs-core';
import type { ExperimentPath } from '../../experiment/problems';
import type { ResolvedLoss, ResolvedTraining } from '../../experiment/resolved';
import { lossTerm } from '../criteria/registry';
import { epochOrder, makeBatch } from '../data/batches';
import type { Dataset } from '../data/sources';
import { exitCodes, RunFailure } from '../failures';
import type { Model } from '../models/model';
import { randomFor } from '../random';
import { clipByGlobalNorm, type Optimizer } from './optimizers';
import { learningRate } from './schedule';
import { pixelTensor, type TeacherOutputs } from './teacherOutputs';

/** One training of one model: the teacher's, or one stage of one student. */
export interface StageTask {
  name: string;
  /** Where the stage stands in the experiment file. */
  source: ExperimentPath;
  seed: number;
  training: ResolvedTraining;
  losses: readonly ResolvedLoss[];
  /** The samples it learns from: indices into the training samples. */
  indices: Uint32Array;
  /** Null for the teacher and for a student without one. */
  teacher: TeacherOutputs | null;
}

/** What one step computed. */
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
  /** Awaited after every epoch, counted from 1. Decides whether the stage goes on. */
  onEpoch(epoch: number): Promise<'continue' | 'stop'>;
}

export function stepsPerEpoch(task: Pick<StageTask, 'indices' | 'training'>): number {
  return Math.floor(task.indices.length / task.training.batch);
}

/**
 * Trains a model on one stage. Order, augmentation and dropout depend on the seed and the stage's name alone, so that a
 * student and its comparison see the same samples in the same order.
 *
 * @returns whether it ran to its end.
 * @throws {RunFailure} `training.diverged` when the loss is no longer a finite number.
 */
export async function trainStage(
  model: Model,
  dataset: Dataset,
  task: StageTask,
  optimizer: Optimizer,
  observer: StageObserver,
): Promise<'finished' | 'stopped'> {
  const { training, seed, name } = task;
  const perEpoch = stepsPerEpoch(task);
  const order = randomFor(seed, 'order', name);
  const augment = { shift: training.augment.shift, random: randomFor(seed, 'augment', name) };
  let step = 0;
  for (let epoch = 1; epoch <= training.epochs; epoch++) {
    for (const indices of epochOrder(task.indices, training.batch, order)) {
      const rate = learningRate(training.schedule, training.optimizer.rate, step, perEpoch, training.epochs);
      step++;
      const batch = makeBatch(dataset, dataset.train, indices, augment);
      const wantsNorm = observer.wantsGradientNorm(step);
      const computed = runStep(model, dataset, task, optimizer, rate, batch, wantsNorm);
      if ((await observer.onStep({ step, rate, ...computed })) === 'stop') return 'stopped';
    }
    if ((await observer.onEpoch(epoch)) === 'stop') return epoch === training.epochs ? 'finished' : 'stopped';
  }
  return 'finished';
}

function runStep(
  model: Model,
  dataset: Dataset,
  task: StageTask,
  optimizer: Optimizer,
  rate: number,
  batch: ReturnType<typeof makeBatch>,
  wantsNorm: boolean,
): Omit<StepResult, 'step' | 'rate'> {
  tf.engine().startScope();
  try {
    const pixels = pixelTensor(dataset, batch.pixels);
    const labels = tf.tensor2d(batch.labels, [batch.indices.length, dataset.classes]);
    // Outside the tape below: nothing of the teacher is differentiated.
    const teacherLogits = task.teacher?.forBatch(batch.indices, pixels) ?? null;
    const terms: number[] = [];
    const { value, grads } = tf.variableGrads(
      () => {
        const inputs = { studentLogits: model.forward(pixels), teacherLogits, labels };
        return weightedSum(task.losses, (loss) => {
          const term = lossTerm(loss, inputs);
          terms.push(term.dataSync()[0]!);
          return term;
        });
      },
      model.trainable.map(({ variable }) => variable),
    );
    const loss = value.dataSync()[0]!;
    assertFinite(task, loss);
    const gradients = new Map(model.trainable.map(({ name, variable }) => [name, grads[variable.name]!]));
    const { clipNorm } = task.training;
    const gradientNorm =
      clipNorm !== undefined || wantsNorm ? clipByGlobalNorm(gradients, clipNorm ?? Infinity).norm : null;
    optimizer.apply(gradients, model.trainable, rate);
    return { loss, terms, gradientNorm };
  } finally {
    tf.engine().endScope();
  }
}

/** Terms of weight 0 are computed for the dashboard but left out of the sum: 0 · ∞ would be no number. */
function weightedSum(losses: readonly ResolvedLoss[], term: (loss: ResolvedLoss) => tf.Scalar): tf.Scalar {
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
    `The loss became ${Number.isNaN(loss) ? 'not a number' : 'infinite'}: training diverged. Lower the learning rate of ${kind} (it is ${rate}), or add clip_norm: 1.`,
    [...task.source, 'optimizer', kind, 'rate'],
  );
}
