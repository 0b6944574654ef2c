import type { RunModel } from './runs/runModel';

/** `1,034`; with one decimal below a hundred, where it tells something. */
export function number(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: Math.abs(value) < 100 ? 1 : 0 });
}

/** `−29%` for fewer, `+4%` for more. `reduction` is the share that was saved. */
export function change(reduction: number): string {
  const percent = Math.round(reduction * 100);
  if (percent === 0) return '±0%';
  return percent > 0 ? `−${percent}%` : `+${-percent}%`;
}

/** `45 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return whole % 60 ? `${minutes} min ${whole % 60} s` : `${minutes} min`;
  return minutes % 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes / 60} h`;
}

/** Coarser than `duration`, because it is an estimate: `less than a minute left`, `about 3 min left`. */
export function timeLeft(seconds: number): string {
  if (seconds < 50) return 'less than a minute left';
  const minutes = Math.max(1, Math.round(seconds / 60));
  return `about ${duration(minutes * 60)} left`;
}

/** `42%`. Never 100 while something is left to do. */
export function percent(fraction: number): string {
  return `${Math.min(99, Math.max(0, Math.floor(fraction * 100)))}%`;
}

/** `738 errors with the teacher, 1,034 without (−29%)`; undefined until there is a report. */
export function result(run: RunModel): string | undefined {
  const student = run.report?.roles.student?.errors.mean;
  if (student === undefined) return undefined;
  const { scratch, teacher } = run.report?.roles ?? {};
  const own = `${number(student)} errors with the teacher`;
  if (scratch) {
    const reduction = (scratch.errors.mean - student) / scratch.errors.mean;
    const saved = Number.isFinite(reduction) ? ` (${change(reduction)})` : '';
    return `${own}, ${number(scratch.errors.mean)} without${saved}`;
  }
  return teacher ? `${own}, which itself makes ${number(teacher.errors.mean)}` : own;
}

/** What a run is doing, or how it ended, in a few words. */
export function stateInWords(run: RunModel): string {
  switch (run.state) {
    case 'starting':
      return 'Starting';
    case 'running':
      return run.progress
        ? `${percent(run.progress.fraction)}, ${timeLeft(run.progress.runEtaSeconds)}`
        : 'Running';
    case 'evaluating':
      return 'Measuring on the test data';
    case 'done':
      return failedExpectations(run) > 0 ? expectationsFailed(run) : 'Done';
    case 'stopped':
      return run.progress ? `Stopped at ${percent(run.progress.fraction)}` : 'Stopped';
    case 'failed':
      return run.manifest.message ? `Failed: ${run.manifest.message}` : 'Failed';
    case 'lost':
      return 'Lost: its process ended without a last word. It can be resumed';
  }
}

export function failedExpectations(run: RunModel): number {
  return run.report?.expect.filter((line) => !line.pass).length ?? 0;
}

function expectationsFailed(run: RunModel): string {
  const failed = failedExpectations(run);
  return failed === 1
    ? 'Done, but an expectation was not met'
    : `Done, but ${failed} expectations were not met`;
}
