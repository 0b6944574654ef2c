import type {
  CacheEvent,
  EvaluationEvent,
  MetricPoint,
  ProblemEvent,
  ProgressEvent,
  Role,
  RunEvent,
  SampleEvent,
  StageEvent,
} from '../src/editor/dashboard/messages';
import { isDrawable } from './guard';

/** Parts of the page that are drawn apart: an event that touches one leaves the others alone. */
export const parts = ['run', 'progress', 'curves', 'evaluations', 'samples', 'problems'] as const;
export type Part = (typeof parts)[number];

/** One curve of one role and seed: three arrays of equal length, steps ascending. */
export interface Curve {
  steps: number[];
  epochs: number[];
  /** NaN where the run measured something that is not a number. */
  values: number[];
}

/** Everything that the events of a run say, folded into the shape that is drawn. */
export interface RunData {
  lastSeq: number;
  /** Distinct events held. */
  eventCount: number;
  /** The latest of any stage, told by the process that trains now. */
  progress: ProgressEvent | null;
  /** The last word of every stage, by the stage's id, in the order in which they began. */
  stages: Map<string, StageEvent>;
  /** The latest progress of every stage since it began or was resumed. */
  stageProgress: Map<string, ProgressEvent>;
  /** The stages that are being trained, and how many have been at the most at the same time. */
  atWork: Set<string>;
  mostAtOnce: number;
  /** By stage; under the empty name what serves all of them. */
  caches: Map<string, CacheEvent>;
  /** By `role/series`, then by seed. */
  curves: Map<string, Map<number, Curve>>;
  /** The last of each `role/seed/split`. */
  evaluations: Map<string, EvaluationEvent>;
  images: NonNullable<SampleEvent['images']>;
  classNames: string[];
  /** The last of each `role/seed`; one row an image. */
  logits: Map<string, { role: Role; seed: number; epoch: number; rows: number[][] }>;
  problems: ProblemEvent[];
}

export function emptyRunData(): RunData {
  return {
    lastSeq: 0,
    eventCount: 0,
    progress: null,
    stages: new Map(),
    stageProgress: new Map(),
    atWork: new Set(),
    mostAtOnce: 0,
    caches: new Map(),
    curves: new Map(),
    evaluations: new Map(),
    images: [],
    classNames: [],
    logits: new Map(),
    problems: [],
  };
}

/** Takes one event in and says which part of the page it changes. The caller has seen to it that it is new. */
export function fold(data: RunData, event: RunEvent): Part | null {
  data.lastSeq = event.seq;
  data.eventCount++;
  if (!isDrawable(event)) return null;
  switch (event.type) {
    case 'run':
      if (event.state !== 'starting') return null;
      // Another process takes the run up: nothing that was under way in the one before is so any more.
      data.progress = null;
      data.atWork.clear();
      data.mostAtOnce = 0;
      return 'progress';
    case 'stage':
      foldStage(data, event);
      return 'progress';
    case 'progress':
      data.progress = event;
      data.stageProgress.set(event.stage, event);
      return 'progress';
    case 'cache':
      data.caches.set(event.stage ?? '', event);
      return 'run';
    case 'metrics':
      for (const point of event.points) addPoint(data.curves, point);
      return 'curves';
    case 'evaluation':
      data.evaluations.set(`${event.role}/${event.seed}/${event.split}`, event);
      return 'evaluations';
    case 'sample':
      if (event.images) data.images = event.images;
      if (event.classNames) data.classNames = event.classNames;
      data.logits.set(`${event.role}/${event.seed}`, {
        role: event.role,
        seed: event.seed,
        epoch: event.epoch,
        rows: event.logits.map((row) => row.map(Number)),
      });
      return 'samples';
    case 'problem':
      data.problems.push(event);
      return 'problems';
    default:
      return null;
  }
}

/** The curves of one role and series, by seed; empty when there are none yet. */
export function curvesOf(data: RunData, role: Role, series: string): ReadonlyMap<number, Curve> {
  return data.curves.get(`${role}/${series}`) ?? new Map<number, Curve>();
}

function foldStage(data: RunData, event: StageEvent): void {
  const { stage, state } = event;
  if (state === 'finished' || state === 'reused') {
    data.atWork.delete(stage);
    // A run that is resumed takes the teacher that it has trained itself before.
    if (state === 'reused' && data.stages.get(stage)?.state === 'finished') return;
  } else {
    data.atWork.add(stage);
    data.mostAtOnce = Math.max(data.mostAtOnce, data.atWork.size);
    data.stageProgress.delete(stage);
  }
  data.stages.set(stage, event);
}

function addPoint(curves: RunData['curves'], point: MetricPoint): void {
  const key = `${point.role}/${point.series}`;
  let bySeed = curves.get(key);
  if (!bySeed) curves.set(key, (bySeed = new Map<number, Curve>()));
  let curve = bySeed.get(point.seed);
  if (!curve) bySeed.set(point.seed, (curve = { steps: [], epochs: [], values: [] }));
  // A stage that goes on from a checkpoint walks some steps again: the later word replaces the earlier.
  while (curve.steps.length > 0 && curve.steps[curve.steps.length - 1]! >= point.step) {
    curve.steps.pop();
    curve.epochs.pop();
    curve.values.pop();
  }
  curve.steps.push(point.step);
  curve.epochs.push(point.epoch);
  curve.values.push(Number(point.value));
}
