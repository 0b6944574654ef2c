import { describe, expect, it } from 'vitest';
import { parseExpectation } from '../../../src/experiment/expectations';
import type { RoleReport, RunReport } from '../../../src/runs/report';
import {
  checkExpectation,
  compareRoles,
  roleReport,
  spread,
} from '../../../src/trainer/evaluation/finalReport';

const cost = {
  parameters: 100,
  bytes: 400,
  multiplyAdds: 90,
  latencyMs: { one: 1, batch: 2, batchSize: 64 },
};
const ofErrors = (values: number[], changes: Partial<RoleReport> = {}): RoleReport => ({
  ...roleReport(
    values.map((errors, i) => ({
      seed: i + 1,
      metrics: { samples: 1000, errors, accuracy: 1 - errors / 1000, loss: 0.5, ece: 0.01 },
    })),
    cost,
  ),
  ...changes,
});

describe('a spread', () => {
  it.each([
    [[4], 4, null],
    [[2, 4], 3, Math.SQRT2],
    // The mean is 5; the squares of 3, 1, 1, 1, 0, 0, 2 and 4 add up to 32, and 32 / 7 is their part over n − 1.
    [[2, 4, 4, 4, 5, 5, 7, 9], 5, Math.sqrt(32 / 7)],
    [[0.1, 0.1, 0.1], 0.1, 0],
  ])('of %j', (values, mean, sd) => {
    const found = spread(values);
    expect(found.values).toEqual(values);
    expect(found.mean).toBeCloseTo(mean, 12);
    if (sd === null) expect(found.sd).toBeNull();
    else expect(found.sd).toBeCloseTo(sd, 12);
  });
});

describe('the report of a role', () => {
  const metrics = (errors: number) => ({
    samples: 100,
    errors,
    accuracy: 1 - errors / 100,
    loss: errors / 10,
    ece: 0.5,
  });

  it('gathers the seeds in order, with what the model costs', () => {
    const report = roleReport(
      [
        { seed: 3, metrics: metrics(20), fidelity: { agreement: 0.75, kl: 0.5 } },
        { seed: 1, metrics: metrics(10), fidelity: { agreement: 0.25, kl: 1.5 } },
      ],
      cost,
    );
    expect(report).toEqual({
      seeds: [3, 1],
      errors: { mean: 15, sd: Math.sqrt(50), values: [20, 10] },
      accuracy: {
        mean: expect.closeTo(0.85, 12) as number,
        sd: expect.closeTo(Math.sqrt(0.005), 12) as number,
        values: [0.8, 0.9],
      },
      loss: { mean: 1.5, sd: Math.SQRT1_2, values: [2, 1] },
      ece: { mean: 0.5, sd: 0, values: [0.5, 0.5] },
      agreement: { mean: 0.5, sd: expect.closeTo(Math.sqrt(0.125), 12) as number, values: [0.75, 0.25] },
      kl: { mean: 1, sd: Math.SQRT1_2, values: [0.5, 1.5] },
      ...cost,
    });
  });

  it('has no agreement for the teacher', () => {
    const report = roleReport([{ seed: 1, metrics: metrics(10) }], cost);
    expect(report).not.toHaveProperty('agreement');
    expect(report).not.toHaveProperty('kl');
    expect(report.errors.sd).toBeNull();
  });
});

describe('the student against scratch', () => {
  const compare = (teacher: number | null, student: number[], scratch: number[]) =>
    compareRoles(
      {
        ...(teacher !== null && { teacher: ofErrors([teacher]) }),
        student: ofErrors(student),
        scratch: ofErrors(scratch),
      },
      'student',
      'scratch',
    )!;

  it('tells the share of errors that is gone, and the share of the gap to the teacher', () => {
    expect(compare(50, [80, 90, 70], [110, 100, 90])).toMatchObject({
      metric: 'errors',
      role: 'student',
      against: 'scratch',
      roleMean: 80,
      againstMean: 100,
      relativeReduction: 0.2,
      gapClosed: 0.4,
    });
  });

  it.each([
    ['the teacher is worse', 120, null],
    ['the teacher is as good', 100, null],
    ['there is no teacher', null, null],
    ['the student is better than the teacher', 90, 2],
    ['the teacher makes no errors', 0, 0.2],
  ])('has the right share of the gap where %s', (_name, teacher, gapClosed) => {
    expect(compare(teacher, [80], [100]).gapClosed).toBe(gapClosed);
  });

  it('is negative where the student lost ground', () => {
    expect(compare(50, [110], [100])).toMatchObject({ gapClosed: -0.2, relativeReduction: -0.1 });
  });

  it.each([
    [
      [80],
      [100],
      'With the teacher, the student makes 20.0% fewer errors on the test data, with one seed, which may be chance.',
    ],
    [
      [80, 90],
      [100, 100],
      'With the teacher, the student makes 15.0% fewer errors on the test data, and fewer with every one of 2 seeds.',
    ],
    [
      [80, 101, 100],
      [100, 100, 100],
      'With the teacher, the student makes 6.3% fewer errors on the test data, and fewer with 1 of 3 seeds.',
    ],
    [
      [110],
      [100],
      'The teacher did not help: with it, the student makes 10.0% more errors on the test data, with one seed, which may be chance.',
    ],
    [
      [90, 130],
      [100, 100],
      'The teacher did not help: with it, the student makes 10.0% more errors on the test data, and fewer with 1 of 2 seeds.',
    ],
    [[100, 90], [90, 100], 'The teacher made no difference to the number of errors on the test data.'],
    [[0], [0], 'The teacher made no difference to the number of errors on the test data.'],
    [[3], [0], 'The teacher did not help: without it, the student makes no errors at all on the test data.'],
  ])('%j against %j is said plainly', (student, scratch, sentence) => {
    expect(compare(50, student, scratch).sentence).toBe(sentence);
  });

  it('is absent without a comparison', () => {
    expect(compareRoles({ student: ofErrors([1]) }, 'student', 'scratch')).toBeNull();
    expect(compareRoles({ scratch: ofErrors([1]) }, 'student', 'scratch')).toBeNull();
  });
});

describe('expectations', () => {
  const roles: RunReport['roles'] = {
    teacher: ofErrors([50], { parameters: 2_395_210, bytes: 9_600_000, multiplyAdds: 2_392_800 }),
    student: ofErrors([80, 85], {
      agreement: { mean: 0.975, sd: 0.01, values: [0.965, 0.985] },
      kl: { mean: 1 / 30, sd: null, values: [1 / 30] },
      ece: { mean: 0.0125, sd: null, values: [0.0125] },
    }),
    scratch: ofErrors([100, 110]),
  };
  const comparisons = [compareRoles(roles, 'student', 'scratch')!];
  const check = (text: string) => checkExpectation(parseExpectation(text), 30, roles, comparisons);

  it.each([
    ['student.errors < scratch.errors', true, '82.5 < 105'],
    ['student.errors < 0.85 * scratch.errors', true, '82.5 < 89.25'],
    ['student.errors < 0.75 * scratch.errors', false, '82.5 < 78.75'],
    ['90 >= student.errors', true, '90 >= 82.5'],
    ['student.accuracy >= 91%', true, '0.9175 >= 0.91'],
    ['student.agreement > 0.98', false, '0.975 > 0.98'],
    ['student.kl <= 0.0333', false, '0.0333333 <= 0.0333'],
    ['student.ece == 0.0125', true, '0.0125 == 0.0125'],
    ['20000 * student.parameters < teacher.parameters', true, '2000000 < 2395210'],
    ['teacher.bytes > 10000000', false, '9600000 > 10000000'],
    ['student.multiply_adds < 0.5 * teacher.multiply_adds', true, '90 < 1196400'],
    // (105 − 82.5) / (105 − 50)
    ['student.gap_closed > 0.4', true, '0.409091 > 0.4'],
  ])('%s', (text, pass, actual) => {
    expect(check(text)).toEqual({ text, line: 30, pass, actual });
  });

  it.each([
    ['teacher.agreement > 0', 'not measured > 0'],
    ['teacher.kl < 1', 'not measured < 1'],
    ['0 < scratch.gap_closed', '0 < not measured'],
  ])('%s fails, because nobody measured it', (text, actual) => {
    expect(check(text)).toMatchObject({ pass: false, actual });
  });

  it('fail where a role is missing or the gap cannot be told', () => {
    const without = (text: string, roleNames: ('teacher' | 'student' | 'scratch')[]) => {
      const some = Object.fromEntries(roleNames.map((role) => [role, roles[role]]));
      const compared = compareRoles(some, 'student', 'scratch');
      return checkExpectation(parseExpectation(text), 1, some, compared ? [compared] : []);
    };
    expect(without('scratch.errors > 0', ['student'])).toMatchObject({
      pass: false,
      actual: 'not measured > 0',
    });
    expect(without('student.gap_closed < 9', ['student', 'scratch'])).toMatchObject({
      pass: false,
      actual: 'not measured < 9',
    });
  });
});
