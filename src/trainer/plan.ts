import { planArchitecture } from '../experiment/architecture';
import { contentHash } from '../experiment/hash';
import type { ResolvedLoss, ResolvedModel, ResolvedStage } from '../experiment/resolved';
import type { Role } from '../runs/events';
import type { Prepared } from './prepare';
import { stageCost, type PlannedStage } from './progress';
import type { RunContext } from './runContext';
import { samplesPerStep } from './training/stageBatches';

/** One training of a student or its comparison. */
export interface StudentJob {
  role: 'student' | 'scratch';
  seed: number;
}

/** Changes whenever the same file would train other models: kept teachers of older trainers are then not used. */
const trainerRevision = 2;

/** Everything a run will train, in order: the teacher, then for each seed the student and its comparison. */
export function planStages(
  prepared: Pick<Prepared, 'experiment' | 'dataset' | 'split' | 'transferSets'>,
): PlannedStage[] {
  const { experiment, dataset, split, transferSets } = prepared;
  const cost = (model: ResolvedModel) =>
    planArchitecture(model.layers, [dataset.height, dataset.width, dataset.channels], dataset.classes)
      .multiplyAdds;
  const [teacherCost, studentCost] = [cost(experiment.teacher.model), cost(experiment.student.model)];
  const { train } = experiment.teacher;
  const sized = (samples: number, stage: { epochs: number; batch: number; accumulate: number }) => ({
    epochs: stage.epochs,
    batch: samplesPerStep(stage),
    stepsPerEpoch: Math.floor(samples / samplesPerStep(stage)),
  });
  const teacher = sized(split.training.length, train);
  return [
    {
      id: 'teacher',
      role: 'teacher',
      seed: experiment.seeds[0]!,
      name: 'train',
      ...teacher,
      cost: stageCost(teacher, teacherCost, 0),
    },
    ...studentJobs(experiment).flatMap(({ role, seed }) =>
      experiment.distill.map((stage): PlannedStage => {
        const size = sized(transferSets.get(seed)!.length, stage);
        const live = role === 'student' && isLive(stage) ? teacherCost : 0;
        return {
          id: stageId(role, seed, stage),
          role,
          seed,
          name: stage.name,
          ...size,
          cost: stageCost(size, studentCost, live),
        };
      }),
    ),
  ];
}

/** In the order in which they are begun. */
export function studentJobs({
  seeds,
  compare,
}: Pick<RunContext['experiment'], 'seeds' | 'compare'>): StudentJob[] {
  return seeds.flatMap((seed) => (['student', ...compare] as const).map((role) => ({ role, seed })));
}

/** Whether the teacher sees other pixels at every step. */
export function isLive(stage: Pick<ResolvedStage, 'augment'>): boolean {
  return stage.augment.shift > 0;
}

export function stageId(role: Role, seed: number, stage: ResolvedStage): string {
  return `${role}/${seed}/${stage.name}`;
}

/** The comparison learns from the labels alone, with full weight; only the label smoothing of the file stays. */
export function lossesFor(role: 'student' | 'scratch', stage: ResolvedStage): ResolvedLoss[] {
  if (role === 'student') return stage.losses;
  const labelSmoothing = stage.losses.find((loss) => loss.criterion === 'ce')?.labelSmoothing ?? 0;
  return [{ criterion: 'ce', weight: 1, labelSmoothing }];
}

type Hashed = Pick<RunContext, 'experiment' | 'dataset' | 'engine'>;

/** Everything that decides what the teacher becomes. */
export function teacherHash({ experiment, dataset, engine }: Hashed): string {
  const { model, train } = experiment.teacher;
  const { validation } = experiment.data;
  return contentHash({
    trainerRevision,
    engine,
    data: dataset.hash,
    validation,
    model,
    train,
    seed: experiment.seeds[0],
  });
}

/** Everything that decides how a stage of a student ends, the stages before it included. @param last its number from 0. */
export function stageHash(context: Hashed, { role, seed }: StudentJob, last: number): string {
  const { experiment } = context;
  const stages = experiment.distill
    .slice(0, last + 1)
    .map((stage) => ({ ...stage, losses: lossesFor(role, stage) }));
  const teacher =
    role === 'student'
      ? { hash: teacherHash(context), rounded: experiment.teacher.cache === 'float16' }
      : null;
  const { data, student } = experiment;
  return contentHash({
    trainerRevision,
    engine: context.engine,
    hash: context.dataset.hash,
    data,
    student,
    stages,
    teacher,
    seed,
  });
}
