import fs from 'node:fs/promises';
import path from 'node:path';
import type { ProgressEvent, RunEvent } from '../../runs/events';
import { runFiles } from '../../runs/paths';
import { parseEventLines } from '../../runs/reader';

/** How far a run is. Several stages may be trained at once, each in a process of its own. */
export interface RunProgress {
  /** Share of the whole run that is done, 0…1. */
  fraction: number;
  /** Seconds left in the whole run, estimated. */
  runEtaSeconds: number;
  /** The latest word of every stage that is being trained, in the order in which they began; at least one. */
  stages: readonly ProgressEvent[];
}

/** Folds a run's events into how far it is. */
export class ProgressTracker {
  private readonly active = new Map<string, ProgressEvent>();
  private last: ProgressEvent | undefined;

  /** Undefined until the first step. Between two stages, it is that of the last one. */
  get progress(): RunProgress | undefined {
    const { last } = this;
    if (!last) return undefined;
    const stages = this.active.size > 0 ? [...this.active.values()] : [last];
    // Each event holds at least the time that its own stage needs, so the largest is that of the run.
    const runEtaSeconds = Math.max(...stages.map((stage) => stage.runEtaSeconds));
    return { fraction: last.fraction, runEtaSeconds, stages };
  }

  /** @returns whether they tell of progress. */
  take(events: readonly RunEvent[]): boolean {
    let told = false;
    for (const event of events)
      switch (event.type) {
        case 'run':
          // Another process takes the run up: what was under way in the one before is not any more.
          if (event.state === 'starting') this.clear();
          break;
        case 'stage':
          if (event.state === 'finished' || event.state === 'reused') this.active.delete(event.stage);
          break;
        case 'progress':
          this.active.set(event.stage, event);
          this.last = event;
          told = true;
          break;
      }
    return told;
  }

  private clear(): void {
    this.active.clear();
    this.last = undefined;
  }
}

/** The end of the file in which the last progress of a run stands. */
const tailBytes = 65_536;

/** How far a run came that is not live any more, from the end of its events; undefined when it does not stand there. */
export async function lastProgress(directory: string): Promise<RunProgress | undefined> {
  const tracker = new ProgressTracker();
  tracker.take(parseEventLines(await readTail(path.join(directory, runFiles.events))));
  return tracker.progress;
}

/** Its first line is usually torn, which the parser passes over. Empty when there is no such file. */
async function readTail(file: string): Promise<string> {
  const handle = await fs.open(file).catch(() => undefined);
  if (!handle) return '';
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, tailBytes);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}
