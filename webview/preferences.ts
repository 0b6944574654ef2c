import { signal, type Signal } from '@preact/signals';
import type { Role } from '../src/editor/dashboard/messages';
import { saveState, savedState } from './host';

/** What a person set on the page. It is kept across reloads; data never is. */
export interface Preferences {
  xAxis: 'epoch' | 'step';
  measure: 'accuracy' | 'errors';
  logErrors: boolean;
  logLoss: boolean;
  /** 0 draws what was measured; towards 1 the curve follows an ever longer average. */
  smoothing: number;
  /** Whose loss is drawn; null follows the role that is learning. */
  lossRole: Role | null;
  /** Null until it was moved: the slider then stands at the temperature of the training. */
  temperature: number | null;
  softRole: 'student' | 'scratch';
  softSeed: number | 'mean';
  /** Legend entries that are switched off. */
  hidden: string[];
  /** The run that was picked, and the newest run at that time: a newer one takes precedence. */
  picked: { id: string; newest: string } | null;
}

export const temperatureRange = { least: 0.5, most: 20 };

const kept: Preferences = restore(savedState());

/** Each preference by itself, so that moving the temperature does not draw the curves again. */
export const preferences = Object.fromEntries(
  Object.entries(kept).map(([key, value]) => [key, signal(value as unknown)]),
) as unknown as { [Key in keyof Preferences]: Signal<Preferences[Key]> };

export function prefer(change: Partial<Preferences>): void {
  Object.assign(kept, change);
  for (const key of Object.keys(change) as (keyof Preferences)[])
    (preferences[key] as Signal<unknown>).value = kept[key];
  saveState(kept);
}

/** What decides how the curves are drawn. */
export type CurvePreferences = Pick<
  Preferences,
  'xAxis' | 'measure' | 'logErrors' | 'logLoss' | 'smoothing' | 'lossRole'
>;

export function curvePreferences(): CurvePreferences {
  const { xAxis, measure, logErrors, logLoss, smoothing, lossRole } = preferences;
  return {
    xAxis: xAxis.value,
    measure: measure.value,
    logErrors: logErrors.value,
    logLoss: logLoss.value,
    smoothing: smoothing.value,
    lossRole: lossRole.value,
  };
}

function restore(saved: unknown): Preferences {
  const state = (typeof saved === 'object' && saved !== null ? saved : {}) as Record<string, unknown>;
  const within = <T>(value: unknown, least: number, most: number, otherwise: T): number | T =>
    typeof value === 'number' && value >= least && value <= most ? value : otherwise;
  const picked = state['picked'] as Preferences['picked'] | undefined;
  return {
    xAxis: state['xAxis'] === 'step' ? 'step' : 'epoch',
    measure: state['measure'] === 'errors' ? 'errors' : 'accuracy',
    logErrors: state['logErrors'] === true,
    logLoss: state['logLoss'] !== false,
    smoothing: within(state['smoothing'], 0, 0.95, 0),
    lossRole: isRole(state['lossRole']) ? state['lossRole'] : null,
    temperature: within(state['temperature'], temperatureRange.least, temperatureRange.most, null),
    softRole: state['softRole'] === 'scratch' ? 'scratch' : 'student',
    softSeed: typeof state['softSeed'] === 'number' ? state['softSeed'] : 'mean',
    hidden: Array.isArray(state['hidden']) ? state['hidden'].filter((id) => typeof id === 'string') : [],
    picked: typeof picked?.id === 'string' && typeof picked.newest === 'string' ? picked : null,
  };
}

function isRole(value: unknown): value is Role {
  return value === 'teacher' || value === 'student' || value === 'scratch';
}
