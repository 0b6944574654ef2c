import { Conv2DBackpropFilter, util, type backend_util } from '@tensorflow/tfjs-core';
import { batchParts, gradientRows, type BatchPart } from './batchParts';
import {
  convolutionGeometry,
  free,
  heap,
  matMul,
  replaceWasmKernel,
  reshape,
  type ConvolutionAttributes,
} from './wasmKernel';

/**
 * The gradient of a convolution with respect to its filter, which the WebAssembly backend does not have at all: without
 * it no convolutional network can be trained. https://github.com/tensorflow/tfjs/issues/8474
 *
 * Every row of the matrix of patches holds what one weight of the filter sees, at every position of every image; its
 * product with the gradients of the outputs, one position a row, is the gradient of the filter. Rows, not columns,
 * because XNNPACK copies its right operand before it multiplies, and the gradients of the outputs are the smaller one.
 */
export function addConv2DBackpropFilter(): void {
  replaceWasmKernel<'x' | 'dy', ConvolutionAttributes & { filterShape: number[] }>(
    Conv2DBackpropFilter,
    ({ inputs: { x, dy }, attrs, backend }) => {
      const geometry = convolutionGeometry(x.shape, attrs.filterShape, attrs);
      const { outHeight, outWidth, outChannels } = geometry;
      const weights = util.sizeFromShape(attrs.filterShape) / outChannels;
      const sum = new Float32Array(weights * outChannels);
      for (const part of batchParts(geometry, weights)) {
        const patches = backend.makeOutput([1, weights, part.images * outHeight * outWidth], 'float32');
        const gradients = gradientRows(backend, dy, geometry, part);
        fillPatches(heap(backend, x), heap(backend, patches), geometry, part);
        const product = matMul(backend, patches, gradients);
        const added = heap(backend, product);
        for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + added[i]!;
        free(backend, patches, gradients, product);
      }

      const flat = backend.makeOutput([sum.length], 'float32');
      heap(backend, flat).set(sum);
      const filter = reshape(backend, flat, attrs.filterShape);
      free(backend, flat);
      return filter;
    },
  );
}

/** Writes what each weight sees; outside the image that is 0. */
function fillPatches(
  x: Float32Array,
  patches: Float32Array,
  geometry: backend_util.Conv2DInfo,
  { first, images }: BatchPart,
): void {
  const { inHeight, inWidth, inChannels, outHeight, outWidth, filterHeight, filterWidth } = geometry;
  const { strideHeight, strideWidth, padInfo } = geometry;
  const step = strideWidth * inChannels;
  let to = 0;
  for (let filterRow = 0; filterRow < filterHeight; filterRow++)
    for (let filterColumn = 0; filterColumn < filterWidth; filterColumn++) {
      const leftmost = filterColumn - padInfo.left;
      // Output columns from `begin` to before `end` see the inside of the image.
      const begin = Math.min(outWidth, Math.max(0, Math.ceil(-leftmost / strideWidth)));
      const end = Math.max(begin, Math.min(outWidth, Math.floor((inWidth - 1 - leftmost) / strideWidth) + 1));
      for (let channel = 0; channel < inChannels; channel++)
        for (let image = first; image < first + images; image++)
          for (let row = 0; row < outHeight; row++, to += outWidth) {
            const y = row * strideHeight + filterRow - padInfo.top;
            if (y < 0 || y >= inHeight) {
              patches.fill(0, to, to + outWidth);
              continue;
            }
            let from =
              ((image * inHeight + y) * inWidth + leftmost + begin * strideWidth) * inChannels + channel;
            patches.fill(0, to, to + begin);
            for (let column = begin; column < end; column++, from += step) patches[to + column] = x[from]!;
            patches.fill(0, to + end, to + outWidth);
          }
    }
}
