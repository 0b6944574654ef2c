import { describe, expect, it } from 'vitest';
import type { ResolvedSchedule } from '../../../src/experiment/resolved';
import { learningRate } from '../../../src/trainer/training/schedule';

/** The rate at every step of a stage, with a full rate of 1. */
function rates(schedule: ResolvedSchedule, stepsPerEpoch: number, epochs: number): number[] {
  return Array.from({ length: stepsPerEpoch * epochs }, (_, step) =>
    learningRate(schedule, 1, step, stepsPerEpoch, epochs),
  );
}

const half = Math.SQRT1_2;

describe('learning rates', () => {
  it.each<[string, ResolvedSchedule, number, number, number[]]>([
    ['constant', { kind: 'constant', warmup: 0 }, 2, 2, [1, 1, 1, 1]],
    ['linear', { kind: 'linear', to: 0, warmup: 0 }, 2, 2, [1, 0.75, 0.5, 0.25]],
    ['linear to a fifth', { kind: 'linear', to: 0.2, warmup: 0 }, 2, 2, [1, 0.8, 0.6, 0.4]],
    // (1 + cos(πt)) / 2 at t = 0, ¼, ½, ¾.
    ['cosine', { kind: 'cosine', to: 0, warmup: 0 }, 1, 4, [1, (1 + half) / 2, 0.5, (1 - half) / 2]],
    [
      'cosine to a half',
      { kind: 'cosine', to: 0.5, warmup: 0 },
      1,
      4,
      [1, (3 + half) / 4, 0.75, (3 - half) / 4],
    ],
    [
      'steps',
      { kind: 'step', every: 2, factor: 0.1, warmup: 0 },
      2,
      5,
      [1, 1, 1, 1, 0.1, 0.1, 0.1, 0.1, 0.01, 0.01],
    ],
    ['steps within an epoch', { kind: 'step', every: 0.5, factor: 0.5, warmup: 0 }, 4, 1, [1, 1, 0.5, 0.5]],
    ['warm-up', { kind: 'constant', warmup: 1 }, 4, 2, [0.25, 0.5, 0.75, 1, 1, 1, 1, 1]],
    ['warm-up before a line', { kind: 'linear', to: 0, warmup: 1 }, 2, 3, [0.5, 1, 1, 0.75, 0.5, 0.25]],
    [
      'warm-up before steps',
      { kind: 'step', every: 1, factor: 0.5, warmup: 1 },
      2,
      3,
      [0.5, 1, 1, 1, 0.5, 0.5],
    ],
    ['half an epoch of warm-up', { kind: 'constant', warmup: 0.5 }, 4, 1, [0.5, 1, 1, 1]],
    ['warm-up longer than the stage', { kind: 'linear', to: 0, warmup: 9 }, 2, 2, [0.25, 0.5, 0.75, 1]],
  ])('%s', (_name, schedule, stepsPerEpoch, epochs, expected) => {
    const actual = rates(schedule, stepsPerEpoch, epochs);
    expect(actual).toHaveLength(expected.length);
    actual.forEach((rate, step) => expect(rate).toBeCloseTo(expected[step]!, 12));
  });

  it('are shares of the full rate', () => {
    expect(learningRate({ kind: 'linear', to: 0.5, warmup: 0 }, 0.02, 1, 2, 1)).toBeCloseTo(0.015, 12);
    expect(learningRate({ kind: 'constant', warmup: 1 }, 0.02, 0, 2, 1)).toBeCloseTo(0.01, 12);
  });

  it('drop at the step that a fraction of an epoch names, although 1.1 · 50 is not quite 55', () => {
    const schedule = { kind: 'step', every: 1.1, factor: 0.5, warmup: 0 } as const;
    expect(rates(schedule, 50, 2).slice(54, 56)).toEqual([1, 0.5]);
  });
});
