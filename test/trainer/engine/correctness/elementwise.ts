import * as tf from '@tensorflow/tfjs-core';
import { erf, map, zip, type Array64 } from '../float64Arrays';
import { numbers, type Operation } from './operation';

/** Operations on single numbers, and on pairs of them with broadcasting. */
export const elementwiseOperations: Operation[] = [
  ...unary('abs', tf.abs, Math.abs),
  ...unary('neg', tf.neg, (x) => -x),
  ...unary('sign', tf.sign, Math.sign),
  ...unary('step', tf.step, (x) => (x > 0 ? 1 : 0)),
  ...unary('square', tf.square, (x) => x * x),
  ...unary('exp', tf.exp, Math.exp),
  ...unary('expm1', tf.expm1, Math.expm1),
  ...unary('erf', tf.erf, erf),
  ...unary('sin', tf.sin, Math.sin),
  ...unary('cos', tf.cos, Math.cos),
  ...unary('relu', tf.relu, (x) => Math.max(0, x)),
  ...unary('relu6', tf.relu6, (x) => Math.min(6, Math.max(0, x)), 9),
  ...unary(
    'leakyRelu',
    (x) => tf.leakyRelu(x, 0.01),
    (x) => (x > 0 ? x : 0.01 * x),
  ),
  ...unary('elu', tf.elu, (x) => (x > 0 ? x : Math.expm1(x))),
  ...unary('selu', tf.selu, (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x))),
  ...unary('tanh', tf.tanh, Math.tanh),
  ...unary('sigmoid', tf.sigmoid, (x) => 1 / (1 + Math.exp(-x))),
  ...unary('sigmoid, large numbers', tf.sigmoid, (x) => 1 / (1 + Math.exp(-x)), 40),
  ...unary('softplus', tf.softplus, (x) => Math.log1p(Math.exp(x))),
  ...unary('logSigmoid', tf.logSigmoid, (x) => -Math.log1p(Math.exp(-x))),
  ...unary(
    'clipByValue',
    (x) => tf.clipByValue(x, -0.5, 0.7),
    (x) => Math.min(0.7, Math.max(-0.5, x)),
  ),
  ...unary(
    'pow, 3',
    (x) => tf.pow(x, 3),
    (x) => x ** 3,
  ),
  ...unary(
    'mul, by a number',
    (x) => tf.mul(x, 2.5),
    (x) => 2.5 * x,
  ),
  ...unary(
    'div, by a number',
    (x) => tf.div(x, 20),
    (x) => x / 20,
  ),
  ...unary(
    'logicalAnd, a band',
    (x) => tf.where(tf.logicalAnd(tf.greater(x, -0.5), tf.less(x, 0.5)), tf.square(x), tf.neg(x)),
    (x) => (x > -0.5 && x < 0.5 ? x * x : -x),
  ),
  ...unary(
    'logicalOr, outside of a band',
    (x) => tf.where(tf.logicalOr(tf.less(x, -0.5), tf.greater(x, 0.5)), tf.square(x), tf.neg(x)),
    (x) => (x < -0.5 || x > 0.5 ? x * x : -x),
  ),
  ...unary(
    'logicalNot',
    (x) => tf.where(tf.logicalNot(tf.greater(x, 0.1)), tf.square(x), tf.neg(x)),
    (x) => (x > 0.1 ? -x : x * x),
  ),
  ...unary('reciprocal', tf.reciprocal, (x) => 1 / x, 1, 2),
  ...unary('sqrt', tf.sqrt, Math.sqrt, 1, 1.5),
  ...unary('rsqrt', tf.rsqrt, (x) => 1 / Math.sqrt(x), 1, 1.5),
  ...unary('log', tf.log, Math.log, 1, 1.5),
  ...unary('log1p', tf.log1p, Math.log1p, 1, 0.5),
  ...binary('add', tf.add, (a, b) => a + b),
  ...binary('sub', tf.sub, (a, b) => a - b),
  ...binary('mul', tf.mul, (a, b) => a * b),
  ...binary('div', tf.div, (a, b) => a / b, 2),
  ...binary(
    'pow, of two tensors',
    (a, b) => tf.pow(tf.exp(a), b),
    (a, b) => Math.exp(a) ** b,
  ),
  ...binary('maximum', tf.maximum, Math.max),
  ...binary('minimum', tf.minimum, Math.min),
  ...binary('squaredDifference', tf.squaredDifference, (a, b) => (a - b) ** 2),
  ...binary(
    'where greater',
    (a, b) => tf.where(tf.greater(a, b), tf.mul(a, 2), tf.mul(b, 3)),
    (a, b) => (a > b ? 2 * a : 3 * b),
  ),
  ...binary(
    'where less',
    (a, b) => tf.where(tf.less(a, b), tf.mul(a, 2), tf.mul(b, 3)),
    (a, b) => (a < b ? 2 * a : 3 * b),
  ),
  ...binary(
    'where greaterEqual',
    (a, b) => tf.where(tf.greaterEqual(a, b), tf.mul(a, 2), tf.mul(b, 3)),
    (a, b) => (a >= b ? 2 * a : 3 * b),
  ),
  ...binary(
    'where lessEqual',
    (a, b) => tf.where(tf.lessEqual(a, b), tf.mul(a, 2), tf.mul(b, 3)),
    (a, b) => (a <= b ? 2 * a : 3 * b),
  ),
  ...binary(
    'where equal',
    (a, b) => tf.where(tf.equal(a, b), tf.mul(a, 2), tf.add(a, b)),
    (a, b) => (a === b ? 2 * a : a + b),
  ),
  ...binary(
    'where notEqual',
    (a, b) => tf.where(tf.notEqual(a, b), tf.mul(a, b), a),
    (a, b) => (a === b ? a : a * b),
  ),
  ...binary(
    'a mask',
    (a, b) => tf.mul(tf.cast(tf.greater(a, 0), 'float32'), b),
    (a, b) => (a > 0 ? b : 0),
  ),
];

function unary(
  name: string,
  compute: (x: tf.Tensor) => tf.Tensor,
  formula: (x: number) => number,
  scale = 1,
  offset = 0,
): Operation[] {
  return [
    { name, inputs: [numbers([3, 7, 5], 1, { scale, offset })], compute, expected: (x) => map(x, formula) },
  ];
}

/** With equal shapes, and with each of the broadcasts that layers and criteria use. */
function binary(
  name: string,
  compute: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
  formula: (a: number, b: number) => number,
  offset = 0,
): Operation[] {
  const shapes: [number[], number[]][] = [
    [
      [3, 7],
      [3, 7],
    ],
    [[3, 5, 7], [7]],
    [
      [3, 1],
      [1, 5],
    ],
    [
      [3, 1, 7],
      [3, 5, 1],
    ],
    [[], [3, 5]],
    [
      [3, 2, 3, 5],
      [3, 1, 1, 5],
    ],
  ];
  return shapes.map(([left, right]): Operation => {
    // The second numbers lie between the first: where two are equal, a maximum has no derivative.
    const inputs: Array64[] = [numbers(left, 1), numbers(right, 2, { offset: offset + 0.0003 })];
    const shown = (shape: number[]) => (shape.length === 0 ? 'a number' : shape.join('×'));
    return {
      name: `${name}, ${shown(left)} and ${shown(right)}`,
      inputs,
      compute,
      expected: (a, b) => zip(a, b, formula),
    };
  });
}
