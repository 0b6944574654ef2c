import { describe, expect, it } from 'vitest';
import type { ResolvedLoss, Scheduled } from '../../../src/experiment/resolved';
import { createOptimizer } from '../../../src/trainer/training/optimizers';
import { trainStage, type TeacherAnswers } from '../../../src/trainer/training/trainStage';
import { WeightAverage } from '../../../src/trainer/training/weightAverage';
import { ce, dataset, hidden, indices, kd, newModel, spyOnBatches, train, training } from './harness';

// What accumulation, ways of numbers and averages do inside a stage; each alone is tested beside this file.

const distilled = (temperature: Scheduled): ResolvedLoss => ({ criterion: 'kd', weight: 1, temperature });
const labelled = (labelSmoothing: Scheduled): ResolvedLoss => ({
  criterion: 'ce',
  weight: 1,
  labelSmoothing,
});
const still = { kind: 'sgd', rate: 0, momentum: 0, nesterov: false, weightDecay: 0 } as const;

/** A teacher that has been asked nothing yet. The student that learns from it has other weights. */
function newTeacher(): TeacherAnswers {
  const model = newModel(hidden, 7, 'teacher');
  return { forBatch: ({ pixels }) => model.predict(pixels) };
}

describe('accumulation', () => {
  it('of two batches is one batch of both', async () => {
    const losses = [kd, ce];
    const whole = newModel(hidden);
    const parts = newModel(hidden);
    const settings = { losses, teacher: newTeacher(), epochs: 4, clipNorm: 0.05 };
    const expected = await train(whole, { ...settings, batch: 8 });
    const actual = await train(parts, { ...settings, batch: 4, accumulate: 2 });

    expect(actual.steps).toHaveLength(12); // 26 samples are three steps of eight in each of four epochs
    actual.steps.forEach(({ rate, loss, terms, gradientNorm }, i) => {
      expect(rate).toBe(expected.steps[i]!.rate);
      expect(loss).toBeCloseTo(expected.steps[i]!.loss, 5);
      terms.forEach((term, k) => expect(term).toBeCloseTo(expected.steps[i]!.terms[k]!, 5));
      expect(gradientNorm).toBeCloseTo(expected.steps[i]!.gradientNorm!, 5);
    });
    const weights = await parts.weights();
    for (const [name, values] of await whole.weights())
      values.forEach((value, i) => expect(weights.get(name)![i]).toBeCloseTo(value, 5));
  });

  it('asks the teacher batch by batch', async () => {
    const teacher = newTeacher();
    const seen = spyOnBatches(teacher);
    await train(newModel(hidden), { losses: [kd], teacher, epochs: 1, batch: 4, accumulate: 3 });
    expect(seen.map(({ length }) => length)).toEqual([4, 4, 4, 4, 4, 4]);
    expect(new Set(seen.flat()).size).toBe(24);
  });
});

describe('ways of numbers', () => {
  // One step an epoch over all samples with weights that stay: only what the way changes can change.
  const settings = { optimizer: still, batch: indices.length, epochs: 3 };

  it('set the temperature of every step', async () => {
    const teacher = newTeacher();
    const termsOf = async (loss: ResolvedLoss) =>
      (await train(newModel(hidden), { ...settings, losses: [loss], teacher })).steps.map(
        ({ terms }) => terms[0]!,
      );
    const actual = await termsOf(distilled({ from: 8, to: 2, how: 'exponential' }));
    for (const [step, temperature] of [8, 4, 2].entries())
      expect(actual[step]).toBeCloseTo((await termsOf(distilled(temperature)))[0]!, 6);
    expect(actual[0]).not.toBeCloseTo(actual[2]!, 3);
  });

  it('set the weight of every step, and a weight of 0 leaves the term out', async () => {
    const weight = { from: 1, to: 0, how: 'linear' } as const;
    const losses = [
      { ...ce, weight },
      { ...kd, weight: 0.25 },
    ];
    const { steps } = await train(newModel(hidden), { ...settings, losses, teacher: newTeacher() });
    for (const [step, share] of [1, 0.5, 0].entries()) {
      const { loss, terms } = steps[step]!;
      expect(loss).toBeCloseTo(share * terms[0]! + 0.25 * terms[1]!, 6);
    }
  });

  it('set the label smoothing of every step', async () => {
    const labelSmoothing = { from: 0, to: 0.5, how: 'linear' } as const;
    const run = async (loss: ResolvedLoss) =>
      (await train(newModel(hidden), { ...settings, losses: [loss] })).steps.map(({ terms }) => terms[0]!);
    const actual = await run(labelled(labelSmoothing));
    const [none] = await run(labelled(0));
    const [half] = await run(labelled(0.5));
    // Cross-entropy is linear in the target.
    [none!, (none! + half!) / 2, half!].forEach((term, step) => expect(actual[step]).toBeCloseTo(term, 5));
  });

  it('set the learning rate of every step', async () => {
    const rate = { from: 0.4, to: 0.1, how: 'linear', until: 1 } as const;
    const { steps } = await train(newModel(hidden), {
      optimizer: { ...still, rate },
      schedule: { kind: 'constant', warmup: 0 },
      batch: 6,
      epochs: 2,
    });
    [0.4, 0.3, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1].forEach((expected, step) =>
      expect(steps[step]!.rate).toBeCloseTo(expected, 12),
    );
  });
});

it('the average takes in the weights of every step', async () => {
  const model = newModel(hidden);
  const task = {
    name: 'distill',
    source: ['distill'],
    seed: 1,
    losses: [ce],
    teacher: null,
    indices,
    training: training(),
  };
  const optimizer = createOptimizer(task.training.optimizer);
  const average = new WeightAverage(model.named(), 0.6);
  const kernel = async () => [...(await model.weights()).get('dense_1/kernel')!];
  const start = await kernel();
  let expected = start;
  let steps = 0;
  await trainStage(model, dataset, task, optimizer, average, {
    wantsGradientNorm: () => false,
    onEpoch: () => Promise.resolve('continue'),
    onStep: async () => {
      const decay = Math.min(0.6, (1 + steps) / (10 + steps));
      const now = await kernel();
      expected = expected.map((value, i) => decay * value + (1 - decay) * now[i]!);
      steps++;
      return 'continue';
    },
  });
  expect(steps).toBe(18);
  const averaged = (await average.slots()).get('dense_1/kernel')!;
  expected.forEach((value, i) => expect(averaged[i]).toBeCloseTo(value, 6));
  expect(averaged[0]).not.toBeCloseTo((await kernel())[0]!, 4);
  average.dispose();
  optimizer.dispose();
});
