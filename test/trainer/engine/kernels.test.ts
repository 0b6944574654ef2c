import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { openEngine } from '../../../src/trainer/engine/engine';
import { pattern } from '../fixtures/pattern';
import { relativeDifference, tolerance } from './correctness/operation';

// What the repaired kernels and gradients do at their edges; operations.test.ts has their numbers.

beforeAll(async () => {
  await openEngine('wasm', { searchFrom: [] });
});

const imageShape: [number, number, number, number] = [3, 7, 5, 2];

describe('convolution', () => {
  it('gives a large batch the gradients of one image after the other', async () => {
    // The patches of 3 images of 100 × 100 × 64 would take 69 MB.
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
    expect(relativeDifference(await dw!.data(), [...(await dwEach.data())])).toBeLessThan(tolerance);
    expect(relativeDifference(await dx!.data(), [...(await dxEach.data())])).toBeLessThan(tolerance);
    tf.dispose([x, filter, back, dx!, dw!, dxEach, dwEach]);
  });
});

describe('max-pooling', () => {
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
  it('refuse matrices that do not fit', () => {
    expect(() => tf.tidy(() => tf.matMul(tf.ones([3, 2, 4]), tf.ones([3, 5, 2])))).toThrow(/[Ii]nner|shape/);
  });

  it('take a bias of any shape that fits, which the stock kernel refuses', async () => {
    const product = tf.tidy(() =>
      tf.fused.matMul({
        a: tf.ones([3, 2]),
        b: tf.ones([2, 2]),
        bias: tf.tensor2d([1, 2, 3], [3, 1]),
        activation: 'elu',
      }),
    );
    expect([...(await product.data())]).toEqual([3, 3, 4, 4, 5, 5]);
    product.dispose();
  });
});

describe('batch normalisation', () => {
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

describe('sums over segments', () => {
  it('drop rows of segments that do not exist, and leave empty segments at 0', async () => {
    const sums = tf.tidy(() =>
      tf.unsortedSegmentSum(
        tf.tensor2d([1, 2, 3, 4, 5, 6, 7, 8], [4, 2]),
        tf.tensor1d([2, -1, 2, 9], 'int32'),
        4,
      ),
    );
    expect([...(await sums.data())]).toEqual([0, 0, 0, 0, 6, 8, 0, 0]);
    sums.dispose();
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
  const x = () => tf.ones(imageShape);
  it.each<[string, () => tf.Tensor[]]>([
    [
      'convolution, pooling and a transposed product',
      () =>
        tf.grads((image: tf.Tensor, w: tf.Tensor, a: tf.Tensor) => {
          const convolved = tf.conv2d(image as tf.Tensor4D, w as tf.Tensor4D, 2, 'same');
          const pooled = tf.maxPool(convolved, 2, 1, 'same');
          return tf.matMul(tf.reshape(pooled, [3, 12, 4]), a, true, true);
        })([x(), tf.ones([3, 3, 2, 4]), tf.ones([3, 5, 12])]),
    ],
    [
      'depthwise convolution and padded average pooling',
      () =>
        tf.grads((image: tf.Tensor, w: tf.Tensor) =>
          tf.avgPool(tf.depthwiseConv2d(image as tf.Tensor4D, w as tf.Tensor4D, 1, 'same'), 3, 2, 'same'),
        )([x(), tf.ones([3, 3, 2, 2])]),
    ],
    [
      'a look-up of rows',
      () => [tf.grad((rows: tf.Tensor) => tf.gather(rows, tf.tensor1d([1, 1, 0], 'int32')))(tf.ones([3, 4]))],
    ],
    [
      'fused products',
      () =>
        (['relu', 'sigmoid', 'elu', 'leakyrelu'] as const).map((activation) =>
          tf.fused.matMul({
            a: tf.ones([3, 5, 4]),
            b: tf.ones([3, 5, 2]),
            bias: tf.ones([2]),
            transposeA: true,
            activation,
          }),
        ),
    ],
    ['a maximum', () => tf.grads((a, b) => tf.maximum(a, b))([tf.ones([3, 4]), tf.zeros([4])])],
  ])('is all given back after %s, on the heap as well', (_what, step) => {
    const buffers = () => (tf.backend() as unknown as { numDataIds(): number }).numDataIds();
    const before = [tf.memory().numTensors, buffers()];
    for (let i = 0; i < 3; i++)
      tf.tidy(() => {
        step();
      });
    expect([tf.memory().numTensors, buffers()]).toEqual(before);
  });
});
