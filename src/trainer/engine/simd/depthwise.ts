import type { backend_util } from '@tensorflow/tfjs-core';
import type { Simd } from './simd';

/**
 * Writes down the geometry of a depthwise convolution for the kernels in `assembly/depthwise.ts`.
 *
 * @returns its address, and that of one 0 an output channel
 */
export function describeDepthwise(
  simd: Simd,
  geometry: backend_util.Conv2DInfo,
): [description: number, zeros: number] {
  const numbers = [
    geometry.batchSize,
    geometry.inHeight,
    geometry.inWidth,
    geometry.inChannels,
    geometry.outHeight,
    geometry.outWidth,
    geometry.outChannels,
    geometry.filterHeight,
    geometry.filterWidth,
    geometry.strideHeight,
    geometry.strideWidth,
    geometry.dilationHeight,
    geometry.dilationWidth,
    geometry.padInfo.top,
    geometry.padInfo.left,
  ];
  const [description, zeros] = simd.scratch(4 * numbers.length, 4 * geometry.outChannels);
  simd.clear(zeros, geometry.outChannels);
  const { buffer } = simd.view(description, numbers.length);
  new Int32Array(buffer, description, numbers.length).set(numbers);
  return [description, zeros];
}
