import { createHash } from 'node:crypto';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** A seeded stream of random numbers. Equal seeds and labels give equal streams on every machine. */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** A whole number from `from` to `to`, both included. */
  integer(from: number, to: number): number;
  /** Standard normal (Box–Muller). */
  normal(): number;
  /** Shuffles in place (Fisher–Yates). */
  shuffle<T extends Uint32Array | number[]>(items: T): T;
}

/**
 * The stream that belongs to a seed and a purpose: `randomFor(seed, 'order', 'student')`. Streams of different purposes
 * do not depend on each other, so asking one more number of one changes no other.
 */
export function randomFor(seed: number, ...purpose: (string | number)[]): Random {
  return wrap(xoroshiro128plus(derivedSeed(seed, ...purpose)));
}

/** A 32-bit seed for a purpose, well mixed: neighbouring seeds give unrelated ones. */
export function derivedSeed(seed: number, ...purpose: (string | number)[]): number {
  return createHash('sha256')
    .update(JSON.stringify([seed, ...purpose]))
    .digest()
    .readInt32LE(0);
}

function wrap(generator: ReturnType<typeof xoroshiro128plus>): Random {
  const uniform = () => uniformFloat64(generator);
  const integer = (from: number, to: number) => uniformInt(generator, from, to);
  return {
    uniform,
    integer,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    shuffle: (items) => {
      for (let i = items.length - 1; i > 0; i--) {
        const j = integer(0, i);
        [items[i], items[j]] = [items[j]!, items[i]!];
      }
      return items;
    },
  };
}
