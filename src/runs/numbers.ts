import type { JsonNumber } from './events';

/** The text of a value in which NaN and infinity stand as strings: plain JSON would make them null and lose a divergence. */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(
    value,
    (_, v: unknown) => (typeof v === 'number' && !Number.isFinite(v) ? String(v) : v),
    indent,
  );
}

export function numberOf(value: JsonNumber): number {
  return typeof value === 'number' ? value : Number(value);
}
