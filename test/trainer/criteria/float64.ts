import type { LossAtStep } from '../../../src/experiment/resolved';

/** Rows of logits or of one-hot labels. */
export type Rows = readonly (readonly number[])[];

/** The criteria in plain JavaScript and double precision, written from the formulas of the papers. */
export function lossInFloat64(loss: LossAtStep, student: Rows, teacher: Rows, labels: Rows): number {
  const batch = student.length;
  const classes = student[0]!.length;
  const perSample = student.map((z, row) => {
    switch (loss.criterion) {
      case 'ce': {
        const q = labels[row]!.map((y) => (1 - loss.labelSmoothing) * y + loss.labelSmoothing / classes);
        return -sum(q.map((value, c) => value * logSoftmax(z, 1)[c]!));
      }
      case 'kd': {
        const [p, q] = [logSoftmax(teacher[row]!, loss.temperature), logSoftmax(z, loss.temperature)];
        return loss.temperature ** 2 * sum(p.map((log, c) => Math.exp(log) * (log - q[c]!)));
      }
      case 'logit_mse': {
        const squares = sum(z.map((value, c) => (value - teacher[row]![c]!) ** 2));
        return { mean: squares / classes, class_sum: squares, sum: squares * batch }[loss.reduction];
      }
    }
  });
  return sum(perSample) / batch;
}

/** Its gradient with respect to the student's logits, by central differences. */
export function gradientInFloat64(loss: LossAtStep, student: Rows, teacher: Rows, labels: Rows): number[][] {
  const step = 1e-4;
  const moved = (row: number, c: number, by: number) =>
    lossInFloat64(
      loss,
      student.map((z, i) => (i === row ? z.map((v, j) => (j === c ? v + by : v)) : z)),
      teacher,
      labels,
    );
  return student.map((z, row) => z.map((_, c) => (moved(row, c, step) - moved(row, c, -step)) / (2 * step)));
}

function logSoftmax(z: readonly number[], temperature: number): number[] {
  const scaled = z.map((value) => value / temperature);
  const largest = Math.max(...scaled);
  const logSum = largest + Math.log(sum(scaled.map((value) => Math.exp(value - largest))));
  return scaled.map((value) => value - logSum);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
