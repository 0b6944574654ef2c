/** The middle value; between two, their mean. Not a number for no values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1
    ? sorted[Math.floor(middle)]!
    : (sorted[middle - 1] ?? NaN) / 2 + (sorted[middle] ?? NaN) / 2;
}
