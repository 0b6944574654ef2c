import { finalStates } from '../../runs/events';
import type { RunManifest } from '../../runs/manifest';
import type { RunReport } from '../../runs/report';
import type { RunChoice, ShownState } from '../dashboard/messages';
import type { RunProgress } from './runProgress';

/** A run as the editor knows it. */
export interface RunModel {
  /** Absolute; it is what tells runs apart. */
  readonly directory: string;
  readonly manifest: RunManifest;
  readonly state: ShownState;
  /** How far it is, or how far it came. */
  readonly progress: RunProgress | undefined;
  readonly report: RunReport | null;
}

export function isLive(run: { state: ShownState }): boolean {
  return run.state !== 'lost' && !finalStates.has(run.state);
}

/**
 * Whether the trainer can go on with it. One that diverged, or whose teacher missed what is required of it, would end in
 * the same way again.
 */
export function canResume({ state, manifest }: Pick<RunModel, 'state' | 'manifest'>): boolean {
  if (state === 'stopped' || state === 'lost') return true;
  return state === 'failed' && manifest.exitCode !== diverged && manifest.exitCode !== requirementMissed;
}

/** Exit codes of the trainer. */
const diverged = 4;
const requirementMissed = 6;

/** Seconds that a run took, or has taken until now. */
export function secondsOf(run: RunModel, now: number): number | undefined {
  const { started, finished } = run.manifest;
  const end = finished === undefined ? (isLive(run) ? now : NaN) : Date.parse(finished);
  const seconds = (end - Date.parse(started)) / 1000;
  return Number.isFinite(seconds) ? seconds : undefined;
}

export function asChoice({ manifest, state }: RunModel): RunChoice {
  return { id: manifest.id, name: manifest.name, state, started: manifest.started };
}
