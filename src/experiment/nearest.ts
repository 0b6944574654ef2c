import { distance } from 'fastest-levenshtein';

/** The candidate that was probably meant: nearest by edits, and near enough that the guess helps. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const plain = normal(word);
  if (plain.length > 100) return undefined;
  let best: { candidate: string; edits: number } | undefined;
  for (const candidate of candidates) {
    const edits = isSwap(plain, normal(candidate)) ? 1 : distance(plain, normal(candidate));
    if (
      edits <= Math.max(1, Math.floor(Math.max(plain.length, candidate.length) / 3)) &&
      edits < (best?.edits ?? Infinity)
    )
      best = { candidate, edits };
  }
  // A word of one or two letters is within one edit of too much.
  return best && (best.edits === 0 || plain.length > 2) ? best.candidate : undefined;
}

/** Two letters in the wrong order are one slip, though two edits. */
function isSwap(word: string, candidate: string): boolean {
  return word.length === candidate.length && word !== candidate && sorted(word) === sorted(candidate);
}

function sorted(word: string): string {
  return Array.from(word).sort().join('');
}

/** `batchSize`, `batch-size` and `Batch_Size` are spelled alike. */
function normal(word: string): string {
  return word
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll('-', '_')
    .toLowerCase();
}
