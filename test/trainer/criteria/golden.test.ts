import { beforeAll, describe, expect, it } from 'vitest';
import type { LossAtStep } from '../../../src/experiment/resolved';
import { termNames } from '../../../src/trainer/criteria/registry';
import { openEngine } from '../../../src/trainer/engine/engine';
import reference from '../fixtures/kd-golden.json';
import { onEngine } from './onEngine';

// The reference numbers are numpy's, in double precision: fixtures/kd-golden.py.

const { z_s: student, z_t: teacher, y } = reference.inputs;
const { golden } = reference;
const labels = y.map((label) => [0, 1, 2, 3].map((c) => (c === label ? 1 : 0)));

const kd = (temperature: number): LossAtStep => ({ criterion: 'kd', weight: 1, temperature });
const ce = (labelSmoothing = 0): LossAtStep => ({ criterion: 'ce', weight: 1, labelSmoothing });
const logitMse = (reduction: 'mean' | 'class_sum' | 'sum'): LossAtStep => ({
  criterion: 'logit_mse',
  weight: 1,
  reduction,
});

/** Numbers of 32 bits carry about 1e-7; at a temperature of 20 the divergence is a small difference of large terms. */
const near = (expected: number, tolerance = 2e-5) => ({
  asymmetricMatch: (value: number) => Math.abs(value - expected) <= tolerance * Math.abs(expected),
  toString: () => `within ${tolerance} of ${expected}`,
});

describe.each(['cpu', 'wasm'] as const)('criteria on %s', (engine) => {
  beforeAll(async () => {
    expect((await openEngine(engine, { searchFrom: [] })).id).toBe(engine);
  });

  const value = (loss: LossAtStep) => onEngine(loss, student, teacher, labels).value;

  it.each<[string, LossAtStep, number, number]>([
    ['ce', ce(), golden.ce_student, 2e-5],
    ['ce, smoothed by 0.1', ce(0.1), golden['ce_label_smoothing_0.1'], 2e-5],
    ['kd, T = 1', kd(1), golden.kd_T1, 2e-5],
    ['kd, T = 4', kd(4), golden.kd_T4, 2e-5],
    ['kd, T = 20', kd(20), golden.kd_T20, 2e-4],
    ['logit_mse, mean', logitMse('mean'), golden.logit_mse_mean, 2e-5],
    ['logit_mse, class_sum', logitMse('class_sum'), golden.logit_sse_sum_over_classes_batchmean, 2e-5],
  ])('%s', (_name, loss, expected, tolerance) => {
    expect(value(loss)).toEqual(near(expected, tolerance));
  });

  it('adds up to the usual mixtures', () => {
    expect(0.1 * value(ce()) + 0.9 * value(kd(4))).toEqual(near(golden['kd_T4_alpha0.1ce_0.9kd']));
    expect(value(ce()) + 0.1 * value(logitMse('sum'))).toEqual(
      near(golden['article_loss_ce_plus_0.1_sumsq_all']),
    );
  });

  it('does not divide the divergence by the number of classes, as the reduction "mean" does', () => {
    expect(value(kd(4))).toEqual(near(4 * golden.kd_T4_wrong_mean_reduction));
  });

  it('has the gradient T · (p − q) / batch', () => {
    onEngine(kd(4), student, teacher, labels).gradient[0]!.forEach((number, c) => {
      expect(number).toEqual(near(golden.kd_T4_grad_row0[c]!));
    });
  });

  it('goes towards the limit of high temperatures', () => {
    expect(value(kd(20))).toEqual(near(golden.highT_limit_formula, 2e-3));
    expect(value(kd(4))).not.toEqual(near(golden.highT_limit_formula, 2e-2));
  });
});

describe('names of terms', () => {
  it.each([
    [[ce()], ['ce']],
    [
      [kd(4), ce(), kd(20), logitMse('mean'), kd(1)],
      ['kd', 'ce', 'kd.2', 'logit_mse', 'kd.3'],
    ],
    [[], []],
  ])('%j', (losses, names) => {
    expect(termNames(losses)).toEqual(names);
  });
});
