import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  calibrationBins,
  compareWithTeacher,
  expectedCalibrationError,
  measure,
  type Logits,
} from '../../../src/trainer/evaluation/metrics';
import reference from '../fixtures/kd-golden.json';

// The reference numbers are numpy's, in double precision: fixtures/kd-golden.py.

const { golden } = reference;
const logits = (rows: number[][]): Logits => ({
  classes: rows[0]!.length,
  values: Float32Array.from(rows.flat()),
});
const student = logits(reference.inputs.z_s);
const teacher = logits(reference.inputs.z_t);
const labels = Uint8Array.from(reference.inputs.y);

/** Logits whose softmax at T = 1 has these probabilities. */
const withProbabilities = (rows: number[][]): Logits => logits(rows.map((row) => row.map(Math.log)));

describe('what is measured of a model', () => {
  it('is what numpy computes', () => {
    const { samples, errors, accuracy, loss } = measure(student, labels);
    expect(samples).toBe(3);
    expect(accuracy).toBeCloseTo(golden.acc_student, 12);
    expect(errors).toBe(Math.round(3 * (1 - golden.acc_student)));
    expect(loss).toBeCloseTo(golden.nll_student, 7);
    expect(measure(teacher, labels).loss).toBeCloseTo(golden.ce_teacher, 7);
  });

  it('is counted by hand', () => {
    const rows = withProbabilities([
      [0.5, 0.25, 0.25],
      [0.1, 0.8, 0.1],
      [0.1, 0.3, 0.6],
      [0.4, 0.2, 0.4],
    ]);
    const { errors, accuracy, loss, ece } = measure(rows, Uint8Array.of(0, 1, 0, 0));
    expect(errors).toBe(1);
    expect(accuracy).toBe(0.75);
    expect(loss).toBeCloseTo(-Math.log(0.5 * 0.8 * 0.1 * 0.4) / 4, 6);
    // In 15 bins all four stand alone: |1 − ½|, |1 − 0.8|, |0 − 0.6|, |1 − 0.4|.
    expect(ece).toBeCloseTo((0.5 + 0.2 + 0.6 + 0.6) / 4, 6);
  });

  it('takes the first of several largest logits', () => {
    expect(measure(logits([[1, 3, 3]]), Uint8Array.of(1)).errors).toBe(0);
    expect(measure(logits([[1, 3, 3]]), Uint8Array.of(2)).errors).toBe(1);
  });

  it('stays finite at logits of ±10⁴ and above', () => {
    const { loss, ece } = measure(
      logits([
        [1e4, -1e4],
        [-1e30, 1e30],
      ]),
      Uint8Array.of(1, 1),
    );
    expect(loss).toBe(1e4);
    expect(ece).toBe(0.5);
    expect(compareWithTeacher(logits([[1e4, -1e4]]), logits([[-1e4, 1e4]]))).toEqual({
      agreement: 0,
      kl: 2e4,
    });
  });

  it('is not a number where the logits are none, and no crash', () => {
    const { loss, ece } = measure(
      logits([
        [NaN, NaN],
        [0, 1],
      ]),
      Uint8Array.of(0, 1),
    );
    expect([loss, ece]).toEqual([NaN, NaN]);
  });
});

describe('fidelity to the teacher', () => {
  it('is what numpy computes', () => {
    const { agreement, kl } = compareWithTeacher(student, teacher);
    expect(agreement).toBeCloseTo(golden.agreement, 12);
    expect(kl).toBeCloseTo(golden.kd_T1, 7);
    expect(compareWithTeacher(teacher, student).kl).toBeCloseTo(golden.reverse_kl_T1, 7);
  });

  it('is perfect for the teacher itself, whatever is added to all logits of a sample', () => {
    const moved = { ...teacher, values: teacher.values.map((z, i) => z + [8, -4, 2][Math.floor(i / 4)]!) };
    const { agreement, kl } = compareWithTeacher(moved, teacher);
    expect(agreement).toBe(1);
    expect(kl).toBeCloseTo(0, 12);
  });

  it('is counted by hand', () => {
    const [own, other] = [
      withProbabilities([
        [0.75, 0.25],
        [0.5, 0.5],
      ]),
      withProbabilities([
        [0.25, 0.75],
        [0.5, 0.5],
      ]),
    ];
    const { agreement, kl } = compareWithTeacher(own, other);
    expect(agreement).toBe(0.5);
    expect(kl).toBeCloseTo((0.25 * Math.log(1 / 3) + 0.75 * Math.log(3)) / 2, 7);
  });
});

describe('the calibration error', () => {
  const ece = (confidences: number[], hits: number[], bins = 10) =>
    expectedCalibrationError(Float64Array.from(confidences), Uint8Array.from(hits), bins);

  it('is what numpy computes, in ten bins', () => {
    const confidences = reference.inputs.z_s.map((row) => {
      const total = row.reduce((sum, z) => sum + Math.exp(z), 0);
      return Math.max(...row.map((z) => Math.exp(z) / total));
    });
    expect(ece(confidences, [1, 1, 0])).toBeCloseTo(golden.ece10_student, 12);
  });

  it('uses 15 bins for reports', () => {
    expect(calibrationBins).toBe(15);
  });

  it.each([
    ['one sure and right', [1], [1], 0],
    ['one sure and wrong', [1], [0], 1],
    ['within one bin, errors cancel', [0.62, 0.68], [1, 0], 0.15],
    ['over two bins, they do not', [0.62, 0.78], [1, 0], 0.58],
    // 0.6 belongs to (0.5, 0.6]: with 0.55 it makes |1 − 1.15| / 2, with 0.65 it would stand in a bin of its own.
    ['bins are closed on the right', [0.55, 0.6], [1, 0], 0.075],
    ['and open on the left', [0.6, 0.65], [1, 0], (0.4 + 0.65) / 2],
  ])('%s', (_name, confidences, hits, expected) => {
    expect(ece(confidences, hits)).toBeCloseTo(expected, 12);
  });

  it('is the same for samples in another order, and never more than 1', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({ confidence: fc.double({ min: 0, max: 1, noNaN: true }), hit: fc.nat({ max: 1 }) }),
          { minLength: 1 },
        ),
        fc.integer({ min: 1, max: 40 }),
        (samples, bins) => {
          const of = (list: typeof samples) =>
            ece(
              list.map(({ confidence }) => confidence),
              list.map(({ hit }) => hit),
              bins,
            );
          expect(of(samples)).toBeCloseTo(of([...samples].reverse()), 12);
          expect(of(samples)).toBeGreaterThanOrEqual(0);
          expect(of(samples)).toBeLessThanOrEqual(1);
        },
      ),
    );
  });
});
