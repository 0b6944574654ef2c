import fs from 'node:fs';
import path from 'node:path';
import { spawn } from 'node:child_process';

export interface LaunchRequest {
  /** Absolute path of `dist/trainer.js`. */
  trainer: string;
  task: TrainerTask;
  /** How many students are trained at once: `auto`, or a number. */
  workers: string;
  /** A folder of IDX files that is MNIST; undefined lets the trainer look for it. */
  mnist: string | undefined;
  /** Where the process prints before it has a log of its own. */
  log: string;
}

/** What the trainer shall do. */
export type TrainerTask =
  /** Run an experiment file, given by its absolute path, and make this run directory for it. */
  | { command: 'run'; file: string; directory: string; engine: string }
  /** Go on with the run of this directory: the engine is that with which it began. */
  | { command: 'resume'; directory: string };

/** How a trainer ended. */
export interface TrainerExit {
  /** Absent when it did not start. */
  pid?: number | undefined;
  code: number | null;
  signal: NodeJS.Signals | null;
  /** What it printed, the end of it. */
  output: string;
}

export function trainerArguments({ trainer, task, workers }: LaunchRequest): string[] {
  const what =
    task.command === 'run'
      ? ['run', task.file, '--out', task.directory, '--engine', task.engine]
      : ['resume', task.directory];
  return [trainer, ...what, '--workers', workers];
}

/** What a person may have written for the number of workers, as the trainer takes it; `auto` where that is no such number. */
export function workersArgument(value: unknown): string {
  const count = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return Number.isInteger(count) && Number(count) >= 1 && Number(count) <= mostWorkers
    ? String(count)
    : 'auto';
}

const mostWorkers = 64;

/** The host's own environment without what would make a child of the editor's program stop, inspect or load something else. */
export function trainerEnvironment(own: NodeJS.ProcessEnv, mnist: string | undefined): NodeJS.ProcessEnv {
  const kept = Object.entries(own).filter(
    ([name]) =>
      !/^(NODE_OPTIONS|NODE_INSPECT_.*|NODE_CHANNEL_FD|NODE_UNIQUE_ID|VSCODE_.*|ELECTRON_.*|DISTILLERY_MNIST)$/i.test(
        name,
      ),
  );
  return {
    ...Object.fromEntries(kept),
    ELECTRON_RUN_AS_NODE: '1',
    ...(mnist !== undefined && { DISTILLERY_MNIST: mnist }),
  };
}

/**
 * Starts the trainer with the editor's own Node, as a process that outlives the editor's window.
 * @returns how it ends; never settles when this host ends first.
 */
export function launchTrainer(request: LaunchRequest): Promise<TrainerExit> {
  fs.mkdirSync(path.dirname(request.log), { recursive: true });
  const log = fs.openSync(request.log, 'w');
  const child = spawn(process.execPath, trainerArguments(request), {
    cwd: folderOf(request.task),
    detached: true,
    env: trainerEnvironment(process.env, request.mnist),
    stdio: ['ignore', log, log],
    windowsHide: true,
  });
  fs.closeSync(log);
  child.unref();
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      resolve({ pid: child.pid, code, signal, output: takeEnd(request.log) }),
    );
  });
}

/** Where the process works. The experiment file of a run may have moved since, with its folder. */
function folderOf(task: TrainerTask): string {
  return task.command === 'run' ? path.dirname(task.file) : task.directory;
}

/** The last 64 kB of a file, which is then removed. */
function takeEnd(file: string): string {
  try {
    const text = fs.readFileSync(file, 'utf8').slice(-65_536);
    fs.rmSync(file, { force: true });
    return text;
  } catch {
    return '';
  }
}
