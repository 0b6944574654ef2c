import { describe, expect, it } from 'vitest';
import type { LossAtStep, ResolvedLoss, Scheduled } from '../../../src/experiment/resolved';
import { learningRate, lossesAt, valueAt } from '../../../src/trainer/training/schedule';

/** The value at every step of a stage. */
function values(scheduled: Scheduled, stepsPerEpoch: number, epochs: number): number[] {
  return Array.from({ length: stepsPerEpoch * epochs }, (_, step) =>
    valueAt(scheduled, { step, stepsPerEpoch, epochs }),
  );
}

const half = Math.SQRT1_2;

describe('a number that changes', () => {
  it.each<[string, Scheduled, number, number, number[]]>([
    ['not at all', 4, 2, 2, [4, 4, 4, 4]],
    ['in a straight line, to the last step', { from: 20, to: 4, how: 'linear' }, 1, 5, [20, 16, 12, 8, 4]],
    ['upwards', { from: 0, to: 0.9, how: 'linear' }, 2, 2, [0, 0.3, 0.6, 0.9]],
    // η_min + ½ (η_max − η_min)(1 + cos πt) at t = 0, ¼, ½, ¾, 1: Loshchilov & Hutter 2017, eq. 5.
    [
      'along half a cosine',
      { from: 20, to: 4, how: 'cosine' },
      1,
      5,
      [20, 4 + 8 * (1 + half), 12, 4 + 8 * (1 - half), 4],
    ],
    ['by the same factor', { from: 16, to: 1, how: 'exponential' }, 5, 1, [16, 8, 4, 2, 1]],
    ['by the same factor, upwards', { from: 0.01, to: 100, how: 'exponential' }, 1, 3, [0.01, 1, 100]],
    [
      'until an epoch',
      { from: 8, to: 2, how: 'linear', until: 2 },
      2,
      4,
      [8, 6, 4, 2, 2, 2, 2, 2], // the second epoch ends with the fourth step
    ],
    ['until half an epoch', { from: 3, to: 1, how: 'linear', until: 0.5 }, 4, 1, [3, 1, 1, 1]],
    ['until later than the end', { from: 5, to: 0, how: 'linear', until: 3 }, 2, 1, [5, 4]],
    ['in an instant', { from: 5, to: 1, how: 'exponential', until: 0.1 }, 4, 1, [1, 1, 1, 1]],
    ['in a single step', { from: 5, to: 1, how: 'cosine' }, 1, 1, [1]],
  ])('%s', (_name, scheduled, stepsPerEpoch, epochs, expected) => {
    const actual = values(scheduled, stepsPerEpoch, epochs);
    expect(actual).toHaveLength(expected.length);
    actual.forEach((value, step) => expect(value).toBeCloseTo(expected[step]!, 12));
  });

  it.each(['linear', 'cosine', 'exponential'] as const)('has exactly the two ends: %s', (how) => {
    for (const [from, to] of [
      [0.1, 0.3],
      [20, 1e-7],
      [1 / 3, 0.7],
    ] as const) {
      const all = values({ from, to, how }, 7, 3);
      expect([all[0], all.at(-1)]).toEqual([from, to]);
    }
  });
});

describe('the terms of a loss at a step', () => {
  const position = { step: 1, stepsPerEpoch: 3, epochs: 1 };
  const way = (from: number, to: number): Scheduled => ({ from, to, how: 'linear' });

  it('have plain numbers where the file has ways', () => {
    const losses: ResolvedLoss[] = [
      { criterion: 'kd', weight: way(1, 0), temperature: way(20, 4) },
      { criterion: 'ce', weight: way(0, 1), labelSmoothing: way(0.2, 0) },
      { criterion: 'logit_mse', weight: 0.25, reduction: 'sum' },
    ];
    expect(lossesAt(losses, position)).toEqual([
      { criterion: 'kd', weight: 0.5, temperature: 12 },
      { criterion: 'ce', weight: 0.5, labelSmoothing: 0.1 },
      { criterion: 'logit_mse', weight: 0.25, reduction: 'sum' },
    ] satisfies LossAtStep[]);
  });

  it('are the same array when nothing changes, so that a step makes no garbage', () => {
    const losses: ResolvedLoss[] = [{ criterion: 'kd', weight: 1, temperature: 4 }];
    expect(lossesAt(losses, position)).toBe(losses);
  });
});

it('a rate that changes is warmed up like any other', () => {
  const rates = [0, 1, 2, 3].map((step) =>
    learningRate({ kind: 'constant', warmup: 2 }, { from: 0.8, to: 0.1, how: 'exponential' }, step, 1, 4),
  );
  // 0.8 · ½ and 0.4 · 1 of the warm-up, then 0.2 and 0.1.
  [0.4, 0.4, 0.2, 0.1].forEach((rate, step) => expect(rates[step]).toBeCloseTo(rate, 12));
});
