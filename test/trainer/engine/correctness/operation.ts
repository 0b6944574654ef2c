import * as tf from '@tensorflow/tfjs-core';
import { pattern } from '../../fixtures/pattern';
import { centralDifferences, dot } from '../float64';
import { sizeOf, type Array64 } from '../float64Arrays';

/** One operation with its arguments, and what it should give. */
export interface Operation {
  /** What is computed and, after the first comma, on what. */
  name: string;
  inputs: readonly Array64[];
  /** How many of the first inputs the result is differentiated by; all unless told, 0 for none. */
  differentiated?: number;
  compute: (...inputs: tf.Tensor[]) => tf.Tensor;
  /** The same in double precision, from the definition. */
  expected: (...inputs: Array64[]) => Array64;
  /** Engines where upstream is wrong and training never comes: with the reason. The test shows that it still is wrong. */
  wrongOn?: Partial<Record<string, string>>;
}

/** How far an engine is from the right numbers. */
export interface Difference {
  /** Relative to the largest of the right numbers; infinite where shapes differ or something is not a number. */
  worst: number;
  /** `the result`, or for example `the gradient of input 2`. */
  of: string;
}

/** Of the largest of the right numbers. Wrong kernels miss by far more, single precision by far less. */
export const tolerance = 1e-4;

/** Irregular numbers of both signs, none of them 0, which single precision holds exactly. */
export function numbers(shape: readonly number[], salt: number, { scale = 1, offset = 0 } = {}): Array64 {
  const values = pattern(sizeOf(shape), salt, scale).map((value, i) =>
    Math.fround(value + offset + scale * (0.0113 + 0.0007 * (i % 13))),
  );
  return { shape, values };
}

/** Numbers without ties, as maxima need: at a tie there is no derivative. */
export function distinct(shape: readonly number[], salt: number, offset = 0): Array64 {
  const { values } = numbers(shape, salt, { offset });
  return { shape, values: values.map((value, i) => Math.fround(value + i * 1e-3)) };
}

/** The result and all gradients on the engine that is active now, against the definition and its central differences. */
export async function differenceOf(operation: Operation): Promise<Difference> {
  const { inputs, compute, differentiated = inputs.length } = operation;
  const { result, gradients } = rightNumbers(operation);
  const back = pattern(result.values.length, 3);
  const computed = tf.tidy(() => {
    const tensors = inputs.map(({ shape, values }) => tf.tensor([...values], [...shape]));
    const constants = tensors.slice(differentiated);
    const run = (...args: tf.Tensor[]) => compute(...args, ...constants);
    const output = compute(...tensors);
    if (differentiated === 0) return [output];
    return [output, ...tf.grads(run)(tensors.slice(0, differentiated), tf.tensor(back, output.shape))];
  });
  const shapes = [result.shape, ...inputs.slice(0, differentiated).map(({ shape }) => shape)];
  const values = await Promise.all(computed.map((tensor) => tensor.data()));
  tf.dispose(computed);
  return [result.values, ...gradients]
    .map((expected, i) => ({
      of: i === 0 ? 'the result' : `the gradient of input ${i}`,
      worst:
        computed[i]!.shape.join() === shapes[i]!.join() ? relativeDifference(values[i]!, expected) : Infinity,
    }))
    .reduce((a, b) => (b.worst > a.worst ? b : a));
}

/** The largest difference, relative to the largest of the right numbers, or to `floor` where they are smaller still. */
export function relativeDifference(
  computed: ArrayLike<number>,
  expected: readonly number[],
  floor = 0,
): number {
  if (computed.length !== expected.length) return Infinity;
  const largest = expected.reduce((a, b) => Math.max(a, Math.abs(b)), floor);
  const difference = expected.reduce((worst, value, i) => {
    const distance = Math.abs(value - computed[i]!);
    return Number.isNaN(distance) ? Infinity : Math.max(worst, distance);
  }, 0);
  return difference / (largest || 1);
}

interface RightNumbers {
  result: Array64;
  gradients: number[][];
}

/** They are the same for every engine. */
const known = new Map<Operation, RightNumbers>();

function rightNumbers(operation: Operation): RightNumbers {
  const { inputs, expected, differentiated = inputs.length } = operation;
  const found = known.get(operation);
  if (found) return found;
  const result = expected(...inputs);
  const back = pattern(result.values.length, 3);
  const gradients = inputs.slice(0, differentiated).map((input, i) => {
    const loss = (values: number[]) =>
      dot(expected(...inputs.with(i, { shape: input.shape, values })).values, back);
    return centralDifferences(loss, input.values);
  });
  known.set(operation, { result, gradients });
  return { result, gradients };
}
