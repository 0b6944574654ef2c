import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import {
  BatchMatMul,
  broadcast_util,
  util,
  type BatchMatMulAttrs,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { multiply } from '../simd/matrixProduct';
import { simd } from '../simd/simd';
import { replaceWasmKernel } from './wasmKernel';

/**
 * Matrix products of the WebAssembly backend by our own kernels, equally fast for transposed matrices and batches of them.
 *
 * The stock kernel uses XNNPACK only for a single product without transposition; everything else goes through a scalar
 * loop. The backward pass of every dense layer is two transposed products, so training would spend most of its time
 * there: https://github.com/tensorflow/tfjs/pull/2532. XNNPACK also keeps a packed copy of every right matrix that it
 * has seen, by its tensor, and so forbids to change weights in place. `node bench/kernels.mjs` prints the speeds.
 */
export function replaceBatchMatMul(): void {
  replaceWasmKernel<'a' | 'b', BatchMatMulAttrs>(BatchMatMul, ({ inputs, attrs, backend }) =>
    matrixProducts(backend, inputs, attrs),
  );
}

/** What happens to a product before it is written: one number a column is added, then it is clamped. */
export interface Finish {
  bias?: TensorInfo;
  minimum: number;
  maximum: number;
}

/** Products of the matrices of two batches, whose outer axes are repeated where they are 1. */
export function matrixProducts(
  backend: BackendWasm,
  { a, b }: { a: TensorInfo; b: TensorInfo },
  { transposeA, transposeB }: BatchMatMulAttrs,
  finish: Finish = { minimum: -Infinity, maximum: Infinity },
): TensorInfo {
  util.assert(
    a.dtype === 'float32' && b.dtype === 'float32',
    () => `Matrices of numbers of the types ${a.dtype} and ${b.dtype} cannot be multiplied.`,
  );
  const [rows, inner] = sizes(a, transposeA);
  const [innerOfB, columns] = sizes(b, transposeB);
  util.assert(
    inner === innerOfB,
    () => `Matrices of shapes ${a.shape.join('×')} and ${b.shape.join('×')} do not fit: inner sizes differ.`,
  );
  const outerA = a.shape.slice(0, -2);
  const outerB = b.shape.slice(0, -2);
  const outer = broadcast_util.assertAndGetBroadcastShape(outerA, outerB);
  const output = backend.makeOutput([...outer, rows, columns], 'float32');
  const { address } = simd();
  const [atA, atB, atC] = [address(a), address(b), address(output)];
  const bias = finish.bias ? address(finish.bias) : 0;

  const batches = util.sizeFromShape(outer);
  // One matrix on the right for all on the left: those are one tall matrix.
  const merged = !transposeA && util.sizeFromShape(outerB) === 1 && util.sizeFromShape(outerA) === batches;
  for (let i = 0; i < (merged ? 1 : batches); i++)
    multiply(simd(), {
      a: {
        address: atA + 4 * rows * inner * repeatedIndex(i, outerA, outer),
        ...strides(rows, inner, transposeA),
      },
      b: {
        address: atB + 4 * inner * columns * repeatedIndex(i, outerB, outer),
        ...strides(inner, columns, transposeB),
      },
      c: atC + 4 * rows * columns * i,
      rows: merged ? batches * rows : rows,
      inner,
      columns,
      bias,
      minimum: finish.minimum,
      maximum: finish.maximum,
    });
  return output;
}

function sizes(matrices: TensorInfo, transposed: boolean): [rows: number, columns: number] {
  const [rows, columns] = matrices.shape.slice(-2) as [number, number];
  return transposed ? [columns, rows] : [rows, columns];
}

/** Of a matrix that is stored transposed, the columns lie apart and the numbers of a column side by side. */
function strides(rows: number, columns: number, transposed: boolean) {
  return transposed ? { rowStride: 1, columnStride: rows } : { rowStride: columns, columnStride: 1 };
}

/** Which matrix of `shape` belongs to the i-th of `outer`. */
function repeatedIndex(i: number, shape: readonly number[], outer: readonly number[]): number {
  let [index, stride, rest] = [0, 1, i];
  for (let axis = 1; axis <= outer.length; axis++) {
    const length = outer.at(-axis)!;
    const own = axis <= shape.length ? shape.at(-axis)! : 1;
    if (own > 1) index += (rest % length) * stride;
    stride *= own;
    rest = Math.floor(rest / length);
  }
  return index;
}
