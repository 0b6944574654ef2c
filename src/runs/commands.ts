import path from 'node:path';
import type { RunCommand } from './events';
import { LineFile, LineTail, parseObject } from './lines';
import { runFiles } from './paths';

/** Asks a live trainer for something. @throws the error of the file system. */
export function appendCommand(directory: string, command: RunCommand['command'], now: Date): void {
  const file = new LineFile(path.join(directory, runFiles.commands));
  try {
    file.append(JSON.stringify({ command, time: now.toISOString() } satisfies RunCommand));
  } finally {
    file.close();
  }
}

/** The trainer's end of `commands.jsonl`. */
export class CommandReader {
  private readonly tail: LineTail;

  constructor(directory: string) {
    this.tail = new LineTail(path.join(directory, runFiles.commands));
  }

  /** Commands since the last call, the first call included those from before it. Torn and unknown lines are passed over. */
  read(): RunCommand[] {
    return this.tail.read().flatMap((line) => {
      const { command, time } = parseObject(line) ?? {};
      return isCommand(command) ? [{ command, time: typeof time === 'string' ? time : '' }] : [];
    });
  }
}

const commands: readonly unknown[] = [
  'stop-after-epoch',
  'stop-now',
  'checkpoint',
] satisfies RunCommand['command'][];

function isCommand(value: unknown): value is RunCommand['command'] {
  return commands.includes(value);
}
