import type { FromPage } from './messages';

/** The message when it has exactly the shape of one that the page may send; null for everything else. */
export function readFromPage(value: unknown): FromPage | null {
  if (typeof value !== 'object' || value === null) return null;
  const { type, id, after, command, line, column } = value as Record<string, unknown>;
  switch (type) {
    case 'ready':
    case 'newExperiment':
      return { type };
    case 'gap':
      return isCount(after) ? { type, after } : null;
    case 'select':
    case 'openDirectory':
    case 'runAgain':
    case 'resume':
      return isId(id) ? { type, id } : null;
    case 'stop':
      return isId(id) && (command === 'stop-after-epoch' || command === 'stop-now')
        ? { type, id, command }
        : null;
    case 'openExperiment':
      if (!isId(id) || !isPlace(line) || !isPlace(column)) return null;
      return { type, id, ...(line !== undefined && { line }), ...(column !== undefined && { column }) };
    default:
      return null;
  }
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= 300;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isPlace(value: unknown): value is number | undefined {
  return value === undefined || (isCount(value) && value > 0);
}
