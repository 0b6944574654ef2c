import { MaxPoolGrad, backend_util, type MaxPoolGradAttrs } from '@tensorflow/tfjs-core';
import { heap, replaceWasmKernel } from './wasmKernel';

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
      const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, filterHeight, filterWidth } =
        geometry;
      const { strideHeight, strideWidth, padInfo } = geometry;
      const output = backend.makeOutput(input.shape, 'float32');
      const [x, gradient, dx] = [heap(backend, input), heap(backend, dy), heap(backend, output)];
      dx.fill(0);

      let from = 0;
      for (let image = 0; image < batchSize; image++)
        for (let row = 0; row < outHeight; row++) {
          const top = row * strideHeight - padInfo.top;
          const [beginY, endY] = [Math.max(0, top), Math.min(inHeight, top + filterHeight)];
          for (let column = 0; column < outWidth; column++) {
            const left = column * strideWidth - padInfo.left;
            const [beginX, endX] = [Math.max(0, left), Math.min(inWidth, left + filterWidth)];
            for (let channel = 0; channel < inChannels; channel++, from++) {
              let best = ((image * inHeight + beginY) * inWidth + beginX) * inChannels + channel;
              let maximum = x[best]!;
              for (let y = beginY; y < endY; y++) {
                let at = ((image * inHeight + y) * inWidth + beginX) * inChannels + channel;
                for (let column = beginX; column < endX; column++, at += inChannels)
                  if (x[at]! > maximum) {
                    maximum = x[at]!;
                    best = at;
                  }
              }
              dx[best] = dx[best]! + gradient[from]!;
            }
          }
        }
      return output;
    },
  );
}
