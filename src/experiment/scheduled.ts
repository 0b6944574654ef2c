import type { Scheduled } from './resolved';
import type { ScheduledInput } from './schema/scheduled';

/** The value at the first step. */
export function startOf(scheduled: Scheduled | ScheduledInput): number {
  return typeof scheduled === 'number' ? scheduled : scheduled.from;
}

/** No value on the way is larger. */
export function largestOf(scheduled: Scheduled | ScheduledInput): number {
  return typeof scheduled === 'number' ? scheduled : Math.max(scheduled.from, scheduled.to);
}

/** For sentences: `0.01`, or `from 0.01 to 0.001`. */
export function scheduledText(scheduled: Scheduled): string {
  return typeof scheduled === 'number' ? String(scheduled) : `from ${scheduled.from} to ${scheduled.to}`;
}
