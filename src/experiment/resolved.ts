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
    train: ResolvedTraining & { labelSmoothing: number };
    require?: Requirement;
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
  | { kind: 'norm'; momentum: number; epsilon: number }
  | { kind: 'max_pool' | 'avg_pool'; size: number; stride: number }
  | { kind: 'global_pool' }
  | { kind: 'flatten' }
  | { kind: 'dropout'; rate: number }
  | { kind: 'activation'; activation: Activation };

export interface ResolvedTraining {
  epochs: number;
  batch: number;
  optimizer: ResolvedOptimizer;
  schedule: ResolvedSchedule;
  clipNorm?: number;
  augment: { shift: number };
  keep: 'last' | 'best';
}

export interface ResolvedStage extends ResolvedTraining {
  name: string;
  losses: ResolvedLoss[];
}

export type ResolvedOptimizer =
  | { kind: 'sgd'; rate: number; momentum: number; nesterov: boolean; weightDecay: number }
  | {
      kind: 'adam' | 'adamw';
      rate: number;
      beta1: number;
      beta2: number;
      epsilon: number;
      weightDecay: number;
    }
  | { kind: 'rmsprop'; rate: number; decay: number; momentum: number; epsilon: number; weightDecay: number };

/** Epochs, and shares of the learning rate. */
export type ResolvedSchedule =
  | { kind: 'constant'; warmup: number }
  | { kind: 'linear' | 'cosine'; to: number; warmup: number }
  | { kind: 'step'; every: number; factor: number; warmup: number };

export type ResolvedLoss = { weight: number } & (
  | { criterion: 'kd'; temperature: number }
  | { criterion: 'ce'; labelSmoothing: number }
  | { criterion: 'logit_mse'; reduction: 'mean' | 'class_sum' | 'sum' }
);
