import type { CacheEvent, EngineId, Role, ShownState } from '../src/editor/dashboard/messages';
import { bytes, count } from './numbers';

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

/** What became of the cache of the teacher's outputs, and the numbers behind it; null without a cache. */
export function cacheWords(events: readonly CacheEvent[]): { text: string; hint: string } | null {
  const last = events.at(-1);
  if (!last) return null;
  const [hits, misses] = events.reduce<[number, number]>(
    ([h, m], event) => [h + event.hits, m + event.misses],
    [0, 0],
  );
  const hint = `Read from the disk: ${count(hits)} outputs of the teacher. The teacher was asked for ${count(misses)}.`;
  if (misses === 0) return { text: `teacher outputs from the cache, ${bytes(last.bytes)}`, hint };
  if (hits === 0) return { text: `teacher outputs kept in the cache, ${bytes(last.bytes)}`, hint };
  const share = Math.min(99, Math.max(1, Math.round((100 * hits) / (hits + misses))));
  return { text: `${share}% of the teacher outputs from the cache`, hint };
}
