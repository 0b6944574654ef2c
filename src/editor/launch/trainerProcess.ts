import fs from 'node:fs';
import path from 'node:path';
import { spawn } from 'node:child_process';

export interface LaunchRequest {
  /** Absolute path of `dist/trainer.js`. */
  trainer: string;
  /** Absolute path of the experiment file. */
  file: string;
  /** The run directory that the trainer shall make. */
  directory: string;
  engine: string;
  /** A folder of IDX files that is MNIST; undefined lets the trainer look for it. */
  mnist: string | undefined;
  /** Where the process prints before it has a log of its own. */
  log: string;
}

/** How a trainer ended. */
export interface TrainerExit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** What it printed, the end of it. */
  output: string;
}

export function trainerArguments(request: LaunchRequest): string[] {
  return [request.trainer, 'run', request.file, '--out', request.directory, '--engine', request.engine];
}

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
    cwd: path.dirname(request.file),
    detached: true,
    env: trainerEnvironment(process.env, request.mnist),
    stdio: ['ignore', log, log],
    windowsHide: true,
  });
  fs.closeSync(log);
  child.unref();
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve({ code, signal, output: takeEnd(request.log) }));
  });
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
