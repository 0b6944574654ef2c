import type { CurveRecorder, CurveState } from '../curves';
import type { Model } from '../models/model';
import type { BestWeights, BestWeightsState } from './bestWeights';
import type { Checkpoint, NamedArrays } from './checkpoints';
import type { Optimizer } from './optimizers';
import type { StageProgress } from './trainStage';
import type { WeightAverage } from './weightAverage';

/**
 * Where a role stands in its training, as JSON: together with the arrays of the same checkpoint it is all that decides
 * what comes next, so that a resumed training ends with the same bits. Order, augmentation and dropout need nothing but
 * the counts of steps.
 */
export interface RoleState extends StageProgress {
  /** The content hash of the stage that it stands in. */
  hash: string;
  /** The number of that stage, from 0. */
  stage: number;
  /** The stage has ended, perhaps early; only its best weights are still to be brought back. */
  stageEnded: boolean;
  /** All stages have ended, and the weights are the final ones. */
  complete: boolean;
  /** Training passes of the model: dropout depends on it. */
  passes: number;
  curves: CurveState;
  best: BestWeightsState;
  /** Epochs of the stages before this one. */
  epochsBefore: number;
  /** Spent in this stage so far. */
  seconds: number;
}

/** Everything that remembers something during a stage. */
export interface StageParts {
  model: Model;
  optimizer: Optimizer;
  average: WeightAverage | null;
  best: BestWeights;
  curves: CurveRecorder;
}

/**
 * The arrays of a checkpoint: weights by their own names; what the optimiser remembers, the averaged and the best weights
 * under `optimizer/`, `average/` and `best/`.
 */
export async function arraysOf({ model, optimizer, average, best }: StageParts): Promise<NamedArrays> {
  const shapes = model.shapes();
  const arrays = new Map<string, { shape: readonly number[]; values: Float32Array }>();
  const add = (
    prefix: string,
    values: ReadonlyMap<string, Float32Array>,
    weightOf = (name: string) => name,
  ) => {
    for (const [name, array] of values)
      arrays.set(prefix + name, { shape: shapes.get(weightOf(name)) ?? [array.length], values: array });
  };
  add('', await model.weights());
  add('optimizer/', await optimizer.slots(), (name) => name.slice(0, Math.max(0, name.lastIndexOf('/'))));
  if (average) add('average/', await average.slots());
  add('best/', best.weights());
  return arrays;
}

/** Brings everything to where the checkpoint was written; `curves` must have begun the stage. */
export function restoreParts(parts: StageParts, { arrays }: Checkpoint, state: RoleState): void {
  const { model, optimizer, average, best, curves } = parts;
  model.setWeights(under(arrays, ''));
  model.step = state.passes;
  optimizer.restore(under(arrays, 'optimizer/'), model.trainable);
  average?.restore(under(arrays, 'average/'));
  best.restore(state.best, under(arrays, 'best/'));
  curves.restore(state.curves);
}

/** The arrays under a prefix, without it; with '' the weights themselves. */
export function under(
  arrays: NamedArrays,
  prefix: '' | 'optimizer/' | 'average/' | 'best/',
): Map<string, Float32Array> {
  const belongs = (name: string) =>
    prefix === '' ? !/^(optimizer|average|best)\//.test(name) : name.startsWith(prefix);
  return new Map(
    [...arrays].flatMap(([name, { values }]) =>
      belongs(name) ? [[name.slice(prefix.length), values] as const] : [],
    ),
  );
}
