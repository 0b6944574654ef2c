import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import {
  Add,
  Elu,
  LeakyRelu,
  Prelu,
  Relu,
  Relu6,
  Sigmoid,
  type TensorInfo,
  type _FusedMatMulAttrs,
} from '@tensorflow/tfjs-core';
import { free, runKernel } from './wasmKernel';

/** Nonlinearities that only clamp, which our kernels do before they write a result. */
export const clampOf: Partial<Record<string, { minimum: number; maximum: number }>> & {
  linear: { minimum: number; maximum: number };
} = {
  linear: { minimum: -Infinity, maximum: Infinity },
  relu: { minimum: 0, maximum: Infinity },
  relu6: { minimum: 0, maximum: 6 },
};

/** The inputs of a fused convolution beside the image and the filter. */
interface FusedInputs {
  bias?: TensorInfo | null;
  preluActivationWeights?: TensorInfo | null;
}

/**
 * A convolution with its bias and nonlinearity: in one pass where the nonlinearity only clamps and the bias is one number
 * a channel, else one after the other.
 *
 * @param convolve with a bias, or null for none
 */
export function fusedConvolution(
  backend: BackendWasm,
  inputs: object,
  attrs: Pick<_FusedMatMulAttrs, 'activation' | 'leakyreluAlpha'>,
  convolve: (bias: TensorInfo | null, limits: { minimum: number; maximum: number }) => TensorInfo,
): TensorInfo {
  const { bias, preluActivationWeights } = inputs as FusedInputs;
  const limits = clampOf[attrs.activation];
  if (limits && (bias?.shape.length ?? 1) === 1) return convolve(bias ?? null, limits);
  const sums = convolve(null, clampOf.linear);
  if (bias == null) return activated(backend, sums, attrs, preluActivationWeights);
  const biased = runKernel(backend, Add, { a: sums, b: bias });
  free(backend, sums);
  return activated(backend, biased, attrs, preluActivationWeights);
}

/** Applies the nonlinearity and frees what it was applied to. */
export function activated(
  backend: BackendWasm,
  x: TensorInfo,
  { activation, leakyreluAlpha }: Pick<_FusedMatMulAttrs, 'activation' | 'leakyreluAlpha'>,
  alpha: TensorInfo | null | undefined,
): TensorInfo {
  const y = nonlinear();
  if (y !== x) free(backend, x);
  return y;

  function nonlinear(): TensorInfo {
    switch (activation) {
      case 'linear':
        return x;
      case 'relu':
        return runKernel(backend, Relu, { x });
      case 'relu6':
        return runKernel(backend, Relu6, { x });
      case 'elu':
        return runKernel(backend, Elu, { x });
      case 'sigmoid':
        return runKernel(backend, Sigmoid, { x });
      case 'leakyrelu':
        return runKernel(backend, LeakyRelu, { x }, { alpha: leakyreluAlpha });
      case 'prelu':
        return runKernel(backend, Prelu, { x, alpha: alpha! });
    }
  }
}
