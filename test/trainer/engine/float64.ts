// Forward passes in double precision, straight from their definitions, and gradients of them by central differences.
// Nothing here uses TensorFlow.js, so it can tell which engine is right.

/** Height, width and channels of images, of which there are `batch`. */
export interface Images {
  batch: number;
  height: number;
  width: number;
  channels: number;
}

export interface Window {
  height: number;
  width: number;
  stride: number;
  padding: 'same' | 'valid';
}

/** Outputs along one side, and how many zeros come before the first pixel (TensorFlow puts an odd one at the end). */
export function outputLength(length: number, window: number, stride: number, padding: 'same' | 'valid') {
  if (padding === 'valid') return { length: Math.floor((length - window) / stride) + 1, before: 0 };
  const out = Math.ceil(length / stride);
  return { length: out, before: Math.floor(Math.max(0, (out - 1) * stride + window - length) / 2) };
}

export function convolve(
  x: readonly number[],
  filter: readonly number[],
  images: Images,
  window: Window,
  filters: number,
): number[] {
  const output: number[] = [];
  forEachWindow(images, window, (image, pixels) => {
    for (let to = 0; to < filters; to++) {
      let sum = 0;
      for (const { row, column, y, x: left } of pixels)
        for (let from = 0; from < images.channels; from++) {
          const weight = filter[((row * window.width + column) * images.channels + from) * filters + to]!;
          sum += weight * x[((image * images.height + y) * images.width + left) * images.channels + from]!;
        }
      output.push(sum);
    }
  });
  return output;
}

/** Every channel with filters of its own: the filter is `[height, width, channels, multiplier]`. */
export function depthwiseConvolve(
  x: readonly number[],
  filter: readonly number[],
  images: Images,
  window: Window,
  multiplier: number,
): number[] {
  const output: number[] = [];
  forEachWindow(images, window, (image, pixels) => {
    for (let channel = 0; channel < images.channels; channel++)
      for (let part = 0; part < multiplier; part++) {
        let sum = 0;
        for (const { row, column, y, x: left } of pixels)
          sum +=
            filter[((row * window.width + column) * images.channels + channel) * multiplier + part]! *
            x[((image * images.height + y) * images.width + left) * images.channels + channel]!;
        output.push(sum);
      }
  });
  return output;
}

export function maxPool(x: readonly number[], images: Images, window: Window): number[] {
  return pool(x, images, window, (values) => Math.max(...values));
}

/** The mean of those pixels of every window that lie in the image. */
export function averagePool(x: readonly number[], images: Images, window: Window): number[] {
  return pool(x, images, window, (values) => values.reduce((a, b) => a + b, 0) / values.length);
}

/** Products of matrices `[rows, inner]` and `[inner, columns]`, each stored transposed where told. */
export function multiply(
  a: readonly number[],
  b: readonly number[],
  [rows, inner, columns]: [number, number, number],
  transposeA: boolean,
  transposeB: boolean,
): number[] {
  const output: number[] = [];
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (let k = 0; k < inner; k++)
        sum +=
          a[transposeA ? k * rows + row : row * inner + k]! *
          b[transposeB ? column * inner + k : k * columns + column]!;
      output.push(sum);
    }
  return output;
}

/** The gradient of a number with respect to every entry of a list. */
export function centralDifferences(
  of: (values: number[]) => number,
  at: readonly number[],
  step = 1e-6,
): number[] {
  return at.map((value, i) => {
    const moved = [...at];
    moved[i] = value + step;
    const above = of(moved);
    moved[i] = value - step;
    return (above - of(moved)) / (2 * step);
  });
}

export function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

function pool(
  x: readonly number[],
  images: Images,
  window: Window,
  combine: (values: number[]) => number,
): number[] {
  const output: number[] = [];
  forEachWindow(images, window, (image, pixels) => {
    for (let channel = 0; channel < images.channels; channel++)
      output.push(
        combine(
          pixels.map(
            ({ y, x: left }) =>
              x[((image * images.height + y) * images.width + left) * images.channels + channel]!,
          ),
        ),
      );
  });
  return output;
}

interface Pixel {
  /** Position in the window. */
  row: number;
  column: number;
  /** Position in the image. */
  y: number;
  x: number;
}

/** Calls back for every window in order, with those of its pixels that lie in the image. */
function forEachWindow(
  images: Images,
  window: Window,
  visit: (image: number, pixels: readonly Pixel[]) => void,
): void {
  // Finite differences come here thousands of times with the same geometry.
  const { height, width, stride, padding } = window;
  const key = [images.height, images.width, height, width, stride, padding].join();
  let windows = knownWindows.get(key);
  if (!windows) knownWindows.set(key, (windows = windowsOf(images, window)));
  for (let image = 0; image < images.batch; image++) for (const pixels of windows) visit(image, pixels);
}

const knownWindows = new Map<string, readonly (readonly Pixel[])[]>();

function windowsOf({ height, width }: Images, window: Window): Pixel[][] {
  const vertical = outputLength(height, window.height, window.stride, window.padding);
  const horizontal = outputLength(width, window.width, window.stride, window.padding);
  const windows: Pixel[][] = [];
  for (let outRow = 0; outRow < vertical.length; outRow++)
    for (let outColumn = 0; outColumn < horizontal.length; outColumn++) {
      const pixels: Pixel[] = [];
      for (let row = 0; row < window.height; row++)
        for (let column = 0; column < window.width; column++) {
          const y = outRow * window.stride - vertical.before + row;
          const x = outColumn * window.stride - horizontal.before + column;
          if (y >= 0 && y < height && x >= 0 && x < width) pixels.push({ row, column, y, x });
        }
      windows.push(pixels);
    }
  return windows;
}
