import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { openEngine } from '../../../src/trainer/engine/engine';
import { pattern } from '../fixtures/pattern';
import { outputLength } from './float64';

// Our own convolutions against double precision, where they change their way of working: few and many channels, windows
// and strides of every kind, images of odd sizes, and more of them than are done at once.

beforeAll(async () => {
  await openEngine('wasm', { searchFrom: [] });
});

interface Case {
  batch: number;
  height: number;
  width: number;
  channels: number;
  filters: number;
  window: [number, number];
  strides: [number, number];
  padding: 'same' | 'valid';
}

const plain: Case = {
  batch: 2,
  height: 7,
  width: 5,
  channels: 3,
  filters: 5,
  window: [3, 3],
  strides: [1, 1],
  padding: 'same',
};
const cases: Partial<Case>[] = [
  {},
  { padding: 'valid' },
  { window: [1, 1], channels: 20, filters: 9 },
  { window: [1, 1], strides: [2, 2] },
  { strides: [2, 2] },
  { strides: [2, 2], padding: 'valid', height: 8, width: 8 },
  { strides: [1, 2], window: [2, 3] },
  { strides: [3, 2], window: [2, 5], height: 9 },
  { window: [5, 5], channels: 1, filters: 8, height: 28, width: 28, batch: 1 },
  // By Winograd's algorithm: tiles of 2 × 2 that do and do not fit, and more tiles than a block holds.
  { channels: 16, filters: 16 },
  { channels: 16, filters: 20, padding: 'valid', height: 8, width: 6 },
  { channels: 20, filters: 24, height: 15, width: 15, batch: 5 },
  // Almost, but not quite.
  { channels: 18, filters: 16 },
  { channels: 16, filters: 16, strides: [2, 2] },
  // More images than are copied at once.
  { batch: 9, height: 40, width: 40, channels: 33, filters: 3 },
  { batch: 9, height: 40, width: 40, channels: 32, filters: 16 },
];
const titled = cases.map((change) => {
  const all = { ...plain, ...change };
  const { batch, height, width, channels, filters, window, strides, padding } = all;
  const title = `${batch}×${height}×${width}×${channels} → ${filters}, ${window.join('×')}, strides ${strides.join(' and ')}, ${padding}`;
  return [title, all] as const;
});

describe('a convolution', () => {
  it.each(titled)('and both of its gradients are right: %s', (_title, test) => {
    const { batch, height, width, channels, filters, window, strides, padding } = test;
    const filterShape: [number, number, number, number] = [...window, channels, filters];
    const x = pattern(batch * height * width * channels, 1);
    const filter = pattern(tf.util.sizeFromShape(filterShape), 2);
    const expected = reference(test, x, filter);
    const [forward, dx, dw] = tf.tidy(() => {
      const run = (input: tf.Tensor, kernel: tf.Tensor) =>
        tf.conv2d(input as tf.Tensor4D, kernel as tf.Tensor4D, strides, padding);
      const [input, kernel] = [
        tf.tensor4d(x, [batch, height, width, channels]),
        tf.tensor4d(filter, filterShape),
      ];
      const output = run(input, kernel);
      const gradients = tf.grads(run)([input, kernel], tf.tensor(expected.back, output.shape));
      return [output, ...gradients].map((tensor) => tensor.dataSync());
    });
    expect(error(forward!, expected.forward)).toBeLessThan(3e-6);
    expect(error(dx!, expected.dx)).toBeLessThan(3e-6);
    expect(error(dw!, expected.dw)).toBeLessThan(5e-5);
  });

  it.each(titled)('adds a bias and clamps at the end: %s', (_title, test) => {
    const { batch, height, width, channels, filters, window, strides, padding } = test;
    const filterShape: [number, number, number, number] = [...window, channels, filters];
    const x = pattern(batch * height * width * channels, 1);
    const filter = pattern(tf.util.sizeFromShape(filterShape), 2);
    const bias = pattern(filters, 3);
    const sums = reference(test, x, filter).forward.map((sum, i) => sum + bias[i % filters]!);
    const computed = tf.tidy(() =>
      tf.fused
        .conv2d({
          x: tf.tensor4d(x, [batch, height, width, channels]),
          filter: tf.tensor4d(filter, filterShape),
          strides,
          pad: padding,
          bias: tf.tensor1d(bias),
          activation: 'relu',
        })
        .dataSync(),
    );
    const clamped = sums.map((sum) => Math.max(0, sum));
    expect(error(computed, clamped)).toBeLessThan(3e-6);
  });

  it('can skip pixels between those that it sees', () => {
    const filter = pattern(2 * 3 * 4 * 5, 2);
    const x = tf.tensor4d(pattern(2 * 9 * 8 * 4, 1), [2, 9, 8, 4]);
    const [dilated, spread] = tf.tidy(() => {
      const kernel = tf.tensor4d(filter, [2, 3, 4, 5]);
      // The same filter with zeros where pixels are skipped: rows 2 apart, columns 3 apart.
      const buffer = tf.buffer([3, 7, 4, 5]);
      filter.forEach((value, i) => {
        const [rest, to] = [Math.floor(i / 5), i % 5];
        buffer.set(value, 2 * Math.floor(rest / 12), 3 * (Math.floor(rest / 4) % 3), rest % 4, to);
      });
      const large = buffer.toTensor() as tf.Tensor4D;
      return [tf.conv2d(x, kernel, 1, 'valid', 'NHWC', [2, 3]), tf.conv2d(x, large, 1, 'valid')];
    });
    expect(dilated.shape).toEqual(spread.shape);
    expect(error(dilated.dataSync(), [...spread.dataSync()])).toBeLessThan(1e-6);
    tf.dispose([x, dilated, spread]);
  });

  it('leaves nothing behind on the heap in 2,000 steps', () => {
    const x = tf.tensor4d(pattern(2 * 6 * 6 * 16, 1), [2, 6, 6, 16]);
    const filter = tf.tensor4d(pattern(9 * 16 * 16, 2), [3, 3, 16, 16]);
    const step = () =>
      tf.tidy(() => {
        const run = (a: tf.Tensor, w: tf.Tensor) =>
          tf.maxPool(tf.relu(tf.conv2d(a as tf.Tensor4D, w as tf.Tensor4D, 1, 'same')), 2, 2, 'valid');
        tf.grads(run)([x, filter], tf.ones([2, 3, 3, 16]));
      });
    step();
    const backend = tf.backend() as unknown as { wasm: { HEAPU8: Uint8Array }; numDataIds(): number };
    const before = [backend.numDataIds(), backend.wasm.HEAPU8.length];
    for (let i = 0; i < 2000; i++) step();
    expect([backend.numDataIds(), backend.wasm.HEAPU8.length]).toEqual(before);
    tf.dispose([x, filter]);
  });
});

/** The convolution, a gradient that comes back to it, and the gradients that follow, by going through all products. */
function reference(test: Case, x: readonly number[], filter: readonly number[]) {
  const { batch, height, width, channels, filters, window, strides, padding } = test;
  const rows = outputLength(height, window[0], strides[0], padding);
  const columns = outputLength(width, window[1], strides[1], padding);
  const back = pattern(batch * rows.length * columns.length * filters, 3);
  const forward = new Array<number>(back.length).fill(0);
  const dx = new Array<number>(x.length).fill(0);
  const dw = new Array<number>(filter.length).fill(0);
  for (let output = 0; output < forward.length / filters; output++) {
    const column = output % columns.length;
    const row = Math.floor(output / columns.length) % rows.length;
    const image = Math.floor(output / columns.length / rows.length);
    for (let i = 0; i < window[0]; i++)
      for (let j = 0; j < window[1]; j++) {
        const y = row * strides[0] + i - rows.before;
        const left = column * strides[1] + j - columns.before;
        if (y < 0 || y >= height || left < 0 || left >= width) continue;
        for (let c = 0; c < channels; c++) {
          const from = ((image * height + y) * width + left) * channels + c;
          const weights = ((i * window[1] + j) * channels + c) * filters;
          for (let f = 0; f < filters; f++) {
            const to = output * filters + f;
            forward[to]! += x[from]! * filter[weights + f]!;
            dx[from]! += back[to]! * filter[weights + f]!;
            dw[weights + f]! += back[to]! * x[from]!;
          }
        }
      }
  }
  return { forward, back, dx, dw };
}

/** The largest difference, relative to the largest number. */
function error(computed: ArrayLike<number>, expected: readonly number[]): number {
  expect(computed.length).toBe(expected.length);
  let [worst, largest] = [0, 0];
  expected.forEach((value, i) => {
    worst = Math.max(worst, Math.abs(value - computed[i]!));
    largest = Math.max(largest, Math.abs(value));
  });
  return worst / largest;
}
