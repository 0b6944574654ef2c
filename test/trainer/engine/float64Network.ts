import type { LayerPlan } from '../../../src/experiment/architecture';
import type { Activation } from '../../../src/experiment/schema/models';
import { averagePool, convolve, depthwiseConvolve, maxPool, type Images } from './float64';
import { erf, map, matMul, mean, reduce, reshape, sizeOf, zip, type Array64 } from './float64Arrays';

// Whole networks in double precision, from the definitions of their layers.

/** The weights of a network by name, `conv_1/kernel`, and the mask of every dropout by the name of its layer. */
export type Weights = ReadonlyMap<string, Array64>;

/** Mean and variance of the batch, by the name of the normalisation. */
export type BatchStatistics = Map<string, { mean: Array64; variance: Array64 }>;

/**
 * Logits `[batch, classes]` of a batch of images `[batch, height, width, channels]`. With `statistics` the network is in
 * training: dropout acts, and normalisations use the batch and note what they used.
 */
export function logitsOf(
  plans: readonly LayerPlan[],
  weights: Weights,
  images: Array64,
  statistics?: BatchStatistics,
): Array64 {
  return plans.reduce((x, plan) => outputOf(plan, weights, x, statistics), images);
}

export const activations: Record<Activation, (x: number) => number> = {
  relu: (x) => Math.max(0, x),
  leaky_relu: (x) => (x > 0 ? x : 0.01 * x),
  elu: (x) => (x > 0 ? x : Math.expm1(x)),
  gelu: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  linear: (x) => x,
};

function outputOf(
  { name, spec, outputShape }: LayerPlan,
  weights: Weights,
  x: Array64,
  statistics: BatchStatistics | undefined,
): Array64 {
  const weight = (part: string) => weights.get(`${name}/${part}`)!;
  const shape = [x.shape[0]!, ...outputShape];
  const withBias = (sums: Array64, activation: Activation) =>
    map(zip(sums, weight('bias'), add), activations[activation]);
  switch (spec.kind) {
    case 'dense':
      return withBias(matMul(x, weight('kernel')), spec.activation);
    case 'conv': {
      const { values } = weight('kernel');
      const window = { height: spec.kernel, width: spec.kernel, ...spec };
      return withBias(
        { shape, values: convolve(x.values, values, imagesOf(x), window, spec.filters) },
        spec.activation,
      );
    }
    case 'depthwise_conv': {
      const { values } = weight('depthwise_kernel');
      const window = { height: spec.kernel, width: spec.kernel, ...spec };
      return withBias(
        { shape, values: depthwiseConvolve(x.values, values, imagesOf(x), window, 1) },
        spec.activation,
      );
    }
    case 'max_pool':
    case 'avg_pool': {
      const window = { height: spec.size, width: spec.size, stride: spec.stride, padding: 'valid' } as const;
      const pool = spec.kind === 'max_pool' ? maxPool : averagePool;
      return { shape, values: pool(x.values, imagesOf(x), window) };
    }
    case 'global_pool':
      return reduce(x, [1, 2], mean);
    case 'flatten':
      return reshape(x, [x.shape[0]!, sizeOf(x.shape.slice(1))]);
    case 'dropout':
      return statistics ? zip(x, weights.get(name)!, multiply) : x;
    case 'activation':
      return map(x, activations[spec.activation]);
    case 'norm': {
      const used = statistics
        ? batchStatistics(x)
        : { mean: weight('moving_mean'), variance: weight('moving_variance') };
      statistics?.set(name, used);
      const deviation = map(used.variance, (value) => Math.sqrt(value + spec.epsilon));
      const standard = zip(zip(x, used.mean, subtract), deviation, (a, b) => a / b);
      return zip(zip(standard, weight('gamma'), multiply), weight('beta'), add);
    }
  }
}

/** Over everything but the last axis; the variance is that of the batch itself, divided by the number of values. */
function batchStatistics(x: Array64): { mean: Array64; variance: Array64 } {
  const axes = x.shape.slice(0, -1).map((_, axis) => axis);
  const average = reduce(x, axes, mean);
  const squares = map(zip(x, average, subtract), (value) => value * value);
  return { mean: average, variance: reduce(squares, axes, mean) };
}

function imagesOf({ shape }: Array64): Images {
  const [batch, height, width, channels] = shape as [number, number, number, number];
  return { batch, height, width, channels };
}

const add = (a: number, b: number) => a + b;
const subtract = (a: number, b: number) => a - b;
const multiply = (a: number, b: number) => a * b;
