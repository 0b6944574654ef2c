import { transpose } from './packing';

/** Writes the addresses of the points of a grid: images, rows, columns. Steps are in bytes. */
export function fillGrid(
  table: usize,
  first: usize,
  images: i32,
  imageStep: i32,
  rows: i32,
  rowStep: i32,
  columns: i32,
  columnStep: i32,
): void {
  for (let image = 0; image < images; image++, first += imageStep) {
    let row = first;
    for (let y = 0; y < rows; y++, row += rowStep) {
      let point = row;
      for (let x = 0; x < columns; x++, point += columnStep, table += 4) store<usize>(table, point);
    }
  }
}

/**
 * Copies images (`height` × `width` × `channels`) into larger or smaller ones; what lies outside is 0.
 *
 * @param top rows of zeros above; may cut rows off when it is negative
 * @param left columns of zeros; not negative
 */
export function padImages(
  from: usize,
  images: i32,
  height: i32,
  width: i32,
  channels: i32,
  top: i32,
  left: i32,
  to: usize,
  toHeight: i32,
  toWidth: i32,
): void {
  const pixelBytes = (<usize>channels) << 2;
  const rowBytes = <usize>width * pixelBytes;
  const leftBytes = <usize>left * pixelBytes;
  const toBytes = <usize>toWidth * pixelBytes;
  const copied = <usize>min(width, toWidth - left) * pixelBytes;
  const rightBytes = toBytes - leftBytes - copied;
  for (let image = 0; image < images; image++, from += <usize>height * rowBytes) {
    for (let row = 0; row < toHeight; row++, to += toBytes) {
      const y = row - top;
      if (y < 0 || y >= height) {
        memory.fill(to, 0, toBytes);
        continue;
      }
      if (leftBytes > 0) memory.fill(to, 0, leftBytes);
      memory.copy(to + leftBytes, from + <usize>y * rowBytes, copied);
      if (rightBytes > 0) memory.fill(to + leftBytes + copied, 0, rightBytes);
    }
  }
}

/**
 * Copies images into planes of one channel each, with zeros around. With strides, every channel becomes several planes,
 * one for each remainder of row and column by them, so that what a convolution looks at step by step lies side by side.
 *
 * @param to images × channels × strideY × strideX × `planeHeight` × `planeWidth` numbers
 */
export function splitIntoPlanes(
  from: usize,
  images: i32,
  height: i32,
  width: i32,
  channels: i32,
  top: i32,
  left: i32,
  strideY: i32,
  strideX: i32,
  to: usize,
  planeHeight: i32,
  planeWidth: i32,
): void {
  const plane = planeHeight * planeWidth;
  const channelStep = strideY * strideX * plane;
  memory.fill(to, 0, (<usize>(images * channels * channelStep)) << 2);
  for (let image = 0; image < images; image++)
    for (let y = 0; y < height; y++) {
      const paddedY = y + top;
      const planeY = paddedY / strideY;
      if (planeY >= planeHeight) break;
      for (let phase = 0; phase < strideX; phase++) {
        // The first column of the image that belongs to this remainder.
        const x = (phase - (left % strideX) + strideX) % strideX;
        const planeX = (x + left) / strideX;
        const count = min((width - x + strideX - 1) / strideX, planeWidth - planeX);
        if (count <= 0) continue;
        const there =
          image * channels * channelStep +
          ((paddedY % strideY) * strideX + phase) * plane +
          planeY * planeWidth +
          planeX;
        transpose(
          from + ((<usize>(((image * height + y) * width + x) * channels)) << 2),
          strideX * channels,
          count,
          channels,
          to + ((<usize>there) << 2),
          channelStep,
        );
      }
    }
}
