import type { Role } from '../../runs/events';
import type { RoleReport, RunReport, Spread } from '../../runs/report';

const roles: Role[] = ['teacher', 'student', 'scratch'];

/**
 * The report as people read it on a terminal. Everything above the line of timings is the same whenever the same file
 * is run with the same engine.
 */
export function reportTable(report: RunReport): string {
  const shown = roles.flatMap((role) => {
    const measured = report.roles[role];
    return measured ? [{ role, measured }] : [];
  });
  const rows: string[][] = [
    ['', ...shown.map(({ role }) => role)],
    row(`test errors of ${report.testSamples}`, (r) =>
      spreadText(r.errors, (v) => v.toFixed(v % 1 === 0 ? 0 : 1)),
    ),
    row('  each seed', (r) => r.errors.values.join(' ')),
    row('accuracy', (r) => spreadText(r.accuracy, (v) => `${(v * 100).toFixed(2)}%`)),
    row('agreement with the teacher', (r) => optional(r.agreement, (v) => `${(v * 100).toFixed(2)}%`)),
    row('KL from the teacher, T = 1', (r) => optional(r.kl, (v) => v.toFixed(4))),
    row('calibration error', (r) => spreadText(r.ece, (v) => v.toFixed(4))),
    row('parameters', (r) => r.parameters.toLocaleString('en')),
    row('bytes on disk', (r) => r.bytes.toLocaleString('en')),
    row('multiply-adds', (r) => r.multiplyAdds.toLocaleString('en')),
  ];
  const timings = shown
    .map(
      ({ role, measured: { latencyMs } }) =>
        `${role} ${latencyMs.one.toFixed(2)} / ${latencyMs.batch.toFixed(2)} ms`,
    )
    .join(', ');
  return [
    aligned(rows),
    '',
    ...report.comparisons.flatMap(({ sentence, gapClosed }) => [
      sentence,
      ...(gapClosed === null || gapClosed <= 0
        ? []
        : [`That closes ${(gapClosed * 100).toFixed(0)}% of the gap to the teacher.`]),
    ]),
    ...report.expect.map(({ pass, text, actual }) => `${pass ? 'pass' : 'FAIL'}  ${text}   (${actual})`),
    '',
    `Timings, which differ from run to run: forward pass of 1 / ${shown[0]?.measured.latencyMs.batchSize ?? 0} samples: ${timings}; ${report.seconds.toFixed(0)} s in all on ${report.engine}.`,
  ].join('\n');

  function row(name: string, cell: (measured: RoleReport) => string): string[] {
    return [name, ...shown.map(({ measured }) => cell(measured))];
  }
}

function spreadText({ mean, sd }: Spread, format: (value: number) => string): string {
  return sd === null ? format(mean) : `${format(mean)} ± ${format(sd)}`;
}

function optional(value: Spread | undefined, format: (value: number) => string): string {
  return value ? spreadText(value, format) : '–';
}

/** Columns as wide as their widest cell; the first is flush left, the others flush right. */
function aligned(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  return rows
    .map((cells) =>
      cells
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]! + 3)))
        .join('')
        .trimEnd(),
    )
    .join('\n');
}
