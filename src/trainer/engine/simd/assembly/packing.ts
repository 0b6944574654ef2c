/**
 * Packs the right matrix of a product for `multiplyRows`: 8 columns at a time, and of those all rows; missing columns of
 * the last 8 become 0.
 *
 * @param rowStride numbers from one row to the next
 * @param columnStride numbers from one column to the next
 */
export function packColumns(
  from: usize,
  rowStride: i32,
  columnStride: i32,
  rows: i32,
  columns: i32,
  to: usize,
): void {
  const rowBytes = (<usize>rowStride) << 2;
  const columnBytes = (<usize>columnStride) << 2;
  for (let column = 0; column < columns; column += 8) {
    const width = min(8, columns - column);
    const begin = from + <usize>column * columnBytes;
    if (width == 8 && columnStride == 1) {
      let q = begin;
      for (let row = 0; row < rows; row++, q += rowBytes, to += 32) {
        v128.store(to, v128.load(q));
        v128.store(to, v128.load(q, 16), 16);
      }
    } else if (width == 8 && rowStride == 1) {
      to = packTransposed(begin, columnBytes, rows, to);
    } else {
      for (let row = 0; row < rows; row++, to += 32) {
        let q = begin + <usize>row * rowBytes;
        v128.store(to, f32x4.splat(0));
        v128.store(to, f32x4.splat(0), 16);
        for (let i = 0; i < width; i++, q += columnBytes) store<f32>(to + ((<usize>i) << 2), load<f32>(q));
      }
    }
  }
}

/** Eight columns whose numbers are contiguous, four rows at a time. */
function packTransposed(from: usize, columnBytes: usize, rows: i32, to: usize): usize {
  const right = columnBytes << 2;
  let row = 0;
  for (; row + 4 <= rows; row += 4, from += 16, to += 128) {
    transposeBlock(from, columnBytes, to, 32);
    transposeBlock(from + right, columnBytes, to + 16, 32);
  }
  for (; row < rows; row++, from += 4, to += 32)
    for (let i: usize = 0; i < 8; i++) store<f32>(to + (i << 2), load<f32>(from + i * columnBytes));
  return to;
}

/** Writes the transpose of a matrix; strides are in numbers. */
export function transpose(
  from: usize,
  fromStride: i32,
  rows: i32,
  columns: i32,
  to: usize,
  toStride: i32,
): void {
  const fromBytes = (<usize>fromStride) << 2;
  const toBytes = (<usize>toStride) << 2;
  let row = 0;
  for (; row + 4 <= rows; row += 4) {
    let p = from + <usize>row * fromBytes;
    let q = to + ((<usize>row) << 2);
    let column = 0;
    for (; column + 4 <= columns; column += 4, p += 16, q += toBytes << 2)
      transposeBlock(p, fromBytes, q, toBytes);
    for (; column < columns; column++, p += 4, q += toBytes)
      for (let i: usize = 0; i < 4; i++) store<f32>(q + (i << 2), load<f32>(p + i * fromBytes));
  }
  for (; row < rows; row++) {
    const p = from + <usize>row * fromBytes;
    const q = to + ((<usize>row) << 2);
    for (let column: usize = 0; column < <usize>columns; column++)
      store<f32>(q + column * toBytes, load<f32>(p + (column << 2)));
  }
}

/** 4 × 4 numbers. */
function transposeBlock(from: usize, fromBytes: usize, to: usize, toBytes: usize): void {
  const r0 = v128.load(from);
  const r1 = v128.load(from + fromBytes);
  const r2 = v128.load(from + 2 * fromBytes);
  const r3 = v128.load(from + 3 * fromBytes);
  const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
  const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
  v128.store(to + toBytes, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7));
  v128.store(to + 2 * toBytes, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5));
  v128.store(to + 3 * toBytes, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7));
}

/** Writes `count` addresses, `stride` bytes apart. */
export function fillAddresses(table: usize, first: usize, stride: i32, count: i32): void {
  for (let i = 0; i < count; i++, table += 4, first += stride) store<usize>(table, first);
}
