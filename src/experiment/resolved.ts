import type { Activation } from './schema/models';
import type { Requirement, Expectation } from './expectations';

/** An experiment with every default expanded: what the trainer runs and `resolved.json` holds. */
export interface ResolvedExperiment {
  version: 1;
  name: string;
  cite?: string;
  seeds: number[];
  data: ResolvedData;
  teacher: {
    model: ResolvedModel;
    train: ResolvedTraining & { labelSmoothing: Scheduled };
    require?: Requirement;
    /** How the outputs that students learn from are kept on disk; `off` asks the teacher in every run. */
    cache: TeacherCachePrecision;
  };
  student: { model: ResolvedModel };
  distill: ResolvedStage[];
  compare: 'scratch'[];
  expect: Expectation[];
}

export interface ResolvedData {
  source: { kind: 'mnist' } | { kind: 'idx'; directory: string };
  validation: number;
  transfer: number | 'all';
  exclude: number[];
}

/** Layers in order, without the layer of logits, which the class count of the data decides. */
export interface ResolvedModel {
  layers: LayerSpec[];
}

export type LayerSpec =
  | { kind: 'dense'; units: number; activation: Activation }
  | {
      kind: 'conv';
      filters: number;
      kernel: number;
      stride: number;
      padding: 'same' | 'valid';
      activation: Activation;
    }
  | {
      kind: 'depthwise_conv';
      kernel: number;
      stride: number;
      padding: 'same' | 'valid';
      activation: Activation;
    }
  | { kind: 'norm'; momentum: number; epsilon: number }
  | { kind: 'max_pool' | 'avg_pool'; size: number; stride: number }
  | { kind: 'global_pool' }
  | { kind: 'flatten' }
  | { kind: 'dropout'; rate: number }
  | { kind: 'activation'; activation: Activation };

export type TeacherCachePrecision = 'float32' | 'float16' | 'off';

export interface ResolvedTraining {
  epochs: number;
  batch: number;
  /** The gradients of so many batches are averaged before one step of the optimiser. */
  accumulate: number;
  optimizer: ResolvedOptimizer;
  schedule: ResolvedSchedule;
  clipNorm?: number;
  augment: { shift: number };
  /** Validation and whatever is kept use an average of the weights over the steps. */
  ema?: { decay: number };
  /** Then `keep` is `best`. */
  earlyStop?: ResolvedEarlyStop;
  keep: 'last' | 'best';
}

/** Training ends after `patience` epochs whose validation metric was not lower than the best by more than `minDelta`. */
export interface ResolvedEarlyStop {
  patience: number;
  metric: 'errors' | 'loss';
  minDelta: number;
}

/** A number that stays, or goes from one value to another while a stage is trained; `until` is an epoch. */
export type Scheduled =
  number | { from: number; to: number; how: 'linear' | 'cosine' | 'exponential'; until?: number };

export interface ResolvedStage extends ResolvedTraining {
  name: string;
  losses: ResolvedLoss[];
}

export type ResolvedOptimizer =
  | { kind: 'sgd'; rate: Scheduled; momentum: number; nesterov: boolean; weightDecay: number }
  | {
      kind: 'adam' | 'adamw';
      rate: Scheduled;
      beta1: number;
      beta2: number;
      epsilon: number;
      weightDecay: number;
    }
  | {
      kind: 'rmsprop';
      rate: Scheduled;
      decay: number;
      momentum: number;
      epsilon: number;
      weightDecay: number;
    };

/** Epochs, and shares of the learning rate. */
export type ResolvedSchedule =
  | { kind: 'constant'; warmup: number }
  | { kind: 'linear' | 'cosine'; to: number; warmup: number }
  | { kind: 'step'; every: number; factor: number; warmup: number };

export type ResolvedLoss = Loss<Scheduled>;

/** A term of the loss as it stands at one step: criteria know of no schedules. */
export type LossAtStep = Loss<number>;

type Loss<Value> = { weight: Value } & (
  | { criterion: 'kd'; temperature: Value }
  | { criterion: 'ce'; labelSmoothing: Value }
  | { criterion: 'logit_mse'; reduction: 'mean' | 'class_sum' | 'sum' }
);
