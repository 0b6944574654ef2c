import type { Findings } from './findings';
import type { ExperimentPath } from './problems';
import { largestOf } from './scheduled';
import type { TrainingInput } from './schema/experiment';
import type { ScheduledInput } from './schema/scheduled';
import type { ScheduleInput } from './schema/training';

/** Checks the keys of a training that depend on each other. */
export function checkTraining(training: TrainingInput, path: ExperimentPath, findings: Findings): void {
  checkNesterov(training, path, findings);
  checkSchedule(training, path, findings);
  checkRate(training, path, findings);
  checkEarlyStop(training, path, findings);
}

/** Checks a number that may change during the stage. @param path of the number */
export function checkScheduled(
  scheduled: ScheduledInput,
  epochs: number,
  path: ExperimentPath,
  findings: Findings,
): void {
  if (typeof scheduled === 'number') return;
  const { from, to, how, until } = scheduled;
  const zero = from === 0 ? 'from' : to === 0 ? 'to' : undefined;
  if (how === 'exponential' && zero !== undefined)
    findings.add(
      'error',
      'scheduled.exponential',
      [...path, zero],
      'An exponential way multiplies by the same factor at every step, so it can neither leave 0 nor reach it: give a number above 0, or choose linear or cosine.',
      { fixes: [{ ...findings.replace([...path, 'how'], 'linear'), title: 'Change how to linear' }] },
    );
  if (until !== undefined && until > epochs)
    findings.add(
      'warning',
      'scheduled.until',
      [...path, 'until'],
      `The training ends after ${epochs} epochs, before epoch ${until}, so the value never reaches ${to}.`,
      { fixes: [findings.replace([...path, 'until'], String(epochs))] },
    );
}

function checkNesterov(
  { optimizer: { sgd } }: TrainingInput,
  path: ExperimentPath,
  findings: Findings,
): void {
  if (!sgd?.nesterov || sgd.momentum > 0) return;
  const fix = findings.setValue([...path, 'optimizer', 'sgd'], 'momentum', '0.9');
  findings.add(
    'error',
    'optimizer.nesterov',
    [...path, 'optimizer', 'sgd', 'nesterov'],
    'nesterov looks ahead along the momentum, and the momentum is 0: set one, such as 0.9.',
    { fixes: fix ? [fix] : [] },
  );
}

function checkSchedule({ schedule, epochs }: TrainingInput, path: ExperimentPath, findings: Findings): void {
  const { kind, warmup, every } = scheduleOptions(schedule);
  if (warmup >= epochs)
    findings.add(
      'warning',
      'schedule.warmup',
      [...path, 'schedule', kind, 'warmup'],
      `The warm-up of ${warmup} epochs is as long as the ${epochs} epochs of training, so the learning rate never reaches its full value.`,
    );
  else if (every !== undefined && every >= epochs - warmup)
    findings.add(
      'warning',
      'schedule.every',
      [...path, 'schedule', kind, 'every'],
      `With ${epochs} epochs of training the learning rate never drops: the first drop would come after ${every}.`,
    );
}

/**
 * Two curves for one rate would be multiplied, and what comes out is neither of them. That is an error and not a
 * warning, because nobody would see it before the training has gone wrong; a warm-up before the rate's own way is fine.
 */
function checkRate(training: TrainingInput, path: ExperimentPath, findings: Findings): void {
  const { optimizer, epochs, schedule } = training;
  const kind = (['adam', 'adamw', 'rmsprop', 'sgd'] as const).find((name) => optimizer[name] !== undefined)!;
  const rate = optimizer[kind]!.rate;
  const ratePath = [...path, 'optimizer', kind, 'rate'];
  checkScheduled(rate, epochs, ratePath, findings);
  if (largestOf(rate) === 0)
    findings.add(
      'error',
      'rate.zero',
      ratePath,
      'The learning rate is 0 all the way, so nothing would be learned: let it begin or end above 0.',
    );
  const scheduleKind = scheduleOptions(schedule).kind;
  if (typeof rate === 'number' || scheduleKind === 'constant') return;
  const fix = findings.setValue(path, 'schedule', 'constant');
  findings.add(
    'error',
    'rate.schedule',
    ratePath,
    `The learning rate goes from ${rate.from} to ${rate.to} here, and the schedule ${scheduleKind} would change it once more: keep one of the two.`,
    { fixes: fix ? [fix] : [] },
  );
}

function checkEarlyStop(training: TrainingInput, path: ExperimentPath, findings: Findings): void {
  const { early_stop: earlyStop, epochs, keep } = training;
  if (!earlyStop) return;
  const keepPath = [...path, 'keep'];
  // The default is the same word, but nobody has asked for it.
  if (keep === 'last' && findings.source.nodeAt(keepPath) !== undefined)
    findings.add(
      'error',
      'early_stop.keep',
      keepPath,
      'early_stop ends with the weights of the best epoch, and this asks for those of the last: leave keep out, or write best.',
      { fixes: [findings.replace(keepPath, 'best')] },
    );
  const patiencePath = [...path, 'early_stop', 'patience'];
  if (earlyStop.patience >= epochs && findings.source.nodeAt(patiencePath) !== undefined)
    findings.add(
      'warning',
      'early_stop.patience',
      patiencePath,
      `With ${epochs} ${epochs === 1 ? 'epoch' : 'epochs'} of training, a patience of ${earlyStop.patience} never ends it early; the best weights are kept all the same.`,
    );
}

function scheduleOptions(schedule: ScheduleInput): { kind: string; warmup: number; every?: number } {
  if (typeof schedule === 'string') return { kind: schedule, warmup: 0 };
  const { step, cosine, linear, constant } = schedule;
  if (step) return { kind: 'step', warmup: step.warmup, every: step.every };
  if (cosine) return { kind: 'cosine', warmup: cosine.warmup };
  return linear
    ? { kind: 'linear', warmup: linear.warmup }
    : { kind: 'constant', warmup: constant?.warmup ?? 0 };
}
