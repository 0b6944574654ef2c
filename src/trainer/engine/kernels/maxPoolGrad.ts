import { MaxPoolGrad, backend_util, util, type MaxPoolGradAttrs } from '@tensorflow/tfjs-core';
import { simd } from '../simd/simd';
import { replaceWasmKernel } from './wasmKernel';

/**
 * The gradient of max-pooling. The stock kernel of the WebAssembly backend looks for maxima above the smallest
 * *positive* number, so a window whose numbers are all negative or zero loses its gradient or sends it to the wrong
 * place: https://github.com/tensorflow/tfjs/pull/7672. Behind a ReLU nobody notices; behind batch normalisation, tanh or nothing the network learns something else.
 * Of equal maxima the first one gets the gradient, as in TensorFlow and PyTorch.
 */
export function repairMaxPoolGrad(): void {
  replaceWasmKernel<'dy' | 'input', MaxPoolGradAttrs>(
    MaxPoolGrad,
    ({ inputs: { dy, input }, attrs, backend }) => {
      const geometry = backend_util.computePool2DInfo(
        input.shape as [number, number, number, number],
        attrs.filterSize,
        attrs.strides,
        1,
        attrs.pad,
        attrs.dimRoundingMode,
      );
      const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, padInfo } = geometry;
      const { filterHeight, filterWidth, strideHeight, strideWidth } = geometry;
      const output = backend.makeOutput(input.shape, 'float32');
      const { address, clear, kernels } = simd();
      clear(address(output), util.sizeFromShape(input.shape));
      kernels.maxPoolGradient(
        address(input),
        address(dy),
        address(output),
        batchSize,
        inHeight,
        inWidth,
        inChannels,
        outHeight,
        outWidth,
        filterHeight,
        filterWidth,
        strideHeight,
        strideWidth,
        padInfo.top,
        padInfo.left,
      );
      return output;
    },
  );
}
