import type { Disposable } from '../disposables';
import { DisposableStore } from '../disposables';
import { asChoice, canResume } from '../runs/runModel';
import type { RunModel } from '../runs/runModel';
import type { OpenRun, RunStore } from '../runs/runStore';
import { Throttle } from '../throttle';
import type { FromPage, ShownRun, ToPage } from './messages';

/** The page is sent something at most this often, except the snapshots that it asks for. */
const sendMilliseconds = 100;

/** Where the data comes from. */
export type RunSource = Pick<
  RunStore,
  'runs' | 'byId' | 'byDirectory' | 'open' | 'onDidAddEvents' | 'onDidChange'
>;

/** What a page can ask for beside data. */
export interface DashboardActions {
  trusted(): boolean;
  stop(run: RunModel, command: 'stop-after-epoch' | 'stop-now'): void;
  openExperiment(run: RunModel, line: number | undefined, column: number | undefined): void;
  openDirectory(run: RunModel): void;
  runAgain(run: RunModel): void;
  resume(run: RunModel): void;
  newExperiment(): void;
}

/**
 * The host's end of one dashboard page. It owns the data: a page that becomes visible gets everything, then what is new,
 * and a hidden page gets nothing. Without a choice it shows the newest run, also when a newer one begins.
 */
export class DashboardSession implements Disposable {
  private readonly owned = new DisposableStore();
  private readonly throttle = this.owned.add(new Throttle(sendMilliseconds, () => this.sendNews()));
  private visible = false;
  private chosen: string | undefined;
  private shown: OpenRun | undefined;
  /** How many of the shown run's events the page has; undefined while it waits for a snapshot. */
  private sent: number | undefined;
  /** What the page was last told, so that it is not told again. */
  private told = { shown: '', runs: '' };

  constructor(
    private readonly store: RunSource,
    private readonly actions: DashboardActions,
    private readonly post: (message: ToPage) => void,
  ) {
    this.owned.add(store.onDidAddEvents(() => this.hear()));
    this.owned.add(store.onDidChange(() => this.hear()));
  }

  /** Shows a run from now on; undefined: the newest. */
  show(directory: string | undefined): void {
    this.chosen = directory;
    void this.sendSnapshot();
  }

  setVisible(visible: boolean): void {
    if (visible === this.visible) return;
    this.visible = visible;
    if (visible) {
      void this.sendSnapshot();
      return;
    }
    this.throttle.cancel();
    this.sent = undefined;
    this.release();
  }

  /** Does what the page asks for. What names an unknown run, or is not permitted here, is not done. */
  handle(message: FromPage): void {
    switch (message.type) {
      case 'ready':
      case 'gap':
        void this.sendSnapshot();
        return;
      case 'newExperiment':
        this.actions.newExperiment();
        return;
    }
    const run = this.store.byId(message.id);
    if (!run) return;
    switch (message.type) {
      case 'select':
        this.show(run.directory);
        return;
      case 'stop':
        if (this.actions.trusted()) this.actions.stop(run, message.command);
        return;
      case 'openExperiment':
        this.actions.openExperiment(run, message.line, message.column);
        return;
      case 'openDirectory':
        this.actions.openDirectory(run);
        return;
      case 'runAgain':
        this.actions.runAgain(run);
        return;
      case 'resume':
        if (this.actions.trusted()) this.actions.resume(run);
        return;
    }
  }

  /** Everything again, because something that every message depends on changed. */
  refresh(): void {
    void this.sendSnapshot();
  }

  dispose(): void {
    this.visible = false;
    this.release();
    this.owned.dispose();
  }

  private hear(): void {
    if (!this.visible) return;
    if (this.wanted() !== this.shown?.run.directory) {
      void this.sendSnapshot();
      return;
    }
    this.throttle.request();
  }

  private wanted(): string | undefined {
    const { chosen } = this;
    return chosen !== undefined && this.store.byDirectory(chosen) ? chosen : this.store.runs[0]?.directory;
  }

  private async sendSnapshot(): Promise<void> {
    if (!this.visible) return;
    const directory = this.wanted();
    if (this.shown?.run.directory !== directory) {
      this.release();
      this.shown = directory === undefined ? undefined : this.store.open(directory);
    }
    const { shown } = this;
    this.sent = undefined;
    this.throttle.cancel();
    await shown?.loaded;
    // While the events were read, the page may have been hidden or another run chosen: that has sent its own snapshot.
    if (!this.isVisible() || this.shown !== shown) return;
    this.sent = shown?.events.length ?? 0;
    const runs = this.store.runs.map(asChoice);
    this.told = { shown: shown ? mark(shown.run) : '', runs: JSON.stringify(runs) };
    this.post({
      type: 'snapshot',
      run: shown ? { ...asShown(shown.run), events: [...shown.events] } : null,
      runs,
      trusted: this.actions.trusted(),
    });
  }

  private sendNews(): void {
    if (!this.visible || this.sent === undefined) return;
    const { shown } = this;
    if (shown) {
      const id = shown.run.manifest.id;
      const events = shown.events.slice(this.sent);
      this.sent = shown.events.length;
      if (events.length > 0) this.post({ type: 'append', id, events });
      const now = mark(shown.run);
      if (now !== this.told.shown) {
        this.told.shown = now;
        this.post({ type: 'update', id, ...asShown(shown.run) });
      }
    }
    const runs = this.store.runs.map(asChoice);
    const now = JSON.stringify(runs);
    if (now === this.told.runs) return;
    this.told.runs = now;
    this.post({ type: 'runs', runs });
  }

  private release(): void {
    this.shown?.dispose();
    this.shown = undefined;
  }

  private isVisible(): boolean {
    return this.visible;
  }
}

function asShown(run: RunModel): ShownRun {
  const { manifest, state, report } = run;
  return { manifest, state, resumable: canResume(run), report };
}

/** Differs when the state, manifest or report differ; progress alone travels as an event. */
function mark({ state, manifest, report }: RunModel): string {
  return JSON.stringify([state, manifest, report]);
}
