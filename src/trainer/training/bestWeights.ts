import type { JsonNumber } from '../../runs/events';
import { numberOf } from '../../runs/numbers';
import type { ResolvedTraining } from '../../experiment/resolved';
import type { Model } from '../models/model';
import { EarlyStopping, type EarlyStoppingState } from './earlyStopping';

/** What it remembers beside the weights. Survives JSON. */
export interface BestWeightsState {
  lowest: JsonNumber;
  early: EarlyStoppingState | null;
}

/**
 * Looks at the validation numbers after every epoch: keeps the weights of the best one when the stage asks for it, and
 * tells when it is time to stop. Without early stopping the best epoch is the one with the fewest errors.
 */
export class BestWeights {
  private lowest = Infinity;
  private kept: ReadonlyMap<string, Float32Array> | null = null;
  private readonly early: EarlyStopping | null;

  constructor(
    private readonly model: Model,
    private readonly training: Pick<ResolvedTraining, 'keep' | 'earlyStop'>,
  ) {
    this.early = training.earlyStop ? new EarlyStopping(training.earlyStop) : null;
  }

  /** To be called while the weights that would be kept stand in the model. */
  async see(epoch: number, metrics: { errors: number; loss: number }): Promise<'continue' | 'finish'> {
    const verdict = this.early?.see(epoch, metrics);
    const better = verdict === undefined ? metrics.errors < this.lowest : verdict === 'improved';
    if (better && this.training.keep === 'best') {
      this.lowest = metrics.errors;
      this.kept = await this.model.weights();
    }
    return verdict === 'stop' ? 'finish' : 'continue';
  }

  /** Puts the best weights into the model; false when none were kept. */
  bringBack(): boolean {
    if (this.kept) this.model.setWeights(this.kept);
    return this.kept !== null;
  }

  /** The weights that were kept, for a checkpoint. */
  weights(): ReadonlyMap<string, Float32Array> {
    return this.kept ?? new Map<string, Float32Array>();
  }

  state(): BestWeightsState {
    return { lowest: this.lowest, early: this.early?.state() ?? null };
  }

  /** @param weights as `weights` gave them. */
  restore({ lowest, early }: BestWeightsState, weights: ReadonlyMap<string, Float32Array>): void {
    this.lowest = numberOf(lowest);
    if (early) this.early?.restore(early);
    this.kept = weights.size > 0 ? weights : null;
  }
}
