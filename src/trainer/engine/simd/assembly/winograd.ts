/*
 * Convolutions with a 3×3 window and stride 1 by F(2×2, 3×3) of Winograd: 2×2 outputs from 4×4 inputs take 16 products
 * for each pair of channels, not 36. Lavin & Gray 2016, arXiv:1509.09308, §4.1. All transforms are sums of few numbers, so
 * results differ from the definition in the last bits only.
 */

/**
 * U = G g Gᵀ for every pair of channels.
 *
 * @param from weight of the first tap, first channels; the three steps are in bytes and may be negative
 * @param to 16 matrices `inChannels` × `outChannels`
 */
export function transformFilter(
  from: usize,
  tapStep: i32,
  inStep: i32,
  outStep: i32,
  inChannels: i32,
  outChannels: i32,
  to: usize,
): void {
  const matrix = (<usize>(inChannels * outChannels)) << 2;
  for (let i = 0; i < inChannels; i++)
    for (let o = 0; o < outChannels; o++, to += 4) {
      const g = from + i * inStep + o * outStep;
      const h = g + 3 * tapStep;
      const k = h + 3 * tapStep;
      for (let column = 0; column < 4; column++) {
        const a = filterColumn(g, tapStep, column);
        const b = filterColumn(h, tapStep, column);
        const c = filterColumn(k, tapStep, column);
        const q = to + <usize>column * matrix;
        store<f32>(q, a);
        store<f32>(q + 4 * matrix, <f32>0.5 * (a + c + b));
        store<f32>(q + 8 * matrix, <f32>0.5 * (a + c - b));
        store<f32>(q + 12 * matrix, c);
      }
    }
}

/** One of the four numbers of g Gᵀ in a row of three taps. */
function filterColumn(at: usize, tapStep: i32, column: i32): f32 {
  const first = load<f32>(at);
  const last = load<f32>(at + 2 * tapStep);
  if (column == 0) return first;
  if (column == 3) return last;
  const inner = load<f32>(at + tapStep);
  return <f32>0.5 * (column == 1 ? first + last + inner : first + last - inner);
}

/**
 * V = Bᵀ d B for every channel of every tile.
 *
 * @param tiles addresses of the upper left corners of 4×4 pixels
 * @param to 16 matrices `capacity` × `channels`, of which `count` rows are written
 */
export function transformInput(
  tiles: usize,
  count: i32,
  channels: i32,
  rowBytes: i32,
  to: usize,
  capacity: i32,
): void {
  const pixel = (<usize>channels) << 2;
  const matrix = <usize>capacity * pixel;
  for (let tile = 0; tile < count; tile++, to += pixel) {
    const from = load<usize>(tiles + ((<usize>tile) << 2));
    for (let channel: usize = 0; channel < pixel; channel += 16) {
      let p = from + channel;
      let q = to + channel;
      // Rows of Bᵀ d, each then times B.
      const first = p;
      const second = p + rowBytes;
      const third = p + 2 * rowBytes;
      const fourth = p + 3 * rowBytes;
      inputRow(
        difference(first, third, 0),
        difference(first, third, pixel),
        difference(first, third, 2 * pixel),
        difference(first, third, 3 * pixel),
        q,
        matrix,
      );
      q += 4 * matrix;
      inputRow(
        sum(second, third, 0),
        sum(second, third, pixel),
        sum(second, third, 2 * pixel),
        sum(second, third, 3 * pixel),
        q,
        matrix,
      );
      q += 4 * matrix;
      inputRow(
        difference(third, second, 0),
        difference(third, second, pixel),
        difference(third, second, 2 * pixel),
        difference(third, second, 3 * pixel),
        q,
        matrix,
      );
      q += 4 * matrix;
      inputRow(
        difference(second, fourth, 0),
        difference(second, fourth, pixel),
        difference(second, fourth, 2 * pixel),
        difference(second, fourth, 3 * pixel),
        q,
        matrix,
      );
    }
  }
}

function difference(a: usize, b: usize, offset: usize): v128 {
  return f32x4.sub(v128.load(a + offset), v128.load(b + offset));
}

function sum(a: usize, b: usize, offset: usize): v128 {
  return f32x4.add(v128.load(a + offset), v128.load(b + offset));
}

function inputRow(a: v128, b: v128, c: v128, d: v128, to: usize, matrix: usize): void {
  v128.store(to, f32x4.sub(a, c));
  v128.store(to + matrix, f32x4.add(b, c));
  v128.store(to + 2 * matrix, f32x4.sub(c, b));
  v128.store(to + 3 * matrix, f32x4.sub(b, d));
}

/**
 * Y = Aᵀ M A for every channel of every tile, plus bias, clamped.
 *
 * @param from 16 matrices `capacity` × `channels`
 * @param firstTile which tile of all images the first row belongs to
 * @param bias one number a channel
 */
export function transformOutput(
  from: usize,
  firstTile: i32,
  count: i32,
  capacity: i32,
  channels: i32,
  bias: usize,
  minimum: f32,
  maximum: f32,
  to: usize,
  height: i32,
  width: i32,
): void {
  const pixel = (<usize>channels) << 2;
  const matrix = <usize>capacity * pixel;
  const tilesX = (width + 1) >> 1;
  const tilesY = (height + 1) >> 1;
  const low = f32x4.splat(minimum);
  const high = f32x4.splat(maximum);
  for (let i = 0; i < count; i++, from += pixel) {
    const tile = firstTile + i;
    const column = (tile % tilesX) << 1;
    const rest = tile / tilesX;
    const row = (rest % tilesY) << 1;
    const image = rest / tilesY;
    const there = to + <usize>((image * height + row) * width + column) * pixel;
    const right = column + 1 < width;
    const below = row + 1 < height;
    const rowBytes = <usize>width * pixel;
    for (let channel: usize = 0; channel < pixel; channel += 16) {
      const p = from + channel;
      const b = v128.load(bias + channel);
      const a0 = upper(p, matrix);
      const a1 = upper(p + matrix, matrix);
      const a2 = upper(p + 2 * matrix, matrix);
      const a3 = upper(p + 3 * matrix, matrix);
      const q = there + channel;
      store4(q, f32x4.add(f32x4.add(a0, a1), f32x4.add(a2, b)), low, high);
      if (right) store4(q + pixel, f32x4.add(f32x4.sub(a1, a2), f32x4.sub(b, a3)), low, high);
      if (!below) continue;
      const b0 = lower(p, matrix);
      const b1 = lower(p + matrix, matrix);
      const b2 = lower(p + 2 * matrix, matrix);
      const b3 = lower(p + 3 * matrix, matrix);
      store4(q + rowBytes, f32x4.add(f32x4.add(b0, b1), f32x4.add(b2, b)), low, high);
      if (right) store4(q + rowBytes + pixel, f32x4.add(f32x4.sub(b1, b2), f32x4.sub(b, b3)), low, high);
    }
  }
}

/** The first row of Aᵀ M, in one column. */
function upper(from: usize, matrix: usize): v128 {
  return f32x4.add(f32x4.add(v128.load(from), v128.load(from + 4 * matrix)), v128.load(from + 8 * matrix));
}

/** The second row of Aᵀ M, in one column. */
function lower(from: usize, matrix: usize): v128 {
  return f32x4.sub(
    f32x4.sub(v128.load(from + 4 * matrix), v128.load(from + 8 * matrix)),
    v128.load(from + 12 * matrix),
  );
}

function store4(to: usize, x: v128, low: v128, high: v128): void {
  v128.store(to, f32x4.pmin(f32x4.pmax(x, low), high));
}
