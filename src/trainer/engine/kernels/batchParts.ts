import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { backend_util, TensorInfo } from '@tensorflow/tfjs-core';
import { heap } from './wasmKernel';

/** Bytes that the matrix of patches may take; larger batches are done in parts. */
const largestPatchMatrix = 64e6;

/** So many images of a batch, from the first on, are done at once. */
export interface BatchPart {
  first: number;
  images: number;
}

/** Cuts a batch so that no part's matrix of patches, `weights` numbers for every output position, is too large. */
export function* batchParts(
  { batchSize, outHeight, outWidth }: backend_util.Conv2DInfo,
  weights: number,
): Generator<BatchPart> {
  const atOnce = Math.max(1, Math.floor(largestPatchMatrix / (4 * weights * outHeight * outWidth)));
  for (let first = 0; first < batchSize; first += atOnce)
    yield { first, images: Math.min(atOnce, batchSize - first) };
}

/** The gradients of the outputs of a part, one position a row: `[1, positions, outChannels]`. The caller frees them. */
export function gradientRows(
  backend: BackendWasm,
  dy: TensorInfo,
  { outHeight, outWidth, outChannels }: backend_util.Conv2DInfo,
  { first, images }: BatchPart,
): TensorInfo {
  const ofImage = outHeight * outWidth * outChannels;
  const rows = backend.makeOutput([1, images * outHeight * outWidth, outChannels], 'float32');
  heap(backend, rows).set(heap(backend, dy).subarray(first * ofImage, (first + images) * ofImage));
  return rows;
}
