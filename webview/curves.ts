import type { Curve } from './runData';

/** Values on a common axis; null where a curve has no value. */
export type Row = (number | null)[];

export interface Aligned {
  /** Ascending, without doubles. */
  x: number[];
  /** One row a curve, each as long as `x`. */
  rows: Row[];
}

/** Puts curves on one axis, by step or by epoch. */
export function align(curves: readonly Curve[], axis: 'step' | 'epoch'): Aligned {
  const along = (curve: Curve): number[] => (axis === 'step' ? curve.steps : curve.epochs);
  const x = [...new Set(curves.flatMap(along))].sort((a, b) => a - b);
  const place = new Map(x.map((value, i) => [value, i]));
  const rows = curves.map((curve) => {
    const row: Row = new Array<number | null>(x.length).fill(null);
    along(curve).forEach((at, i) => {
      const value = curve.values[i]!;
      row[place.get(at)!] = Number.isFinite(value) ? value : null;
    });
    return row;
  });
  return { x, rows };
}

/** The mean at the places where all rows have a value; null elsewhere. */
export function meanRow(rows: readonly Row[]): Row {
  const [first = []] = rows;
  return first.map((_, i) => {
    let sum = 0;
    for (const row of rows) {
      const value = row[i];
      if (value === null || value === undefined) return null;
      sum += value;
    }
    return sum / rows.length;
  });
}

/**
 * Exponential moving average without the pull of its start towards zero: the weights are normalised, so the first value
 * stays as it is. `factor` 0 changes nothing.
 */
export function smooth(row: Row, factor: number): Row {
  if (factor === 0) return row;
  let average = 0;
  let weight = 0;
  return row.map((value) => {
    if (value === null) return null;
    average = factor * average + (1 - factor) * value;
    weight = factor * weight + (1 - factor);
    return average / weight;
  });
}

/** The index of the last value at or before `end`; -1 when there is none. */
export function lastIndex(row: Row, end = row.length - 1): number {
  let i = Math.min(end, row.length - 1);
  while (i >= 0 && (row[i] === null || row[i] === undefined)) i--;
  return i;
}
