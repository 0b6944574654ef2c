import path from 'node:path';
import { compare } from '../experiment/expectations';
import { contentHash } from '../experiment/hash';
import type { ResolvedLoss, ResolvedStage } from '../experiment/resolved';
import type { Role } from '../runs/events';
import { runFiles } from '../runs/paths';
import { planArchitecture } from '../experiment/architecture';
import { measure, type Logits } from './evaluation/metrics';
import { exitCodes, RunFailure } from './failures';
import { buildModel } from './models/buildModel';
import type { Model } from './models/model';
import { saveModel } from './models/saveModel';
import { stageCost, type PlannedStage } from './progress';
import type { RunContext } from './runContext';
import { rowsOf } from './testImages';
import { TeacherOutputs } from './training/teacherOutputs';
import { keepTeacher, reuseTeacher } from './training/teacherStore';
import { trainRole, type RoleStage } from './training/trainRole';
import { stepsPerEpoch } from './training/trainStage';

/** A model that has been trained and saved. */
export interface TrainedModel {
  role: Role;
  seed: number;
  model: Model;
  bytes: number;
}

/** Changes whenever the same file would train a different teacher: kept teachers of older trainers are then not used. */
const trainerRevision = 1;

/** Everything a run will train, in order: the teacher, then for each seed the student and its comparison. */
export function planStages(context: Omit<RunContext, 'progress'>): PlannedStage[] {
  const { experiment, dataset, split, transferSets } = context;
  const cost = (model: typeof experiment.student.model) =>
    planArchitecture(model.layers, [dataset.height, dataset.width, dataset.channels], dataset.classes)
      .multiplyAdds;
  const [teacherCost, studentCost] = [cost(experiment.teacher.model), cost(experiment.student.model)];
  const { train } = experiment.teacher;
  const sized = (samples: number, stage: { epochs: number; batch: number }) => ({
    epochs: stage.epochs,
    batch: stage.batch,
    stepsPerEpoch: Math.floor(samples / stage.batch),
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
    ...experiment.seeds.flatMap((seed) =>
      studentRoles(context).flatMap((role) =>
        experiment.distill.map((stage): PlannedStage => {
          const size = sized(transferSets.get(seed)!.length, stage);
          const live = role === 'student' && stage.augment.shift > 0 ? teacherCost : 0;
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
    ),
  ];
}

/** Trains the teacher, or takes the one that was trained before. @throws {RunFailure} when it misses `require`. */
export async function obtainTeacher(context: RunContext): Promise<TrainedModel> {
  const { experiment } = context;
  const { train, require } = experiment.teacher;
  const seed = experiment.seeds[0]!;
  const model = newModel(context, 'teacher', seed);
  const hash = teacherHash(context);
  const stage: RoleStage = {
    id: 'teacher',
    name: 'train',
    source: ['teacher', 'train'],
    hash,
    seed,
    training: train,
    losses: [{ criterion: 'ce', weight: 1, labelSmoothing: train.labelSmoothing }],
    indices: context.split.training,
    teacher: null,
  };
  const found = reuseTeacher(context.workspace, hash, model);
  if (typeof found === 'object')
    context.emit({
      type: 'problem',
      severity: 'warning',
      code: 'teacher.stored.damaged',
      message: `The teacher that was trained before cannot be used (${found.damaged}), so it is trained again.`,
    });
  let metrics;
  if (found === 'used') {
    context.emit({
      type: 'stage',
      stage: stage.id,
      role: 'teacher',
      seed,
      name: stage.name,
      state: 'reused',
      hash,
      epochs: train.epochs,
      stepsPerEpoch: stepsPerEpoch(stage),
    });
    context.progress.skip(stage.id);
    metrics = await evaluateReused(context, model, seed);
  } else {
    metrics = await trainRole(context, 'teacher', model, [stage], null);
    await keepTeacher(context.workspace, hash, model);
  }
  if (require && !compare(metrics[require.metric], require.comparator, require.value))
    throw new RunFailure(
      exitCodes.expectationFailed,
      'teacher.require',
      `The teacher does not reach what is required of it: "${require.text}", but on ${metrics.samples} validation samples it has ${require.metric} ${Number(metrics[require.metric].toPrecision(5))}. No student was trained. Train it longer, make it larger, or ask for less.`,
      ['teacher', 'require'],
    );
  return { role: 'teacher', seed, model, bytes: await save(context, 'teacher', seed, model) };
}

/** Trains the student and its comparison for every seed. */
export async function trainStudents(context: RunContext, teacher: TrainedModel): Promise<TrainedModel[]> {
  const { experiment } = context;
  const onValidation = await context.validation.logits(teacher.model, context.control.listenOrStop);
  const outputsFor = await askTeacher(context, teacher.model);
  const trained: TrainedModel[] = [];
  for (const seed of experiment.seeds) {
    const indices = context.transferSets.get(seed)!;
    for (const role of studentRoles(context)) {
      const model = newModel(context, role, seed);
      const stages: RoleStage[] = [];
      for (const stage of experiment.distill)
        stages.push({
          id: stageId(role, seed, stage),
          name: stage.name,
          source: context.stagePath(stages.length),
          hash: stageHash(context, role, seed, stages.length),
          seed,
          training: stage,
          losses: lossesFor(role, stage),
          indices,
          teacher: role === 'student' ? outputsFor(stage) : null,
        });
      await trainRole(context, role, model, stages, onValidation);
      const bytes = await save(context, role, seed, model);
      trained.push({ role, seed, model, bytes });
    }
  }
  return trained;
}

/** The comparison learns from the labels alone, with full weight; only the label smoothing of the file stays. */
export function lossesFor(role: 'student' | 'scratch', stage: ResolvedStage): ResolvedLoss[] {
  if (role === 'student') return stage.losses;
  const labelSmoothing = stage.losses.find((loss) => loss.criterion === 'ce')?.labelSmoothing ?? 0;
  return [{ criterion: 'ce', weight: 1, labelSmoothing }];
}

function studentRoles({ experiment }: Pick<RunContext, 'experiment'>): ('student' | 'scratch')[] {
  return ['student', ...experiment.compare];
}

function stageId(role: Role, seed: number, stage: ResolvedStage): string {
  return `${role}/${seed}/${stage.name}`;
}

/** Student and scratch begin with the same weights: their difference is what the teacher did. */
function newModel({ experiment, dataset }: RunContext, role: Role, seed: number): Model {
  const { layers } = role === 'teacher' ? experiment.teacher.model : experiment.student.model;
  const { height, width, channels, classes } = dataset;
  const name = role === 'teacher' ? 'teacher' : 'student';
  return buildModel(layers, { inputShape: [height, width, channels], classes, seed, name });
}

/**
 * Asks the teacher once about every sample that reaches a student with any seed, for all stages that do not move images.
 *
 * @returns what a stage is given of the teacher
 */
async function askTeacher(
  { experiment, dataset, transferSets, control }: RunContext,
  teacher: Model,
): Promise<(stage: ResolvedStage) => TeacherOutputs> {
  const live = TeacherOutputs.live(teacher);
  const isLive = (stage: ResolvedStage) => stage.augment.shift > 0;
  if (experiment.distill.every(isLive)) return () => live;
  const samples = new Set([...transferSets.values()].flatMap((indices) => [...indices]));
  const indices = Uint32Array.from(samples).sort();
  const cached = await TeacherOutputs.cachedFor(teacher, dataset, indices, control.listenOrStop);
  return (stage) => (isLive(stage) ? live : cached);
}

/** Writes the trained model where people find it, in the format that TensorFlow.js reads. @returns bytes on disk */
function save(context: RunContext, role: Role, seed: number, model: Model): Promise<number> {
  return saveModel(
    model,
    path.join(context.directory, runFiles.models, role === 'teacher' ? role : `${role}-seed-${seed}`),
  );
}

function teacherHash({ experiment, dataset, engine }: RunContext): string {
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

/** Everything that decides how a stage of a student ends, the stages before it included. */
function stageHash(context: RunContext, role: 'student' | 'scratch', seed: number, last: number): string {
  const { experiment } = context;
  const stages = experiment.distill
    .slice(0, last + 1)
    .map((stage) => ({ ...stage, losses: lossesFor(role, stage) }));
  const teacher = role === 'student' ? teacherHash(context) : null;
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

async function evaluateReused(context: RunContext, model: Model, seed: number) {
  const listen = context.control.listenOrStop;
  const metrics = measure(await context.validation.logits(model, listen), context.validationLabels);
  context.emit({ type: 'evaluation', role: 'teacher', seed, split: 'validation', ...metrics });
  const logits: Logits = await context.testImages.logits(model, listen);
  const { epochs } = context.experiment.teacher.train;
  context.emit({
    type: 'sample',
    role: 'teacher',
    seed,
    epoch: epochs,
    logits: rowsOf(logits),
    ...context.takeImages(),
  });
  return metrics;
}
