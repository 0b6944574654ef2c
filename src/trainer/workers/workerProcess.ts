import { fork, type ChildProcess } from 'node:child_process';
import type { ToWorker } from './messages';

/** Starts the trainer once more, as a process that works for this one. What it complains of can be read from `stderr`. */
export function startWorker(): ChildProcess {
  return fork(process.argv[1]!, ['work'], {
    serialization: 'advanced',
    // Flags of a debugger would make every worker listen at the same port.
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
}

/** Tells a worker something; one that is gone cannot be told anything. */
export function tell(worker: ChildProcess, message: ToWorker): void {
  if (worker.connected) worker.send(message, () => undefined);
}
