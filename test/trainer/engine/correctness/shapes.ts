import * as tf from '@tensorflow/tfjs-core';
import {
  array,
  concat,
  gather,
  logSoftmax,
  logSumExp,
  map,
  mean,
  pad,
  reduce,
  reshape,
  slice,
  sum,
  transpose,
  valueAt,
  zip,
  type Array64,
} from '../float64Arrays';
import { distinct, numbers, type Operation } from './operation';

const shape = [3, 5, 7];
const axesOf = [[0], [1], [2], [0, 1], [1, 2], [0, 2], [0, 1, 2]];

/** Sums, means and maxima along axes, softmax, and operations that move numbers about. */
export const shapeOperations: Operation[] = [
  ...axesOf.flatMap((axes) => [
    reduction('sum', axes, (x) => tf.sum(x, axes), sum),
    reduction('mean', axes, (x) => tf.mean(x, axes), mean),
    reduction(
      'max',
      axes,
      (x) => tf.max(x, axes),
      (values) => Math.max(...values),
    ),
    reduction(
      'min',
      axes,
      (x) => tf.min(x, axes),
      (values) => Math.min(...values),
    ),
    reduction('logSumExp', axes, (x) => tf.logSumExp(x, axes), logSumExp),
    reduction(
      'norm',
      axes,
      (x) => tf.sqrt(tf.sum(tf.square(x), axes)),
      (values) => Math.sqrt(sum(values.map((value) => value * value))),
    ),
  ]),
  {
    name: 'mean, axes kept',
    inputs: [numbers(shape, 1)],
    compute: (x) => tf.sub(x, tf.mean(x, -1, true)),
    expected: (x) => zip(x, reduce(x, [2], mean, true), (a, b) => a - b),
  },
  ...[1, 1e4].flatMap((scale): Operation[] => {
    const logits = numbers([3, 7], 1, { scale });
    const size = scale === 1 ? '' : ', huge numbers';
    return [
      {
        name: `softmax${size}`,
        inputs: [logits],
        compute: (x) => tf.softmax(x),
        expected: (x) => map(logSoftmax(x), Math.exp),
      },
      {
        name: `logSoftmax${size}`,
        inputs: [logits],
        compute: (x) => tf.logSoftmax(x),
        expected: logSoftmax,
      },
    ];
  }),
  {
    name: 'softmax, rank 3',
    inputs: [numbers(shape, 1)],
    compute: (x) => tf.softmax(x),
    expected: (x) => map(logSoftmax(x), Math.exp),
  },
  ...[
    [0, 2, 1],
    [1, 0, 2],
    [2, 1, 0],
    [1, 2, 0],
  ].map((order): Operation => ({
    name: `transpose, ${order.join(' ')}`,
    inputs: [numbers(shape, 1)],
    compute: (x) => tf.transpose(x, order),
    expected: (x) => transpose(x, order),
  })),
  {
    name: 'reshape',
    inputs: [numbers(shape, 1)],
    compute: (x) => tf.mul(tf.reshape(x, [3, 35]), 2),
    expected: (x) =>
      reshape(
        map(x, (v) => 2 * v),
        [3, 35],
      ),
  },
  {
    name: 'expandDims and squeeze',
    inputs: [numbers(shape, 1)],
    compute: (x) => tf.squeeze(tf.tile(tf.expandDims(x, 1), [1, 1, 1, 1]), [1]),
    expected: (x) => x,
  },
  ...[0, 1, 2].map((axis): Operation => ({
    name: `concat, axis ${axis}`,
    inputs: [numbers(shape, 1), numbers(shape.with(axis, 2), 2), numbers(shape, 3)],
    compute: (...parts) => tf.concat(parts, axis),
    expected: (...parts) => concat(parts, axis),
  })),
  {
    name: 'slice',
    inputs: [numbers(shape, 1)],
    compute: (x) => tf.slice(x, [1, 2, 3], [2, 2, 3]),
    expected: (x) => slice(x, [1, 2, 3], [2, 2, 3]),
  },
  {
    name: 'split',
    inputs: [numbers(shape, 1)],
    compute: (x) => {
      const [first, second] = tf.split(x, [2, 5], 2);
      return tf.concat([tf.mul(second!, 3), first!], 2);
    },
    expected: (x) =>
      concat([map(slice(x, [0, 0, 2], [3, 5, 5]), (v) => 3 * v), slice(x, [0, 0, 0], [3, 5, 2])], 2),
  },
  {
    name: 'stack and unstack',
    inputs: [numbers([3, 5], 1), numbers([3, 5], 2)],
    compute: (a, b) => {
      const [first, ...others] = tf.unstack(tf.stack([a, b], 1));
      return tf.stack([...others, tf.mul(first!, 2)]);
    },
    expected: (a, b) =>
      array([3, 2, 5], ([row, which, column]) => {
        // The first of the rows comes last, and twice as large.
        const from = [(row! + 1) % 3, column!];
        return (row === 2 ? 2 : 1) * valueAt(which === 0 ? a : b, from);
      }),
  },
  {
    name: 'pad',
    inputs: [numbers(shape, 1)],
    compute: (x) =>
      tf.pad(
        x,
        [
          [0, 1],
          [2, 0],
          [1, 3],
        ],
        0.5,
      ),
    expected: (x) =>
      pad(
        x,
        [
          [0, 1],
          [2, 0],
          [1, 3],
        ],
        0.5,
      ),
  },
  {
    name: 'tile',
    inputs: [numbers([3, 5], 1)],
    compute: (x) => tf.tile(x, [2, 3]),
    expected: (x) => array([6, 15], ([row, column]) => valueAt(x, [row! % 3, column! % 5])),
  },
  {
    name: 'reverse',
    inputs: [numbers(shape, 1)],
    compute: (x) => tf.reverse(x, [1]),
    expected: (x) => gather(x, [4, 3, 2, 1, 0], 1),
  },
  ...[0, 1].map((axis): Operation => ({
    // The gradient adds up rows that were looked up twice, and is 0 for those that never were.
    name: `gather, axis ${axis}`,
    inputs: [numbers([5, 4, 3], 1)],
    compute: (x) => tf.gather(x, tf.tensor1d([3, 0, 3, 2, 3, 0], 'int32'), axis),
    expected: (x) => gather(x, [3, 0, 3, 2, 3, 0], axis),
  })),
  {
    name: 'gather, an embedding',
    inputs: [numbers([6, 4], 1)],
    compute: (x) => tf.gather(x, tf.tensor2d([5, 0, 5, 2, 1, 5], [3, 2], 'int32')),
    expected: (x) => reshape(gather(x, [5, 0, 5, 2, 1, 5], 0), [3, 2, 4]),
  },
  {
    name: 'addN',
    inputs: [numbers([3, 5], 1), numbers([3, 5], 2), numbers([3, 5], 3)],
    compute: (...parts) => tf.addN(parts),
    expected: (...parts) => parts.reduce((a: Array64, b: Array64) => zip(a, b, (x, y) => x + y)),
  },
  {
    name: 'oneHot',
    inputs: [],
    compute: () => tf.cast(tf.oneHot(tf.tensor1d([2, 0, 3], 'int32'), 4), 'float32'),
    expected: () => array([3, 4], ([row, column]) => (column === [2, 0, 3][row!] ? 1 : 0)),
  },
  {
    name: 'argMax, a mask of right answers',
    inputs: [distinct([3, 7], 1)],
    compute: (x) => {
      const right = tf.equal(tf.argMax(x, 1), tf.tensor1d([3, 1, 0], 'int32'));
      return tf.mul(tf.cast(right, 'float32'), tf.sum(tf.square(x), 1));
    },
    expected: (x) => {
      const answers = [3, 1, 0];
      const squares = reduce(x, [1], (values) => sum(values.map((value) => value * value)));
      const best = reduce(x, [1], (values) => values.indexOf(Math.max(...values)));
      return array([3], ([row]) => (best.values[row!] === answers[row!] ? squares.values[row!]! : 0));
    },
  },
  {
    name: 'argMax',
    inputs: [distinct([3, 7], 1)],
    differentiated: 0,
    compute: (x) => tf.cast(tf.argMax(x, 1), 'float32'),
    expected: (x) => reduce(x, [1], (values) => values.indexOf(Math.max(...values))),
  },
];

function reduction(
  name: string,
  axes: number[],
  compute: (x: tf.Tensor) => tf.Tensor,
  combine: (values: number[]) => number,
): Operation {
  return {
    name: `${name}, axes ${axes.join(' ')}`,
    inputs: [distinct(shape, 1, -0.4)],
    compute,
    expected: (x) => reduce(x, axes, combine),
  };
}
