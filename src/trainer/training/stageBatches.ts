import type { ResolvedTraining } from '../../experiment/resolved';
import { epochOrder, makeBatch, type Batch } from '../data/batches';
import type { Dataset } from '../data/sources';
import { randomFor } from '../random';

/** What decides the batches of a stage. */
export interface BatchedStage {
  name: string;
  seed: number;
  training: Pick<ResolvedTraining, 'batch' | 'accumulate' | 'epochs' | 'augment'>;
  /** The samples it learns from: indices into the training samples. */
  indices: Uint32Array;
}

/** Samples that one step of the optimiser looks at. */
export function samplesPerStep({
  batch,
  accumulate,
}: Pick<ResolvedTraining, 'batch' | 'accumulate'>): number {
  return batch * accumulate;
}

export function stepsPerEpoch({
  indices,
  training,
}: Pick<BatchedStage, 'indices'> & { training: Pick<ResolvedTraining, 'batch' | 'accumulate'> }): number {
  return Math.floor(indices.length / samplesPerStep(training));
}

/**
 * Every batch of a stage by its number. Order and augmentation depend on the seed, the stage's name and that number
 * alone: a student and its comparison see the same samples, training can go on from anywhere, and another process can
 * make the same batch.
 */
export class StageBatches {
  private epoch = 0;
  private order: Uint32Array = new Uint32Array();

  constructor(
    private readonly dataset: Dataset,
    private readonly stage: BatchedStage,
  ) {}

  /** @param number counted from 1. */
  at(number: number): Batch {
    const { seed, name, training, indices } = this.stage;
    const { batch, accumulate, augment } = training;
    const perEpoch = stepsPerEpoch(this.stage) * accumulate;
    const epoch = Math.floor((number - 1) / perEpoch) + 1;
    if (epoch !== this.epoch) {
      this.order = epochOrder(indices, this.stage, epoch);
      this.epoch = epoch;
    }
    const start = ((number - 1) % perEpoch) * batch;
    const samples = this.order.subarray(start, start + batch);
    const shifts = { shift: augment.shift, random: randomFor(seed, 'augment', name, number) };
    return makeBatch(this.dataset, this.dataset.train, samples, shifts);
  }
}
