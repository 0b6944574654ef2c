import { checkClaims } from './claims';
import { checkModels } from './modelChecks';
import { Findings } from './findings';
import type { ExperimentPath, Problem } from './problems';
import type { ExperimentInput } from './schema/experiment';
import { criteriaThatUseTheTeacher, criterionNames, type LossInput } from './schema/losses';
import type { ScheduleInput } from './schema/training';
import type { SourceMap } from './sourceMap';

/** What is known of a data set without reading it. */
export interface KnownData {
  samples: number;
  classes: number;
  /** Training samples of each class. */
  perClass: readonly number[];
  image: readonly [height: number, width: number, channels: number];
}

/** MNIST never changes; its counts are those of `train-labels-idx1-ubyte`. */
export const mnist: KnownData = {
  samples: 60_000,
  classes: 10,
  perClass: [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
  image: [28, 28, 1],
};

type Training = ExperimentInput['teacher']['train'];
type Stage = Omit<Training, 'label_smoothing'> & { losses: LossInput[]; name?: string };

/** The rules that span several keys, for an experiment that the schema has accepted. */
export function checkSemantics(input: ExperimentInput, source: SourceMap): Problem[] {
  const findings = new Findings(source);
  const data = input.data.source === 'mnist' ? mnist : undefined;
  const stages = stagesOf(input);

  checkSeeds(input.seeds, findings);
  if (data) checkData(input.data, data, findings);
  checkBatches(input, stages, data, findings);
  checkTraining(input.teacher.train, ['teacher', 'train'], findings);
  for (const { stage, path } of stages) {
    checkTraining(stage, path, findings);
    checkLosses(stage, path, findings);
  }
  checkStageNames(stages, findings);
  checkTeacherSmoothing(input, stages, findings);
  checkModels(input, data, findings);
  checkClaims(input, findings);
  return findings.problems;
}

interface StageAt {
  stage: Stage;
  path: ExperimentPath;
}

function stagesOf({ distill }: ExperimentInput): StageAt[] {
  if (!Array.isArray(distill)) return [{ stage: distill, path: ['distill'] }];
  return distill.map((stage, index) => ({ stage, path: ['distill', index] }));
}

function checkSeeds(seeds: number[], findings: Findings): void {
  seeds.forEach((seed, index) => {
    if (seeds.indexOf(seed) === index) return;
    const path = ['seeds', index];
    const unused = Math.max(...seeds) + 1;
    findings.add(
      'warning',
      'seeds.equal',
      path,
      `Seed ${seed} stands here twice: the second run would repeat the first and make the spread look smaller than it is.`,
      {
        fixes: unused < 2 ** 31 ? [findings.replace(path, String(unused))] : [],
      },
    );
  });
}

function checkData(
  { validation, transfer, exclude }: ExperimentInput['data'],
  data: KnownData,
  findings: Findings,
): void {
  const path = (key: string): ExperimentPath => ['data', key];
  const missing = new Set(exclude);
  exclude.forEach((label, index) => {
    if (label >= data.classes)
      findings.add(
        'error',
        'data.exclude',
        ['data', 'exclude', index],
        `There is no class ${label}: the classes of mnist are 0 to ${data.classes - 1}.`,
      );
  });
  if (data.perClass.every((_, label) => missing.has(label)))
    findings.add(
      'error',
      'data.exclude.all',
      path('exclude'),
      'This excludes every class, so the student would see nothing: leave at least one in.',
    );
  if (validation >= data.samples) {
    findings.add(
      'error',
      'data.validation',
      path('validation'),
      `mnist has ${count(data.samples)} training samples: holding out ${count(validation)} leaves none to train on.`,
      {
        fixes: [findings.replace(path('validation'), '5000')],
      },
    );
    return;
  }
  if (transfer === 'all') return;
  const remaining = data.perClass.reduce(
    (sum, samples, label) => sum + (missing.has(label) ? 0 : samples),
    0,
  );
  const available = Math.min(data.samples - validation, remaining);
  if (transfer <= available || remaining === 0) return;
  const why =
    remaining < data.samples - validation
      ? 'without the excluded classes'
      : `after ${count(validation)} are held out for validation`;
  findings.add(
    'error',
    'data.transfer',
    path('transfer'),
    `The student cannot get ${count(transfer)} samples: mnist has ${count(available)} ${why}.`,
    {
      fixes: [findings.replace(path('transfer'), 'all')],
    },
  );
}

/** Every batch is full, so a batch larger than the set would mean epochs without a step. */
function checkBatches(
  { data, teacher }: ExperimentInput,
  stages: StageAt[],
  known: KnownData | undefined,
  findings: Findings,
): void {
  const training = known && known.samples > data.validation ? known.samples - data.validation : Infinity;
  const transfer = data.transfer === 'all' ? training : Math.min(data.transfer, training);
  const check = (batch: number, samples: number, what: string, path: ExperimentPath): void => {
    if (batch <= samples) return;
    const written = findings.setValue(path, 'batch', String(samples));
    findings.add(
      'error',
      'batch.large',
      [...path, 'batch'],
      `A batch of ${count(batch)} is larger than ${what}, which has ${count(samples)} samples: no step would be made.`,
      {
        fixes: written ? [written] : [],
      },
    );
  };
  check(teacher.train.batch, training, 'the training set', ['teacher', 'train']);
  for (const { stage, path } of stages) check(stage.batch, transfer, 'the transfer set', path);
}

function checkTraining(
  { optimizer: { sgd }, schedule, epochs }: Omit<Training, 'label_smoothing'>,
  path: ExperimentPath,
  findings: Findings,
): void {
  if (sgd?.nesterov && sgd.momentum === 0) {
    const fix = findings.setValue([...path, 'optimizer', 'sgd'], 'momentum', '0.9');
    findings.add(
      'error',
      'optimizer.nesterov',
      [...path, 'optimizer', 'sgd', 'nesterov'],
      'nesterov looks ahead along the momentum, and the momentum is 0: set one, such as 0.9.',
      {
        fixes: fix ? [fix] : [],
      },
    );
  }
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

function scheduleOptions(schedule: ScheduleInput): { kind: string; warmup: number; every?: number } {
  if (typeof schedule === 'string') return { kind: schedule, warmup: 0 };
  const { step, cosine, linear, constant } = schedule;
  if (step) return { kind: 'step', warmup: step.warmup, every: step.every };
  if (cosine) return { kind: 'cosine', warmup: cosine.warmup };
  return linear
    ? { kind: 'linear', warmup: linear.warmup }
    : { kind: 'constant', warmup: constant?.warmup ?? 0 };
}

function checkLosses({ losses }: Stage, path: ExperimentPath, findings: Findings): void {
  const trained = losses.filter(({ weight }) => weight > 0);
  if (trained.length === 0)
    findings.add(
      'error',
      'losses.zero',
      [...path, 'losses'],
      'Every weight here is 0, so nothing would be learned: give at least one term a weight above 0.',
      { part: 'key' },
    );
  else if (!trained.some(usesTheTeacher))
    findings.add(
      'warning',
      'losses.teacher',
      [...path, 'losses'],
      'No term with a weight above 0 looks at the teacher, so the student learns from the labels alone: add kd, for example.',
      { part: 'key' },
    );
}

function checkStageNames(stages: StageAt[], findings: Findings): void {
  const names = stages.map(({ stage }) => stage.name);
  stages.forEach(({ stage: { name }, path }, index) => {
    if (name === undefined || names.indexOf(name) === index) return;
    let number = 2;
    while (names.includes(`${name}-${number}`)) number++;
    findings.add(
      'error',
      'stages.equal',
      [...path, 'name'],
      `Two stages are called ${name}: each needs a name of its own, because curves and checkpoints go by it.`,
      {
        fixes: [findings.replace([...path, 'name'], `${name}-${number}`)],
      },
    );
  });
}

function checkTeacherSmoothing({ teacher }: ExperimentInput, stages: StageAt[], findings: Findings): void {
  const smoothing = teacher.train.label_smoothing;
  if (smoothing === 0 || !stages.some(({ stage }) => stage.losses.some(({ kd, weight }) => kd && weight > 0)))
    return;
  findings.add(
    'information',
    'teacher.smoothing',
    ['teacher', 'train', 'label_smoothing'],
    'A teacher trained with label smoothing often teaches worse with kd, even when it is more accurate itself: smoothing erases how alike the classes are (Müller et al. 2019).',
  );
}

function usesTheTeacher(loss: LossInput): boolean {
  return criterionNames.some((name) => loss[name] !== undefined && criteriaThatUseTheTeacher.has(name));
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
