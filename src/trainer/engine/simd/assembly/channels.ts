import { multiplyAdd } from './arithmetic';

/*
 * Passes over numbers that are stored channel by channel for each position: `rows` positions of `channels` numbers.
 */

/** Adds up the rows. Blocks of 256 rows are added first, which keeps rounding errors small. */
export function sumRows(from: usize, rows: i32, channels: i32, to: usize): void {
  const rowBytes = (<usize>channels) << 2;
  memory.fill(to, 0, rowBytes);
  for (let row = 0; row < rows; row += 256) {
    const count = min(256, rows - row);
    let channel: usize = 0;
    for (; channel + 64 <= rowBytes; channel += 64) addBlock64(from + channel, count, rowBytes, to + channel);
    for (; channel + 16 <= rowBytes; channel += 16) addBlock16(from + channel, count, rowBytes, to + channel);
    for (; channel < rowBytes; channel += 4) {
      let sum: f32 = 0;
      let p = from + channel;
      for (let i = 0; i < count; i++, p += rowBytes) sum += load<f32>(p);
      store<f32>(to + channel, load<f32>(to + channel) + sum);
    }
    from += <usize>count * rowBytes;
  }
}

function addBlock64(from: usize, rows: i32, rowBytes: usize, to: usize): void {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  for (let i = 0; i < rows; i++, from += rowBytes) {
    s0 = f32x4.add(s0, v128.load(from));
    s1 = f32x4.add(s1, v128.load(from, 16));
    s2 = f32x4.add(s2, v128.load(from, 32));
    s3 = f32x4.add(s3, v128.load(from, 48));
  }
  v128.store(to, f32x4.add(v128.load(to), s0));
  v128.store(to, f32x4.add(v128.load(to, 16), s1), 16);
  v128.store(to, f32x4.add(v128.load(to, 32), s2), 32);
  v128.store(to, f32x4.add(v128.load(to, 48), s3), 48);
}

function addBlock16(from: usize, rows: i32, rowBytes: usize, to: usize): void {
  let sum = f32x4.splat(0);
  for (let i = 0; i < rows; i++, from += rowBytes) sum = f32x4.add(sum, v128.load(from));
  v128.store(to, f32x4.add(v128.load(to), sum));
}

/** Multiplies numbers by a factor. */
export function scale(at: usize, count: i32, factor: f32): void {
  for (const end = at + ((<usize>count) << 2); at < end; at += 4) store<f32>(at, load<f32>(at) * factor);
}

/** Writes the same row again and again. */
export function repeatRow(from: usize, channels: i32, rows: i32, to: usize): void {
  const rowBytes = (<usize>channels) << 2;
  for (let row = 0; row < rows; row++, to += rowBytes) {
    let at: usize = 0;
    for (; at + 16 <= rowBytes; at += 16) v128.store(to + at, v128.load(from + at));
    for (; at < rowBytes; at += 4) store<f32>(to + at, load<f32>(from + at));
  }
}

/** y = x · scale + offset, channel by channel. */
export function scaleChannels(
  from: usize,
  rows: i32,
  channels: i32,
  scale: usize,
  offset: usize,
  to: usize,
): void {
  const rowBytes = (<usize>channels) << 2;
  for (let row = 0; row < rows; row++, from += rowBytes, to += rowBytes) {
    let channel: usize = 0;
    for (; channel + 16 <= rowBytes; channel += 16) {
      const y = multiplyAdd(
        v128.load(from + channel),
        v128.load(scale + channel),
        v128.load(offset + channel),
      );
      v128.store(to + channel, y);
    }
    for (; channel < rowBytes; channel += 4)
      store<f32>(
        to + channel,
        load<f32>(from + channel) * load<f32>(scale + channel) + load<f32>(offset + channel),
      );
  }
}

/** dx = dy where x is greater than 0, else 0: the gradient of a ReLU. */
export function reluGradient(dy: usize, x: usize, count: i32, dx: usize): void {
  const zero = f32x4.splat(0);
  const end = dx + ((<usize>count) << 2);
  for (; dx + 16 <= end; dx += 16, dy += 16, x += 16)
    v128.store(dx, v128.and(v128.load(dy), f32x4.gt(v128.load(x), zero)));
  for (; dx < end; dx += 4, dy += 4, x += 4) store<f32>(dx, load<f32>(x) > 0 ? load<f32>(dy) : 0);
}
