import type { Random } from '../random';
import { asStored, type CacheDtype } from './float16';

/** Rows that are compared with the live teacher whenever a cache is opened. */
export const checkedRows = 32;

/** Above the noise of an engine that adds in another order for another number of samples, and of float16's rounding. */
export const checkTolerance: Readonly<Record<CacheDtype, number>> = { float32: 1e-4, float16: 2e-3 };

/** `count` of the numbers from 0 to `total` − 1, ascending, one at random from each of as many equal parts. */
export function spread(total: number, count: number, random: Random): number[] {
  const parts = Math.min(total, count);
  return Array.from({ length: parts }, (_, i) =>
    random.integer(Math.floor((i * total) / parts), Math.floor(((i + 1) * total) / parts) - 1),
  );
}

/**
 * Whether rows of a cache are those of the live teacher. Differences count relative to the largest logit of them all: a
 * logit near zero is as uncertain as the large ones that it was added up from.
 */
export function agrees(stored: Float32Array, live: Float32Array, dtype: CacheDtype): boolean {
  const expected = asStored(live, dtype);
  const largest = expected.reduce(
    (max, value) => (Number.isFinite(value) ? Math.max(max, Math.abs(value)) : max),
    0,
  );
  const allowed = checkTolerance[dtype] * largest;
  return (
    stored.length === expected.length &&
    stored.every((value, i) => Object.is(value, expected[i]) || Math.abs(value - expected[i]!) <= allowed)
  );
}
