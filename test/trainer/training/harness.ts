import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, expect, vi } from 'vitest';
import type { LayerSpec, ResolvedLoss, ResolvedTraining } from '../../../src/experiment/resolved';
import { openEngine } from '../../../src/trainer/engine/engine';
import { buildModel } from '../../../src/trainer/models/buildModel';
import type { Model } from '../../../src/trainer/models/model';
import { createOptimizer } from '../../../src/trainer/training/optimizers';
import {
  trainStage,
  type StageObserver,
  type StageTask,
  type StepResult,
  type TeacherAnswers,
} from '../../../src/trainer/training/trainStage';
import { tinyDataset } from '../fixtures/dataset';

/** 27 images of 6×4 in three classes; a stage learns from all but the first, in six batches of four an epoch. */
export const dataset = tinyDataset({ train: 27, classes: 3 });
export const indices = Uint32Array.from({ length: 26 }, (_, i) => i + 1);
export const listen = () => Promise.resolve();

export const kd: ResolvedLoss = { criterion: 'kd', weight: 0.9, temperature: 2 };
export const ce: ResolvedLoss = { criterion: 'ce', weight: 0.1, labelSmoothing: 0 };
export const logitMse: ResolvedLoss = { criterion: 'logit_mse', weight: 0.5, reduction: 'mean' };
export const hidden: LayerSpec[] = [{ kind: 'dense', units: 5, activation: 'relu' }];
export const withState: LayerSpec[] = [
  { kind: 'conv', filters: 2, kernel: 3, stride: 1, padding: 'same', activation: 'linear' },
  { kind: 'norm', momentum: 0.9, epsilon: 1e-3 },
  { kind: 'max_pool', size: 2, stride: 2 },
  { kind: 'dropout', rate: 0.4 },
];

beforeAll(() => openEngine('wasm', { searchFrom: [] }));

let tensorsBefore: number;
beforeEach(() => (tensorsBefore = tf.memory().numTensors));
afterEach(() => {
  for (const model of models.splice(0)) model.dispose();
  expect(tf.memory().numTensors).toBe(tensorsBefore);
});

const models: Model[] = [];
export function newModel(layers: LayerSpec[], seed = 1, name = 'student'): Model {
  const model = buildModel(layers, { inputShape: [6, 4, 1], classes: 3, seed, name });
  models.push(model);
  return model;
}

export function training(changes: Partial<ResolvedTraining> = {}): ResolvedTraining {
  return {
    epochs: 3,
    batch: 4,
    accumulate: 1,
    optimizer: { kind: 'sgd', rate: 0.1, momentum: 0.9, nesterov: false, weightDecay: 0 },
    schedule: { kind: 'linear', to: 0, warmup: 0 },
    augment: { shift: 0 },
    keep: 'last',
    ...changes,
  };
}

export interface Options extends Partial<Omit<StageTask, 'training'>>, Partial<ResolvedTraining> {
  observer?: Partial<StageObserver>;
}

/** Trains a model and gathers what its steps computed. */
export async function train(
  model: Model,
  options: Options = {},
): Promise<{ steps: StepResult[]; outcome: string }> {
  const {
    observer,
    seed = 1,
    losses = [{ ...ce, weight: 1 }],
    teacher = null,
    name = 'distill',
    ...changes
  } = options;
  const task: StageTask = {
    name,
    source: ['distill'],
    seed,
    losses,
    teacher,
    indices: options.indices ?? indices,
    training: training(changes),
  };
  const optimizer = createOptimizer(task.training.optimizer);
  const steps: StepResult[] = [];
  try {
    const outcome = await trainStage(model, dataset, task, optimizer, null, {
      wantsGradientNorm: () => false,
      onEpoch: () => Promise.resolve('continue'),
      ...observer,
      onStep: (result) => {
        steps.push(result);
        return observer?.onStep?.(result) ?? Promise.resolve('continue');
      },
    });
    return { steps, outcome };
  } finally {
    optimizer.dispose();
  }
}

export async function hashOf(model: Model): Promise<string> {
  const hash = createHash('sha256');
  for (const [name, values] of await model.weights()) hash.update(name).update(values);
  return hash.digest('hex');
}

/** The samples of every batch, in order, as the teacher is asked for them. */
export function spyOnBatches(teacher: TeacherAnswers): number[][] {
  const seen: number[][] = [];
  const forBatch = teacher.forBatch.bind(teacher);
  vi.spyOn(teacher, 'forBatch').mockImplementation((batch) => {
    seen.push([...batch.indices]);
    return forBatch(batch);
  });
  return seen;
}
