import * as tf from '@tensorflow/tfjs-core';
import type { ResolvedOptimizer } from '../../experiment/resolved';
import { simd } from '../engine/simd/simd';

/**
 * One step of one variable on the WebAssembly engine: its weights and slots are changed where they lie, in one pass over
 * memory. As tensors the same step is a dozen passes; `node bench/kernels.mjs` prints both.
 */
export interface HeapStep {
  /** What is remembered of every weight; all slots begin at 0. */
  slotNames: readonly string[];
  /** Addresses are in bytes, in the order of the names. */
  run(at: {
    weight: number;
    slots: readonly number[];
    gradient: number;
    count: number;
    decays: boolean;
    rate: number;
    step: number;
  }): void;
}

/** The same formulas as in `optimizers.ts`. */
export function heapStep(spec: ResolvedOptimizer): HeapStep {
  switch (spec.kind) {
    case 'adam':
    case 'adamw': {
      const { beta1, beta2, epsilon } = spec;
      const decoupled = spec.kind === 'adamw';
      return {
        slotNames: ['mean', 'square'],
        run: ({ weight, slots, gradient, count, decays, rate, step }) => {
          const correction = Math.sqrt(1 - beta2 ** step);
          const decay = decays ? spec.weightDecay : 0;
          simd().kernels.adamStep(
            weight,
            slots[0]!,
            slots[1]!,
            gradient,
            count,
            (rate * correction) / (1 - beta1 ** step),
            beta1,
            1 - beta1,
            beta2,
            1 - beta2,
            epsilon * correction,
            decoupled ? 0 : decay,
            decoupled ? 1 - rate * decay : 1,
          );
        },
      };
    }
    case 'sgd':
      return {
        slotNames: spec.momentum === 0 ? [] : ['velocity'],
        run: ({ weight, slots, gradient, count, decays, rate }) => {
          const { momentum, nesterov, weightDecay } = spec;
          const decay = decays ? weightDecay : 0;
          const velocity = slots[0] ?? 0;
          simd().kernels.sgdStep(weight, velocity, gradient, count, rate, momentum, nesterov ? 1 : 0, decay);
        },
      };
    case 'rmsprop':
      return {
        slotNames: spec.momentum === 0 ? ['square'] : ['square', 'velocity'],
        run: ({ weight, slots, gradient, count, decays, rate }) => {
          const { decay, epsilon, momentum, weightDecay } = spec;
          simd().kernels.rmspropStep(
            weight,
            slots[0]!,
            slots[1] ?? 0,
            gradient,
            count,
            rate,
            decay,
            1 - decay,
            epsilon,
            momentum,
            decays ? weightDecay : 0,
          );
        },
      };
  }
}

/** Whether the steps above can be used: only the WebAssembly engine has its numbers on that heap. */
export function onHeap(): boolean {
  return tf.getBackend() === 'wasm';
}

/** The address of a tensor's numbers. */
export function heapAddress(tensor: tf.Tensor): number {
  return simd().address(tensor);
}

/** The address of a variable's numbers, which may be changed: a variable that shares them gets a copy of its own first. */
export function ownHeapAddress(variable: tf.Variable): number {
  if (tf.backend().refCount(variable.dataId) > 1)
    tf.tidy(() => variable.assign(tf.tensor(variable.dataSync(), variable.shape)));
  return heapAddress(variable);
}

/** The sum of the squares of a tensor's numbers. */
export function heapSumOfSquares(tensor: tf.Tensor): number {
  return simd().kernels.sumOfSquares(heapAddress(tensor), tensor.size);
}
