import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appendCommand } from '../../../src/runs/commands';
import type { RunCommand, RunEventBody } from '../../../src/runs/events';
import type { EngineId } from '../../../src/runs/manifest';
import { CommandControl, StopRequested } from '../../../src/trainer/control';
import { measure } from '../../../src/trainer/evaluation/metrics';
import { RunFailure } from '../../../src/trainer/failures';
import type { Model } from '../../../src/trainer/models/model';
import { ProgressMeter } from '../../../src/trainer/progress';
import type { RunContext } from '../../../src/trainer/runContext';
import type { CheckpointPointer } from '../../../src/trainer/training/checkpoints';
import { logitsOf, RepeatedPass } from '../../../src/trainer/training/teacherOutputs';
import { trainRole, type RoleStage } from '../../../src/trainer/training/trainRole';
import { temporaryFolder } from '../../unit/runs/helpers';
import { ce, dataset, hashOf, hidden, listen, newModel, training } from './harness';

const learning = Uint32Array.from({ length: 16 }, (_, i) => i);
const heldOut = Uint32Array.from({ length: 11 }, (_, i) => i + 16);
const labels = dataset.train.labels.slice(16, 27);

let events: RunEventBody[];
let context: RunContext & { control: CommandControl };
beforeEach(() => {
  events = [];
  const directory = temporaryFolder();
  const pass = (samples: typeof dataset.train, indices: Uint32Array) =>
    new RepeatedPass(dataset, samples, indices);
  // What training asks of its run; the experiment itself is not among it.
  context = {
    directory,
    workspace: directory,
    engine: 'wasm' satisfies EngineId,
    resumes: false,
    dataset,
    split: { training: learning, validation: heldOut },
    transferSets: new Map([[1, learning]]),
    validation: pass(dataset.train, heldOut),
    validationLabels: labels,
    testImages: pass(dataset.test, Uint32Array.of(0, 1, 2)),
    takeImages: () => ({}),
    stagePath: () => ['distill'],
    control: new CommandControl(directory),
    progress: new ProgressMeter([], () => undefined),
    emit: (event) => events.push(event),
    settle: () => Promise.resolve(),
  } satisfies Omit<RunContext, 'experiment'> as unknown as typeof context;
});
afterEach(() => {
  context.control.dispose();
  context.validation.dispose();
  context.testImages.dispose();
});

function stage(changes: Partial<RoleStage> = {}): RoleStage {
  return {
    id: 'student/1/distill',
    hash: 'ab',
    name: 'distill',
    source: ['distill'],
    seed: 1,
    training: training({ epochs: 3 }),
    losses: [{ ...ce, weight: 1 }],
    indices: learning,
    teacher: null,
    ...changes,
  };
}

const ask = (command: RunCommand['command']) => appendCommand(context.directory, command, new Date());
const only = <T extends RunEventBody['type']>(type: T) =>
  events.filter((event): event is Extract<RunEventBody, { type: T }> => event.type === type);
const curve = (series: string) =>
  only('metrics').flatMap(({ points }) =>
    points.flatMap((point) => (point.series === series ? [point] : [])),
  );
const pointer = () =>
  JSON.parse(
    fs.readFileSync(path.join(context.directory, 'checkpoints/student-1.json'), 'utf8'),
  ) as CheckpointPointer;
const validationOf = async (model: Model) =>
  measure(await logitsOf(model, dataset, dataset.train, heldOut, listen), labels);

describe('training a role', () => {
  it('tells the run about its stages, curves, checkpoints and the validation at the end', async () => {
    const model = newModel(hidden);
    const second = stage({ id: 'student/1/second', name: 'second', training: training({ epochs: 1 }) });
    const metrics = await trainRole(context, 'student', model, [stage(), second], null);
    expect(metrics).toEqual(await validationOf(model));
    expect(
      only('stage').map(({ stage, state, epochs, stepsPerEpoch }) => [stage, state, epochs, stepsPerEpoch]),
    ).toEqual([
      ['student/1/distill', 'started', 3, 4],
      ['student/1/distill', 'finished', 3, 4],
      ['student/1/second', 'started', 1, 4],
      ['student/1/second', 'finished', 1, 4],
    ]);
    expect(curve('loss').map(({ step }) => step)).toEqual(Array.from({ length: 16 }, (_, i) => i + 1));
    expect(curve('loss.ce')).toHaveLength(16);
    expect(curve('gradient_norm')).toHaveLength(16);
    expect(curve('validation.errors').flatMap(({ step }) => (step % 4 === 0 ? [step] : []))).toEqual([
      4, 8, 12, 16,
    ]);
    const lastCheckpoints = new Map(only('checkpoint').map(({ stage, epoch }) => [stage, epoch]));
    expect([...lastCheckpoints]).toEqual([
      ['student/1/distill', 3],
      ['student/1/second', 1],
    ]);
    const { samples, errors, accuracy, loss, ece } = metrics;
    const evaluation = {
      type: 'evaluation',
      role: 'student',
      seed: 1,
      split: 'validation',
      samples,
      errors,
      accuracy,
      loss,
      ece,
    };
    expect(only('evaluation')).toEqual([evaluation]);
    expect(only('sample').at(-1)).toMatchObject({ role: 'student', seed: 1, epoch: 4 });
  });

  it('measures agreement with the teacher on the validation samples', async () => {
    const model = newModel(hidden);
    const own = { classes: 3, values: new Float32Array(33) };
    labels.forEach((_, row) => (own.values[row * 3 + 1] = 9));
    await trainRole(context, 'student', model, [stage()], own);
    const { values } = await logitsOf(model, dataset, dataset.train, heldOut, listen);
    const alike = [...labels].filter((_, row) => {
      const [a, b, c] = values.subarray(row * 3, row * 3 + 3);
      return b! > a! && b! >= c!;
    }).length;
    expect(only('evaluation')[0]!.agreement).toBeCloseTo(alike / 11, 12);
    expect(curve('validation.agreement').at(-1)!.value).toBeCloseTo(alike / 11, 6);
  });

  it.each(['last', 'best'] as const)('keeps the weights of the %s epoch', async (keep) => {
    const model = newModel(hidden);
    const wild = training({
      epochs: 8,
      keep,
      optimizer: { kind: 'sgd', rate: 2, momentum: 0, nesterov: false, weightDecay: 0 },
    });
    const { errors } = await trainRole(context, 'student', model, [stage({ training: wild })], null);
    const afterEpochs = curve('validation.errors').flatMap(({ step, value }) =>
      step % 4 === 0 ? [Number(value)] : [],
    );
    expect(afterEpochs).toHaveLength(8);
    // Otherwise the two could not be told apart.
    expect(Math.min(...afterEpochs)).toBeLessThan(afterEpochs.at(-1)!);
    expect(errors).toBe(keep === 'best' ? Math.min(...afterEpochs) : afterEpochs.at(-1));
  });

  it('notices that the last step has ruined the weights', async () => {
    const optimizer = { kind: 'sgd', rate: 1e38, momentum: 0, nesterov: false, weightDecay: 0 } as const;
    const oneStep = stage({ training: training({ epochs: 1, batch: 16, optimizer }) });
    const failure: unknown = await trainRole(context, 'student', newModel(hidden), [oneStep], null).catch(
      (e: unknown) => e,
    );
    expect(failure).toBeInstanceOf(RunFailure);
    expect(failure).toMatchObject({ exitCode: 4, code: 'training.diverged' });
    expect(only('checkpoint')).toEqual([]);
  });
});

describe('a request', () => {
  it('to stop after the epoch lets it end, with its checkpoint', async () => {
    ask('stop-after-epoch');
    const model = newModel(hidden);
    await expect(trainRole(context, 'student', model, [stage()], null)).rejects.toThrow(
      new StopRequested('after-epoch'),
    );
    expect(curve('loss')).toHaveLength(4);
    expect(pointer()).toMatchObject({ epoch: 1, step: 4, stage: 'student/1/distill' });
    expect(only('stage').map(({ state }) => state)).toEqual(['started']);
  });

  it('to stop now ends it after the step, with a checkpoint of it', async () => {
    ask('stop-now');
    const model = newModel(hidden);
    const first = await hashOf(model);
    await expect(trainRole(context, 'student', model, [stage()], null)).rejects.toThrow(
      new StopRequested('now'),
    );
    expect(curve('loss')).toHaveLength(1);
    expect(pointer()).toMatchObject({ epoch: 1, step: 1 });
    expect(await hashOf(model)).not.toBe(first);
  });

  it('for a checkpoint is met at once, and training goes on to the same end', async () => {
    const [undisturbed, model] = [newModel(hidden), newModel(hidden)];
    await trainRole(context, 'student', undisturbed, [stage()], null);
    events = [];
    ask('checkpoint');
    context.control.dispose();
    context.control = new CommandControl(context.directory);
    await trainRole(context, 'student', model, [stage()], null);
    expect(only('checkpoint')[0]).toMatchObject({
      epoch: 1,
      path: expect.stringContaining('step-000001') as string,
    });
    expect(await hashOf(model)).toBe(await hashOf(undisturbed));
  });
});

it('writes checkpoints that hold the weights and what the optimiser remembers', async () => {
  const model = newModel(hidden);
  await trainRole(context, 'student', model, [stage()], null);
  const bytes = fs.readFileSync(path.join(context.directory, pointer().path));
  const length = Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Record<
    string,
    { shape: number[]; data_offsets: [number, number] }
  >;
  const shapes = Object.fromEntries(Object.entries(header).map(([name, { shape }]) => [name, shape]));
  const expected = {
    'dense_1/kernel': [24, 5],
    'dense_1/bias': [5],
    'logits/kernel': [5, 3],
    'logits/bias': [3],
  };
  const velocities = Object.entries(expected).map(([name, shape]) => [`optimizer/${name}/velocity`, shape]);
  expect(shapes).toEqual({
    __metadata__: undefined,
    ...expected,
    ...(Object.fromEntries(velocities) as Record<string, number[]>),
    'optimizer/step': [1],
  });
  for (const [name, values] of await model.weights()) {
    const [from, to] = header[name]!.data_offsets;
    const stored = Array.from({ length: (to - from) / 4 }, (_, i) =>
      bytes.readFloatLE(8 + length + from + 4 * i),
    );
    expect(stored, name).toEqual([...values]);
  }
});
