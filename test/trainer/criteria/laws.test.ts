import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LossAtStep } from '../../../src/experiment/resolved';
import { openEngine } from '../../../src/trainer/engine/engine';
import { gradientInFloat64, lossInFloat64, type Rows } from './float64';
import { onEngine } from './onEngine';

// Laws that every criterion keeps whatever it is given, on 200 random cases each.

beforeAll(() => openEngine('wasm', { searchFrom: [] }));

interface Case {
  student: number[][];
  teacher: number[][];
  labels: number[][];
  temperature: number;
  smoothing: number;
}

const maximumTemperature = 30;
const logit = fc.double({ min: -6, max: 6, noNaN: true }).map(Math.fround);
const cases: fc.Arbitrary<Case> = fc
  .record({ batch: fc.integer({ min: 1, max: 5 }), classes: fc.integer({ min: 2, max: 11 }) })
  .chain(({ batch, classes }) => {
    const rows = <T>(row: fc.Arbitrary<T>) => fc.array(row, { minLength: batch, maxLength: batch });
    const logits = rows(fc.array(logit, { minLength: classes, maxLength: classes }));
    const oneHot = fc
      .nat({ max: classes - 1 })
      .map((label) => Array.from({ length: classes }, (_, c) => (c === label ? 1 : 0)));
    return fc.record({
      student: logits,
      teacher: logits,
      labels: rows(oneHot),
      temperature: fc.double({ min: 0.5, max: maximumTemperature, noNaN: true }).map(Math.fround),
      smoothing: fc.double({ min: 0, max: 0.9, noNaN: true }).map(Math.fround),
    });
  });
const check = (law: (given: Case) => void) => fc.assert(fc.property(cases, law), { numRuns: 200, seed: 1 });

const kd = (temperature: number): LossAtStep => ({ criterion: 'kd', weight: 1, temperature });
const ce = (labelSmoothing = 0): LossAtStep => ({ criterion: 'ce', weight: 1, labelSmoothing });
const logitMse = (reduction: 'mean' | 'class_sum' | 'sum'): LossAtStep => ({
  criterion: 'logit_mse',
  weight: 1,
  reduction,
});
const all = ({ temperature, smoothing }: Pick<Case, 'temperature' | 'smoothing'>): LossAtStep[] => [
  kd(temperature),
  ce(),
  ce(smoothing),
  logitMse('mean'),
  logitMse('class_sum'),
  logitMse('sum'),
];

/** Rounding of 32-bit numbers, which the factor T² enlarges. */
const roundingOf = (loss: LossAtStep) =>
  2e-6 * (loss.criterion === 'kd' ? Math.max(1, loss.temperature ** 2) : 1);

function expectNear(actual: number, expected: number, tolerance: number): void {
  expect(Math.abs(actual - expected), `${actual} should be ${expected}`).toBeLessThanOrEqual(tolerance);
}

function expectRowsNear(actual: Rows, expected: Rows, tolerance: number): void {
  actual.forEach((row, i) => row.forEach((value, c) => expectNear(value, expected[i]![c]!, tolerance)));
}

describe('laws of the criteria', () => {
  it('value and gradient are those of double precision and central differences', () => {
    check((given) => {
      const { student, teacher, labels } = given;
      for (const loss of all(given)) {
        const { value, gradient } = onEngine(loss, student, teacher, labels);
        const exact = lossInFloat64(loss, student, teacher, labels);
        expectNear(value, exact, 2e-5 * Math.abs(exact) + roundingOf(loss));
        const differences = gradientInFloat64(loss, student, teacher, labels);
        const largest = Math.max(...differences.flat().map(Math.abs));
        expectRowsNear(gradient, differences, 1e-4 * largest + 1e-5);
      }
    });
  });

  it('a student that equals its teacher has no loss and no gradient', () => {
    check(({ student, labels, temperature }) => {
      for (const loss of [kd(temperature), logitMse('mean'), logitMse('class_sum'), logitMse('sum')]) {
        const { value, gradient } = onEngine(loss, student, student, labels);
        expectNear(value, 0, roundingOf(loss));
        expectRowsNear(
          gradient,
          student.map((row) => row.map(() => 0)),
          1e-6 * maximumTemperature,
        );
      }
    });
  });

  it('no divergence is negative', () => {
    check(({ student, teacher, labels, temperature }) => {
      const { value } = onEngine(kd(temperature), student, teacher, labels);
      expect(value).toBeGreaterThanOrEqual(-roundingOf(kd(temperature)));
    });
  });

  it('a batch that is there twice changes nothing but the sum, which doubles', () => {
    check((given) => {
      const { student, teacher, labels } = given;
      const twice = (rows: number[][]) => [...rows, ...rows];
      for (const loss of all(given)) {
        const once = onEngine(loss, student, teacher, labels).value;
        const doubled = onEngine(loss, twice(student), twice(teacher), twice(labels)).value;
        const factor = loss.criterion === 'logit_mse' && loss.reduction === 'sum' ? 2 : 1;
        expectNear(doubled, factor * once, 2e-5 * Math.abs(once) + roundingOf(loss));
      }
    });
  });

  it('the three reductions differ by the class count and the batch size', () => {
    check(({ student, teacher, labels }) => {
      const [mean, classSum, sum] = (['mean', 'class_sum', 'sum'] as const).map(
        (reduction) => onEngine(logitMse(reduction), student, teacher, labels).value,
      );
      const classes = student[0]!.length;
      expectNear(classSum!, mean! * classes, 2e-5 * classSum! + 1e-9);
      expectNear(sum!, classSum! * student.length, 2e-5 * sum! + 1e-9);
    });
  });

  it('at high temperatures the gradient of kd is that of centred logit_mse, class_sum, over 2C', () => {
    check(({ student, teacher, labels }) => {
      const classes = student[0]!.length;
      const centred = (rows: number[][]) =>
        rows.map((row) => row.map((z) => z - row.reduce((a, b) => a + b) / classes));
      const { gradient } = onEngine(kd(1000), student, teacher, labels);
      const limit = onEngine(logitMse('class_sum'), centred(student), centred(teacher), labels).gradient;
      const expected = limit.map((row) => row.map((value) => value / (2 * classes)));
      const largest = Math.max(...expected.flat().map(Math.abs));
      // Probabilities are rounded at 6e-8, and the gradient multiplies their difference by T.
      expectRowsNear(gradient, expected, 2e-2 * largest + 3e-4);
    });
  });

  it('label smoothing is kd from a uniform teacher at T = 1, but for a constant', () => {
    check(({ student, labels, smoothing }) => {
      const classes = student[0]!.length;
      const uniform = student.map((row) => row.map(() => 3));
      const smoothed = onEngine(ce(smoothing), student, null, labels);
      const [hard, soft] = [onEngine(ce(), student, null, labels), onEngine(kd(1), student, uniform, labels)];
      expectNear(
        smoothed.value,
        (1 - smoothing) * hard.value + smoothing * (soft.value + Math.log(classes)),
        2e-5 * smoothed.value + 2e-6,
      );
      const mixed = hard.gradient.map((row, i) =>
        row.map((value, c) => (1 - smoothing) * value + smoothing * soft.gradient[i]![c]!),
      );
      expectRowsNear(smoothed.gradient, mixed, 2e-6);
    });
  });
});

describe('extreme logits', () => {
  const far = [
    [1e4, -1e4, 0],
    [-1e4, -1e4, 1e4],
  ];
  const opposite = [
    [-1e4, 1e4, 0],
    [1e4, 1e4, -1e4],
  ];
  const level = [
    [1, 2, 3],
    [-1, 0, 1],
  ];
  const labels = [
    [0, 1, 0],
    [0, 0, 1],
  ];

  it.each([
    ['far apart', far, opposite],
    ['of the student alone', far, level],
    ['of a saturated teacher alone', level, far],
    ['that are equal', far, far],
  ])('%s give finite values and gradients', (_name, student, teacher) => {
    for (const temperature of [0.5, 1, 4, 20])
      for (const loss of all({ temperature, smoothing: 0.1 })) {
        const { value, gradient } = onEngine(loss, student, teacher, labels);
        const exact = lossInFloat64(loss, student, teacher, labels);
        expectNear(value, exact, 2e-5 * Math.abs(exact) + roundingOf(loss));
        expect(gradient.flat().every(Number.isFinite)).toBe(true);
      }
  });

  it('give the value that a saturated distribution has', () => {
    // The teacher is sure of class 0, of which the student thinks −20,000 nats: the divergence is that distance.
    expect(onEngine(kd(1), [[-1e4, 1e4]], [[1e4, -1e4]], [[1, 0]]).value).toBeCloseTo(20_000, 2);
    expect(onEngine(ce(), [[-1e4, 1e4]], null, [[1, 0]]).value).toBeCloseTo(20_000, 2);
    expect(onEngine(kd(1), [[1e4, -1e4]], [[1e4, -1e4]], [[1, 0]]).value).toBe(0);
  });
});

it.each([kd(4), logitMse('mean')])('$criterion refuses to work without a teacher', (loss) => {
  expect(() => onEngine(loss, [[1, 2]], null, [[0, 1]])).toThrow(
    `The criterion ${loss.criterion} was used without a teacher.`,
  );
});
