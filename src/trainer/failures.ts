import type { ExperimentPath } from '../experiment/problems';

/** What the trainer's process ends with; the same as in the documentation of the command line. */
export const exitCodes = {
  done: 0,
  invalidExperiment: 2,
  noEngine: 3,
  diverged: 4,
  outOfMemory: 5,
  expectationFailed: 6,
  internal: 70,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/**
 * Ends a run with a message for people. It may name the place in the experiment file that causes it; the message says
 * what is wrong and what would cure it.
 */
export class RunFailure extends Error {
  constructor(
    readonly exitCode: ExitCode,
    /** Stable and dotted, e.g. `data.mnist.missing`. */
    readonly code: string,
    message: string,
    /** The key in the experiment file, e.g. `['data', 'source']`. */
    readonly path?: ExperimentPath,
  ) {
    super(message);
  }
}

/** Something about the data that the experiment names: exit 2, at `data.source` unless another key is to blame. */
export class DataFailure extends RunFailure {
  constructor(code: string, message: string, path: ExperimentPath = ['data', 'source']) {
    super(exitCodes.invalidExperiment, code, message, path);
  }
}
