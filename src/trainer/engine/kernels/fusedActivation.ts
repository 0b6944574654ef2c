import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import {
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
