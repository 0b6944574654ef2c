import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { openEngine } from '../../../src/trainer/engine/engine';
import { pattern } from '../fixtures/pattern';
import { centralDifferences, convolve, dot, maxPool, multiply, type Images, type Window } from './float64';

// Every repaired kernel and gradient against double precision from the definitions. What is wrong with the stock ones is
// shown in stockKernels.test.ts.

beforeAll(async () => {
  await openEngine('wasm', { searchFrom: [] });
});

const images: Images = { batch: 3, height: 7, width: 5, channels: 2 };
const imageShape: [number, number, number, number] = [3, 7, 5, 2];
const imageSize = 3 * 7 * 5 * 2;

const windows: Window[] = [
  { height: 3, width: 3, stride: 1, padding: 'same' },
  { height: 3, width: 3, stride: 1, padding: 'valid' },
  { height: 3, width: 3, stride: 2, padding: 'same' },
  { height: 3, width: 3, stride: 2, padding: 'valid' },
  { height: 2, width: 2, stride: 2, padding: 'same' },
  { height: 2, width: 2, stride: 2, padding: 'valid' },
  { height: 1, width: 1, stride: 1, padding: 'valid' },
  { height: 1, width: 1, stride: 2, padding: 'same' },
  { height: 2, width: 4, stride: 1, padding: 'same' },
  { height: 5, width: 5, stride: 3, padding: 'same' },
];
const titled = windows.map(
  (window) =>
    [`${window.height}×${window.width}, stride ${window.stride}, ${window.padding}`, window] as const,
);

describe('convolution', () => {
  it.each(titled)('sends back the right gradients: %s', async (_title, window) => {
    const filters = 3;
    const filterShape: [number, number, number, number] = [window.height, window.width, 2, filters];
    const x = pattern(imageSize, 1);
    const filter = pattern(tf.util.sizeFromShape(filterShape), 2);
    const output = convolve(x, filter, images, window, filters);
    const back = pattern(output.length, 3);

    const computed = tf.tidy(() => {
      const run = (input: tf.Tensor, kernel: tf.Tensor) =>
        tf.conv2d(input as tf.Tensor4D, kernel as tf.Tensor4D, window.stride, window.padding);
      const [input, kernel] = [tf.tensor4d(x, imageShape), tf.tensor4d(filter, filterShape)];
      const forward = run(input, kernel);
      const [dx, dw] = tf.grads(run)([input, kernel], tf.tensor4d(back, forward.shape));
      return [forward, dx!, dw!];
    });

    const lossOfInput = (values: number[]) => dot(convolve(values, filter, images, window, filters), back);
    const lossOfFilter = (values: number[]) => dot(convolve(x, values, images, window, filters), back);
    await expectClose(computed[0]!, output);
    await expectClose(computed[1]!, centralDifferences(lossOfInput, x));
    await expectClose(computed[2]!, centralDifferences(lossOfFilter, filter));
    tf.dispose(computed);
  });

  it('does a large batch in parts with the same result as one image after the other', async () => {
    // 3 images of 100 × 100 × 64 make a matrix of patches of 69 MB, more than is done at once.
    const shape: [number, number, number, number] = [3, 100, 100, 64];
    const x = tf.tensor4d(pattern(3 * 100 * 100 * 64, 1), shape);
    const filter = tf.tensor4d(pattern(3 * 3 * 64 * 2, 2), [3, 3, 64, 2]);
    const back = tf.tensor4d(pattern(3 * 100 * 100 * 2, 3), [3, 100, 100, 2]);
    const gradients = (input: tf.Tensor4D, dy: tf.Tensor4D) =>
      tf.grads((a: tf.Tensor, w: tf.Tensor) => tf.conv2d(a as tf.Tensor4D, w as tf.Tensor4D, 1, 'same'))(
        [input, filter],
        dy,
      );

    const [dx, dw] = tf.tidy(() => gradients(x, back));
    const [dxEach, dwEach] = tf.tidy(() => {
      const each = [0, 1, 2].map((i) => gradients(tf.slice(x, [i], [1]), tf.slice(back, [i], [1])));
      return [tf.concat(each.map(([ofInput]) => ofInput!)), tf.addN(each.map(([, ofFilter]) => ofFilter!))];
    });
    await expectClose(dw!, [...(await dwEach.data())]);
    await expectClose(dx!, [...(await dxEach.data())]);
    tf.dispose([x, filter, back, dx!, dw!, dxEach, dwEach]);
  });
});

describe('max-pooling', () => {
  const signs: [string, number][] = [
    ['mixed numbers', 0],
    ['negative numbers only', -2],
  ];
  it.each(
    titled.flatMap(([title, window]) =>
      signs.map(([sign, offset]) => [title, sign, window, offset] as const),
    ),
  )('gives the gradient to the maximum: %s, %s', async (_title, _sign, window, offset) => {
    // Distinct numbers: at a tie there is no derivative.
    const x = pattern(imageSize, 1).map((value, i) => value + offset + i * 1e-3);
    const output = maxPool(x, images, window);
    const back = pattern(output.length, 3);
    const computed = tf.tidy(() => {
      const run = (input: tf.Tensor) =>
        tf.maxPool(input as tf.Tensor4D, [window.height, window.width], window.stride, window.padding);
      const input = tf.tensor4d(x, imageShape);
      return [run(input), tf.grad(run)(input, tf.tensor(back, run(input).shape))];
    });
    const loss = (values: number[]) => dot(maxPool(values, images, window), back);
    await expectClose(computed[0]!, output);
    await expectClose(computed[1]!, centralDifferences(loss, x));
    tf.dispose(computed);
  });

  it('gives the gradient of a tie to the first of the maxima, as TensorFlow and PyTorch do', async () => {
    const pooled = (x: tf.Tensor) => tf.maxPool(x as tf.Tensor4D, 2, 2, 'valid');
    const gradient = tf.tidy(() =>
      tf.grad(pooled)(tf.fill([3, 2, 2, 1], -1), tf.tensor4d([5, 6, 7], [3, 1, 1, 1])),
    );
    expect([...(await gradient.data())]).toEqual([5, 0, 0, 0, 6, 0, 0, 0, 7, 0, 0, 0]);
    gradient.dispose();
  });
});

describe('matrix products', () => {
  const transpositions = [false, true].flatMap((a) => [false, true].map((b) => [a, b] as const));
  const sizes: [number, number, number][] = [
    [3, 5, 4],
    [1, 7, 1],
    [17, 61, 33],
  ];
  const cases = transpositions.flatMap(([a, b]) => sizes.map((size) => [a, b, size] as const));

  it.each(cases)('are right: transposeA %s, transposeB %s, %s', async (transposeA, transposeB, size) => {
    const [rows, inner, columns] = size;
    const [a, b] = [pattern(rows * inner, 1), pattern(inner * columns, 2)];
    const product = tf.tidy(() =>
      tf.matMul(
        tf.tensor2d(a, transposeA ? [inner, rows] : [rows, inner]),
        tf.tensor2d(b, transposeB ? [columns, inner] : [inner, columns]),
        transposeA,
        transposeB,
      ),
    );
    await expectClose(product, multiply(a, b, size, transposeA, transposeB));
    product.dispose();
  });

  it.each(cases)(
    'are right in batches: transposeA %s, transposeB %s, %s',
    async (transposeA, transposeB, size) => {
      const [rows, inner, columns] = size;
      for (const [batchA, batchB] of [
        [3, 3],
        [1, 3],
        [3, 1],
      ] as const) {
        const [a, b] = [pattern(batchA * rows * inner, 1), pattern(batchB * inner * columns, 2)];
        const product = tf.tidy(() =>
          tf.matMul(
            tf.tensor3d(a, transposeA ? [batchA, inner, rows] : [batchA, rows, inner]),
            tf.tensor3d(b, transposeB ? [batchB, columns, inner] : [batchB, inner, columns]),
            transposeA,
            transposeB,
          ),
        );
        const slice = (values: number[], batch: number, i: number, length: number) =>
          batch === 1 ? values : values.slice(i * length, (i + 1) * length);
        const expected = [0, 1, 2].flatMap((i) =>
          multiply(
            slice(a, batchA, i, rows * inner),
            slice(b, batchB, i, inner * columns),
            size,
            transposeA,
            transposeB,
          ),
        );
        expect(product.shape).toEqual([3, rows, columns]);
        await expectClose(product, expected);
        product.dispose();
      }
    },
  );

  it('refuse matrices that do not fit', () => {
    expect(() => tf.tidy(() => tf.matMul(tf.ones([3, 2, 4]), tf.ones([3, 5, 2])))).toThrow(/[Ii]nner|shape/);
  });
});

describe('batch normalisation', () => {
  it('sends back the right gradients for images and for rows', async () => {
    const epsilon = 0.01;
    for (const shape of [imageShape, [3, 2] as [number, number]]) {
      const size = tf.util.sizeFromShape(shape);
      const values = {
        x: pattern(size, 1),
        mean: pattern(2, 2),
        variance: pattern(2, 3).map((value) => 1.2 + value),
        offset: pattern(2, 4),
        scale: pattern(2, 5),
      };
      const back = pattern(size, 6);
      const forward = (v: typeof values) =>
        v.x.map((x, i) => {
          const c = i % 2;
          return ((x - v.mean[c]!) / Math.sqrt(v.variance[c]! + epsilon)) * v.scale[c]! + v.offset[c]!;
        });
      const computed = tf.tidy(() =>
        tf.grads((x, mean, variance, offset, scale) =>
          tf.batchNorm(x, mean, variance, offset, scale, epsilon),
        )(
          Object.entries(values).map(([name, list]) =>
            name === 'x' ? tf.tensor(list, shape) : tf.tensor1d(list),
          ),
          tf.tensor(back, shape),
        ),
      );
      for (const [i, name] of (Object.keys(values) as (keyof typeof values)[]).entries()) {
        const loss = (list: number[]) => dot(forward({ ...values, [name]: list }), back);
        await expectClose(computed[i]!, centralDifferences(loss, values[name]));
      }
      tf.dispose(computed);
    }
  });

  it('leaves statistics of another shape to the stock gradient', async () => {
    const each: [number, number, number, number] = [3, 2, 2, 1];
    const fill = (value: number) => tf.fill<tf.Rank.R4>(each, value);
    const gradient = tf.tidy(() =>
      tf.grad((x: tf.Tensor) => tf.batchNorm4d(x as tf.Tensor4D, fill(0), fill(3), fill(0), fill(1), 1))(
        tf.ones(each),
      ),
    );
    expect([...(await gradient.data())]).toEqual(new Array(12).fill(0.5));
    gradient.dispose();
  });
});

describe('comparisons', () => {
  it.each(['greater', 'less', 'lessEqual', 'equal', 'notEqual'] as const)(
    '%s has a gradient of zero',
    async (name) => {
      // d/dx of Σ where(x ? 0, 2x, x): the comparison itself adds nothing.
      const loss = (x: tf.Tensor) => tf.sum(tf.where(tf[name](x, 0), tf.mul(x, 2), x));
      const [gradient, chosen] = tf.tidy((): [tf.Tensor, tf.Tensor] => {
        const x = tf.tensor1d([-1, 0, 3]);
        return [tf.grad(loss)(x), tf.add(1, tf.cast(tf[name](x, 0), 'float32'))];
      });
      expect(await gradient.data()).toEqual(await chosen.data());
      tf.dispose([gradient, chosen]);
    },
  );
});

describe('memory', () => {
  it('is all given back after a training step, on the heap as well', () => {
    const buffers = () => (tf.backend() as unknown as { numDataIds(): number }).numDataIds();
    const before = [tf.memory().numTensors, buffers()];
    for (let i = 0; i < 3; i++)
      tf.tidy(() => {
        const loss = (x: tf.Tensor, w: tf.Tensor, a: tf.Tensor) => {
          const convolved = tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 2, 'same');
          const pooled = tf.maxPool(convolved, 2, 1, 'same');
          return tf.matMul(tf.reshape(pooled, [3, 12, 4]), a, true, true);
        };
        tf.grads(loss)([tf.ones(imageShape), tf.ones([3, 3, 2, 4]), tf.ones([3, 5, 12])]);
      });
    expect([tf.memory().numTensors, buffers()]).toEqual(before);
  });
});

/** Within 1e-5 of the largest number, which single precision reaches here. */
async function expectClose(computed: tf.Tensor, expected: readonly number[]): Promise<void> {
  const values = await computed.data();
  expect(values.length).toBe(expected.length);
  const largest = expected.reduce((a, b) => Math.max(a, Math.abs(b)), 1);
  const error = expected.reduce((worst, value, i) => Math.max(worst, Math.abs(value - values[i]!)), 0);
  expect(error / largest).toBeLessThan(1e-5);
}
