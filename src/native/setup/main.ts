import fs from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { noteEnd } from '../crashes';
import { distilleryHome, nativeFolder } from '../home';
import { install, type InstallWatch } from './install';
import { SetupError, thisMachine } from './machine';
import type { SetupMessage } from './messages';
import { makePlan, workingLibrary } from './plan';
import { removeNative } from './remove';
import { TerminalReport, type Report } from './terminalReport';
import { takeWorkFolder } from './workFolder';

const usage = `Sets up native TensorFlow, which trains faster than WebAssembly.

  npm run setup:native                  says what it will do, asks, and does it
  npm run setup:native -- --yes         does not ask
  npm run setup:native -- --uninstall   removes it again

It is kept in ${nativeFolder(distilleryHome())}; the environment variable DISTILLERY_HOME moves it.
`;

const exitCodes = { done: 0, failed: 1, misuse: 2, cancelled: 130 };

/** Somebody ended it. */
class Cancelled extends Error {}

async function main(argv: string[]): Promise<number> {
  const options = readOptions(argv);
  if (typeof options === 'string') {
    process.stderr.write(`${options}\n\n${usage}`);
    return exitCodes.misuse;
  }
  const { values, positionals } = options;
  if (values.help) {
    process.stdout.write(usage);
    return exitCodes.done;
  }
  const home = distilleryHome();
  const [command, pid, signal] = positionals;
  // What started a trainer asks whether its end was a crash of the library, and has it remembered.
  if (command === 'crashed')
    return noteEnd(home, Number(pid), { code: null, signal: signal as NodeJS.Signals })
      ? exitCodes.done
      : exitCodes.failed;
  const report: Report = values.json ? { say: printJson } : new TerminalReport(process.stdout);
  const stop = new AbortController();
  cancelOnSignals(stop, values.json);
  try {
    if (values.uninstall) report.say({ type: 'done', text: await removeNative(home) });
    else await setUp(home, values, report, stop.signal);
    return exitCodes.done;
  } catch (error) {
    if (error instanceof Cancelled) {
      report.say({ type: 'problem', text: 'Stopped. Nothing was installed.' });
      return exitCodes.cancelled;
    }
    if (!(error instanceof SetupError)) throw error;
    report.say({ type: 'problem', text: error.message });
    return exitCodes.failed;
  }
}

async function setUp(
  home: string,
  values: { yes: boolean; json: boolean; search: string[] },
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  const searchFrom = [...values.search, process.cwd()];
  const working = await workingLibrary(home, searchFrom);
  if (working) {
    report.say({
      type: 'nothing',
      text: `Native TensorFlow works already: TensorFlow ${working.version} of ${working.folder}. There is nothing to do.`,
    });
    return;
  }
  const machine = thisMachine();
  const work = await takeWorkFolder(home);
  try {
    const plan = await makePlan(machine, home, searchFrom, work.folder);
    signal.throwIfAborted();
    if (!values.yes || !values.json) report.say({ type: 'plan', text: plan.text });
    if (!values.yes) {
      if (values.json) return;
      if (!(await agreed(signal))) {
        report.say({ type: 'nothing', text: 'Nothing was done.' });
        return;
      }
    }
    const log = path.join(nativeFolder(home), 'setup.log');
    fs.writeFileSync(log, '');
    const parts = {
      core: path.join(__dirname, 'nativeCore.js'),
      nodeHeaders: path.join(__dirname, 'node-api'),
    };
    try {
      const text = await install(machine, home, plan, parts, work.folder, installWatch(report, log, signal));
      fs.rmSync(log);
      report.say({ type: 'done', text });
    } catch (error) {
      if (!(error instanceof SetupError)) {
        fs.rmSync(log);
        throw error;
      }
      throw new SetupError(`${error.message}\nNothing was installed. What the tools printed is in ${log}`);
    }
  } finally {
    work.dispose();
  }
}

function installWatch(report: Report, log: string, signal: AbortSignal): InstallWatch {
  return {
    signal,
    step: (step: number, of: number, title: string) => {
      fs.appendFileSync(log, `\n== ${title}\n`);
      report.say({ type: 'step', step, of, title });
    },
    progress: (share: number) => report.say({ type: 'progress', share }),
    log: (text: string) => fs.appendFileSync(log, text),
  };
}

/** Without a terminal there is nobody to ask. */
async function agreed(signal: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new SetupError('Nothing was done, because nobody can answer here. Add --yes to agree.');
  const asking = createInterface({ input: process.stdin, output: process.stdout });
  try {
    // While it asks, Ctrl-C reaches the question and not the process.
    asking.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
    const answer = await asking.question('\nGo on? [y/N] ', { signal });
    return /^y(es)?$/i.test(answer.trim());
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    asking.close();
  }
}

/**
 * The editor ends its set-up by closing the pipe to it, which works on every system and also when the editor itself
 * is gone.
 */
function cancelOnSignals(stop: AbortController, fromEditor: boolean): void {
  const cancel = (): void => stop.abort(new Cancelled());
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, cancel);
  if (!fromEditor) return;
  process.stdin.on('end', cancel).on('error', cancel).resume();
  // A file has an end and needs no such thing.
  if ('unref' in process.stdin) process.stdin.unref();
}

function printJson(message: SetupMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function readOptions(argv: string[]) {
  try {
    return parseArgs({
      args: argv,
      allowPositionals: argv[0] === 'crashed',
      options: {
        yes: { type: 'boolean', default: false },
        uninstall: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        search: { type: 'string', multiple: true, default: [] },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    return (error as Error).message;
  }
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(
      `Distillery made a mistake: ${(error as Error).message}\nPlease report it with what you did.\n`,
    );
    process.exitCode = 70;
  },
);
