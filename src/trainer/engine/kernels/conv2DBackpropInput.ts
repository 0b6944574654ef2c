import { Conv2DBackpropInput, util, type backend_util } from '@tensorflow/tfjs-core';
import {
  convolutionGeometry,
  free,
  heap,
  matMul,
  replaceWasmKernel,
  reshape,
  transpose,
  type ConvolutionAttributes,
} from './wasmKernel';
import { largestPatchMatrix } from './conv2DBackpropFilter';

/**
 * The gradient of a convolution with respect to its input. The stock kernel of the WebAssembly backend is right, but a
 * scalar loop; here one matrix product gives what every output position sends back to its patch of the input, and the
 * patches are added up where they overlap. `node bench/kernels.mjs` prints by how much that is faster.
 */
export function repairConv2DBackpropInput(): void {
  replaceWasmKernel<'dy' | 'filter', ConvolutionAttributes & { inputShape: number[] }>(
    Conv2DBackpropInput,
    ({ inputs: { dy, filter }, attrs, backend }) => {
      const geometry = convolutionGeometry(attrs.inputShape, filter.shape, attrs);
      const { batchSize, outHeight, outWidth, outChannels } = geometry;
      const weights = util.sizeFromShape(filter.shape) / outChannels;
      const positions = outHeight * outWidth;
      const imagesAtOnce = Math.max(
        1,
        Math.min(batchSize, Math.floor(largestPatchMatrix / (4 * weights * positions))),
      );

      const matrix = reshape(backend, filter, [1, weights, outChannels]);
      const transposed = transpose(backend, matrix);
      const dx = backend.makeOutput(attrs.inputShape, 'float32');
      heap(backend, dx).fill(0);
      for (let first = 0; first < batchSize; first += imagesAtOnce) {
        const images = Math.min(imagesAtOnce, batchSize - first);
        const gradients = backend.makeOutput([1, images * positions, outChannels], 'float32');
        const start = first * positions * outChannels;
        heap(backend, gradients).set(
          heap(backend, dy).subarray(start, start + images * positions * outChannels),
        );
        const patches = matMul(backend, gradients, transposed);
        addPatches(heap(backend, patches), heap(backend, dx), geometry, first, images);
        free(backend, gradients, patches);
      }
      free(backend, matrix, transposed);
      return dx;
    },
  );
}

/** Adds every patch to the part of the input that it covers; what lies outside the image is dropped. */
function addPatches(
  patches: Float32Array,
  dx: Float32Array,
  geometry: backend_util.Conv2DInfo,
  first: number,
  images: number,
): void {
  const { inHeight, inWidth, inChannels, outHeight, outWidth, filterHeight, filterWidth } = geometry;
  const { strideHeight, strideWidth, padInfo } = geometry;
  const patchRow = filterWidth * inChannels;
  let patch = 0;
  for (let image = first; image < first + images; image++)
    for (let row = 0; row < outHeight; row++)
      for (let column = 0; column < outWidth; column++) {
        const left = column * strideWidth - padInfo.left;
        const begin = Math.max(0, -left);
        const end = Math.min(filterWidth, inWidth - left);
        for (let filterRow = 0; filterRow < filterHeight; filterRow++, patch += patchRow) {
          const y = row * strideHeight + filterRow - padInfo.top;
          if (y < 0 || y >= inHeight) continue;
          let to = ((image * inHeight + y) * inWidth + left + begin) * inChannels;
          for (let from = patch + begin * inChannels; from < patch + end * inChannels; from++, to++)
            dx[to] = dx[to]! + patches[from]!;
        }
      }
}
