import * as tf from '@tensorflow/tfjs-core';
import { map, matMul, reduce, sum, zip, type Array64 } from '../float64Arrays';
import { fusedFormulas, type FusedActivation } from './fused';
import { numbers, type Operation } from './operation';

/** Matrix products, alone and fused with bias and nonlinearity, and what losses make of them. */
export const matrixOperations: Operation[] = [
  ...products([
    [3, 5, 4],
    [1, 7, 1],
    [9, 61, 17],
    [2, 130, 3],
    [5, 9, 70],
    [70, 9, 5],
    [8, 8, 8],
    [6, 3, 16],
  ]),
  ...products(
    [
      [3, 53, 5],
      [1, 7, 9],
    ],
    3,
    3,
  ),
  ...products([[3, 5, 4]], 1, 3),
  ...products([[3, 5, 4]], 3, 1),
  ...(['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu'] as const).flatMap(fused),
  {
    name: 'dot',
    inputs: [numbers([7], 1), numbers([7], 2)],
    compute: tf.dot,
    expected: (a, b) =>
      reduce(
        zip(a, b, (x, y) => x * y),
        [0],
        sum,
      ),
  },
  {
    name: 'squared distances between all pairs of rows',
    inputs: [numbers([5, 7], 1)],
    compute: (x) => tf.sum(tf.square(tf.sub(tf.expandDims(x, 0), tf.expandDims(x, 1))), 2),
    expected: (x) => {
      const [first, second] = [
        { ...x, shape: [1, 5, 7] },
        { ...x, shape: [5, 1, 7] },
      ];
      return reduce(
        zip(first, second, (a, b) => (a - b) ** 2),
        [2],
        sum,
      );
    },
  },
  {
    name: 'cosines between all pairs of rows',
    inputs: [numbers([5, 7], 1)],
    compute: (x) => {
      const unit = tf.div(x, tf.norm(x, 'euclidean', 1, true));
      return tf.matMul(unit, unit, false, true);
    },
    expected: (x) => {
      const length = map(
        reduce(
          map(x, (v) => v * v),
          [1],
          sum,
          true,
        ),
        Math.sqrt,
      );
      const unit = zip(x, length, (a, b) => a / b);
      return matMul(unit, unit, false, true);
    },
  },
];

function transpositions<T>(of: (transposeA: boolean, transposeB: boolean) => T): T[] {
  return [false, true].flatMap((a) => [false, true].map((b) => of(a, b)));
}

/** Batches of no length are plain matrices. */
function products(
  sizes: [rows: number, inner: number, columns: number][],
  ...batches: number[]
): Operation[] {
  const [batchA, batchB] = batches;
  const shape = (batch: number | undefined, rows: number, columns: number, transposed: boolean) => [
    ...(batch === undefined ? [] : [batch]),
    ...(transposed ? [columns, rows] : [rows, columns]),
  ];
  return sizes.flatMap(([rows, inner, columns]) =>
    transpositions((transposeA, transposeB): Operation => {
      const [a, b] = [shape(batchA, rows, inner, transposeA), shape(batchB, inner, columns, transposeB)];
      return {
        name: `matMul, ${written(a, transposeA)} times ${written(b, transposeB)}`,
        inputs: [numbers(a, 1), numbers(b, 2)],
        compute: (x, y) => tf.matMul(x, y, transposeA, transposeB),
        expected: (x, y) => matMul(x, y, transposeA, transposeB),
      };
    }),
  );
}

/** The inner dimension of 53 is above 48, where the stock kernel goes wrong; one matrix without transposition is the dense layer. */
function fused(activation: FusedActivation): Operation[] {
  const formula = fusedFormulas[activation];
  return transpositions((transposeA, transposeB) =>
    [1, 3].flatMap((batch) =>
      [false, true].map((withBias): Operation => {
        const outer = batch === 1 ? [] : [batch];
        const [a, b] = [
          [...outer, ...(transposeA ? [53, 2] : [2, 53])],
          [...outer, ...(transposeB ? [3, 53] : [53, 3])],
        ];
        const expected = (x: Array64, y: Array64, bias?: Array64) => {
          const product = matMul(x, y, transposeA, transposeB);
          return map(bias ? zip(product, bias, (p, q) => p + q) : product, formula);
        };
        const names = `${written(a, transposeA)} times ${written(b, transposeB)}`;
        return {
          name: `fused matMul, ${names}, ${withBias ? 'bias and ' : ''}${activation}`,
          inputs: [
            numbers(a, 1, { scale: 0.5 }),
            numbers(b, 2, { scale: 0.5 }),
            ...(withBias ? [numbers([3], 4)] : []),
          ],
          // While a gradient is taken TensorFlow.js fuses only without nonlinearity; the result itself is always fused.
          compute: (x, y, ...[bias]) =>
            tf.fused.matMul({ a: x, b: y, ...(bias ? { bias } : {}), transposeA, transposeB, activation }),
          expected,
        };
      }),
    ),
  ).flat();
}

function written(shape: number[], transposed: boolean): string {
  return `${shape.join('×')}${transposed ? ' transposed' : ''}`;
}
