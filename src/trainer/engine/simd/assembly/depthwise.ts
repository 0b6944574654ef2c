import { clamp, multiplyAdd } from './arithmetic';

/*
 * Depthwise convolutions: every output channel sees one input channel. Four channels are computed at a time where each
 * input channel has one output channel, which is the usual case; otherwise one after the other.
 */

// Where the kernels find the geometry, in 32-bit integers from the start of its description.
const IMAGES: usize = 0;
const HEIGHT: usize = 4;
const WIDTH: usize = 8;
const CHANNELS: usize = 12;
const OUT_HEIGHT: usize = 16;
const OUT_WIDTH: usize = 20;
const OUT_CHANNELS: usize = 24;
const FILTER_HEIGHT: usize = 28;
const FILTER_WIDTH: usize = 32;
const STRIDE_Y: usize = 36;
const STRIDE_X: usize = 40;
const DILATION_Y: usize = 44;
const DILATION_X: usize = 48;
const TOP: usize = 52;
const LEFT: usize = 56;

/** y = clamp(conv(x) + bias). @param bias one number an output channel */
export function depthwiseForward(
  g: usize,
  x: usize,
  filter: usize,
  bias: usize,
  minimum: f32,
  maximum: f32,
  y: usize,
): void {
  const outChannels = load<i32>(g, OUT_CHANNELS);
  const outBytes = (<usize>outChannels) << 2;
  const images = load<i32>(g, IMAGES);
  const outHeight = load<i32>(g, OUT_HEIGHT);
  const outWidth = load<i32>(g, OUT_WIDTH);
  const plain =
    load<i32>(g, CHANNELS) == outChannels && load<i32>(g, DILATION_Y) == 1 && load<i32>(g, DILATION_X) == 1;
  for (let image = 0; image < images; image++)
    for (let row = 0; row < outHeight; row++)
      for (let column = 0; column < outWidth; column++, y += outBytes) {
        if (plain) {
          forwardPixel(g, x, filter, bias, y, image, row, column);
          finish(y, outChannels, minimum, maximum);
          continue;
        }
        memory.copy(y, bias, outBytes);
        for (let i = 0; i < load<i32>(g, FILTER_HEIGHT); i++) {
          const inY = row * load<i32>(g, STRIDE_Y) + i * load<i32>(g, DILATION_Y) - load<i32>(g, TOP);
          if (inY < 0 || inY >= load<i32>(g, HEIGHT)) continue;
          for (let j = 0; j < load<i32>(g, FILTER_WIDTH); j++) {
            const inX = column * load<i32>(g, STRIDE_X) + j * load<i32>(g, DILATION_X) - load<i32>(g, LEFT);
            if (inX < 0 || inX >= load<i32>(g, WIDTH)) continue;
            const channels = load<i32>(g, CHANNELS);
            const from =
              x + pixelOffset(image, inY, inX, load<i32>(g, HEIGHT), load<i32>(g, WIDTH), channels);
            const weights = filter + <usize>(i * load<i32>(g, FILTER_WIDTH) + j) * outBytes;
            addProducts(y, from, weights, channels, outChannels);
          }
        }
        finish(y, outChannels, minimum, maximum);
      }
}

/** All channels of one output, where each belongs to one input channel and no pixels are skipped. */
function forwardPixel(
  g: usize,
  x: usize,
  filter: usize,
  bias: usize,
  y: usize,
  image: i32,
  row: i32,
  column: i32,
): void {
  const height = load<i32>(g, HEIGHT);
  const width = load<i32>(g, WIDTH);
  const channels = load<i32>(g, CHANNELS);
  const filterWidth = load<i32>(g, FILTER_WIDTH);
  const pixel = channels << 2;
  const top = row * load<i32>(g, STRIDE_Y) - load<i32>(g, TOP);
  const left = column * load<i32>(g, STRIDE_X) - load<i32>(g, LEFT);
  const beginY = max(0, -top);
  const beginX = max(0, -left);
  sumTaps(
    y,
    bias,
    x + pixelOffset(image, top + beginY, left + beginX, height, width, channels),
    width * pixel,
    pixel,
    filter + <usize>((beginY * filterWidth + beginX) * pixel),
    filterWidth * pixel,
    pixel,
    min(load<i32>(g, FILTER_HEIGHT), height - top) - beginY,
    min(filterWidth, width - left) - beginX,
    pixel,
  );
}

/**
 * y = first + Σ x · w over a grid of taps, channel by channel. Steps are in bytes and may be negative.
 *
 * @param bytes of all channels
 */
function sumTaps(
  y: usize,
  first: usize,
  x: usize,
  xRowStep: i32,
  xStep: i32,
  w: usize,
  wRowStep: i32,
  wStep: i32,
  rows: i32,
  columns: i32,
  bytes: i32,
): void {
  let at: usize = 0;
  for (; at + 64 <= <usize>bytes; at += 64) {
    let s0 = v128.load(first + at);
    let s1 = v128.load(first + at, 16);
    let s2 = v128.load(first + at, 32);
    let s3 = v128.load(first + at, 48);
    let xRow = x + at;
    let wRow = w + at;
    for (let i = 0; i < rows; i++, xRow += xRowStep, wRow += wRowStep) {
      let p = xRow;
      let q = wRow;
      for (let j = 0; j < columns; j++, p += xStep, q += wStep) {
        s0 = multiplyAdd(v128.load(p), v128.load(q), s0);
        s1 = multiplyAdd(v128.load(p, 16), v128.load(q, 16), s1);
        s2 = multiplyAdd(v128.load(p, 32), v128.load(q, 32), s2);
        s3 = multiplyAdd(v128.load(p, 48), v128.load(q, 48), s3);
      }
    }
    v128.store(y + at, s0);
    v128.store(y + at, s1, 16);
    v128.store(y + at, s2, 32);
    v128.store(y + at, s3, 48);
  }
  for (; at + 16 <= <usize>bytes; at += 16) {
    let sum = v128.load(first + at);
    let xRow = x + at;
    let wRow = w + at;
    for (let i = 0; i < rows; i++, xRow += xRowStep, wRow += wRowStep) {
      let p = xRow;
      let q = wRow;
      for (let j = 0; j < columns; j++, p += xStep, q += wStep)
        sum = multiplyAdd(v128.load(p), v128.load(q), sum);
    }
    v128.store(y + at, sum);
  }
  for (; at < <usize>bytes; at += 4) {
    let sum = load<f32>(first + at);
    let xRow = x + at;
    let wRow = w + at;
    for (let i = 0; i < rows; i++, xRow += xRowStep, wRow += wRowStep) {
      let p = xRow;
      let q = wRow;
      for (let j = 0; j < columns; j++, p += xStep, q += wStep) sum += load<f32>(p) * load<f32>(q);
    }
    store<f32>(y + at, sum);
  }
}

/** y[o] += x[c] · w[o], where o belongs to c. */
function addProducts(y: usize, x: usize, w: usize, channels: i32, outChannels: i32): void {
  let o = 0;
  if (channels == outChannels)
    for (; o + 4 <= outChannels; o += 4) {
      const at = (<usize>o) << 2;
      v128.store(y + at, multiplyAdd(v128.load(x + at), v128.load(w + at), v128.load(y + at)));
    }
  const multiplier = outChannels / channels;
  for (; o < outChannels; o++) {
    const at = (<usize>o) << 2;
    store<f32>(
      y + at,
      load<f32>(y + at) + load<f32>(x + ((<usize>(o / multiplier)) << 2)) * load<f32>(w + at),
    );
  }
}

function finish(y: usize, channels: i32, minimum: f32, maximum: f32): void {
  if (minimum == -Infinity && maximum == Infinity) return;
  const whole = channels & ~3;
  clamp(y, whole, minimum, maximum);
  for (let o = whole; o < channels; o++) {
    const at = y + ((<usize>o) << 2);
    const value = load<f32>(at);
    if (value < minimum) store<f32>(at, minimum);
    if (value > maximum) store<f32>(at, maximum);
  }
}

/** The gradient of the input: every input gets what the outputs that saw it send back. */
export function depthwiseInputGradient(g: usize, dy: usize, filter: usize, dx: usize): void {
  const channels = load<i32>(g, CHANNELS);
  const outChannels = load<i32>(g, OUT_CHANNELS);
  const outBytes = (<usize>outChannels) << 2;
  const height = load<i32>(g, HEIGHT);
  const width = load<i32>(g, WIDTH);
  memory.fill(dx, 0, (<usize>(load<i32>(g, IMAGES) * height * width * channels)) << 2);
  for (let image = 0; image < load<i32>(g, IMAGES); image++)
    for (let row = 0; row < load<i32>(g, OUT_HEIGHT); row++)
      for (let column = 0; column < load<i32>(g, OUT_WIDTH); column++, dy += outBytes)
        for (let i = 0; i < load<i32>(g, FILTER_HEIGHT); i++) {
          const inY = row * load<i32>(g, STRIDE_Y) + i - load<i32>(g, TOP);
          if (inY < 0 || inY >= height) continue;
          for (let j = 0; j < load<i32>(g, FILTER_WIDTH); j++) {
            const inX = column * load<i32>(g, STRIDE_X) + j - load<i32>(g, LEFT);
            if (inX < 0 || inX >= width) continue;
            const to = dx + pixelOffset(image, inY, inX, height, width, channels);
            const weights = filter + <usize>(i * load<i32>(g, FILTER_WIDTH) + j) * outBytes;
            sendBack(to, dy, weights, channels, outChannels);
          }
        }
}

/** x[c] += y[o] · w[o], where o belongs to c. */
function sendBack(x: usize, y: usize, w: usize, channels: i32, outChannels: i32): void {
  let o = 0;
  if (channels == outChannels)
    for (; o + 4 <= outChannels; o += 4) {
      const at = (<usize>o) << 2;
      v128.store(x + at, multiplyAdd(v128.load(y + at), v128.load(w + at), v128.load(x + at)));
    }
  const multiplier = outChannels / channels;
  for (; o < outChannels; o++) {
    const at = (<usize>o) << 2;
    const to = x + ((<usize>(o / multiplier)) << 2);
    store<f32>(to, load<f32>(to) + load<f32>(y + at) * load<f32>(w + at));
  }
}

/**
 * The gradient of the filter: for each weight the sum, over all positions, of what it sees times the gradient of the
 * output. Every row is added up by itself first, which keeps rounding errors small.
 */
export function depthwiseFilterGradient(g: usize, x: usize, dy: usize, filter: usize): void {
  const channels = load<i32>(g, CHANNELS);
  const outChannels = load<i32>(g, OUT_CHANNELS);
  const height = load<i32>(g, HEIGHT);
  const width = load<i32>(g, WIDTH);
  const outHeight = load<i32>(g, OUT_HEIGHT);
  const outWidth = load<i32>(g, OUT_WIDTH);
  const filterHeight = load<i32>(g, FILTER_HEIGHT);
  const filterWidth = load<i32>(g, FILTER_WIDTH);
  const stride = load<i32>(g, STRIDE_X);
  const left = load<i32>(g, LEFT);
  const outBytes = (<usize>outChannels) << 2;
  const step = (<usize>(stride * channels)) << 2;
  memory.fill(filter, 0, <usize>(filterHeight * filterWidth) * outBytes);
  for (let image = 0; image < load<i32>(g, IMAGES); image++)
    for (let row = 0; row < outHeight; row++) {
      const dyRow = dy + <usize>(image * outHeight + row) * <usize>outWidth * outBytes;
      for (let i = 0; i < filterHeight; i++) {
        const inY = row * load<i32>(g, STRIDE_Y) + i - load<i32>(g, TOP);
        if (inY < 0 || inY >= height) continue;
        for (let j = 0; j < filterWidth; j++) {
          // Outputs from `begin` to before `end` saw the inside of the image through this weight.
          const begin = min(outWidth, max(0, (left - j + stride - 1) / stride));
          const end = min(outWidth, (width - 1 - j + left) / stride + 1);
          if (width - 1 - j + left < 0 || begin >= end) continue;
          const from = x + pixelOffset(image, inY, begin * stride + j - left, height, width, channels);
          const back = dyRow + <usize>begin * outBytes;
          const to = filter + <usize>(i * filterWidth + j) * outBytes;
          addRow(to, from, step, back, outBytes, end - begin, channels, outChannels);
        }
      }
    }
}

/** w[o] += Σ x[c] · y[o] over the positions of a row. */
function addRow(
  w: usize,
  x: usize,
  xStep: usize,
  y: usize,
  yStep: usize,
  count: i32,
  channels: i32,
  outChannels: i32,
): void {
  let o = 0;
  if (channels == outChannels) {
    for (; o + 16 <= outChannels; o += 16) {
      const at = (<usize>o) << 2;
      let s0 = f32x4.splat(0);
      let s1 = s0;
      let s2 = s0;
      let s3 = s0;
      let p = x + at;
      let q = y + at;
      for (let i = 0; i < count; i++, p += xStep, q += yStep) {
        s0 = multiplyAdd(v128.load(p), v128.load(q), s0);
        s1 = multiplyAdd(v128.load(p, 16), v128.load(q, 16), s1);
        s2 = multiplyAdd(v128.load(p, 32), v128.load(q, 32), s2);
        s3 = multiplyAdd(v128.load(p, 48), v128.load(q, 48), s3);
      }
      const to = w + at;
      v128.store(to, f32x4.add(v128.load(to), s0));
      v128.store(to, f32x4.add(v128.load(to, 16), s1), 16);
      v128.store(to, f32x4.add(v128.load(to, 32), s2), 32);
      v128.store(to, f32x4.add(v128.load(to, 48), s3), 48);
    }
    for (; o + 4 <= outChannels; o += 4) {
      const at = (<usize>o) << 2;
      let sum = f32x4.splat(0);
      let p = x + at;
      let q = y + at;
      for (let i = 0; i < count; i++, p += xStep, q += yStep)
        sum = multiplyAdd(v128.load(p), v128.load(q), sum);
      v128.store(w + at, f32x4.add(v128.load(w + at), sum));
    }
  }
  const multiplier = outChannels / channels;
  for (; o < outChannels; o++) {
    let sum: f32 = 0;
    let p = x + ((<usize>(o / multiplier)) << 2);
    let q = y + ((<usize>o) << 2);
    for (let i = 0; i < count; i++, p += xStep, q += yStep) sum += load<f32>(p) * load<f32>(q);
    const to = w + ((<usize>o) << 2);
    store<f32>(to, load<f32>(to) + sum);
  }
}

function pixelOffset(image: i32, y: i32, x: i32, height: i32, width: i32, channels: i32): usize {
  return <usize>((image * height + y) * width + x) * ((<usize>channels) << 2);
}
