/**
 * Everything that passes between the extension host and the dashboard page. The page imports types from this file
 * and from nothing else of the host.
 */
import type { RunEvent, RunCommand } from '../../runs/events';
import type { RunManifest } from '../../runs/manifest';
import type { RunReport } from '../../runs/report';

export type * from '../../runs/events';
export type * from '../../runs/manifest';
export type * from '../../runs/report';

/** A run's state as the host sees it: `lost` when its process is gone without a last word. */
export type ShownState = RunManifest['state'] | 'lost';

/** One line of the run picker. */
export interface RunChoice {
  id: string;
  name: string;
  state: ShownState;
  /** ISO 8601, UTC. */
  started: string;
}

/** A run without its events. */
export interface ShownRun {
  manifest: RunManifest;
  state: ShownState;
  /** Whether the trainer can go on with it. */
  resumable: boolean;
  report: RunReport | null;
}

export type ToPage =
  /** Everything the host has: sent when the page becomes visible, when the run is switched, and after a gap. */
  | {
      type: 'snapshot';
      /** Null when the workspace has no run yet. */
      run: (ShownRun & { events: RunEvent[] }) | null;
      runs: RunChoice[];
      /** False in restricted mode: stop buttons are then off, with the reason. */
      trusted: boolean;
    }
  /** What has come since; `events` continue where the last message ended. At most ten a second. */
  | { type: 'append'; id: string; events: RunEvent[] }
  /** The state, manifest or report of the shown run changed. */
  | ({ type: 'update'; id: string } & ShownRun)
  | { type: 'runs'; runs: RunChoice[] };

export type FromPage =
  /** The page is loaded and visible: send a snapshot. */
  | { type: 'ready' }
  /** The page saw a hole between sequence numbers: send a snapshot. */
  | { type: 'gap'; after: number }
  | { type: 'select'; id: string }
  | { type: 'stop'; id: string; command: Exclude<RunCommand['command'], 'checkpoint'> }
  | { type: 'openExperiment'; id: string; line?: number; column?: number }
  | { type: 'openDirectory'; id: string }
  | { type: 'newExperiment' }
  | { type: 'runAgain'; id: string }
  | { type: 'resume'; id: string };
