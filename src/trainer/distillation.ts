import path from 'node:path';
import { compare } from '../experiment/expectations';
import type { Role } from '../runs/events';
import { runFiles } from '../runs/paths';
import { measure, type Logits } from './evaluation/metrics';
import { exitCodes, RunFailure } from './failures';
import { buildModel } from './models/buildModel';
import type { Model } from './models/model';
import { loadWeights, saveModel } from './models/saveModel';
import { lossesFor, stageHash, stageId, teacherHash, type StudentJob } from './plan';
import type { RunContext } from './runContext';
import { rowsOf } from './testImages';
import type { Teaching } from './teaching';
import type { CachedTeacher } from './training/teacherCache';
import { keepTeacher, reuseTeacher } from './training/teacherStore';
import { trainRole, type RoleStage } from './training/trainRole';
import { stepsPerEpoch } from './training/stageBatches';

/** A model that has been trained and saved in the run directory. */
export interface TrainedModel {
  role: Role;
  seed: number;
  /** On disk. */
  bytes: number;
}

/** Trains the teacher, or takes the one that was trained before. @throws {RunFailure} when it misses `require`. */
export async function obtainTeacher(context: RunContext): Promise<{ trained: TrainedModel; model: Model }> {
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
    // A run that is resumed has trained it before, so it counts as done; in another it is no work at all.
    if (context.resumes) {
      context.progress.begin(stage.id);
      context.progress.end(stage.id);
    } else context.progress.skip(stage.id);
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
  return { trained: { role: 'teacher', seed, bytes: await save(context, 'teacher', seed, model) }, model };
}

/** Trains a student, or its comparison, through all stages, and saves it. */
export async function trainStudent(
  context: RunContext,
  job: StudentJob,
  teaching: Teaching,
): Promise<TrainedModel> {
  const { experiment } = context;
  const { role, seed } = job;
  const model = newModel(context, role, seed);
  const outputs: CachedTeacher[] = [];
  try {
    const stages: RoleStage[] = [];
    for (const [index, stage] of experiment.distill.entries()) {
      const answers = role === 'student' ? await teaching.answersFor(index, seed) : null;
      if (answers) outputs.push(answers);
      stages.push({
        id: stageId(role, seed, stage),
        name: stage.name,
        source: context.stagePath(index),
        hash: stageHash(context, job, index),
        seed,
        training: stage,
        losses: lossesFor(role, stage),
        indices: context.transferSets.get(seed)!,
        teacher: answers,
      });
    }
    await trainRole(context, role, model, stages, teaching.onValidation);
    return { role, seed, bytes: await save(context, role, seed, model) };
  } finally {
    for (const answers of outputs) answers.close();
    model.dispose();
  }
}

/** A model as it was saved; the caller disposes it. */
export function openTrained(context: RunContext, { role, seed }: TrainedModel): Model {
  const model = newModel(context, role, seed);
  model.setWeights(loadWeights(savedIn(context, role, seed)));
  return model;
}

/** Student and scratch begin with the same weights: their difference is what the teacher did. */
export function newModel({ experiment, dataset }: RunContext, role: Role, seed: number): Model {
  const { layers } = role === 'teacher' ? experiment.teacher.model : experiment.student.model;
  const { height, width, channels, classes } = dataset;
  const name = role === 'teacher' ? 'teacher' : 'student';
  return buildModel(layers, { inputShape: [height, width, channels], classes, seed, name });
}

/** Writes the trained model where people find it, in the format that TensorFlow.js reads. @returns bytes on disk */
function save(context: RunContext, role: Role, seed: number, model: Model): Promise<number> {
  return saveModel(model, savedIn(context, role, seed));
}

export function savedIn({ directory }: RunContext, role: Role, seed: number): string {
  return path.join(directory, runFiles.models, role === 'teacher' ? role : `${role}-seed-${seed}`);
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
