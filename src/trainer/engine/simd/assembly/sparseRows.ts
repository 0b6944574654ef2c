import { clamp, multiplyAdd } from './arithmetic';
import { transpose } from './packing';

/*
 * Products whose left matrix holds many zeros, as behind a ReLU, with dropout, or for images with a dark border: each row
 * is written down as the list of its numbers that are not 0, and only those are multiplied.
 *
 * The right matrix is packed 48 columns at a time. 48 sums of one row take 12 vector registers.
 */

/** How many numbers are 0, of either sign. */
export function countZeros(from: usize, count: i32): i32 {
  const zero = f32x4.splat(0);
  let sums = i32x4.splat(0);
  const end = from + ((<usize>(count & ~3)) << 2);
  for (; from < end; from += 16) sums = i32x4.sub(sums, f32x4.eq(v128.load(from), zero));
  let zeros =
    i32x4.extract_lane(sums, 0) +
    i32x4.extract_lane(sums, 1) +
    i32x4.extract_lane(sums, 2) +
    i32x4.extract_lane(sums, 3);
  for (let i = 0; i < (count & 3); i++) zeros += i32(load<f32>(from + ((<usize>i) << 2)) == 0);
  return zeros;
}

/** Packs 48 columns at a time; missing columns of the last 48 become 0. One of the strides, in numbers, is 1. */
export function packWideColumns(
  from: usize,
  rowStride: i32,
  columnStride: i32,
  rows: i32,
  columns: i32,
  to: usize,
): void {
  for (let column = 0; column < columns; column += 48) {
    const width = min(48, columns - column);
    const bytes = (<usize>width) << 2;
    let q = from + ((<usize>column * <usize>columnStride) << 2);
    if (columnStride != 1) {
      if (width < 48) memory.fill(to, 0, <usize>rows * 192);
      transpose(q, columnStride, width, rows, to, 48);
      to += <usize>rows * 192;
      continue;
    }
    for (let row = 0; row < rows; row++, q += (<usize>rowStride) << 2, to += 192) {
      if (bytes == 192) {
        for (let i: usize = 0; i < 192; i += 16) v128.store(to + i, v128.load(q + i));
      } else {
        memory.copy(to, q, bytes);
        memory.fill(to + bytes, 0, 192 - bytes);
      }
    }
  }
}

/**
 * Writes down the numbers of each row that are not 0, as pairs of an offset of their row in the packed right matrix and
 * the number itself.
 *
 * @param ends receives the address behind the last pair of each row
 */
export function listRows(
  from: usize,
  rowStride: i32,
  rows: i32,
  columns: i32,
  pairs: usize,
  ends: usize,
): void {
  for (let row = 0; row < rows; row++, ends += 4) {
    let p = from + ((<usize>row * <usize>rowStride) << 2);
    const offsetEnd = <usize>columns * 192;
    for (let offset: usize = 0; offset < offsetEnd; offset += 192) {
      const bits = load<u32>(p);
      store<usize>(pairs, offset);
      store<u32>(pairs, bits, 4);
      // Shifted out: the sign, so that −0 is left out, too.
      pairs += (<usize>(bits << 1 != 0)) << 3;
      p += 4;
    }
    store<usize>(ends, pairs);
  }
}

/**
 * C = A · B or C += A · B for rows that `listRows` wrote down.
 *
 * @param spill 384 bytes to work in
 * @param first and the limits as in `multiplyRows`; a list of numbers must be readable up to the next multiple of 48
 */
export function multiplySparseRows(
  spill: usize,
  pairs: usize,
  ends: usize,
  rows: i32,
  depth: i32,
  b: usize,
  columns: i32,
  c: usize,
  cStride: i32,
  first: usize,
  minimum: f32,
  maximum: f32,
): void {
  const zeros = spill + 192;
  memory.fill(zeros, 0, 192);
  for (let column = 0; column < columns; column += 48) {
    const bytes = (<usize>min(48, columns - column)) << 2;
    const columnBytes = (<usize>column) << 2;
    let from = pairs;
    let there = c + columnBytes;
    for (let row = 0; row < rows; row++, there += (<usize>cStride) << 2) {
      const end = load<usize>(ends + ((<usize>row) << 2));
      const to = bytes == 192 ? there : spill;
      if (first == 1 && bytes != 192) memory.copy(spill, there, bytes);
      computeRow(from, end, b, to, first == 0 ? zeros : first == 1 ? to : first + columnBytes);
      if (minimum > -Infinity || maximum < Infinity) clamp(to, 48, minimum, maximum);
      if (bytes != 192) memory.copy(there, spill, bytes);
      from = end;
    }
    b += <usize>depth * 192;
  }
}

/** As in `computeTile`, the sums are only loaded, added to and stored. */
export function computeRow(pairs: usize, end: usize, b: usize, c: usize, first: usize): void {
  let c0 = v128.load(first);
  let c1 = v128.load(first, 16);
  let c2 = v128.load(first, 32);
  let c3 = v128.load(first, 48);
  let c4 = v128.load(first, 64);
  let c5 = v128.load(first, 80);
  let c6 = v128.load(first, 96);
  let c7 = v128.load(first, 112);
  let c8 = v128.load(first, 128);
  let c9 = v128.load(first, 144);
  let c10 = v128.load(first, 160);
  let c11 = v128.load(first, 176);
  for (; pairs < end; pairs += 8) {
    const q = b + load<usize>(pairs);
    const a = v128.load32_splat(pairs, 4);
    c0 = multiplyAdd(v128.load(q), a, c0);
    c1 = multiplyAdd(v128.load(q, 16), a, c1);
    c2 = multiplyAdd(v128.load(q, 32), a, c2);
    c3 = multiplyAdd(v128.load(q, 48), a, c3);
    c4 = multiplyAdd(v128.load(q, 64), a, c4);
    c5 = multiplyAdd(v128.load(q, 80), a, c5);
    c6 = multiplyAdd(v128.load(q, 96), a, c6);
    c7 = multiplyAdd(v128.load(q, 112), a, c7);
    c8 = multiplyAdd(v128.load(q, 128), a, c8);
    c9 = multiplyAdd(v128.load(q, 144), a, c9);
    c10 = multiplyAdd(v128.load(q, 160), a, c10);
    c11 = multiplyAdd(v128.load(q, 176), a, c11);
  }
  v128.store(c, c0);
  v128.store(c, c1, 16);
  v128.store(c, c2, 32);
  v128.store(c, c3, 48);
  v128.store(c, c4, 64);
  v128.store(c, c5, 80);
  v128.store(c, c6, 96);
  v128.store(c, c7, 112);
  v128.store(c, c8, 128);
  v128.store(c, c9, 144);
  v128.store(c, c10, 160);
  v128.store(c, c11, 176);
}
