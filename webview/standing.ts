import type { ProgressEvent, Role, StageEvent } from '../src/editor/dashboard/messages';
import { count, duration, roughPercent } from './numbers';
import type { RunData } from './runData';
import type { ShownRun } from './store';
import { roleOrder, roleWords } from './words';

/** What a run does now and how far it is, in words and figures. */
export interface Standing {
  /** One line without a full stop. */
  what: string;
  /** Share of the whole run that is done, 0…1; null until that is known. */
  fraction: number | null;
  /** Seconds until the whole run is done; null until that can be told. */
  secondsLeft: number | null;
  figures: { name: string; value: string }[];
  /** The same for a screen reader. */
  spoken: string;
}

/** Where one model stands. */
export interface ModelStanding {
  /** E.g. `seed 2: learning, 40.0%`. */
  name: string;
  state: 'waiting' | 'learning' | 'ready';
  /** Of its stage, 0…1. */
  share: number;
}

/**
 * Several models may be learning at once. Words and figures are then about all of them, and they stay so while others
 * wait for their turn, so that the page does not jump each time that one model is ready and the next begins.
 */
export function standingOf({ manifest, state, data }: ShownRun): Standing {
  const { progress } = data;
  if (state === 'evaluating')
    return quietStanding(
      'Measuring all models on the test data, once',
      progress && { ...progress, fraction: 1 },
    );
  if (state !== 'running' || !progress)
    return quietStanding('Getting ready: reading the data and choosing an engine', progress);
  const models = roleOrder
    .filter((role) => manifest.roles.includes(role))
    .flatMap((role) => modelsOf(role, manifest.seeds, data));
  const learning = [...data.atWork].flatMap((stage) => data.stageProgress.get(stage) ?? []);
  const others = models.some((model) => model.state === 'waiting');
  const together = others ? Math.max(data.mostAtOnce, data.atWork.size) : data.atWork.size;
  return together > 1
    ? standingTogether(together, models, learning, progress)
    : standingAlone(learning[0] ?? progress, manifest.seeds, data);
}

/** The models of a role: one for each seed, one alone for the teacher. */
export function modelsOf(role: Role, seeds: readonly number[], data: RunData): ModelStanding[] {
  const stages = [...data.stages.values()].filter((stage) => stage.role === role);
  if (role === 'teacher') return [modelOf(stages, '', data)];
  return seeds.map((seed) =>
    modelOf(
      stages.filter((stage) => stage.seed === seed),
      `seed ${seed}: `,
      data,
    ),
  );
}

function modelOf(stages: readonly StageEvent[], name: string, data: RunData): ModelStanding {
  const last = stages.at(-1);
  if (!last) return { name: `${name}waiting`, state: 'waiting', share: 0 };
  const ready = { state: 'ready', share: 1 } as const;
  if (last.state === 'reused') return { ...ready, name: `${name}ready, trained in an earlier run` };
  if (last.state === 'finished')
    return {
      ...ready,
      name: `${name}ready${last.ended === 'early' ? `, stopped early after ${epochWords(last.epochs)}` : ''}`,
    };
  const steps = last.epochs * last.stepsPerEpoch;
  const step = data.stageProgress.get(last.stage)?.step ?? last.step ?? 0;
  const share = steps > 0 ? Math.min(1, step / steps) : 0;
  if (data.atWork.has(last.stage))
    return { name: `${name}learning, ${roughPercent(share)}`, state: 'learning', share };
  // A process that was killed over its last words may have left the stage open; its numbers were told only at its end.
  if (data.evaluations.has(`${last.role}/${last.seed}/validation`)) return { ...ready, name: `${name}ready` };
  return { name: `${name}waiting, ${roughPercent(share)} done`, state: 'waiting', share };
}

function standingTogether(
  together: number,
  models: readonly ModelStanding[],
  learning: readonly ProgressEvent[],
  last: ProgressEvent,
): Standing {
  const what = `Training ${together} students at once`;
  const secondsLeft = Math.max(...(learning.length > 0 ? learning : [last]).map((one) => one.runEtaSeconds));
  const ready = models.filter((model) => model.state === 'ready').length;
  const speed = learning.reduce((sum, { samplesPerSecond }) => sum + samplesPerSecond, 0);
  return {
    what,
    fraction: last.fraction,
    secondsLeft,
    figures: [
      { name: 'Whole run', value: roughPercent(last.fraction) },
      { name: 'Models ready', value: `${ready} of ${models.length}` },
      { name: 'Epochs', value: epochRange(learning) },
      { name: 'Samples a second', value: learning.length > 0 ? count(speed) : '–' },
    ],
    spoken: `${what}, ${ready} of ${models.length} models ready, about ${duration(secondsLeft)} left.`,
  };
}

function standingAlone(progress: ProgressEvent, seeds: readonly number[], data: RunData): Standing {
  const { role, seed, epoch, epochs, step, steps, samplesPerSecond, fraction, runEtaSeconds } = progress;
  const stage = data.stages.get(progress.stage);
  const which = role === 'teacher' ? '' : seedWords(seed, seeds);
  const name = stage && stage.name !== 'train' && stage.name !== 'distill' ? `, stage ${stage.name}` : '';
  const what = `Training ${roleWords[role]}${which}${name}`;
  return {
    what,
    fraction,
    secondsLeft: runEtaSeconds,
    figures: [
      { name: 'Whole run', value: roughPercent(fraction) },
      { name: 'Epoch', value: `${epoch} of ${epochs}` },
      { name: 'Step', value: `${count(step)} of ${count(steps)}` },
      { name: 'Samples a second', value: count(samplesPerSecond) },
    ],
    spoken: `${what}, epoch ${epoch} of ${epochs}, about ${duration(runEtaSeconds)} left.`,
  };
}

/** While nothing is trained. */
function quietStanding(what: string, progress: ProgressEvent | null): Standing {
  const names = ['Whole run', 'Epoch', 'Step', 'Samples a second'];
  const fraction = progress?.fraction ?? null;
  return {
    what,
    fraction,
    secondsLeft: null,
    figures: names.map((name, i) => ({
      name,
      value: i === 0 && fraction !== null ? roughPercent(fraction) : '–',
    })),
    spoken: `${what}.`,
  };
}

/** `11–12 of 24`: from the model that is the least far to the one that is the farthest. */
function epochRange(learning: readonly ProgressEvent[]): string {
  if (learning.length === 0) return '–';
  const begun = learning.map(({ epoch }) => epoch);
  const [least, most] = [Math.min(...begun), Math.max(...begun)];
  const planned = new Set(learning.map(({ epochs }) => epochs));
  const range = least === most ? `${most}` : `${least}–${most}`;
  return planned.size === 1 ? `${range} of ${learning[0]!.epochs}` : range;
}

/** `, seed 2 of 3`: its place among the seeds; nothing with a single seed. */
function seedWords(seed: number, seeds: readonly number[]): string {
  const place = seeds.indexOf(seed);
  return seeds.length < 2 || place < 0 ? '' : `, seed ${place + 1} of ${seeds.length}`;
}

function epochWords(epochs: number): string {
  return epochs === 1 ? '1 epoch' : `${epochs} epochs`;
}
