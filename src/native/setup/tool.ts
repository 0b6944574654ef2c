import { spawn, type ChildProcess } from 'node:child_process';

/** What a longer step is given. */
export interface Watch {
  signal: AbortSignal;
  /** Takes what the tools print, for the log. */
  log: (text: string) => void;
  /** Takes the share of the step that is done, 0…1. */
  progress: (share: number) => void;
}

export interface ToolOptions {
  env: NodeJS.ProcessEnv;
  cwd?: string;
  /** Ends the program and everything that it started. */
  signal?: AbortSignal | undefined;
  /** Every piece of what the program prints, as it comes. */
  onOutput?: (text: string) => void;
}

export interface ToolResult {
  /** Whether there is such a program at all. */
  found: boolean;
  /** Null when a signal ended it. */
  code: number | null;
  stdout: string;
  /** Both streams as they came. */
  output: string;
}

/**
 * Runs a program to its end.
 *
 * @throws the reason of the signal when it was aborted, after the program is gone
 */
export function runTool(command: string, args: readonly string[], options: ToolOptions): Promise<ToolResult> {
  const { env, cwd, signal, onOutput } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason as Error);
      return;
    }
    const child = spawn(command, args, {
      env,
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, so that a compiler's helpers can be ended with it.
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    let stdout = '';
    let output = '';
    const take = (text: string): void => {
      output += text;
      onOutput?.(text);
    };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      take(text);
    });
    child.stderr.setEncoding('utf8').on('data', take);
    const abort = (): void => endGroup(child);
    signal?.addEventListener('abort', abort);
    const finish = (found: boolean, code: number | null): void => {
      signal?.removeEventListener('abort', abort);
      if (signal?.aborted === true) reject(signal.reason as Error);
      else resolve({ found, code, stdout, output });
    };
    child.once('error', () => finish(false, null));
    child.once('close', (code) => finish(true, code));
  });
}

/** The most telling lines of what a program printed: its errors, else its end. */
export function essence(output: string): string {
  const lines = output
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const errors = lines.filter((line) => /\berror\b/i.test(line));
  return (errors.length > 0 ? errors.slice(0, 2) : lines.slice(-2)).join(' ').slice(0, 400);
}

/** Nothing that is ended here has anything worth saving. */
function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? child.pid : -child.pid, 'SIGKILL');
  } catch {
    // It has just ended by itself.
  }
}
