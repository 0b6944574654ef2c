import type { Simd } from './simd';

/** A matrix on the heap. One of the strides, in numbers, is 1. */
export interface HeapMatrix {
  address: number;
  rowStride: number;
  columnStride: number;
}

export interface Product {
  a: HeapMatrix;
  b: HeapMatrix;
  /** Where the result goes, row after row. */
  c: number;
  rows: number;
  inner: number;
  columns: number;
  /** The address of one number a column that is added; 0 for none. */
  bias: number;
  /** The result is clamped to these; infinite for no limit. */
  minimum: number;
  maximum: number;
}

/**
 * C = clamp(A · B + bias).
 *
 * Numbers of A that are 0 may be left out. So 0 · ∞ counts as 0 here, not as no number; a network whose weights are
 * infinite is caught by its loss.
 */
export function multiply(simd: Simd, product: Product): void {
  const { rows, inner, columns } = product;
  if (rows === 0 || columns === 0) return;
  if (inner === 0) throw new Error('A matrix product needs at least one column on the left.');
  if (listsPay(simd, product)) multiplyLists(simd, product);
  else multiplyTiles(simd, product);
}

/** Whether to write down the rows of A as lists: they take less time a product, and leave zeros out. */
function listsPay({ kernels }: Simd, { a, rows, inner, columns }: Product): boolean {
  if (columns < 32) return false;
  const contiguous = a.rowStride === inner || a.columnStride === rows;
  const share = contiguous ? 1 - kernels.countZeros(a.address, rows * inner) / (rows * inner) : 1;
  return listTime * share * roundedUp(columns, 48) < roundedUp(columns, 8);
}

/** The time of a product from a list, in products of tiles. `node bench/kernels.mjs` prints both. */
const listTime = 0.92;

/** By tiles of 6 × 8 sums. */
export function multiplyTiles(simd: Simd, product: Product): void {
  const { a, b, c, rows, inner, columns, bias, minimum, maximum } = product;
  const { kernels } = simd;
  const depth = evenParts(inner, 512);
  const transposed = a.columnStride !== 1;
  const padded = roundedUp(columns, 8);
  const [tile, runs, aRows, cRows, packed, paddedBias, left] = simd.scratch(
    320,
    4,
    4 * rows,
    4 * rows,
    4 * depth * padded,
    4 * padded,
    transposed ? 4 * rows * depth : 0,
  );
  kernels.fillAddresses(runs, 0, 0, 1);
  kernels.fillAddresses(cRows, c, 4 * columns, rows);
  padBias(simd, product, paddedBias, padded);
  for (let from = 0; from < inner; from += depth) {
    const count = Math.min(depth, inner - from);
    const last = from + count === inner;
    const rowsOfA = transposed ? { address: left, rowStride: count } : a;
    if (transposed) turn(simd, product, from, count, left);
    kernels.fillAddresses(aRows, rowsOfA.address, 4 * rowsOfA.rowStride, rows);
    kernels.packColumns(
      b.address + 4 * from * b.rowStride,
      b.rowStride,
      b.columnStride,
      count,
      columns,
      packed,
    );
    kernels.multiplyRows(
      tile,
      aRows,
      transposed ? 0 : 4 * from,
      cRows,
      rows,
      runs,
      1,
      count,
      packed,
      columns,
      from > 0 ? 1 : bias === 0 ? 0 : paddedBias,
      last ? minimum : -Infinity,
      last ? maximum : Infinity,
    );
  }
}

/** By rows of 48 sums, each from the list of the numbers of A that are not 0. */
export function multiplyLists(simd: Simd, product: Product): void {
  const { a, b, c, rows, inner, columns, bias, minimum, maximum } = product;
  const { kernels } = simd;
  const depth = evenParts(inner, 192);
  const rowsAtOnce = Math.min(rows, Math.max(64, Math.floor(pairsAtOnce / depth)));
  const transposed = a.columnStride !== 1;
  const padded = roundedUp(columns, 48);
  const [spill, pairs, ends, packed, paddedBias, left] = simd.scratch(
    384,
    8 * (rowsAtOnce * depth + 1),
    4 * rowsAtOnce,
    4 * depth * padded,
    4 * padded,
    transposed ? 4 * rows * depth : 0,
  );
  padBias(simd, product, paddedBias, padded);
  for (let from = 0; from < inner; from += depth) {
    const count = Math.min(depth, inner - from);
    const last = from + count === inner;
    const rowsOfA = transposed
      ? { address: left, rowStride: count }
      : { ...a, address: a.address + 4 * from };
    if (transposed) turn(simd, product, from, count, left);
    kernels.packWideColumns(
      b.address + 4 * from * b.rowStride,
      b.rowStride,
      b.columnStride,
      count,
      columns,
      packed,
    );
    for (let row = 0; row < rows; row += rowsAtOnce) {
      const listed = Math.min(rowsAtOnce, rows - row);
      const start = rowsOfA.address + 4 * row * rowsOfA.rowStride;
      kernels.listRows(start, rowsOfA.rowStride, listed, count, pairs, ends);
      kernels.multiplySparseRows(
        spill,
        pairs,
        ends,
        listed,
        count,
        packed,
        columns,
        c + 4 * row * columns,
        columns,
        from > 0 ? 1 : bias === 0 ? 0 : paddedBias,
        last ? minimum : -Infinity,
        last ? maximum : Infinity,
      );
    }
  }
}

/** Pairs that stay in the second-level cache while they meet all columns: 1 MB. */
const pairsAtOnce = 2 ** 17;

/** Writes `count` columns of A, which is stored column after column, row after row. */
function turn({ kernels }: Simd, { a, rows }: Product, from: number, count: number, to: number): void {
  kernels.transpose(a.address + 4 * from * a.columnStride, a.columnStride, count, rows, to, count);
}

function padBias(simd: Simd, { bias, columns }: Product, to: number, padded: number): void {
  if (bias === 0) return;
  simd.clear(to, padded);
  simd.copy(to, bias, columns);
}

/** The length of equal parts of at most `most`. */
function evenParts(length: number, most: number): number {
  return Math.ceil(length / Math.ceil(length / most));
}

function roundedUp(length: number, to: number): number {
  return Math.ceil(length / to) * to;
}
