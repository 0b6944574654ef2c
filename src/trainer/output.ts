import fs from 'node:fs';
import path from 'node:path';
import type { RunEventBody } from '../runs/events';
import { toJson } from '../runs/numbers';
import { runFiles } from '../runs/paths';
import { asRunDirectoryError } from '../runs/runDirectoryError';
import type { RunWriter } from '../runs/writer';
import { Terminal, type TerminalStream } from './terminal';

/** Where a run tells what happens: the run directory always, and the terminal as lines or, with `--json`, as events. */
export class RunOutput {
  readonly terminal: Terminal;
  private readonly log: number;

  constructor(
    readonly writer: RunWriter,
    private readonly stream: TerminalStream,
    private readonly json: boolean,
  ) {
    this.log = fs.openSync(path.join(writer.directory, runFiles.log), 'a');
    const silent: TerminalStream = { write: () => true };
    this.terminal = new Terminal(json ? silent : stream, this.keep, writer.manifest.seeds);
  }

  readonly emit = (event: RunEventBody): void => {
    this.writer.emit(event);
    this.terminal.show(event);
    if (this.json) this.stream.write(`${toJson(event)}\n`);
  };

  private readonly keep = (line: string): void => {
    try {
      fs.writeSync(this.log, `${line}\n`);
    } catch (error) {
      throw asRunDirectoryError(this.writer.directory, error);
    }
  };

  close(): void {
    this.terminal.clear();
    this.writer.close();
    fs.closeSync(this.log);
  }
}
