import type { ExperimentPath } from './problems';

/** The value at a path of plain data; undefined when there is none. */
export function dataAt(data: unknown, path: ExperimentPath): unknown {
  let value = data;
  for (const step of path) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}
