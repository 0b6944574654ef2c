import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MetricPoint, RunEventBody } from '../../../src/runs/events';
import { RunControl, StopRequested } from '../../../src/trainer/control';
import { ProgressMeter } from '../../../src/trainer/progress';
import type { RunContext } from '../../../src/trainer/runContext';
import { liveTeacher, RepeatedPass } from '../../../src/trainer/training/teacherOutputs';
import { trainRole, type RoleStage } from '../../../src/trainer/training/trainRole';
import { temporaryFolder } from '../../unit/runs/helpers';
import { ce, dataset, hashOf, hidden, kd, newModel, training, withState } from './harness';

const learning = Uint32Array.from({ length: 16 }, (_, i) => i);
const heldOut = Uint32Array.from({ length: 11 }, (_, i) => i + 16);

let context: RunContext;
let events: RunEventBody[];
beforeEach(() => {
  events = [];
  const directory = temporaryFolder();
  // What training asks of its run; the experiment itself is not among it.
  context = {
    directory,
    workspace: directory,
    engine: 'wasm' as const,
    resumes: false,
    dataset,
    split: { training: learning, validation: heldOut },
    transferSets: new Map([[1, learning]]),
    validation: new RepeatedPass(dataset, dataset.train, heldOut),
    validationLabels: dataset.train.labels.slice(16, 27),
    testImages: new RepeatedPass(dataset, dataset.test, Uint32Array.of(0, 1, 2)),
    takeImages: () => ({}),
    stagePath: () => ['distill'],
    control: new RunControl(),
    progress: new ProgressMeter([], () => undefined),
    emit: (event: RunEventBody) => events.push(event),
    settle: () => Promise.resolve(),
  } satisfies Omit<RunContext, 'experiment'> as unknown as RunContext;
});
afterEach(() => {
  context.validation.dispose();
  context.testImages.dispose();
});

/** Two stages that use everything that remembers something. */
function stages(): RoleStage[] {
  const teacher = liveTeacher(newModel(hidden, 2, 'teacher'));
  const stage = { source: ['distill'], seed: 1, indices: learning, teacher };
  return [
    {
      ...stage,
      id: 'student/1/moved',
      name: 'moved',
      hash: 'a1',
      losses: [{ criterion: 'kd', weight: 0.9, temperature: { from: 4, to: 1, how: 'linear' } }, ce],
      training: training({
        epochs: 6,
        batch: 2,
        accumulate: 2,
        augment: { shift: 1 },
        ema: { decay: 0.8 },
        earlyStop: { patience: 2, metric: 'loss', minDelta: 0.01 },
        keep: 'best',
        clipNorm: 1,
        optimizer: {
          kind: 'adamw',
          rate: { from: 0.1, to: 0.01, how: 'cosine' },
          beta1: 0.9,
          beta2: 0.99,
          epsilon: 1e-8,
          weightDecay: 0.1,
        },
        schedule: { kind: 'constant', warmup: 0 },
      }),
    },
    {
      ...stage,
      id: 'student/1/second',
      name: 'second',
      hash: 'b2',
      losses: [kd, ce],
      training: training({ epochs: 2, keep: 'best' }),
    },
  ];
}

const pointsOf = () => events.flatMap((event) => (event.type === 'metrics' ? event.points : []));
const keyOf = ({ series, step }: MetricPoint) => `${series}/${step}`;
const curves = () =>
  Object.fromEntries(pointsOf().map((point) => [keyOf(point), [point.epoch, point.value]]));
const problems = () => events.filter(({ type }) => type === 'problem');

/** Trains in as many attempts as there are stops, each of them with a new model; returns the hash of the last. */
async function train(stops: number[]): Promise<{ hash: string; steps: number }> {
  let steps = 0;
  const progress = { skip: () => undefined, begin: () => undefined, end: () => undefined };
  for (const stop of [...stops, Infinity]) {
    const control = new RunControl();
    const step = () => {
      steps++;
      if (steps === stop) control.ask('stop-now');
    };
    const model = newModel(withState);
    const attempt = { ...context, control, progress: { ...progress, step }, resumes: stop !== stops[0] };
    try {
      await trainRole(attempt, 'student', model, stages(), null);
      return { hash: await hashOf(model), steps };
    } catch (error) {
      if (!(error instanceof StopRequested)) throw error;
    }
  }
  throw new Error('It never came to its end.');
}

describe('training that is resumed', () => {
  it('ends with the same bits and draws the same curves, wherever it was stopped', async () => {
    const whole = await train([]);
    const expected = curves();
    expect(events.filter((event) => event.type === 'stage').map((event) => event.ended)).toContain('early');
    expect(whole.steps).toBeGreaterThan(20);
    for (let stop = 1; stop <= whole.steps; stop += 3) {
      events = [];
      const { hash, steps } = await train([stop]);
      // No step is done twice: the checkpoint is of the very step after which it stopped.
      expect([stop, hash, steps]).toEqual([stop, whole.hash, whole.steps]);
      expect(curves()).toEqual(expected);
      expect(problems()).toEqual([]);
      expect(pointsOf()).toHaveLength(Object.keys(expected).length);
    }
  });

  it('may be stopped again and again', async () => {
    const whole = await train([]);
    events = [];
    expect(await train([1, 2, 5, 9, 10, 16, 17])).toEqual(whole);
    expect(events.filter((event) => event.type === 'stage').map(({ state }) => state)).toContain('resumed');
  });

  it('begins anew, and says so, when its checkpoint belongs to another experiment', async () => {
    const whole = await train([]);
    events = [];
    const [first, second] = stages();
    const model = newModel(withState);
    const other = { ...context, resumes: true };
    await trainRole(other, 'student', model, [first!, { ...second!, hash: 'c3' }], null);
    expect(problems()).toMatchObject([{ severity: 'warning', code: 'checkpoint.unusable' }]);
    expect(await hashOf(model)).toBe(whole.hash);
  });
});
