import type { LayerSpec, ResolvedLoss } from '../src/experiment/resolved';
import type { Activation } from '../src/experiment/schema/models';

/** A teacher, a student and the batch they see: one line of the table. */
export interface Case {
  /** `[height, width, channels]` */
  shape: [number, number, number];
  batch: number;
  teacher: LayerSpec[];
  student: LayerSpec[];
}

export type CaseName = 'mlp' | 'cnn-a' | 'cnn-b' | 'dw';

/** One distillation step with the teacher in it, the same with its outputs kept from before, one pass of the teacher. */
export const modes = ['live', 'cached', 'teacher'] as const;
export type Mode = (typeof modes)[number];

export const classes = 10;

/** 0.5 · cross-entropy + 0.5 · T² · KL, T = 4. */
export const losses: ResolvedLoss[] = [
  { criterion: 'ce', labelSmoothing: 0, weight: 0.5 },
  { criterion: 'kd', temperature: 4, weight: 0.5 },
];

const pool: LayerSpec = { kind: 'max_pool', size: 2, stride: 2 };
const normalised: LayerSpec[] = [
  { kind: 'norm', momentum: 0.9, epsilon: 1e-3 },
  { kind: 'activation', activation: 'relu' },
];

const convolutional: LayerSpec[] = [
  ...convNorm(32),
  ...convNorm(32),
  pool,
  ...convNorm(64),
  ...convNorm(64),
  pool,
  dense(256),
];

export const cases: Record<CaseName, Case> = {
  mlp: {
    shape: [28, 28, 1],
    batch: 100,
    teacher: [dense(1200), dense(1200)],
    student: [dense(800), dense(800)],
  },
  'cnn-a': {
    shape: [28, 28, 1],
    batch: 64,
    teacher: convolutional,
    student: [conv(64, { stride: 2 }), pool, conv(128, { stride: 2 }), pool],
  },
  'cnn-b': {
    shape: [28, 28, 1],
    batch: 64,
    teacher: convolutional,
    student: [conv(16), pool, conv(32), pool],
  },
  dw: { shape: [32, 32, 3], batch: 64, teacher: separable(64), student: separable(32) },
};

function dense(units: number): LayerSpec {
  return { kind: 'dense', units, activation: 'relu' };
}

function conv(
  filters: number,
  options: { kernel?: number; stride?: number; activation?: Activation } = {},
): LayerSpec {
  const { kernel = 3, stride = 1, activation = 'relu' } = options;
  return { kind: 'conv', filters, kernel, stride, padding: 'same', activation };
}

function convNorm(filters: number, kernel = 3): LayerSpec[] {
  return [conv(filters, { kernel, activation: 'linear' }), ...normalised];
}

/** Blocks of a depthwise and a pointwise convolution (Howard et al. 2017, arXiv:1704.04861), to a quarter of the side. */
function separable(width: number): LayerSpec[] {
  const block = (filters: number, stride: number): LayerSpec[] => [
    { kind: 'depthwise_conv', kernel: 3, stride, padding: 'same', activation: 'linear' },
    ...normalised,
    ...convNorm(filters, 1),
  ];
  return [
    ...convNorm(width),
    ...block(2 * width, 2),
    ...block(2 * width, 1),
    ...block(4 * width, 2),
    { kind: 'global_pool' },
  ];
}
