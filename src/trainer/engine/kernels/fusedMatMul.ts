import { Add, _FusedMatMul, type TensorInfo, type _FusedMatMulAttrs } from '@tensorflow/tfjs-core';
import { matrixProducts } from './batchMatMul';
import { activated, clampOf } from './fusedActivation';
import { free, replaceWasmKernel, runKernel } from './wasmKernel';

/**
 * A matrix product with bias and nonlinearity in one kernel, by our own kernels. For batches and transposed matrices the
 * stock kernel of the WebAssembly backend walks the inner dimension in blocks of 48 and, with more than one block, adds
 * the bias once a block and applies the nonlinearity to unfinished sums:
 * https://github.com/tensorflow/tfjs/blob/tfjs-v4.22.0/tfjs-backend-wasm/src/cc/batch_mat_mul_impl.cc
 *
 * Bias and ReLU are part of the product; other nonlinearities, and a bias of a higher rank, follow it.
 */
export function repairFusedMatMul(): void {
  replaceWasmKernel<'a' | 'b', _FusedMatMulAttrs>(_FusedMatMul, (args) => {
    const { attrs, backend } = args;
    const { bias, preluActivationWeights } = args.inputs as FusedInputs;
    if (bias != null && bias.shape.length > 1) {
      const product = matrixProducts(backend, args.inputs, attrs);
      const sum = runKernel(backend, Add, { a: product, b: bias });
      free(backend, product);
      return activated(backend, sum, attrs, preluActivationWeights);
    }
    const limits = clampOf[attrs.activation];
    const product = matrixProducts(backend, args.inputs, attrs, {
      ...(bias != null && { bias }),
      ...(limits ?? clampOf.linear),
    });
    return limits ? product : activated(backend, product, attrs, preluActivationWeights);
  });
}

interface FusedInputs {
  a: TensorInfo;
  b: TensorInfo;
  bias?: TensorInfo | null;
  preluActivationWeights?: TensorInfo | null;
}
