import { clamp, multiplyAdd } from './arithmetic';

/*
 * The heart of matrix products and convolutions: a tile of 6 rows and 8 columns of the result stays in registers while
 * it sums up products. It takes 15 vector registers, which is what V8 leaves of the 16 of x64.
 *
 * A row of the left matrix need not be contiguous: it is read as runs of `depth` numbers, and run r of a row begins at
 * the row's address plus the r-th offset of a list that all rows share. An ordinary matrix has one run; the patch of an
 * image that a convolution looks at has one run for each row of its window, so no matrix of patches is ever written.
 *
 * The right matrix is packed: for each 8 columns, the 8 numbers of each row after one another.
 */

// Where a tile finds what, in bytes from the start of its description.
const B: usize = 0;
const RUNS: usize = 4;
const RUNS_END: usize = 8;
const RUN_BYTES: usize = 12;
const A: usize = 16;
const FIRST: usize = 40;
const C: usize = 64;
const ZEROS: usize = 88;
const SPILL: usize = 128;

/**
 * C = A · B, or C += A · B, for rows and columns of any number.
 *
 * @param tile 320 bytes of memory to work in
 * @param a addresses of the rows of A; `shift` bytes are added to each
 * @param c addresses of the rows of C
 * @param rows how many there are
 * @param runs offsets of the runs in bytes
 * @param depth numbers in a run
 * @param b packed right matrix
 * @param first what the sum begins with: 0 for zeros, 1 for what C holds, else the address of one number a column,
 *   readable up to the next multiple of 8
 * @param minimum and `maximum`: what the result is clamped to; infinite for no limit
 */
export function multiplyRows(
  tile: usize,
  a: usize,
  shift: usize,
  c: usize,
  rows: i32,
  runs: usize,
  runCount: i32,
  depth: i32,
  b: usize,
  columns: i32,
  first: usize,
  minimum: f32,
  maximum: f32,
): void {
  const panelBytes = (<usize>(runCount * depth)) << 5;
  store<usize>(tile, runs, RUNS);
  store<usize>(tile, runs + ((<usize>runCount) << 2), RUNS_END);
  store<usize>(tile, (<usize>depth) << 2, RUN_BYTES);
  memory.fill(tile + ZEROS, 0, 32);
  // A small right matrix stays in the first-level cache, so all columns of six rows are done one after the other. Of a
  // large one, eight columns stay there while they meet so many rows as the second-level cache holds.
  const rowsAtOnce = <usize>columns * panelBytes <= 8 * 24576 ? 6 : 96;
  for (let from = 0; from < rows; from += rowsAtOnce) {
    const to = min(from + rowsAtOnce, rows);
    let panel = b;
    for (let column = 0; column < columns; column += 8) {
      const width = min(8, columns - column);
      for (let row = from; row < to; row += 6) {
        store<usize>(tile, panel, B);
        const height = min(6, to - row);
        if (column > 0 && width == 8 && height == 6 && rowsAtOnce == 6) advanceTile(tile, first);
        else pointTile(tile, a, shift, c, row, height, column, width, first);
        computeTile(tile);
        if (minimum > -Infinity || maximum < Infinity) clampTile(tile, minimum, maximum);
        if (width < 8) copySpilled(tile, c, row, height, column, width);
      }
      panel += panelBytes;
    }
  }
}

/** Describes a tile. Rows that do not exist read an existing one and write where nobody looks. */
function pointTile(
  tile: usize,
  a: usize,
  shift: usize,
  c: usize,
  top: i32,
  height: i32,
  column: i32,
  width: i32,
  first: usize,
): void {
  const columnBytes = (<usize>column) << 2;
  const spills = width < 8;
  for (let i = 0; i < 6; i++) {
    const at = (<usize>i) << 2;
    const spill = tile + SPILL + ((<usize>i) << 5);
    const exists = i < height;
    const index = (<usize>(top + (exists ? i : 0))) << 2;
    const there = load<usize>(c + index) + columnBytes;
    const to = exists && !spills ? there : spill;
    if (spills && first == 1) memory.copy(spill, there, (<usize>width) << 2);
    store<usize>(tile + at, load<usize>(a + index) + shift, A);
    store<usize>(tile + at, first == 0 ? tile + ZEROS : first == 1 ? to : first + columnBytes, FIRST);
    store<usize>(tile + at, to, C);
  }
}

/** The next eight columns of the same six rows. */
function advanceTile(tile: usize, first: usize): void {
  const step = i32x4.splat(32);
  v128.store(tile, i32x4.add(v128.load(tile, C), step), C);
  store<u64>(tile, load<u64>(tile, C + 16) + 0x0000002000000020, C + 16);
  if (first == 0) return;
  v128.store(tile, i32x4.add(v128.load(tile, FIRST), step), FIRST);
  store<u64>(tile, load<u64>(tile, FIRST + 16) + 0x0000002000000020, FIRST + 16);
}

function copySpilled(tile: usize, c: usize, top: i32, height: i32, column: i32, width: i32): void {
  for (let i = 0; i < height; i++) {
    const there = load<usize>(c + ((<usize>(top + i)) << 2)) + ((<usize>column) << 2);
    memory.copy(there, tile + SPILL + ((<usize>i) << 5), (<usize>width) << 2);
  }
}

export function computeTile(tile: usize): void {
  // The sums are loaded, added to and stored, nothing else: after anything else V8 keeps them on the stack.
  let q = load<usize>(tile, FIRST);
  let c00 = v128.load(q);
  let c01 = v128.load(q, 16);
  q = load<usize>(tile, FIRST + 4);
  let c10 = v128.load(q);
  let c11 = v128.load(q, 16);
  q = load<usize>(tile, FIRST + 8);
  let c20 = v128.load(q);
  let c21 = v128.load(q, 16);
  q = load<usize>(tile, FIRST + 12);
  let c30 = v128.load(q);
  let c31 = v128.load(q, 16);
  q = load<usize>(tile, FIRST + 16);
  let c40 = v128.load(q);
  let c41 = v128.load(q, 16);
  q = load<usize>(tile, FIRST + 20);
  let c50 = v128.load(q);
  let c51 = v128.load(q, 16);

  // What is needed only between runs is read again from memory: a register more here costs a spill in the inner loop.
  let b = load<usize>(tile, B);
  let run = load<usize>(tile, RUNS);
  const runsEnd = load<usize>(tile, RUNS_END);
  do {
    const offset = load<usize>(run);
    let p0 = offset + load<usize>(tile, A);
    let p1 = offset + load<usize>(tile, A + 4);
    let p2 = offset + load<usize>(tile, A + 8);
    let p3 = offset + load<usize>(tile, A + 12);
    let p4 = offset + load<usize>(tile, A + 16);
    let p5 = offset + load<usize>(tile, A + 20);
    const end = p0 + load<usize>(tile, RUN_BYTES);
    do {
      const b0 = v128.load(b);
      const b1 = v128.load(b, 16);
      const a0 = v128.load32_splat(p0);
      c00 = multiplyAdd(a0, b0, c00);
      c01 = multiplyAdd(a0, b1, c01);
      const a1 = v128.load32_splat(p1);
      c10 = multiplyAdd(a1, b0, c10);
      c11 = multiplyAdd(a1, b1, c11);
      const a2 = v128.load32_splat(p2);
      c20 = multiplyAdd(a2, b0, c20);
      c21 = multiplyAdd(a2, b1, c21);
      const a3 = v128.load32_splat(p3);
      c30 = multiplyAdd(a3, b0, c30);
      c31 = multiplyAdd(a3, b1, c31);
      const a4 = v128.load32_splat(p4);
      c40 = multiplyAdd(a4, b0, c40);
      c41 = multiplyAdd(a4, b1, c41);
      const a5 = v128.load32_splat(p5);
      c50 = multiplyAdd(a5, b0, c50);
      c51 = multiplyAdd(a5, b1, c51);
      p0 += 4;
      p1 += 4;
      p2 += 4;
      p3 += 4;
      p4 += 4;
      p5 += 4;
      b += 32;
    } while (p0 < end);
    run += 4;
  } while (run < runsEnd);

  q = load<usize>(tile, C);
  v128.store(q, c00);
  v128.store(q, c01, 16);
  q = load<usize>(tile, C + 4);
  v128.store(q, c10);
  v128.store(q, c11, 16);
  q = load<usize>(tile, C + 8);
  v128.store(q, c20);
  v128.store(q, c21, 16);
  q = load<usize>(tile, C + 12);
  v128.store(q, c30);
  v128.store(q, c31, 16);
  q = load<usize>(tile, C + 16);
  v128.store(q, c40);
  v128.store(q, c41, 16);
  q = load<usize>(tile, C + 20);
  v128.store(q, c50);
  v128.store(q, c51, 16);
}

function clampTile(tile: usize, minimum: f32, maximum: f32): void {
  for (let i: usize = 0; i < 24; i += 4) clamp(load<usize>(tile + i, C), 8, minimum, maximum);
}
