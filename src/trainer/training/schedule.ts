import type { ResolvedSchedule } from '../../experiment/resolved';

/**
 * The learning rate at a step.
 *
 * During warm-up it rises in a straight line and reaches the full rate with the last warm-up step; then the schedule
 * runs over what is left of the stage, so that `linear` and `cosine` with `to: 0` would reach 0 one step after the end.
 *
 * @param step counted from 0 within the stage.
 */
export function learningRate(
  schedule: ResolvedSchedule,
  rate: number,
  step: number,
  stepsPerEpoch: number,
  epochs: number,
): number {
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
