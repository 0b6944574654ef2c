// Arrays of any rank in double precision, and what tensor operations do with them, straight from the definitions. Nothing
// here uses TensorFlow.js, so it can tell which engine is right.

import { multiply } from './float64';

/** Numbers in row-major order. */
export interface Array64 {
  shape: readonly number[];
  values: readonly number[];
}

export function array(shape: readonly number[], at: (index: readonly number[]) => number): Array64 {
  const values = Array.from({ length: sizeOf(shape) }, (_, flat) => at(indexOf(flat, shape)));
  return { shape, values };
}

export function valueAt({ shape, values }: Array64, index: readonly number[]): number {
  return values[shape.reduce((flat, length, axis) => flat * length + index[axis]!, 0)]!;
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

export function map(x: Array64, f: (value: number) => number): Array64 {
  return { shape: x.shape, values: x.values.map(f) };
}

/** Element by element, after both have been repeated to a common shape: axes are matched from the last one on. */
export function zip(a: Array64, b: Array64, f: (a: number, b: number) => number): Array64 {
  const rank = Math.max(a.shape.length, b.shape.length);
  const full = (x: Array64) => ({
    ...x,
    shape: [...Array<number>(rank - x.shape.length).fill(1), ...x.shape],
  });
  const [left, right] = [full(a), full(b)];
  const own = (x: Array64, index: readonly number[]) => index.map((i, axis) => (x.shape[axis] === 1 ? 0 : i));
  return array(
    left.shape.map((length, axis) => Math.max(length, right.shape[axis]!)),
    (index) => f(valueAt(left, own(left, index)), valueAt(right, own(right, index))),
  );
}

/** Combines all numbers along the axes; `f` gets them in order. */
export function reduce(
  x: Array64,
  axes: readonly number[],
  f: (values: number[]) => number,
  keepDimensions = false,
): Array64 {
  const kept = x.shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
  const over = x.shape.map((length, axis) => (axes.includes(axis) ? length : 1));
  const reduced = array(kept, (index) =>
    f(
      array(over, (offset) =>
        valueAt(
          x,
          index.map((i, axis) => i + offset[axis]!),
        ),
      ).values.slice(),
    ),
  );
  return keepDimensions
    ? reduced
    : { shape: kept.filter((_, axis) => !axes.includes(axis)), values: reduced.values };
}

export function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

export function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}

export function logSumExp(values: readonly number[]): number {
  const largest = Math.max(...values);
  return largest + Math.log(sum(values.map((value) => Math.exp(value - largest))));
}

/** Along the last axis. */
export function logSoftmax(x: Array64): Array64 {
  const last = x.shape.length - 1;
  return zip(x, reduce(x, [last], logSumExp, true), (value, total) => value - total);
}

export function transpose(x: Array64, order: readonly number[]): Array64 {
  const shape = order.map((axis) => x.shape[axis]!);
  return array(shape, (index) =>
    valueAt(
      x,
      x.shape.map((_, axis) => index[order.indexOf(axis)]!),
    ),
  );
}

export function concat(arrays: readonly Array64[], axis: number): Array64 {
  const lengths = arrays.map(({ shape }) => shape[axis]!);
  const whole = arrays[0]!.shape.map((length, i) => (i === axis ? sum(lengths) : length));
  return array(whole, (index) => {
    let [part, at] = [0, index[axis]!];
    while (at >= lengths[part]!) at -= lengths[part++]!;
    return valueAt(arrays[part]!, index.with(axis, at));
  });
}

/** The part that begins at `begin`. */
export function slice(x: Array64, begin: readonly number[], shape: readonly number[]): Array64 {
  return array(shape, (index) =>
    valueAt(
      x,
      index.map((i, axis) => i + begin[axis]!),
    ),
  );
}

/** Adds `value` before and after. */
export function pad(x: Array64, padding: readonly (readonly [number, number])[], value: number): Array64 {
  const shape = x.shape.map((length, axis) => length + padding[axis]![0] + padding[axis]![1]);
  return array(shape, (index) => {
    const inside = index.map((i, axis) => i - padding[axis]![0]);
    return inside.every((i, axis) => i >= 0 && i < x.shape[axis]!) ? valueAt(x, inside) : value;
  });
}

export function gather(x: Array64, indices: readonly number[], axis: number): Array64 {
  const shape = x.shape.map((length, i) => (i === axis ? indices.length : length));
  return array(shape, (index) => valueAt(x, index.with(axis, indices[index[axis]!]!)));
}

export function reshape({ values }: Array64, shape: readonly number[]): Array64 {
  return { shape, values };
}

/** Products of the matrices in the last two axes, each stored transposed where told; a batch of one serves for all. */
export function matMul(a: Array64, b: Array64, transposeA = false, transposeB = false): Array64 {
  const [rows, inner] = matrixOf(a, transposeA);
  const columns = matrixOf(b, transposeB)[1];
  const outer = zip(ones(a.shape.slice(0, -2)), ones(b.shape.slice(0, -2)), () => 0).shape;
  const values = Array.from({ length: sizeOf(outer) }, (_, i) =>
    multiply(oneOf(a, i), oneOf(b, i), [rows, inner, columns], transposeA, transposeB),
  );
  return { shape: [...outer, rows, columns], values: values.flat() };
}

/** The error function by its Taylor series, which reaches double precision for the small numbers here. */
export function erf(x: number): number {
  let [term, total] = [x, x];
  for (let n = 1; n < 60; n++) {
    term *= (-x * x) / n;
    total += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
}

function matrixOf({ shape }: Array64, transposed: boolean): [rows: number, columns: number] {
  const [rows, columns] = shape.slice(-2) as [number, number];
  return transposed ? [columns, rows] : [rows, columns];
}

/** Batches have one axis here, of equal length or 1. */
function oneOf({ shape, values }: Array64, index: number): readonly number[] {
  const size = sizeOf(shape.slice(-2));
  return values.length === size ? values : values.slice(index * size, (index + 1) * size);
}

function ones(shape: readonly number[]): Array64 {
  return array(shape, () => 1);
}

function indexOf(flat: number, shape: readonly number[]): number[] {
  const index = new Array<number>(shape.length);
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = flat % shape[axis]!;
    flat = Math.floor(flat / shape[axis]!);
  }
  return index;
}
