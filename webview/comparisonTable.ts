import type { Role, RoleReport, RunReport, Spread } from '../src/editor/dashboard/messages';
import { bytes, count, fourDigits, latency, mean, percent, roughPercent, short, times } from './numbers';
import { curvesOf, type RunData } from './runData';
import { roleOrder } from './words';

/** What is known of one role: the report's row, or the spread of the validation numbers so far. */
export interface Column {
  role: Role;
  report: RoleReport | null;
  spreads: Partial<Record<'errors' | 'accuracy' | 'agreement' | 'kl' | 'ece', Spread>>;
}

/** One number as it is shown. */
export interface Cell {
  value: number;
  text: string;
  spread: string | null;
  seeds: string[];
}

export interface Metric {
  id: string;
  name: string;
  hint: string;
  /** Whether a bar shows it relative to the largest. */
  bar: boolean;
  read: (column: Column) => Cell | null;
  /** The difference that matters, in plain words. */
  difference?: (columns: readonly Column[]) => string | null;
}

/** The columns of the table; of the report when it is there, else of the validation numbers so far. */
export function columnsOf(
  report: RunReport | null,
  data: RunData,
  roles: readonly Role[],
): { columns: Column[]; split: 'test' | 'validation' } {
  if (report)
    return {
      columns: roleOrder.flatMap((role) => {
        const row = report.roles[role];
        return row ? [{ role, report: row, spreads: row }] : [];
      }),
      split: 'test',
    };
  const columns = roleOrder
    .filter((role) => roles.includes(role))
    .map((role) => ({ role, report: null, spreads: soFar(data, role) }));
  return { columns, split: 'validation' };
}

/** The rows of the table, in order. */
export const metrics: readonly Metric[] = [
  {
    id: 'errors',
    name: 'Errors',
    hint: 'How many samples it gets wrong: the mean over the seeds.',
    bar: true,
    read: spreadReader('errors', mean),
    difference: (columns) => fewerErrors(columns),
  },
  {
    id: 'accuracy',
    name: 'Accuracy',
    hint: 'The share of samples it gets right.',
    bar: false,
    read: spreadReader('accuracy', percent),
  },
  {
    id: 'agreement',
    name: 'Agrees with the teacher',
    hint: 'The share of samples on which it chooses what the teacher chooses, right or wrong.',
    bar: false,
    read: spreadReader('agreement', percent),
  },
  {
    id: 'kl',
    name: 'Distance from the teacher',
    hint: 'Mean Kullback–Leibler divergence from the teacher’s probabilities at temperature 1, in nats: 0 is a perfect copy.',
    bar: false,
    read: spreadReader('kl', fourDigits),
  },
  {
    id: 'ece',
    name: 'Calibration error',
    hint: 'How far its confidence is from how often it is right (expected calibration error, 15 bins).',
    bar: false,
    read: spreadReader('ece', percent),
  },
  {
    id: 'parameters',
    name: 'Parameters',
    hint: 'How many numbers the model has learnt.',
    bar: true,
    read: plainReader((row) => row.parameters, short),
    difference: (columns) =>
      ratio(columns, (row) => row.parameters, 'fewer than the teacher', 'more than the teacher'),
  },
  {
    id: 'bytes',
    name: 'Size on disk',
    hint: 'The saved model: its description and its weights.',
    bar: true,
    read: plainReader((row) => row.bytes, bytes),
    difference: (columns) =>
      ratio(columns, (row) => row.bytes, 'smaller than the teacher', 'larger than the teacher'),
  },
  {
    id: 'multiplyAdds',
    name: 'Multiply-adds',
    hint: 'The arithmetic for one sample.',
    bar: true,
    read: plainReader((row) => row.multiplyAdds, short),
  },
  {
    id: 'latencyOne',
    name: 'Time for one sample',
    hint: 'Median, on this machine with the engine of the run.',
    bar: true,
    read: plainReader((row) => row.latencyMs.one, latency),
    difference: (columns) =>
      ratio(columns, (row) => row.latencyMs.one, 'faster than the teacher', 'slower than the teacher'),
  },
  {
    id: 'latencyBatch',
    name: 'Time for a batch',
    hint: 'Median for one batch, on this machine with the engine of the run.',
    bar: true,
    read: plainReader((row) => row.latencyMs.batch, latency),
    difference: (columns) => {
      const size = columns.find((column) => column.report)?.report?.latencyMs.batchSize;
      return size === undefined ? null : `${count(size)} samples at once`;
    },
  },
];

type SpreadName = keyof Column['spreads'];

function spreadReader(name: SpreadName, format: (value: number) => string): (column: Column) => Cell | null {
  return ({ spreads }) => {
    const spread = spreads[name];
    if (!spread) return null;
    return {
      value: spread.mean,
      text: format(spread.mean),
      spread: spread.sd === null ? null : format(spread.sd),
      seeds: spread.values.map(format),
    };
  };
}

function plainReader(
  value: (row: RoleReport) => number,
  format: (value: number) => string,
): (column: Column) => Cell | null {
  return ({ report }) =>
    report && { value: value(report), text: format(value(report)), spread: null, seeds: [] };
}

function fewerErrors(columns: readonly Column[]): string | null {
  const student = columns.find(({ role }) => role === 'student')?.report?.errors.mean;
  const scratch = columns.find(({ role }) => role === 'scratch')?.report?.errors.mean;
  if (student === undefined || !scratch) return null;
  const share = (scratch - student) / scratch;
  if (Math.abs(share) < 0.0005) return 'as many with the teacher as without';
  return `${roughPercent(Math.abs(share))} ${share > 0 ? 'fewer' : 'more'} with the teacher than without`;
}

function ratio(
  columns: readonly Column[],
  value: (row: RoleReport) => number,
  less: string,
  more: string,
): string | null {
  const student = columns.find(({ role }) => role === 'student')?.report;
  const teacher = columns.find(({ role }) => role === 'teacher')?.report;
  if (!student || !teacher || !(value(student) > 0) || !(value(teacher) > 0)) return null;
  const factor = value(teacher) / value(student);
  if (Math.abs(factor - 1) < 0.05) return 'as the teacher';
  return factor > 1 ? `student ${times(factor)} ${less}` : `student ${times(1 / factor)} ${more}`;
}

/** Of each seed what its evaluation says, or before that the end of its curve. */
function soFar(data: RunData, role: Role): Column['spreads'] {
  const spreads: Column['spreads'] = {};
  for (const name of ['errors', 'accuracy', 'agreement', 'kl', 'ece'] as const) {
    const values = new Map<number, number>();
    for (const [seed, curve] of curvesOf(data, role, `validation.${name}`))
      values.set(seed, curve.values.at(-1)!);
    for (const evaluation of data.evaluations.values())
      if (evaluation.role === role && evaluation.split === 'validation' && evaluation[name] !== undefined)
        values.set(evaluation.seed, Number(evaluation[name]));
    if (values.size > 0) spreads[name] = spreadOf([...values.values()]);
  }
  return spreads;
}

/** Mean and sample standard deviation. */
function spreadOf(values: number[]): Spread {
  const average = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - average) ** 2, 0);
  return { mean: average, sd: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : null, values };
}
