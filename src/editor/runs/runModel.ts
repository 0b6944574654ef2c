import { finalStates } from '../../runs/events';
import type { ProgressEvent, RunEvent } from '../../runs/events';
import type { RunManifest } from '../../runs/manifest';
import type { RunReport } from '../../runs/report';
import type { RunChoice, ShownState } from '../dashboard/messages';

/** A run as the editor knows it. */
export interface RunModel {
  /** Absolute; it is what tells runs apart. */
  readonly directory: string;
  readonly manifest: RunManifest;
  readonly state: ShownState;
  /** The latest, while it is live. */
  readonly progress: ProgressEvent | undefined;
  readonly report: RunReport | null;
}

export function isLive(run: { state: ShownState }): boolean {
  return run.state !== 'lost' && !finalStates.has(run.state);
}

/** Seconds that a run took, or has taken until now. */
export function secondsOf(run: RunModel, now: number): number | undefined {
  const { started, finished } = run.manifest;
  const end = finished === undefined ? (isLive(run) ? now : NaN) : Date.parse(finished);
  const seconds = (end - Date.parse(started)) / 1000;
  return Number.isFinite(seconds) ? seconds : undefined;
}

export function latestProgress(events: readonly RunEvent[]): ProgressEvent | undefined {
  return events.findLast((event) => event.type === 'progress');
}

export function asChoice({ manifest, state }: RunModel): RunChoice {
  return { id: manifest.id, name: manifest.name, state, started: manifest.started };
}
