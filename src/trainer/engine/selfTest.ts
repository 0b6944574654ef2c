import * as tf from '@tensorflow/tfjs-core';
import reference from './selfTestReference.json';

/**
 * Trains one step of a small network (convolution, max-pooling over negative numbers, tanh, convolution, ReLU, dense)
 * with a batch of 3 on the active backend, and compares the loss, every gradient and the loss after the step with
 * numbers that PyTorch computed in double precision (`test/trainer/fixtures/selfTest.py`).
 *
 * @returns undefined when all agree, else one sentence for people
 */
export async function runSelfTest(): Promise<string | undefined> {
  const computed = await oneStep();
  const worst = Object.entries(computed)
    .map(([name, values]) => ({
      name,
      difference: difference(values, reference[name as keyof typeof reference]),
    }))
    .reduce((a, b) => (b.difference > a.difference ? b : a));
  if (worst.difference <= tolerance) return undefined;
  const size = Number.isFinite(worst.difference) ? `by ${worst.difference.toPrecision(2)}` : 'beyond measure';
  return `The self-test differs ${size} from the right numbers (${worst.name}), so what it trains could not be trusted.`;
}

/** Of the largest number. Wrong kernels miss by far more; graphics cards that round to TF32 come near half of it. */
const tolerance = 1e-3;

const shapes = {
  conv1: [3, 3, 2, 4],
  bias1: [4],
  conv2: [2, 2, 4, 3],
  bias2: [3],
  dense: [12, 5],
  bias3: [5],
};

async function oneStep(): Promise<Record<string, ArrayLike<number>>> {
  const x = tf.tensor4d(pattern(3 * 7 * 7 * 2, 1), [3, 7, 7, 2]);
  const labels = tf.tidy(() => tf.oneHot(tf.tensor1d([0, 3, 2], 'int32'), 5));
  const loss = (...weights: tf.Tensor[]) => {
    const [conv1, bias1, conv2, bias2, dense, bias3] = weights;
    const first: tf.Tensor4D = tf.add(tf.conv2d(x, conv1 as tf.Tensor4D, 1, 'same'), bias1!);
    const pooled = tf.maxPool(first, 2, 2, 'valid');
    const second = tf.conv2d(tf.tanh(pooled), conv2 as tf.Tensor4D, 1, 'valid');
    const features = tf.reshape(tf.relu(tf.add(second, bias2!)), [3, 12]);
    const logits = tf.add(tf.matMul(features, dense as tf.Tensor2D), bias3!);
    return tf.neg(tf.mean(tf.sum(tf.mul(labels, tf.logSoftmax(logits)), 1)));
  };
  const names = Object.keys(shapes) as (keyof typeof shapes)[];
  const outputs = tf.tidy(() => {
    const weights = initialWeights();
    const { value, grads } = tf.valueAndGrads(loss)(weights);
    const after = loss(...weights.map((weight, i) => tf.sub(weight, tf.mul(0.1, grads[i]!))));
    return [value, ...grads, after];
  });
  const values = await Promise.all(outputs.map((tensor) => tensor.data()));
  tf.dispose([x, labels, outputs]);
  const labelled = ['loss', ...names.map((name) => `gradient of ${name}`), 'loss after the step'];
  return Object.fromEntries(labelled.map((name, i) => [name, values[i]!]));
}

/** Biases of −1 before the pooling make the maximum of most windows negative. */
function initialWeights(): tf.Tensor[] {
  const scale = { conv1: 0.2, bias1: 0.1, conv2: 0.4, bias2: 0.3, dense: 0.5, bias3: 0.1 };
  return Object.entries(shapes).map(([name, shape], i) => {
    const size = shape.reduce((product, length) => product * length, 1);
    const offset = name === 'bias1' ? -1 : 0;
    return tf.tensor(
      pattern(size, i + 2).map((value) => offset + scale[name as keyof typeof scale] * value),
      shape,
    );
  });
}

/** Numbers in −1…1 that look irregular and are the same in every language. */
function pattern(size: number, salt: number): number[] {
  return Array.from({ length: size }, (_, i) => (((i * i * 7 + i * 37 + salt * 11) % 101) - 50) / 50);
}

function difference(computed: ArrayLike<number>, expected: readonly number[]): number {
  let largest = 0;
  let error = computed.length === expected.length ? 0 : Infinity;
  expected.forEach((value, i) => {
    largest = Math.max(largest, Math.abs(value));
    const here = Math.abs(computed[i]! - value);
    error = Number.isNaN(here) ? Infinity : Math.max(error, here);
  });
  return error / largest;
}
