import type { LossAtStep, ResolvedLoss, ResolvedSchedule, Scheduled } from '../../experiment/resolved';

/** A step within its stage. */
export interface StagePosition {
  /** Steps of the optimiser, counted from 0 within the stage. */
  step: number;
  /** Steps of the optimiser in one epoch. */
  stepsPerEpoch: number;
  /** Epochs of the stage. */
  epochs: number;
}

/**
 * The value of a number of the experiment file at a step. The first step has `from`, the last step of the stage, or of
 * the epoch `until`, has `to`, and whatever comes later keeps `to`. With t from 0 to 1 between them:
 *
 *     linear       from · (1 − t) + to · t
 *     cosine       to + (from − to) · (1 + cos πt) / 2      Loshchilov & Hutter 2017, arXiv:1608.03983, eq. 5
 *     exponential  from^(1 − t) · to^t
 *
 * The formulas are computed in a form that gives exactly `from` and `to` at the ends.
 */
export function valueAt(scheduled: Scheduled, { step, stepsPerEpoch, epochs }: StagePosition): number {
  if (typeof scheduled === 'number') return scheduled;
  const { from, to, how, until = epochs } = scheduled;
  const last = Math.round(until * stepsPerEpoch) - 1;
  const t = step >= last ? 1 : step / last;
  switch (how) {
    case 'linear':
      return from * (1 - t) + to * t;
    case 'cosine': {
      const left = (1 + Math.cos(Math.PI * t)) / 2;
      return from * left + to * (1 - left);
    }
    case 'exponential':
      return from ** (1 - t) * to ** t;
  }
}

/** The terms of the loss at a step; the very same array when nothing in it changes. */
export function lossesAt(losses: readonly ResolvedLoss[], position: StagePosition): readonly LossAtStep[] {
  return areConstant(losses) ? losses : losses.map((loss) => lossAt(loss, position));
}

/**
 * The learning rate at a step: the rate of the optimiser there, times the schedule.
 *
 * During warm-up it rises in a straight line and reaches the full rate with the last warm-up step; then the schedule
 * runs over what is left of the stage, so that `linear` and `cosine` with `to: 0` would reach 0 one step after the end.
 *
 * @param step counted from 0 within the stage.
 */
export function learningRate(
  schedule: ResolvedSchedule,
  scheduledRate: Scheduled,
  step: number,
  stepsPerEpoch: number,
  epochs: number,
): number {
  const rate = valueAt(scheduledRate, { step, stepsPerEpoch, epochs });
  const warmup = Math.min(Math.round(schedule.warmup * stepsPerEpoch), stepsPerEpoch * epochs);
  if (step < warmup) return (rate * (step + 1)) / warmup;
  const after = step - warmup;
  const progress = after / Math.max(1, stepsPerEpoch * epochs - warmup);
  switch (schedule.kind) {
    case 'constant':
      return rate;
    case 'linear':
      return rate * (schedule.to + (1 - schedule.to) * (1 - progress));
    case 'cosine':
      return rate * (schedule.to + ((1 - schedule.to) * (1 + Math.cos(Math.PI * progress))) / 2);
    case 'step':
      // The small number makes up for products such as 1.1 · 50, which is a little more than 55.
      return rate * schedule.factor ** Math.floor(after / (schedule.every * stepsPerEpoch) + 1e-9);
  }
}

function areConstant(losses: readonly ResolvedLoss[]): losses is readonly LossAtStep[] {
  return losses.every((loss) => Object.values(loss).every((value) => typeof value !== 'object'));
}

function lossAt(loss: ResolvedLoss, position: StagePosition): LossAtStep {
  const weight = valueAt(loss.weight, position);
  switch (loss.criterion) {
    case 'kd':
      return { ...loss, weight, temperature: valueAt(loss.temperature, position) };
    case 'ce':
      return { ...loss, weight, labelSmoothing: valueAt(loss.labelSmoothing, position) };
    case 'logit_mse':
      return { ...loss, weight };
  }
}
