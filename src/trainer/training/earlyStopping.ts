import type { ResolvedEarlyStop } from '../../experiment/resolved';

/** What `EarlyStopping` remembers; it survives JSON. */
export interface EarlyStoppingState {
  /** The epoch whose weights are the best, counted from 1; null before the first. */
  bestEpoch: number | null;
  /** The metric of that epoch. */
  best: number | null;
}

/**
 * Decides after every epoch whether training still pays (Prechelt 1998, "Early stopping — but when?"): it stops once
 * `patience` epochs in a row have brought no improvement on the validation samples. An epoch improves when its metric is
 * lower than the best by more than `minDelta`; small steps count as soon as they add up to more than that.
 */
export class EarlyStopping {
  private bestEpoch: number | null = null;
  private best: number | null = null;

  constructor(private readonly spec: ResolvedEarlyStop) {}

  /**
   * @param epoch counted from 1 within the stage, one call for each
   * @returns `improved`: the weights of this epoch are the best so far, to be kept; `stop`: training is to end
   */
  see(epoch: number, metrics: { errors: number; loss: number }): 'improved' | 'worse' | 'stop' {
    const value = metrics[this.spec.metric];
    const improved = this.best === null || value < this.best - this.spec.minDelta;
    // What is not finite is never the best, and would not survive JSON.
    if (improved && Number.isFinite(value)) {
      this.bestEpoch = epoch;
      this.best = value;
      return 'improved';
    }
    return epoch - (this.bestEpoch ?? 0) >= this.spec.patience ? 'stop' : 'worse';
  }

  state(): EarlyStoppingState {
    return { bestEpoch: this.bestEpoch, best: this.best };
  }

  restore({ bestEpoch, best }: EarlyStoppingState): void {
    this.bestEpoch = bestEpoch;
    this.best = best;
  }
}
