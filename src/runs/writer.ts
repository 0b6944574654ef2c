import fs from 'node:fs';
import path from 'node:path';
import { writeFileAtomic } from './atomic';
import { finalStates } from './events';
import type { MetricPoint, RunEventBody, RunState } from './events';
import { LineFile } from './lines';
import { takeLock } from './lock';
import type { RunManifest } from './manifest';
import { toJson } from './numbers';
import { ignoreInGit, runFiles } from './paths';
import { processStart } from './process';
import { parseEventLines, readManifest } from './reader';
import { asRunDirectoryError } from './runDirectoryError';
import type { RunDirectoryError } from './runDirectoryError';

/** What a trainer knows when it begins; the rest of the manifest follows by `update`. */
export type NewRun = Pick<RunManifest, 'name' | 'file' | 'hash' | 'seeds' | 'roles'> &
  Partial<Pick<RunManifest, 'dataHash' | 'classNames' | 'temperature' | 'versions'>>;

/** Points of curves are gathered for this long, so that a fast trainer does not write thousands of lines a second. */
const gatherMilliseconds = 100;

/** The one writer of a run directory. Everything it has been given is in the files when the process exits. */
export class RunWriter {
  private points: MetricPoint[] = [];
  private lastPoints = -Infinity;
  private timer: NodeJS.Timeout | undefined;
  /** Why gathered points could not be written; told by the next call, because a timer has nobody to tell. */
  private failure: RunDirectoryError | undefined;
  private closed = false;

  private constructor(
    readonly directory: string,
    private readonly events: LineFile,
    private seq: number,
    private current: RunManifest,
    private readonly releaseLock: () => void,
  ) {
    process.on('exit', this.close);
  }

  /**
   * Creates a run directory and its manifest, or opens an existing one and goes on after its last whole event.
   * @throws {RunDirectoryError} when the directory cannot be written or another trainer writes into it.
   */
  static async create(directory: string, run: NewRun): Promise<RunWriter> {
    const absolute = path.resolve(directory);
    const own = { pid: process.pid, processStart: (await processStart(process.pid)) ?? '' };
    try {
      fs.mkdirSync(absolute, { recursive: true });
      ignoreInGit(absolute);
    } catch (error) {
      throw asRunDirectoryError(absolute, error);
    }
    const release = await takeLock(absolute, own);
    try {
      const before = await readManifest(absolute);
      const events = new LineFile(path.join(absolute, runFiles.events));
      const seq = parseEventLines(events.read()).at(-1)?.seq ?? 0;
      const manifest: RunManifest = {
        version: 1,
        id: path.basename(absolute),
        name: run.name,
        state: 'starting',
        file: run.file,
        hash: run.hash,
        ...(run.dataHash === undefined ? {} : { dataHash: run.dataHash }),
        ...own,
        started: before?.started ?? new Date().toISOString(),
        engines: [],
        seeds: run.seeds,
        roles: run.roles,
        classNames: run.classNames ?? [],
        ...(run.temperature === undefined ? {} : { temperature: run.temperature }),
        versions: run.versions ?? {},
      };
      const writer = new RunWriter(absolute, events, seq, manifest, release);
      writer.update({});
      return writer;
    } catch (error) {
      release();
      throw asRunDirectoryError(absolute, error);
    }
  }

  get manifest(): Readonly<RunManifest> {
    return this.current;
  }

  /** Replaces the manifest atomically with these fields changed. @throws {RunDirectoryError} */
  update(changes: Partial<RunManifest>): void {
    this.current = { ...this.current, ...changes };
    this.write(runFiles.manifest, toJson(this.current, 1));
  }

  /**
   * Announces a state: first the event, then the manifest, so that whoever sees a final manifest finds all its events.
   * @throws {RunDirectoryError}
   */
  setState(state: RunState, message?: string, exitCode?: number): void {
    this.emit({ type: 'run', state, ...(message !== undefined && { message }) });
    this.update({
      state,
      ...(message !== undefined && { message }),
      ...(exitCode !== undefined && { exitCode }),
      ...(finalStates.has(state) && { finished: new Date().toISOString() }),
    });
  }

  /**
   * Appends an event. Points of curves are gathered for a tenth of a second; any other event writes them first, so that
   * the order holds. @throws {RunDirectoryError}
   */
  emit(body: RunEventBody): void {
    if (body.type !== 'metrics') {
      this.flush();
      this.append(body);
      return;
    }
    this.points.push(...body.points);
    const wait = this.lastPoints + gatherMilliseconds - performance.now();
    if (wait <= 0) this.flush();
    else this.timer ??= setTimeout(this.flushLater, wait).unref();
  }

  log(level: 'info' | 'warning' | 'error', message: string): void {
    this.emit({ type: 'log', level, message });
  }

  /** Writes what has been gathered. @throws {RunDirectoryError} */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { failure } = this;
    this.failure = undefined;
    if (failure) throw failure;
    if (this.points.length === 0) return;
    this.append({ type: 'metrics', points: this.points });
    this.points = [];
    this.lastPoints = performance.now();
  }

  /** Writes a file of the run directory, or replaces it, atomically. @throws {RunDirectoryError} */
  write(name: string, data: string | Uint8Array): void {
    try {
      writeFileAtomic(path.join(this.directory, name), data);
    } catch (error) {
      throw asRunDirectoryError(this.directory, error);
    }
  }

  /**
   * Writes what has been gathered and gives the directory free. Never throws: call `flush` before to hear of a full disk.
   * Safe to call twice, and called when the process exits.
   */
  readonly close = (): void => {
    if (this.closed) return;
    this.closed = true;
    process.off('exit', this.close);
    try {
      this.flush();
    } catch {
      // Whoever wants to know has called flush.
    }
    this.events.close();
    this.releaseLock();
  };

  private readonly flushLater = (): void => {
    try {
      this.flush();
    } catch (error) {
      this.failure = asRunDirectoryError(this.directory, error);
    }
  };

  private append(body: RunEventBody): void {
    try {
      this.events.append(toJson({ seq: this.seq + 1, time: new Date().toISOString(), ...body }));
      this.seq += 1;
    } catch (error) {
      throw asRunDirectoryError(this.directory, error);
    }
  }
}
