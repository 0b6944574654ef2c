import { Conv2DBackpropInput, util, type backend_util } from '@tensorflow/tfjs-core';
import { batchParts, gradientRows, type BatchPart } from './batchParts';
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
      const { outChannels } = geometry;
      const weights = util.sizeFromShape(filter.shape) / outChannels;
      const matrix = reshape(backend, filter, [1, weights, outChannels]);
      const transposed = transpose(backend, matrix);
      const dx = backend.makeOutput(attrs.inputShape, 'float32');
      heap(backend, dx).fill(0);
      for (const part of batchParts(geometry, weights)) {
        const gradients = gradientRows(backend, dy, geometry, part);
        const patches = matMul(backend, gradients, transposed);
        addPatches(heap(backend, patches), heap(backend, dx), geometry, part);
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
  { first, images }: BatchPart,
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
