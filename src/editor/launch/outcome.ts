import type { ProblemEvent } from '../../runs/events';
import type { RunManifest } from '../../runs/manifest';
import type { TrainerExit, TrainerTask } from './trainerProcess';

/** A problem that the trainer printed: `file:line:column severity code message`. */
export interface PrintedProblem {
  /** Counted from 1. */
  line: number;
  column: number;
  severity: 'error' | 'warning' | 'information';
  code: string;
  message: string;
}

/** What a person is told when a run that was started here is over; null when the views say enough. */
export interface Outcome {
  severity: 'error' | 'warning';
  message: string;
  /** The place in the experiment file. */
  place?: { line: number; column: number };
  /** MNIST is not on this machine: what cures it is offered. */
  mnistMissing: boolean;
}

/**
 * @param command what the trainer was asked for
 * @param problems those that it added to the run's events
 * @param manifest null when the trainer made no run directory
 */
export function outcome(
  name: string,
  command: TrainerTask['command'],
  exit: TrainerExit,
  manifest: RunManifest | null,
  problems: readonly ProblemEvent[],
): Outcome | null {
  if (exit.code === 0) return null;
  const printed = printedProblems(exit.output);
  const problem =
    printed.find((p) => p.severity === 'error') ?? problems.findLast((p) => p.severity === 'error');
  if (exit.code === 6)
    return {
      severity: 'warning',
      message: `“${name}” is done, but an expectation was not met.`,
      mnistMissing: false,
    };
  const others = printed.filter((p) => p.severity === 'error').length - 1;
  const more =
    others > 0
      ? ` There ${others === 1 ? 'is one more problem' : `are ${others} more problems`} in the file.`
      : '';
  // A trainer that refuses to resume leaves the manifest as the one before it left it, with the message of that one.
  const refused = command === 'resume' && exit.code === 2;
  const reason = problem?.message ?? (refused ? undefined : manifest?.message) ?? inWords(exit);
  const what = refused ? 'cannot be resumed' : manifest ? 'failed' : 'did not start';
  return {
    severity: 'error',
    message: `“${name}” ${what}: ${reason}${more}`,
    ...(problem?.line !== undefined && { place: { line: problem.line, column: problem.column ?? 1 } }),
    mnistMissing: problem?.code === 'data.mnist.missing',
  };
}

export function printedProblems(output: string): PrintedProblem[] {
  return output.split(/\r?\n/).flatMap((text) => {
    const match = /^.+?:(\d+):(\d+) (error|warning|information) ([\w.-]+) (.+)$/.exec(text);
    if (!match) return [];
    const [, line, column, severity, code = '', message = ''] = match;
    return [
      {
        line: Number(line),
        column: Number(column),
        severity: severity as PrintedProblem['severity'],
        code,
        message,
      },
    ];
  });
}

function inWords({ code, signal, output }: TrainerExit): string {
  const last = output.trim().split(/\r?\n/).at(-1) ?? '';
  switch (code) {
    case 2:
      return last || 'The experiment file is not valid.';
    case 3:
      return 'No engine works on this machine. Run “Show Engine Diagnostics” to see why.';
    case 4:
      return 'The loss stopped being a number. A smaller learning rate usually cures this.';
    case 5:
      return 'The memory was not enough. A smaller batch or model usually cures this.';
    case null:
      return `The trainer was ended from outside (${signal ?? 'unknown signal'}).`;
    default:
      return last || `The trainer ended with code ${code} and no message.`;
  }
}
