import { finalStates } from '../../runs/events';
import type { RunEvent } from '../../runs/events';
import { RunFollower } from '../../runs/follower';
import type { RunManifest } from '../../runs/manifest';
import { isStillAlive } from '../../runs/process';
import { readRun } from '../../runs/reader';
import type { StoredRun } from '../../runs/reader';
import type { RunReport } from '../../runs/report';
import type { ShownState } from '../dashboard/messages';
import { canResume, isLive } from './runModel';
import type { RunModel } from './runModel';
import { lastProgress, ProgressTracker } from './runProgress';
import type { RunProgress } from './runProgress';
import type { OpenRun } from './runStore';

/**
 * One run: it is followed while it is live or somebody looks at it. Its events stay in memory only while somebody looks.
 */
export class TrackedRun {
  private manifest: RunManifest;
  private state: ShownState;
  private progress: RunProgress | undefined;
  private follower: RunFollower | undefined;
  private kept: { events: RunEvent[]; loaded: Promise<void>; holders: number } | undefined;

  constructor(
    stored: StoredRun,
    private report: RunReport | null,
    private readonly changed: (run: RunModel) => void,
    private readonly eventsAdded: (run: RunModel) => void,
  ) {
    this.directory = stored.directory;
    this.manifest = stored.manifest;
    this.state = stored.state;
    if (this.isLive()) this.follow();
    else void this.findHowFarItCame();
  }

  readonly directory: string;

  get model(): RunModel {
    const { directory, manifest, state, progress, report } = this;
    return { directory, manifest, state, progress, report };
  }

  open(): OpenRun {
    if (!this.kept) {
      this.dispose();
      const follower = this.follow();
      this.kept = { events: [], loaded: follower.look(), holders: 0 };
    }
    const { kept } = this;
    kept.holders += 1;
    let held = true;
    const current = (): RunModel => this.model;
    return {
      get run() {
        return current();
      },
      events: kept.events,
      loaded: kept.loaded,
      dispose: () => {
        if (!held) return;
        held = false;
        kept.holders -= 1;
        if (kept.holders === 0 && this.kept === kept) this.close();
      },
    };
  }

  /** Finds out whether a live run has lost its process. */
  async check(): Promise<void> {
    if (!this.isLive() || (await isStillAlive(this.manifest))) return;
    const stored = await readRun(this.directory);
    if (stored?.state !== 'lost') return;
    // Everything that the process has still written is told before its loss.
    await this.follower?.look();
    if (this.isLive()) this.become(this.manifest, 'lost');
  }

  /** A run that nobody follows may have been taken up again by another trainer. */
  async reread(): Promise<void> {
    if (this.isFollowed()) return;
    const stored = await readRun(this.directory);
    if (!stored || this.isFollowed()) return;
    if (stored.state === this.state && stored.manifest.pid === this.manifest.pid) return;
    this.become(stored.manifest, stored.state);
    if (this.isLive()) this.follow();
  }

  dispose(): void {
    this.follower?.dispose();
    this.follower = undefined;
  }

  private close(): void {
    this.kept = undefined;
    if (!this.isLive()) this.dispose();
  }

  /** A run that can be resumed says so with the place. Its events are not read for that, but their end. */
  private async findHowFarItCame(): Promise<void> {
    if (!canResume(this.model)) return;
    const progress = await lastProgress(this.directory);
    if (!progress || this.progress || this.isFollowed()) return;
    this.progress = progress;
    this.changed(this.model);
  }

  private follow(): RunFollower {
    const tracker = new ProgressTracker();
    this.follower = new RunFollower(this.directory, {
      events: (events) => this.add(events, tracker),
      report: (report) => {
        this.report = report;
        this.changed(this.model);
      },
      manifest: (manifest) => this.hear(manifest),
    });
    return this.follower;
  }

  private add(events: RunEvent[], tracker: ProgressTracker): void {
    this.kept?.events.push(...events);
    const told = tracker.take(events);
    this.progress = tracker.progress ?? (this.isLive() ? undefined : this.progress);
    if (this.kept) this.eventsAdded(this.model);
    if (told && this.isLive()) this.changed(this.model);
  }

  /** A run that was lost stays so until another process takes it up. */
  private hear(manifest: RunManifest): void {
    const stillLost =
      this.state === 'lost' && !finalStates.has(manifest.state) && manifest.pid === this.manifest.pid;
    this.become(manifest, stillLost ? 'lost' : manifest.state);
  }

  private become(manifest: RunManifest, state: ShownState): void {
    this.manifest = manifest;
    this.state = state;
    this.changed(this.model);
    if (!this.isLive() && !this.kept) this.dispose();
  }

  private isLive(): boolean {
    return isLive(this.model);
  }

  private isFollowed(): boolean {
    return this.follower !== undefined;
  }
}
