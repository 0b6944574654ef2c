import { treeItems } from '../contributions';
import { canResume, isLive, secondsOf } from '../runs/runModel';
import type { RunModel } from '../runs/runModel';
import type { RunProgress } from '../runs/runProgress';
import { duration, failedExpectations, number, percent, result, stateInWords, timeLeft } from '../words';

export interface Row {
  label: string;
  description: string;
  /** Markdown. */
  tooltip: string;
  icon: string;
  /** A theme colour. */
  color: string | undefined;
  contextValue: string;
  /** What a screen reader says. */
  spoken: string;
}

/** @param now milliseconds. */
export function runRow(run: RunModel, now: number): Row {
  const { icon, color } = runIcon(run);
  const description = runDescription(run, now);
  return {
    label: run.manifest.name,
    description,
    tooltip: runTooltip(run, now),
    icon,
    color,
    contextValue: contextValue(run),
    spoken: `${run.manifest.name}, ${stateInWords(run)}, ${description}`,
  };
}

function contextValue(run: RunModel): string {
  if (isLive(run)) return treeItems.liveRun;
  return canResume(run) ? treeItems.resumableRun : treeItems.finishedRun;
}

/** @param file relative to its workspace folder; @param latest its newest run; @param withResult its newest run with a result. */
export function experimentRow(
  name: string,
  file: string,
  latest: RunModel | undefined,
  withResult: RunModel | undefined,
): Row {
  const shown = latest && isLive(latest) ? latest : (withResult ?? latest);
  const words = shown && (isLive(shown) ? stateInWords(shown) : (shortResult(shown) ?? stateInWords(shown)));
  const { icon, color } = shown ? runIcon(shown) : { icon: 'beaker', color: undefined };
  return {
    label: name,
    description: words ?? 'not run yet',
    tooltip: [
      `**${plain(name)}**`,
      plain(file),
      ...(shown ? [plain(result(shown) ?? stateInWords(shown))] : []),
    ].join('\n\n'),
    icon,
    color,
    contextValue: treeItems.experiment,
    spoken: `Experiment ${name}, ${words ?? 'not run yet'}`,
  };
}

/** `$(sync~spin) Hinton 42%, about 3 min left`: what runs now, the newest first; undefined when nothing does. */
export function statusText(live: readonly RunModel[]): { text: string; tooltip: string } | undefined {
  const [first] = live;
  if (!first) return undefined;
  const more = live.length > 1 ? ` +${live.length - 1}` : '';
  const lines = live.map(
    (run) => `**${plain(run.manifest.name)}** — ${plain(stateInWords(run))}${atWork(run)}`,
  );
  return {
    text: `$(sync~spin) ${first.manifest.name}: ${stateInWords(first)}${more}`,
    tooltip: [...lines, 'Click to open the dashboard.'].join('\n\n'),
  };
}

function atWork({ progress, manifest }: RunModel): string {
  const engine = manifest.engine ? `, engine ${manifest.engine}` : '';
  if (!progress) return engine;
  const speed = `${number(sum(progress.stages.map((stage) => stage.samplesPerSecond)))} samples a second`;
  const stages = progress.stages.map(
    ({ role, seed, epoch, epochs }) => `${role}, seed ${seed}, epoch ${epoch} of ${epochs}`,
  );
  return ` (${[...stages, `${speed}${engine}`].join(stages.length > 1 ? '; ' : ', ')})`;
}

/** `student`, or `2 students` when several are trained at once. */
function learners({ stages }: RunProgress): string {
  return stages.length > 1 ? `${stages.length} students` : stages.map(({ role }) => role).join();
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function runIcon(run: RunModel): { icon: string; color: string | undefined } {
  switch (run.state) {
    case 'done':
      return failedExpectations(run) > 0
        ? { icon: 'warning', color: 'list.warningForeground' }
        : { icon: 'pass', color: 'testing.iconPassed' };
    case 'stopped':
      return { icon: 'circle-slash', color: 'testing.iconSkipped' };
    case 'failed':
      return { icon: 'error', color: 'testing.iconFailed' };
    case 'lost':
      return { icon: 'question', color: 'list.warningForeground' };
    default:
      return { icon: 'sync~spin', color: 'progressBar.background' };
  }
}

function runDescription(run: RunModel, now: number): string {
  if (isLive(run))
    return run.progress
      ? `${percent(run.progress.fraction)} · ${learners(run.progress)} · ${timeLeft(run.progress.runEtaSeconds)}`
      : stateInWords(run);
  const seconds = secondsOf(run, now);
  const time = seconds === undefined ? [] : [duration(seconds)];
  return [shortResult(run) ?? ended(run), ...time].join(' · ');
}

/** `stopped at 42%`; `lost` alone when it is not known how far it came. */
function ended({ state, progress }: RunModel): string {
  return progress ? `${state} at ${percent(progress.fraction)}` : state;
}

/** `738 errors, scratch 1,034, teacher 121`: the student's first, because narrow views cut the rest off. */
function shortResult(run: RunModel): string | undefined {
  const roles = run.report?.roles;
  if (!roles?.student) return undefined;
  const { student, scratch, teacher } = roles;
  const parts = [
    `${number(student.errors.mean)} errors`,
    ...(scratch ? [`scratch ${number(scratch.errors.mean)}`] : []),
    ...(teacher ? [`teacher ${number(teacher.errors.mean)}`] : []),
  ];
  return parts.join(', ');
}

function runTooltip(run: RunModel, now: number): string {
  const { manifest } = run;
  const seconds = secondsOf(run, now);
  const words = result(run);
  const facts = [
    `**${plain(manifest.name)}**`,
    `${plain(stateInWords(run))}${atWork(isLive(run) ? run : { ...run, progress: undefined })}`,
    ...(words === undefined ? [] : [words]),
    `Started ${manifest.started.slice(0, 16).replace('T', ' ')} UTC${seconds === undefined ? '' : `, ${duration(seconds)}`}`,
    plain(manifest.file),
  ];
  return facts.join('\n\n');
}

/** Names and messages come from files: they are shown as text, never read as Markdown. */
function plain(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-.!|<>~$&]/g, '\\$&');
}
