import * as tf from '@tensorflow/tfjs-core';
import type { ParsedExperiment } from '../experiment/parse';
import { RunDirectoryError } from '../runs/runDirectoryError';
import { StopRequested } from './control';
import { NoEngineError } from './engine/engine';
import { exitCodes, RunFailure, type ExitCode } from './failures';
import type { RunOutput } from './output';

/**
 * Says in the run directory why the run ended before its report.
 *
 * @returns what the process should exit with
 * @throws {RunDirectoryError} as it was given
 */
export function sayHowItEnded(output: RunOutput, parsed: ParsedExperiment, error: unknown): ExitCode {
  const { writer, terminal, emit } = output;
  if (error instanceof RunDirectoryError) throw error;
  if (error instanceof StopRequested) {
    writer.setState('stopped', error.message, exitCodes.done);
    terminal.line(`${error.message} "resume ${writer.directory}" goes on from there.`);
    return exitCodes.done;
  }
  const failure = asFailure(error);
  if (error instanceof NoEngineError) writer.update({ engines: error.probes });
  const range = failure.path && parsed.rangeOf(failure.path);
  emit({
    type: 'problem',
    severity: 'error',
    code: failure.code,
    message: failure.message,
    ...(range && {
      line: range.start.line,
      column: range.start.column,
      endLine: range.end.line,
      endColumn: range.end.column,
    }),
  });
  writer.setState('failed', failure.message, failure.exitCode);
  return failure.exitCode;
}

/** Any error in the words of a person, with the code that the process ends with. */
export function asFailure(error: unknown): RunFailure {
  if (error instanceof RunFailure) return error;
  if (error instanceof NoEngineError) return new RunFailure(exitCodes.noEngine, 'engine.none', error.message);
  const { message } = error as Error;
  if (
    error instanceof RangeError ||
    /out of memory|memory access out of bounds|Aborted\(|allocation failed/i.test(message)
  )
    return new RunFailure(
      exitCodes.outOfMemory,
      'engine.memory',
      `The engine ran out of memory (${Math.round(tf.memory().numBytes / 1e6)} MB of tensors were alive). Use a smaller batch or smaller models.`,
      ['distill'],
    );
  return new RunFailure(
    exitCodes.internal,
    'internal',
    `Distillery made a mistake: ${message}. Please report it with trainer.log.`,
  );
}
