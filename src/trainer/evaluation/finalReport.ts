import {
  compare,
  type Expectation,
  type ReportMetric,
  type RoleName,
  type Side,
} from '../../experiment/expectations';
import type { Role } from '../../runs/events';
import type { Comparison, ExpectationResult, RoleReport, RunReport, Spread } from '../../runs/report';
import type { Fidelity, Metrics } from './metrics';

/** What was measured on the test data of one role and one seed. */
export interface TestResult {
  seed: number;
  metrics: Metrics;
  /** Absent for the teacher. */
  fidelity?: Fidelity;
}

/** What a role costs, the same for all seeds. */
export type Cost = Pick<RoleReport, 'parameters' | 'bytes' | 'multiplyAdds' | 'latencyMs'>;

export function roleReport(results: readonly TestResult[], cost: Cost): RoleReport {
  const over = (pick: (result: TestResult) => number): Spread => spread(results.map(pick));
  return {
    seeds: results.map(({ seed }) => seed),
    errors: over(({ metrics }) => metrics.errors),
    accuracy: over(({ metrics }) => metrics.accuracy),
    loss: over(({ metrics }) => metrics.loss),
    ece: over(({ metrics }) => metrics.ece),
    ...(results.every(({ fidelity }) => fidelity) && {
      agreement: over(({ fidelity }) => fidelity!.agreement),
      kl: over(({ fidelity }) => fidelity!.kl),
    }),
    ...cost,
  };
}

/** Mean and sample standard deviation (n − 1). */
export function spread(values: number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, sd: values.length < 2 ? null : Math.sqrt(squares / (values.length - 1)), values };
}

/** Student against scratch, said in one sentence that does not claim more than was measured. */
export function compareRoles(roles: RunReport['roles'], role: Role, against: Role): Comparison | null {
  const [own, other, teacher] = [roles[role], roles[against], roles.teacher];
  if (!own || !other) return null;
  const [roleMean, againstMean] = [own.errors.mean, other.errors.mean];
  const gap = teacher ? againstMean - teacher.errors.mean : 0;
  const relativeReduction = againstMean === 0 ? 0 : (againstMean - roleMean) / againstMean;
  return {
    metric: 'errors',
    role,
    against,
    roleMean,
    againstMean,
    relativeReduction,
    gapClosed: gap > 0 ? (againstMean - roleMean) / gap : null,
    sentence: sentence(own.errors, other.errors),
  };
}

function sentence({ mean, values: student }: Spread, { mean: scratchMean, values: scratch }: Spread): string {
  const better = student.filter((errors, i) => errors < scratch[i]!).length;
  const percent = `${(Math.abs(1 - mean / scratchMean) * 100).toFixed(1)}%`;
  const seeds =
    student.length === 1
      ? 'with one seed, which may be chance'
      : better === student.length
        ? `and fewer with every one of ${student.length} seeds`
        : `and fewer with ${better} of ${student.length} seeds`;
  if (mean < scratchMean)
    return `With the teacher, the student makes ${percent} fewer errors on the test data, ${seeds}.`;
  if (mean === scratchMean) return 'The teacher made no difference to the number of errors on the test data.';
  if (scratchMean === 0)
    return 'The teacher did not help: without it, the student makes no errors at all on the test data.';
  return `The teacher did not help: with it, the student makes ${percent} more errors on the test data, ${seeds}.`;
}

/** Checks one `expect` line against the report. A number that the report lacks fails it and is named. */
export function checkExpectation(
  expectation: Expectation,
  line: number,
  roles: RunReport['roles'],
  comparisons: readonly Comparison[],
): ExpectationResult {
  const [left, right] = [expectation.left, expectation.right].map((side) =>
    valueOf(side, roles, comparisons),
  );
  const known = left !== null && right !== null && left !== undefined && right !== undefined;
  return {
    text: expectation.text,
    line,
    pass: known && compare(left, expectation.comparator, right),
    actual: `${shown(left)} ${expectation.comparator} ${shown(right)}`,
  };
}

function valueOf(side: Side, roles: RunReport['roles'], comparisons: readonly Comparison[]): number | null {
  if (!side.reference) return side.factor;
  const value = metricOf(side.reference.role, side.reference.metric, roles, comparisons);
  return value === null ? null : side.factor * value;
}

function metricOf(
  role: RoleName,
  metric: ReportMetric,
  roles: RunReport['roles'],
  comparisons: readonly Comparison[],
): number | null {
  const report = roles[role];
  if (!report) return null;
  switch (metric) {
    case 'errors':
    case 'accuracy':
    case 'ece':
      return report[metric].mean;
    case 'agreement':
    case 'kl':
      return report[metric]?.mean ?? null;
    case 'parameters':
    case 'bytes':
      return report[metric];
    case 'multiply_adds':
      return report.multiplyAdds;
    case 'gap_closed':
      return comparisons.find((comparison) => comparison.role === role)?.gapClosed ?? null;
  }
}

function shown(value: number | null | undefined): string {
  if (value === null || value === undefined) return 'not measured';
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
}
