import { checkClaims } from './claims';
import { checkModels } from './modelChecks';
import { Findings } from './findings';
import type { ExperimentPath, Problem } from './problems';
import { largestOf } from './scheduled';
import type { ExperimentInput, TrainingInput } from './schema/experiment';
import { criteriaThatUseTheTeacher, criterionNames, type LossInput } from './schema/losses';
import type { SourceMap } from './sourceMap';
import { checkScheduled, checkTraining } from './trainingChecks';

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

type Stage = TrainingInput & { losses: LossInput[]; name?: string };

/** The rules that span several keys, for an experiment that the schema has accepted. */
export function checkSemantics(input: ExperimentInput, source: SourceMap): Problem[] {
  const findings = new Findings(source);
  const data = input.data.source === 'mnist' ? mnist : undefined;
  const stages = stagesOf(input);

  checkSeeds(input.seeds, findings);
  if (data) checkData(input.data, data, findings);
  checkBatches(input, stages, data, findings);
  checkTeacher(input.teacher.train, findings);
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

/** Every batch of a step is full, so batches larger than the set would mean epochs without a step. */
function checkBatches(
  { data, teacher }: ExperimentInput,
  stages: StageAt[],
  known: KnownData | undefined,
  findings: Findings,
): void {
  const training = known && known.samples > data.validation ? known.samples - data.validation : Infinity;
  const transfer = data.transfer === 'all' ? training : Math.min(data.transfer, training);
  const check = (
    { batch, accumulate }: TrainingInput,
    samples: number,
    what: string,
    path: ExperimentPath,
  ): void => {
    if (batch * accumulate <= samples) return;
    // Where a batch alone fits, there are too many of them.
    const [key, value] = batch <= samples ? ['accumulate', Math.floor(samples / batch)] : ['batch', samples];
    const fix =
      accumulate === 1 || key === 'accumulate' ? findings.setValue(path, key, String(value)) : undefined;
    const subject =
      accumulate === 1
        ? `A batch of ${count(batch)} is larger than`
        : `${accumulate} batches of ${count(batch)} for one step need ${count(batch * accumulate)} samples, more than`;
    findings.add(
      'error',
      'batch.large',
      [...path, key],
      `${subject} ${what}, which has ${count(samples)} samples: no step would be made.`,
      { fixes: fix ? [fix] : [] },
    );
  };
  check(teacher.train, training, 'the training set', ['teacher', 'train']);
  for (const { stage, path } of stages) check(stage, transfer, 'the transfer set', path);
}

function checkTeacher(
  { label_smoothing: labelSmoothing, ...training }: ExperimentInput['teacher']['train'],
  findings: Findings,
): void {
  const path = ['teacher', 'train'];
  checkTraining(training, path, findings);
  checkScheduled(labelSmoothing, training.epochs, [...path, 'label_smoothing'], findings);
}

function checkLosses({ losses, epochs }: Stage, path: ExperimentPath, findings: Findings): void {
  losses.forEach(({ weight, kd, ce }, index) => {
    const at = (...keys: string[]): ExperimentPath => [...path, 'losses', index, ...keys];
    checkScheduled(weight, epochs, at('weight'), findings);
    if (kd) checkScheduled(kd.temperature, epochs, at('kd', 'temperature'), findings);
    if (ce) checkScheduled(ce.label_smoothing, epochs, at('ce', 'label_smoothing'), findings);
  });
  const trained = losses.filter(isTrained);
  const bare = bareEnd(losses, epochs);
  if (trained.length === 0)
    findings.add(
      'error',
      'losses.zero',
      [...path, 'losses'],
      'Every weight here is 0, so nothing would be learned: give at least one term a weight above 0.',
      { part: 'key' },
    );
  else if (bare !== undefined)
    findings.add(
      'error',
      'losses.zero',
      [...path, 'losses'],
      `At the ${bare} step every weight here is 0, so nothing would be learned there: let one term keep a weight above 0, if only 0.01.`,
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

/** The end of the stage at which no term has a weight. In between there is no such step: no way comes back from 0. */
function bareEnd(losses: readonly LossInput[], epochs: number): 'first' | 'last' | undefined {
  const weights = losses.map(({ weight }) =>
    typeof weight === 'number' ? { from: weight, to: weight } : weight,
  );
  if (weights.every(({ from }) => from === 0)) return 'first';
  const reached = (weight: { to: number; until?: number | undefined }) => (weight.until ?? 0) <= epochs;
  return weights.every((weight) => weight.to === 0 && reached(weight)) ? 'last' : undefined;
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
  const isSmoothed = largestOf(teacher.train.label_smoothing) > 0;
  if (!isSmoothed || !stages.some(({ stage }) => stage.losses.some((loss) => loss.kd && isTrained(loss))))
    return;
  findings.add(
    'information',
    'teacher.smoothing',
    ['teacher', 'train', 'label_smoothing'],
    'A teacher trained with label smoothing often teaches worse with kd, even when it is more accurate itself: smoothing erases how alike the classes are (Müller et al. 2019).',
  );
}

/** Whether the term has a weight above 0 at some step. */
function isTrained({ weight }: LossInput): boolean {
  return largestOf(weight) > 0;
}

function usesTheTeacher(loss: LossInput): boolean {
  return criterionNames.some((name) => loss[name] !== undefined && criteriaThatUseTheTeacher.has(name));
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
