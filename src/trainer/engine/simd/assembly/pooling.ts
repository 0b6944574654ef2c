/**
 * The gradient of max-pooling: of each window, the first of the largest numbers gets the gradient. `dx` begins as zeros.
 *
 * @param channels of the images, whose rows have `width` positions
 */
export function maxPoolGradient(
  x: usize,
  dy: usize,
  dx: usize,
  images: i32,
  height: i32,
  width: i32,
  channels: i32,
  outHeight: i32,
  outWidth: i32,
  windowHeight: i32,
  windowWidth: i32,
  strideY: i32,
  strideX: i32,
  top: i32,
  left: i32,
): void {
  const pixel = (<usize>channels) << 2;
  const rowBytes = <usize>width * pixel;
  const imageBytes = <usize>height * rowBytes;
  for (let image = 0; image < images; image++, x += imageBytes, dx += imageBytes)
    for (let row = 0; row < outHeight; row++) {
      const beginY = max(0, row * strideY - top);
      const endY = min(height, row * strideY - top + windowHeight);
      for (let column = 0; column < outWidth; column++, dy += pixel) {
        const beginX = max(0, column * strideX - left);
        const endX = min(width, column * strideX - left + windowWidth);
        const first = <usize>beginY * rowBytes + <usize>beginX * pixel;
        const columns = <usize>(endX - beginX) * pixel;
        let channel: usize = 0;
        for (; channel + 16 <= pixel; channel += 16)
          fourChannels(
            x + first + channel,
            dy + channel,
            dx + first + channel,
            endY - beginY,
            columns,
            rowBytes,
            pixel,
          );
        for (; channel < pixel; channel += 4)
          oneChannel(
            x + first + channel,
            dy + channel,
            dx + first + channel,
            endY - beginY,
            columns,
            rowBytes,
            pixel,
          );
      }
    }
}

function fourChannels(
  x: usize,
  dy: usize,
  dx: usize,
  rows: i32,
  columns: usize,
  rowBytes: usize,
  pixel: usize,
): void {
  let largest = v128.load(x);
  let p = x;
  for (let y = 0; y < rows; y++, p += rowBytes)
    for (let q = p; q < p + columns; q += pixel) largest = f32x4.pmax(largest, v128.load(q));
  let left = v128.load(dy);
  p = x;
  for (let y = 0; y < rows; y++, p += rowBytes)
    for (let q = p; q < p + columns; q += pixel) {
      const here = f32x4.eq(v128.load(q), largest);
      const to = dx + (q - x);
      v128.store(to, f32x4.add(v128.load(to), v128.and(left, here)));
      left = v128.andnot(left, here);
    }
}

function oneChannel(
  x: usize,
  dy: usize,
  dx: usize,
  rows: i32,
  columns: usize,
  rowBytes: usize,
  pixel: usize,
): void {
  let best = x;
  let p = x;
  for (let y = 0; y < rows; y++, p += rowBytes)
    for (let q = p; q < p + columns; q += pixel) if (load<f32>(q) > load<f32>(best)) best = q;
  const to = dx + (best - x);
  store<f32>(to, load<f32>(to) + load<f32>(dy));
}
