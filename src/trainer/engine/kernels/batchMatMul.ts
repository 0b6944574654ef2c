import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import {
  BatchMatMul,
  broadcast_util,
  util,
  type BatchMatMulAttrs,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { free, heap, replaceWasmKernel, transpose, wasmKernel, type WasmKernelArguments } from './wasmKernel';

/**
 * Matrix products of the WebAssembly backend, fast also for transposed matrices and batches of them.
 *
 * The stock kernel uses XNNPACK only for a single product without transposition; everything else goes through a scalar
 * loop. The backward pass of every dense layer is two transposed products, so training spends most of its time there:
 * https://github.com/tensorflow/tfjs/pull/2532. Here operands are transposed first, and batches are multiplied one
 * by one. `node bench/kernels.mjs` prints by how much that is faster.
 */
export function repairBatchMatMul(): void {
  const stock = wasmKernel(BatchMatMul)!.kernelFunc;
  replaceWasmKernel<'a' | 'b', BatchMatMulAttrs>(BatchMatMul, (args) => {
    const { inputs, attrs, backend } = args;
    const single = batchSize(inputs.a) === 1 && batchSize(inputs.b) === 1;
    const multiply = ({ a, b }: { a: TensorInfo; b: TensorInfo }) =>
      stock({ inputs: { a, b }, attrs: { transposeA: false, transposeB: false }, backend }) as TensorInfo;
    if (single && !attrs.transposeA && !attrs.transposeB) return multiply(inputs);

    const a = attrs.transposeA ? transpose(backend, inputs.a) : inputs.a;
    const b = attrs.transposeB ? transpose(backend, inputs.b) : inputs.b;
    const product = single ? multiply({ a, b }) : multiplyEach(a, b, backend, multiply);
    if (attrs.transposeA) free(backend, a);
    if (attrs.transposeB) free(backend, b);
    return product;
  });
}

type Multiply = (
  matrices: Pick<WasmKernelArguments<'a' | 'b', BatchMatMulAttrs>['inputs'], 'a' | 'b'>,
) => TensorInfo;

/** Products of two batches; a batch of one is used for every product. */
function multiplyEach(a: TensorInfo, b: TensorInfo, backend: BackendWasm, multiply: Multiply): TensorInfo {
  const [rows, inner] = a.shape.slice(-2) as [number, number];
  const [innerOfB, columns] = b.shape.slice(-2) as [number, number];
  util.assert(
    inner === innerOfB,
    () => `Matrices of shapes ${a.shape.join('×')} and ${b.shape.join('×')} do not fit.`,
  );
  const outer = broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const batches = util.sizeFromShape(outer);
  const output = backend.makeOutput([...outer, rows, columns], 'float32');
  const left = backend.makeOutput([1, rows, inner], 'float32');

  for (let i = 0; i < batches; i++) {
    // XNNPACK packs the right matrix once for each tensor, so each needs a tensor of its own.
    const right = backend.makeOutput([1, inner, columns], 'float32');
    copySlice(backend, a, i, left);
    copySlice(backend, b, i, right);
    const product = multiply({ a: left, b: right });
    heap(backend, output).set(heap(backend, product), i * rows * columns);
    free(backend, right, product);
  }
  free(backend, left);
  return output;
}

function copySlice(backend: BackendWasm, from: TensorInfo, index: number, to: TensorInfo): void {
  const size = util.sizeFromShape(to.shape);
  const start = batchSize(from) === 1 ? 0 : index * size;
  heap(backend, to).set(heap(backend, from).subarray(start, start + size));
}

function batchSize(matrices: TensorInfo): number {
  return util.sizeFromShape(matrices.shape.slice(0, -2));
}
