import { expect, it } from 'vitest';
import type { RoleReport, RunReport } from '../../../src/runs/report';
import { reportTable } from '../../../src/trainer/evaluation/reportTable';

const one = (value: number) => ({ mean: value, sd: null, values: [value] });
const latency = (single: number, batch: number) => ({ one: single, batch, batchSize: 64 });

const teacher: RoleReport = {
  seeds: [1],
  errors: one(134),
  accuracy: one(0.9866),
  loss: one(0.05),
  ece: one(0.00512),
  parameters: 2_395_210,
  bytes: 9_583_456,
  multiplyAdds: 2_392_800,
  latencyMs: latency(1.234, 20),
};
const student: RoleReport = {
  seeds: [1, 2],
  errors: { mean: 742.5, sd: 24.7487, values: [760, 725] },
  accuracy: { mean: 0.92575, sd: 0.002475, values: [0.924, 0.9275] },
  loss: one(0.3),
  ece: { mean: 0.02, sd: 0, values: [0.02, 0.02] },
  agreement: { mean: 0.9301, sd: 0.0022, values: [0.9286, 0.9316] },
  kl: { mean: 0.21, sd: 0.004, values: [0.206, 0.214] },
  parameters: 25_450,
  bytes: 104_100,
  multiplyAdds: 25_408,
  latencyMs: latency(0.2, 0.8),
};
const report: RunReport = {
  version: 1,
  experiment: { name: 'A test', hash: 'ab' },
  engine: 'wasm',
  seeds: [1, 2],
  testSamples: 10_000,
  roles: { student, teacher },
  comparisons: [
    {
      metric: 'errors',
      role: 'student',
      against: 'scratch',
      roleMean: 742.5,
      againstMean: 1000,
      relativeReduction: 0.2575,
      gapClosed: 0.2973,
      sentence: 'With the teacher, it is better.',
    },
  ],
  expect: [
    { text: 'student.errors < 800', line: 30, pass: true, actual: '742.5 < 800' },
    { text: 'student.kl < 0.1', line: 31, pass: false, actual: '0.21 < 0.1' },
  ],
  seconds: 83.4,
};

it('is a table with a column for each role, the teacher first', () => {
  expect(reportTable(report)).toBe(
    `
                               teacher           student
test errors of 10000               134      742.5 ± 24.7
  each seed                        134           760 725
accuracy                        98.66%    92.58% ± 0.25%
agreement with the teacher           –    93.01% ± 0.22%
KL from the teacher, T = 1           –   0.2100 ± 0.0040
calibration error               0.0051   0.0200 ± 0.0000
parameters                   2,395,210            25,450
bytes on disk                9,583,456           104,100
multiply-adds                2,392,800            25,408

With the teacher, it is better.
That closes 30% of the gap to the teacher.
pass  student.errors < 800   (742.5 < 800)
FAIL  student.kl < 0.1   (0.21 < 0.1)

Timings, which differ from run to run: forward pass of 1 / 64 samples: teacher 1.23 / 20.00 ms, student 0.20 / 0.80 ms; 83 s in all on wasm.`.slice(
      1,
    ),
  );
});

it.each([null, -0.1, 0])('says nothing of a gap of which %s is closed', (gapClosed) => {
  const [comparison] = report.comparisons;
  const text = reportTable({ ...report, comparisons: [{ ...comparison!, gapClosed }] });
  expect(text).toContain('With the teacher, it is better.\npass');
});

it('is the same above the timings however long the run took', () => {
  const slower = {
    ...report,
    seconds: 100,
    roles: {
      teacher: { ...teacher, latencyMs: latency(9, 99) },
      student: { ...student, latencyMs: latency(8, 88) },
    },
  };
  const above = (text: string) => text.split('\nTimings')[0];
  expect(above(reportTable(slower))).toBe(above(reportTable(report)));
});
