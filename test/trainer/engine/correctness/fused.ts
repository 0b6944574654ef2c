import type * as tf from '@tensorflow/tfjs-core';

export type FusedActivation = Exclude<
  NonNullable<Parameters<typeof tf.fused.matMul>[0]['activation']>,
  'prelu'
>;

/** The nonlinearities that a matrix product or convolution can have built in. */
export const fusedFormulas: Record<FusedActivation, (x: number) => number> = {
  linear: (x) => x,
  relu: (x) => Math.max(0, x),
  relu6: (x) => Math.min(6, Math.max(0, x)),
  elu: (x) => (x > 0 ? x : Math.expm1(x)),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  leakyrelu: (x) => (x > 0 ? x : 0.2 * x),
};
