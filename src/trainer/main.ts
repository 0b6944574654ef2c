import fs from 'node:fs';
import path from 'node:path';
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { parseExperiment } from '../experiment/parse';
import { formatProblem } from '../experiment/problems';
import { probeEngines, type WantedEngine } from './engine/engine';
import { exitCodes, type ExitCode } from './failures';
import { resumeRun } from './resume';
import { runFile } from './run';
import { runWorker } from './workers/worker';

const usage = `Distillery trains a small student model with the help of a large teacher.

  run FILE [--out DIR] [--seed N] [--engine auto|native|wasm|cpu] [--workers auto|N] [--json]
      Runs an experiment file. Results stand in .distillery/runs beside it.
  resume RUN_DIR [--workers auto|N] [--json]
      Goes on with a run that was stopped or killed. It ends as it would have ended.
  validate FILE…
      Prints what is wrong with files, one problem a line: file:line:column severity code message.
  probe
      Prints as JSON which engines can be used here, or why not.

Exit codes: 0 done or stopped on request, 2 invalid experiment, 3 no usable engine, 4 diverged, 5 out of memory,
6 an expect or require line failed, 70 internal error.
`;

const engines: readonly string[] = ['auto', 'native', 'wasm', 'cpu'] satisfies WantedEngine[];

async function main(argv: string[]): Promise<ExitCode> {
  const [command, ...rest] = argv;
  switch (command) {
    case 'run':
      return run(rest);
    case 'resume':
      return resume(rest);
    case 'work':
      return work();
    case 'validate':
      return validate(rest);
    case 'probe':
      process.stdout.write(
        `${JSON.stringify({ engines: await probeEngines({ searchFrom: [process.cwd()] }) }, null, 1)}\n`,
      );
      return exitCodes.done;
    case 'help':
    case '--help':
    case '-h':
      process.stdout.write(usage);
      return exitCodes.done;
    default:
      return misuse(command === undefined ? 'Say what to do.' : `There is no command "${command}".`);
  }
}

async function run(argv: string[]): Promise<ExitCode> {
  const parsed = parsedOrMisused(argv, {
    ...howToRun,
    out: { type: 'string' },
    seed: { type: 'string' },
    engine: { type: 'string', default: 'auto' },
  });
  if (typeof parsed === 'number') return parsed;
  const { values, positionals } = parsed;
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) return misuse('run takes one experiment file.');
  if (!engines.includes(values.engine))
    return misuse(`There is no engine "${values.engine}": use one of ${engines.join(', ')}.`);
  const seed = values.seed === undefined ? undefined : Number(values.seed);
  if (seed !== undefined && !(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 31))
    return misuse(`--seed takes a whole number from 0 to ${2 ** 31 - 1}.`);
  const workers = workersOf(values.workers);
  if (workers === null) return misuse(workersMisuse);
  const options = {
    out: values.out === undefined ? undefined : path.resolve(values.out),
    seed,
    engine: values.engine as WantedEngine,
    workers,
    json: values.json,
    mnist: process.env['DISTILLERY_MNIST'],
  };
  return runFile(file, options, streams);
}

async function resume(argv: string[]): Promise<ExitCode> {
  const parsed = parsedOrMisused(argv, howToRun);
  if (typeof parsed === 'number') return parsed;
  const { values, positionals } = parsed;
  const [directory, ...more] = positionals;
  if (directory === undefined || more.length > 0) return misuse('resume takes one run directory.');
  const workers = workersOf(values.workers);
  if (workers === null) return misuse(workersMisuse);
  const how = { workers, json: values.json, mnist: process.env['DISTILLERY_MNIST'] };
  return resumeRun(path.resolve(directory), how, streams);
}

/** Trains for another trainer, which talks to it over its channel; of no use to people. */
function work(): Promise<ExitCode> | ExitCode {
  if (!process.send) return misuse('work is what a run starts by itself to train several students at once.');
  return runWorker();
}

const howToRun = {
  workers: { type: 'string', default: 'auto' },
  json: { type: 'boolean', default: false },
} as const;
const streams = { out: process.stdout, error: process.stderr };

function parsedOrMisused<const Options extends NonNullable<ParseArgsConfig['options']>>(
  args: string[],
  options: Options,
) {
  try {
    return parseArgs({ args, allowPositionals: true, options });
  } catch (error) {
    return misuse((error as Error).message);
  }
}

const mostWorkers = 64;
const workersMisuse = `--workers takes "auto" or a whole number from 1 to ${mostWorkers}.`;

function workersOf(text: string): number | 'auto' | null {
  if (text === 'auto') return text;
  const count = Number(text);
  return Number.isInteger(count) && count >= 1 && count <= mostWorkers ? count : null;
}

function validate(files: string[]): ExitCode {
  if (files.length === 0) return misuse('validate takes one or more experiment files.');
  let invalid = false;
  for (const file of files) {
    let text;
    try {
      text = fs.readFileSync(file, 'utf8');
    } catch {
      process.stdout.write(
        `${file}:1:1 error file.unreadable There is no such file, or it cannot be read.\n`,
      );
      invalid = true;
      continue;
    }
    const { problems, experiment } = parseExperiment(text, { fileName: file });
    for (const problem of problems) process.stdout.write(`${formatProblem(file, problem)}\n`);
    invalid ||= !experiment;
  }
  return invalid ? exitCodes.invalidExperiment : exitCodes.done;
}

function misuse(message: string): ExitCode {
  process.stderr.write(`${message}\n\n${usage}`);
  return exitCodes.invalidExperiment;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(
      `Distillery made a mistake: ${(error as Error).message}\nPlease report it with what you did.\n`,
    );
    process.exitCode = exitCodes.internal;
  },
);
