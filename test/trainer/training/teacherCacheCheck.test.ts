import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomFor } from '../../../src/trainer/random';
import { agrees, spread } from '../../../src/trainer/training/teacherCacheCheck';

describe('rows to compare', () => {
  it('are spread over all there are, one from each part', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1000 }), fc.integer(), (total, seed) => {
        const rows = spread(total, 32, randomFor(seed, 'rows'));
        expect(rows).toHaveLength(Math.min(total, 32));
        rows.forEach((row, i) => {
          expect(row).toBeGreaterThanOrEqual(Math.floor((i * total) / rows.length));
          expect(row).toBeLessThan(((i + 1) * total) / rows.length);
        });
      }),
    );
  });

  it('are others at another start', () => {
    const starts = [1, 2, 3].map((seed) => spread(1000, 32, randomFor(seed, 'rows')).join());
    expect(new Set(starts).size).toBe(3);
  });
});

describe('kept rows and those of the live teacher', () => {
  const live = Float32Array.of(10, -3, 0.001, 5);
  /** The live rows with one number moved by a share of the largest. */
  const moved = (by: number) => live.map((value, i) => (i === 2 ? value + 10 * by : value));

  it.each([
    ['float32', 0.9e-4, true],
    ['float32', -0.9e-4, true],
    ['float32', 1.1e-4, false],
    ['float16', 1.9e-3, true],
    ['float16', 2.1e-3, false],
    ['float16', -2.1e-3, false],
  ] as const)('kept as %s agree when they differ by %f of the largest logit: %s', (dtype, by, expected) => {
    expect(agrees(moved(by), live, dtype)).toBe(expected);
  });

  it('agree when the engine counts a little differently and float16 rounds to the neighbour', () => {
    // Halfway between two numbers of float16, 2⁻⁷ apart; a last bit decides where it goes.
    const kept = Float32Array.of(8 + 2 ** -7, 1);
    expect(agrees(kept, Float32Array.of(8 + 2 ** -8 - 2 ** -20, 1), 'float16')).toBe(true);
  });

  it('do not agree when there are fewer, or when a teacher that is broken was not when it was asked', () => {
    expect(agrees(live.subarray(1), live, 'float32')).toBe(false);
    expect(agrees(live, Float32Array.of(10, NaN, 0.001, 5), 'float32')).toBe(false);
    expect(agrees(Float32Array.of(NaN, Infinity), Float32Array.of(NaN, Infinity), 'float16')).toBe(true);
    expect(agrees(Float32Array.of(1, Infinity), Float32Array.of(1, -Infinity), 'float32')).toBe(false);
  });

  it('that are all zero agree with zeros alone', () => {
    expect(agrees(Float32Array.of(0, 0), Float32Array.of(0, 0), 'float32')).toBe(true);
    expect(agrees(Float32Array.of(0, 1e-30), Float32Array.of(0, 0), 'float32')).toBe(false);
  });
});
