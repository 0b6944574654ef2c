import { UnsortedSegmentSum, util, type UnsortedSegmentSumAttrs } from '@tensorflow/tfjs-core';
import { heap, replaceWasmKernel } from './wasmKernel';

/**
 * Adds up the rows that go to the same segment. It is the gradient of `gather`, and the WebAssembly backend does not have
 * it: without it nothing that looks rows up, such as an embedding, can be trained.
 * https://github.com/tensorflow/tfjs/issues/8474
 */
export function addUnsortedSegmentSum(): void {
  replaceWasmKernel<'x' | 'segmentIds', UnsortedSegmentSumAttrs>(
    UnsortedSegmentSum,
    ({ inputs: { x, segmentIds }, attrs: { numSegments }, backend }) => {
      const rowShape = x.shape.slice(segmentIds.shape.length);
      const rowSize = util.sizeFromShape(rowShape);
      const output = backend.makeOutput([numSegments, ...rowShape], x.dtype);
      const [rows, ids, sums] = [heap(backend, x), heap(backend, segmentIds), heap(backend, output)];
      sums.fill(0);
      for (let row = 0; row < ids.length; row++) {
        const segment = ids[row]!;
        // Rows of a segment that does not exist are dropped, as in TensorFlow.
        if (segment < 0 || segment >= numSegments) continue;
        const [from, to] = [row * rowSize, segment * rowSize];
        for (let i = 0; i < rowSize; i++) sums[to + i] = sums[to + i]! + rows[from + i]!;
      }
      return output;
    },
  );
}
