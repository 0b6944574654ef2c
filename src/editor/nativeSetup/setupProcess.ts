import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { readSetupMessage } from '../../native/setup/messages';
import type { SetupMessage } from '../../native/setup/messages';

/** What the set-up says last: it has a plan, it is done, there was nothing to do, or why not. */
export type SetupResult = Extract<SetupMessage, { type: 'plan' | 'nothing' | 'done' | 'problem' }>;

export interface RunningSetup {
  result: Promise<SetupResult>;
  /** Ends it; it clears up before `result` is there. */
  cancel: () => void;
}

/**
 * Starts `dist/setupNative.js`, the program behind `npm run setup:native`, in a process of its own: what takes minutes
 * must not hold up the editor, and ends with the editor.
 *
 * @param onMessage is told every step and share
 */
export function startSetup(
  script: string,
  args: readonly string[],
  options: { cwd: string; env: NodeJS.ProcessEnv },
  onMessage: (message: SetupMessage) => void,
): RunningSetup {
  const child = spawn(process.execPath, [script, '--json', ...args], {
    ...options,
    stdio: ['pipe', 'pipe', 'pipe'],
    windowsHide: true,
  });
  // It may be gone already when the pipe is closed.
  child.stdin.on('error', () => undefined);
  let last: SetupResult | undefined;
  let complaint = '';
  createInterface({ input: child.stdout }).on('line', (line) => {
    const message = readSetupMessage(line);
    if (!message) return;
    if (message.type !== 'step' && message.type !== 'progress') last = message;
    onMessage(message);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  const result = new Promise<SetupResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (last) resolve(last);
      else reject(new Error(complaint.trim() || `The set-up ended with ${signal ?? code ?? 'nothing'}.`));
    });
  });
  return { result, cancel: () => child.stdin.end() };
}
