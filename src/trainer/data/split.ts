import type { ResolvedData } from '../../experiment/resolved';
import { DataFailure } from '../failures';
import { randomFor } from '../random';
import type { Dataset } from './sources';

/** Indices into the training samples. */
export interface Split {
  /** What the teacher learns from: all training samples that are not held out. */
  training: Uint32Array;
  /** Held out; everything is selected on these. */
  validation: Uint32Array;
}

/**
 * Holds out the validation samples, drawn at random with the run's first seed.
 *
 * @throws {DataFailure} when too few samples are left.
 */
export function holdOut(dataset: Dataset, data: ResolvedData, seed: number): Split {
  const { count } = dataset.train;
  if (data.validation >= count)
    throw new DataFailure(
      'data.validation.size',
      `validation: ${data.validation} leaves nothing to train on: the data has ${count} training samples.`,
      ['data', 'validation'],
    );
  const shuffled = randomFor(seed, 'validation').shuffle(Uint32Array.from({ length: count }, (_, i) => i));
  return {
    validation: shuffled.slice(0, data.validation).sort(),
    training: shuffled.slice(data.validation).sort(),
  };
}

/**
 * The samples that reach the student in the run of one seed: without the excluded classes, and so many as `transfer`
 * says, drawn evenly from the classes that are left.
 *
 * @throws {DataFailure} when there are not enough.
 */
export function transferSet(dataset: Dataset, split: Split, data: ResolvedData, seed: number): Uint32Array {
  const unknown = data.exclude.find((label) => label >= dataset.classes);
  if (unknown !== undefined)
    throw new DataFailure(
      'data.exclude.unknown',
      `There is no class ${unknown} to exclude: the data has classes 0 to ${dataset.classes - 1}.`,
      ['data', 'exclude'],
    );
  const excluded = new Set(data.exclude);
  const allowed = split.training.filter((index) => !excluded.has(dataset.train.labels[index]!));
  if (allowed.length === 0)
    throw new DataFailure(
      'data.exclude.all',
      'Every class is excluded: nothing is left for the student to learn from.',
      ['data', 'exclude'],
    );
  if (data.transfer === 'all') return allowed;
  if (data.transfer > allowed.length)
    throw new DataFailure(
      'data.transfer.size',
      `transfer: ${data.transfer} is more than the ${allowed.length} training samples that are left without the validation samples${excluded.size > 0 ? ' and the excluded classes' : ''}.`,
      ['data', 'transfer'],
    );
  return evenly(dataset, allowed, data.transfer, seed);
}

/** Draws `wanted` indices class by class in turn, so that class counts differ by at most one while classes last. */
function evenly(dataset: Dataset, indices: Uint32Array, wanted: number, seed: number): Uint32Array {
  const random = randomFor(seed, 'transfer');
  const queues = Array.from({ length: dataset.classes }, (): number[] => []);
  for (const index of random.shuffle(indices.slice())) queues[dataset.train.labels[index]!]!.push(index);
  const drawn: number[] = [];
  for (let round = 0; drawn.length < wanted; round++)
    for (const queue of queues) {
      const index = queue[round];
      if (index !== undefined && drawn.length < wanted) drawn.push(index);
    }
  return Uint32Array.from(drawn).sort();
}
