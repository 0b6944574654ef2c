import fs from 'node:fs/promises';
import path from 'node:path';
import type { RunEvent } from '../../runs/events';
import { runFiles, runsFolder } from '../../runs/paths';
import { newestFirst, readReport, readRun } from '../../runs/reader';
import { DisposableStore, Emitter } from '../disposables';
import type { Disposable } from '../disposables';
import { TrackedRun } from './trackedRun';
import { isLive } from './runModel';
import type { RunModel } from './runModel';

/** New runs and lost processes are noticed after at most this time. */
const scanMilliseconds = 2000;

/** A run whose events are kept in memory, complete from the first. */
export interface OpenRun extends Disposable {
  readonly run: RunModel;
  /** Grows at its end only. */
  readonly events: readonly RunEvent[];
  /** Resolves when everything that stood in the file has been read. */
  readonly loaded: Promise<void>;
}

/** Every run of the workspace, whoever started it: what the run directories say, and nothing else. */
export class RunStore implements Disposable {
  private readonly owned = new DisposableStore();
  private readonly workspaces = new Set<string>();
  private readonly tracked = new Map<string, TrackedRun>();
  /** Directories that a trainer has been told to make or to go on in, and that are not followed yet. */
  private readonly awaited = new Set<string>();
  private readonly changes = this.owned.add(new Emitter<RunModel | undefined>());
  private readonly eventChanges = this.owned.add(new Emitter<RunModel>());
  private timer: NodeJS.Timeout | undefined;
  private scanning: Promise<void> | undefined;
  private watchers = 0;
  private disposed = false;

  /** A run changed; without a run: some came or went. */
  readonly onDidChange = this.changes.event;
  /** Events were added to an open run. */
  readonly onDidAddEvents = this.eventChanges.event;

  /** Newest first. */
  get runs(): RunModel[] {
    return [...this.tracked.values()].map((tracked) => tracked.model).sort(newestFirst);
  }

  get live(): RunModel[] {
    return this.runs.filter(isLive);
  }

  byId(id: string): RunModel | undefined {
    return this.runs.find((run) => run.manifest.id === id);
  }

  byDirectory(directory: string): RunModel | undefined {
    return this.tracked.get(directory)?.model;
  }

  /** The newest run of an experiment file, and the newest that has a result. */
  ofFile(file: string): { latest: RunModel | undefined; withResult: RunModel | undefined } {
    const own = this.runs.filter((run) => samePath(run.manifest.file, file));
    return { latest: own[0], withResult: own.find((run) => run.report?.roles.student) };
  }

  /** Looks for runs in the `.distillery` folders of these folders from now on, and resolves after the first look. */
  async addWorkspaces(folders: Iterable<string>): Promise<void> {
    for (const folder of folders) this.workspaces.add(path.resolve(folder));
    await this.scan();
  }

  /** A trainer is about to make this directory, or to go on in it: it is followed as soon as the manifest says so. */
  awaitRun(directory: string): Disposable {
    this.awaited.add(directory);
    void this.scan();
    return { dispose: () => this.awaited.delete(directory) };
  }

  isAwaited(directory: string): boolean {
    return this.awaited.has(directory);
  }

  /** Keeps looking for new runs while it is held, although none is live: somebody is looking at the list. */
  watch(): Disposable {
    this.watchers += 1;
    void this.scan();
    return { dispose: () => void (this.watchers -= 1) };
  }

  /** Keeps the events of a run in memory until it is disposed of. Undefined for a run that is not known. */
  open(directory: string): OpenRun | undefined {
    return this.tracked.get(directory)?.open();
  }

  /** The manifest of a run was replaced: a finished run may have been taken up again. */
  async reread(directory: string): Promise<void> {
    await this.tracked.get(directory)?.reread();
    this.scheduleScan();
  }

  /** Looks at the disk now. */
  scan(): Promise<void> {
    this.scanning ??= this.scanOnce().finally(() => {
      this.scanning = undefined;
      this.scheduleScan();
    });
    return this.scanning;
  }

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.timer);
    for (const tracked of this.tracked.values()) tracked.dispose();
    this.tracked.clear();
    this.owned.dispose();
  }

  private scheduleScan(): void {
    clearTimeout(this.timer);
    if (this.disposed || (this.watchers === 0 && this.awaited.size === 0 && this.live.length === 0)) return;
    this.timer = setTimeout(
      () => void this.scan(),
      this.awaited.size > 0 ? scanMilliseconds / 10 : scanMilliseconds,
    );
  }

  private async scanOnce(): Promise<void> {
    const lists = await Promise.all([...this.workspaces].map((folder) => directoriesIn(runsFolder(folder))));
    const found = new Set([...lists.flat(), ...this.awaited]);
    const news = await Promise.all(
      [...found]
        .filter((directory) => !this.tracked.has(directory))
        .map((directory) => this.discover(directory)),
    );
    await Promise.all([...this.awaited].map((directory) => this.rereadAwaited(directory)));
    const gone = await this.forgetRemoved(found);
    await Promise.all([...this.tracked.values()].map((tracked) => tracked.check()));
    if ((gone || news.includes(true)) && !this.disposed) this.changes.fire(undefined);
  }

  private async rereadAwaited(directory: string): Promise<void> {
    const tracked = this.tracked.get(directory);
    await tracked?.reread();
    if (tracked && isLive(tracked.model)) this.awaited.delete(directory);
  }

  private async discover(directory: string): Promise<boolean> {
    const run = await readRun(directory);
    const report = run && (await readReport(directory));
    if (!run || this.disposed || this.tracked.has(directory)) return false;
    this.awaited.delete(directory);
    const tracked = new TrackedRun(
      run,
      report,
      (model) => this.changes.fire(model),
      (model) => this.eventChanges.fire(model),
    );
    this.tracked.set(directory, tracked);
    return true;
  }

  private async forgetRemoved(found: ReadonlySet<string>): Promise<boolean> {
    let gone = false;
    for (const [directory, tracked] of this.tracked) {
      if (found.has(directory) || (await exists(path.join(directory, runFiles.manifest)))) continue;
      tracked.dispose();
      this.tracked.delete(directory);
      gone = true;
    }
    return gone;
  }
}

/** Windows and macOS take `A.yaml` and `a.yaml` for one file. */
export function samePath(a: string, b: string): boolean {
  const plain = (file: string): string => {
    const resolved = path.resolve(file);
    return process.platform === 'linux' ? resolved : resolved.toLowerCase();
  };
  return plain(a) === plain(b);
}

async function directoriesIn(folder: string): Promise<string[]> {
  const entries = await fs.readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => path.join(folder, entry.name));
}

async function exists(file: string): Promise<boolean> {
  return fs.access(file).then(
    () => true,
    () => false,
  );
}
