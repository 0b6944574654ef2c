import type { EngineId, ProgressEvent, Role, ShownState, StageEvent } from '../src/editor/dashboard/messages';
import { duration } from './numbers';

/** The names of things as the page says them. */
export const roleNames: Record<Role, string> = {
  teacher: 'Teacher',
  student: 'Student',
  scratch: 'From scratch',
};

/** Roles within a sentence. */
export const roleWords: Record<Role, string> = {
  teacher: 'the teacher',
  student: 'the student',
  scratch: 'the student from scratch',
};

export const roleHints: Record<Role, string> = {
  teacher: 'The large model to learn from.',
  student: 'The small model that learns from the teacher.',
  scratch: 'The same small model, trained without the teacher.',
};

export const stateNames: Record<ShownState, string> = {
  starting: 'Starting',
  running: 'Running',
  evaluating: 'Testing',
  done: 'Done',
  stopped: 'Stopped',
  failed: 'Failed',
  lost: 'Lost',
};

export const engineNames: Record<EngineId, string> = {
  tensorflow: 'Native TensorFlow',
  wasm: 'WebAssembly',
  cpu: 'Plain JavaScript',
};

/** The order in which roles are shown. */
export const roleOrder: readonly Role[] = ['teacher', 'student', 'scratch'];

export const isLive = (state: ShownState): boolean =>
  state === 'starting' || state === 'running' || state === 'evaluating';

/** What is happening now: one line without a full stop. */
export function happening(
  state: ShownState,
  progress: ProgressEvent | null,
  stage: StageEvent | undefined,
  seeds: readonly number[],
): string {
  if (state === 'evaluating') return 'Measuring all models on the test data, once';
  if (state !== 'running' || !progress) return 'Getting ready: reading the data and choosing an engine';
  const which = progress.role === 'teacher' ? '' : seedWords(progress.seed, seeds);
  const name = stage && stage.name !== 'train' && stage.name !== 'distill' ? `, stage ${stage.name}` : '';
  return `Training ${roleWords[progress.role]}${which}${name}`;
}

/** The same with where it stands and how long it takes, for a screen reader. */
export function spoken(what: string, progress: ProgressEvent | null): string {
  if (!progress) return `${what}.`;
  return `${what}, epoch ${progress.epoch} of ${progress.epochs}, about ${duration(progress.runEtaSeconds)} left.`;
}

/** `, seed 2 of 3`: its place among the seeds; nothing with a single seed. */
function seedWords(seed: number, seeds: readonly number[]): string {
  const place = seeds.indexOf(seed);
  return seeds.length < 2 || place < 0 ? '' : `, seed ${place + 1} of ${seeds.length}`;
}
