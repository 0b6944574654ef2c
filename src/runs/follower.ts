import fs from 'node:fs';
import path from 'node:path';
import type { RunEvent } from './events';
import { LineTail } from './lines';
import type { RunManifest } from './manifest';
import { runFiles } from './paths';
import { parseEventLines, readManifest, readReport } from './reader';
import type { RunReport } from './report';

/** What a follower tells, in this order within one look: events, report, manifest. */
export interface RunListener {
  /** New events, in order, each exactly once. */
  events(events: RunEvent[]): void;
  report(report: RunReport): void;
  manifest(manifest: RunManifest): void;
}

/** A missed notice of the file system costs no more than this. */
const pollMilliseconds = 250;

/**
 * Follows a run directory from its first byte, also one that does not exist yet. Notices of the file system make it
 * quick; a poll makes it sure, because notices are lost on network disks and in some containers.
 */
export class RunFollower {
  private readonly tail: LineTail;
  private readonly timer: NodeJS.Timeout;
  private watcher: fs.FSWatcher | undefined;
  private lastSeq = 0;
  private seen = { manifest: '', report: '' };
  private looking: Promise<void> | undefined;
  private again = false;
  private disposed = false;

  constructor(
    readonly directory: string,
    private readonly listener: RunListener,
  ) {
    this.tail = new LineTail(path.join(directory, runFiles.events));
    this.timer = setInterval(() => void this.look(), pollMilliseconds);
    void this.look();
  }

  /** Reads what is new, and resolves when it has been told. */
  look(): Promise<void> {
    this.again = true;
    this.looking ??= this.lookUntilQuiet().finally(() => (this.looking = undefined));
    return this.looking;
  }

  dispose(): void {
    this.disposed = true;
    clearInterval(this.timer);
    this.watcher?.close();
    this.watcher = undefined;
  }

  private async lookUntilQuiet(): Promise<void> {
    while (this.again && !this.disposed) {
      this.again = false;
      await this.lookOnce();
    }
  }

  private async lookOnce(): Promise<void> {
    this.watch();
    // The writer appends events before it replaces the manifest. Read the other way round, a final manifest is told
    // only after all its events.
    const manifest = await this.changed('manifest', readManifest);
    const report = await this.changed('report', readReport);
    await this.tellEvents();
    if (this.stopped()) return;
    if (report) this.listener.report(report);
    if (manifest) this.listener.manifest(manifest);
  }

  /** A long file is told in pieces, so that the host stays responsive. */
  private async tellEvents(): Promise<void> {
    while (!this.stopped()) {
      const { before, lines } = { before: this.tail.position, lines: this.tail.read() };
      const events = parseEventLines(lines.join('\n'), this.lastSeq);
      this.lastSeq = events.at(-1)?.seq ?? this.lastSeq;
      if (events.length > 0) this.listener.events(events);
      if (this.tail.position === before) return;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** The content of a file that is replaced as a whole, when it is not the one that was read before. */
  private async changed<T>(
    file: 'manifest' | 'report',
    read: (directory: string) => Promise<T | null>,
  ): Promise<T | null> {
    const stat = fs.statSync(path.join(this.directory, runFiles[file]), { throwIfNoEntry: false });
    const mark = stat ? `${stat.ino} ${stat.mtimeMs} ${stat.size}` : '';
    if (mark === this.seen[file]) return null;
    const content = await read(this.directory);
    if (content) this.seen[file] = mark;
    return content;
  }

  private watch(): void {
    if (this.watcher) return;
    try {
      this.watcher = fs.watch(this.directory, () => void this.look());
      this.watcher.on('error', () => this.unwatch());
    } catch {
      // The directory is not there yet, or the system has no watches left: the poll does it.
    }
  }

  private unwatch(): void {
    this.watcher?.close();
    this.watcher = undefined;
  }

  private stopped(): boolean {
    return this.disposed;
  }
}
