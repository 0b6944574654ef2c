import type { Role } from '../src/editor/dashboard/messages';
import type { Line, Plot } from './chartCanvas';
import { align, lastIndex, meanRow, smooth } from './curves';
import { count, mark, mean, percent, significant } from './numbers';
import { curvesOf, type Curve, type RunData } from './runData';
import type { CurvePreferences } from './preferences';
import { roleNames, roleWords } from './words';

/** A chart's content and the sentence that says it without the picture. */
export interface Described {
  plot: Plot;
  summary: string;
}

/**
 * Accuracy or errors on the validation samples: student and scratch as they learn, and what the teacher reached as the
 * level to reach. While only the teacher learns, the teacher's own curve.
 */
export function validationPlot(data: RunData, chosen: CurvePreferences): Described {
  const { measure, xAxis } = chosen;
  const log = measure === 'errors' && chosen.logErrors;
  const series = `validation.${measure}`;
  const learners = (['student', 'scratch'] as const).filter((role) => curvesOf(data, role, series).size > 0);
  const roles: readonly Role[] = learners.length > 0 ? learners : ['teacher'];
  const groups = roles.map((role) => ({
    role,
    series,
    label: roleNames[role],
    color: `--${role}`,
    dash: roleDash[role],
  }));
  const { x, lines } = linesOf(data, groups, xAxis, 0);
  const level = teacherLevel(data, measure);
  if (learners.length > 0 && level !== null)
    lines.unshift({
      id: 'target',
      label: 'Teacher',
      entry: 'target',
      kind: 'target',
      color: '--teacher',
      dash: [7, 5],
      values: x.map(() => level),
    });
  const format = measure === 'accuracy' ? percent : mean;
  const plot: Plot = {
    x,
    xMost: plannedEnd(data, roles, xAxis),
    xName: xAxis,
    lines,
    log,
    bounds: { least: 0, most: measure === 'accuracy' ? 1 : Infinity },
    format,
    tick: measure === 'accuracy' ? percentTick : (value) => count(value),
  };
  return { plot, summary: validationSummary(plot, measure) };
}

/** The total loss of one role and each of its terms. */
export function lossPlot(data: RunData, role: Role, chosen: CurvePreferences): Described {
  const names = [...data.curves.keys()].flatMap((key) => {
    const [owner, series] = key.split('/');
    return owner === role && series && /^loss(\.|$)/.test(series) ? [series] : [];
  });
  const terms = names.filter((name) => name !== 'loss');
  // A single term of weight one is the total itself: drawn once.
  const shown = terms.length > 1 ? [...terms, 'loss'] : names.slice(0, 1);
  const groups = shown.map((series) => {
    const look =
      series === 'loss' || terms.length < 2
        ? totalLook(role, terms.length < 2)
        : termLook(series, terms.indexOf(series));
    return { role, series, ...look };
  });
  const { x, lines } = linesOf(data, groups, chosen.xAxis, chosen.smoothing);
  const plot = numberPlot(data, role, chosen, x, lines, chosen.logLoss);
  const total = lines.find((line) => line.kind === 'main' && line.entry.endsWith('/loss'));
  return { plot, summary: numberSummary(`Loss of ${roleWords[role]}`, plot, total ?? lines.at(-1)) };
}

/** One number of the training, such as the learning rate. */
export function seriesPlot(
  data: RunData,
  role: Role,
  series: string,
  label: string,
  chosen: CurvePreferences,
): Described {
  const smoothing = series === 'rate' ? 0 : chosen.smoothing;
  const groups = [{ role, series, label, color: `--${role}`, dash: [] }];
  const { x, lines } = linesOf(data, groups, chosen.xAxis, smoothing);
  const plot = numberPlot(data, role, chosen, x, lines, false);
  return { plot, summary: numberSummary(`${label} of ${roleWords[role]}`, plot, lines.at(-1)) };
}

interface Group {
  role: Role;
  series: string;
  label: string;
  color: string;
  dash: number[];
}

const roleDash: Record<Role, number[]> = { teacher: [], student: [], scratch: [2, 3] };

/** For each group a thin line a seed and, last so that it lies above, the bold mean. */
function linesOf(
  data: RunData,
  groups: readonly Group[],
  axis: 'step' | 'epoch',
  smoothing: number,
): { x: number[]; lines: Line[] } {
  const curves = groups.flatMap((group) =>
    [...curvesOf(data, group.role, group.series)].map(([seed, curve]): [Group, number, Curve] => [
      group,
      seed,
      curve,
    ]),
  );
  const { x, rows } = align(
    curves.map(([, , curve]) => curve),
    axis,
  );
  const thin: Line[] = [];
  const bold: Line[] = [];
  for (const group of groups) {
    const own = rows.filter((_, i) => curves[i]![0] === group);
    const entry = `${group.role}/${group.series}`;
    const shared = { entry, color: group.color };
    if (own.length > 1)
      own.forEach((values, i) => {
        const seed = curves.filter(([of]) => of === group)[i]![1];
        thin.push({
          ...shared,
          id: `${entry}/${seed}`,
          label: `${group.label}, seed ${seed}`,
          kind: 'seed',
          dash: [],
          values,
        });
      });
    if (own.length > 0)
      bold.push({
        ...shared,
        id: entry,
        label: group.label,
        kind: 'main',
        dash: group.dash,
        values: smooth(meanRow(own), smoothing),
      });
  }
  return { x, lines: [...thin, ...bold] };
}

function numberPlot(
  data: RunData,
  role: Role,
  chosen: CurvePreferences,
  x: number[],
  lines: Line[],
  log: boolean,
): Plot {
  return {
    x,
    xMost: plannedEnd(data, [role], chosen.xAxis),
    xName: chosen.xAxis,
    lines,
    log,
    bounds: { least: 0, most: Infinity },
    format: significant,
    tick: mark,
  };
}

/** What the teacher reached on the validation samples; null before it was measured. */
export function teacherLevel(data: RunData, measure: 'accuracy' | 'errors'): number | null {
  const measured = [...data.evaluations.values()].filter(
    (e) => e.role === 'teacher' && e.split === 'validation',
  );
  const values =
    measured.length > 0
      ? measured.map((evaluation) => evaluation[measure])
      : [...curvesOf(data, 'teacher', `validation.${measure}`).values()].map((curve) => curve.values.at(-1)!);
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Where the longest planned training of these roles ends, as far as its stages are known. */
function plannedEnd(data: RunData, roles: readonly Role[], axis: 'step' | 'epoch'): number {
  const ends = new Map<string, number>();
  for (const { role, seed, epochs, stepsPerEpoch } of data.stages.values()) {
    if (!roles.includes(role)) continue;
    const key = `${role}/${seed}`;
    ends.set(key, (ends.get(key) ?? 0) + (axis === 'epoch' ? epochs : epochs * stepsPerEpoch));
  }
  return Math.max(0, ...ends.values());
}

function totalLook(role: Role, alone: boolean): Pick<Group, 'label' | 'color' | 'dash'> {
  return { label: alone ? 'Loss' : 'Total', color: `--${role}`, dash: [] };
}

/** Loss terms in words, each with a look that differs in more than its colour. */
function termLook(series: string, place: number): Pick<Group, 'label' | 'color' | 'dash'> {
  const term = series.slice('loss.'.length);
  const [name = '', copy] = term.split('.');
  const words: Record<string, string> = { kd: 'Soft labels', ce: 'True labels', logit_mse: 'Logits' };
  const label = `${words[name] ?? name}${copy ? ` ${copy}` : ''}`;
  const dashes = [
    [7, 4],
    [2, 3],
    [8, 3, 2, 3],
    [12, 4],
  ];
  const colors = ['--term-1', '--term-2', '--term-3', '--term-4'];
  return { label, color: colors[place % colors.length]!, dash: dashes[place % dashes.length]! };
}

function percentTick(value: number, step: number): string {
  const digits = step >= 0.01 ? 0 : step >= 0.001 ? 1 : 2;
  return `${(value * 100).toFixed(digits)}%`;
}

function validationSummary(plot: Plot, measure: 'accuracy' | 'errors'): string {
  const said = plot.lines.flatMap((line) => {
    if (line.kind === 'seed') return [];
    const at = lastIndex(line.values);
    if (at < 0) return [];
    const value = plot.format(line.values[at]!);
    return line.kind === 'target'
      ? [`The teacher reached ${value}`]
      : [`${line.label} ${value} after ${place(plot, at)}`];
  });
  return said.length === 0
    ? 'Nothing measured yet.'
    : `Validation ${measure}. ${said.join('. ')}. Means over the seeds that got there.`;
}

function numberSummary(what: string, plot: Plot, line: Line | undefined): string {
  if (!line) return 'Nothing measured yet.';
  const at = lastIndex(line.values);
  if (at < 0) return 'Nothing measured yet.';
  const first = line.values.find((value) => value !== null)!;
  const now = line.values[at]!;
  const way = now < first ? 'down from' : now > first ? 'up from' : 'still';
  return `${what}: ${plot.format(now)} after ${place(plot, at)}, ${way} ${plot.format(first)}.`;
}

function place(plot: Plot, at: number): string {
  const x = plot.x[at]!;
  return `${count(x)} ${plot.xName}${x === 1 ? '' : 's'}`;
}
