import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { parseExperiment } from '../experiment/parse';
import { formatProblem } from '../experiment/problems';
import { probeEngines, type WantedEngine } from './engine/engine';
import { exitCodes, type ExitCode } from './failures';
import { runFile } from './run';

const usage = `Distillery trains a small student model with the help of a large teacher.

  run FILE [--out DIR] [--seed N] [--engine auto|native|wasm|cpu] [--json]
      Runs an experiment file. Results stand in .distillery/runs beside it.
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
  let parsed;
  try {
    parsed = parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        out: { type: 'string' },
        seed: { type: 'string' },
        engine: { type: 'string', default: 'auto' },
        json: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    return misuse((error as Error).message);
  }
  const { values, positionals } = parsed;
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) return misuse('run takes one experiment file.');
  if (!engines.includes(values.engine))
    return misuse(`There is no engine "${values.engine}": use one of ${engines.join(', ')}.`);
  const seed = values.seed === undefined ? undefined : Number(values.seed);
  if (seed !== undefined && !(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 31))
    return misuse(`--seed takes a whole number from 0 to ${2 ** 31 - 1}.`);
  const options = {
    out: values.out === undefined ? undefined : path.resolve(values.out),
    seed,
    engine: values.engine as WantedEngine,
    json: values.json,
    mnist: process.env['DISTILLERY_MNIST'],
  };
  return runFile(file, options, { out: process.stdout, error: process.stderr });
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
