import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { RunFailure } from '../../../src/trainer/failures';
import { askedOnce, liveTeacher } from '../../../src/trainer/training/teacherOutputs';
import type { StageObserver } from '../../../src/trainer/training/trainStage';
import {
  ce,
  dataset,
  hashOf,
  hidden,
  indices,
  kd,
  listen,
  logitMse,
  newModel,
  spyOnBatches,
  train,
  withState,
  type Options,
} from './harness';

describe('a stage', () => {
  it('has whole batches, counts its steps from 1 and follows its schedule', async () => {
    const epochs: number[] = [];
    const observer: Partial<StageObserver> = {
      onEpoch: (epoch) => {
        epochs.push(epoch);
        return Promise.resolve('continue');
      },
    };
    const { steps, outcome } = await train(newModel(hidden), { observer });
    expect(outcome).toBe('finished');
    expect(epochs).toEqual([1, 2, 3]);
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 18 }, (_, i) => i + 1));
    steps.forEach(({ rate }, i) => expect(rate).toBeCloseTo(0.1 * (1 - i / 18), 12));
  });

  it('learns', async () => {
    const { steps } = await train(newModel(hidden), { epochs: 20 });
    expect(steps.at(-1)!.loss).toBeLessThan(0.5 * steps[0]!.loss);
  });

  it('gives the same weights to the bit whenever it is repeated, and others with another seed or name', async () => {
    const outcome = async (options: Options) => {
      const model = newModel(withState);
      const { steps } = await train(model, { augment: { shift: 1 }, ...options });
      return `${steps.map(({ loss }) => loss).join()} ${await hashOf(model)}`;
    };
    const first = await outcome({ seed: 1 });
    expect(await outcome({ seed: 1 })).toBe(first);
    expect(await outcome({ seed: 2 })).not.toBe(first);
    expect(await outcome({ seed: 1, name: 'second' })).not.toBe(first);
  });

  it('takes the step that the gradient says', async () => {
    // Only the layer of logits: the gradient of its bias is the mean of p − y, and that of its kernel the mean of x·(p − y).
    const model = newModel([]);
    const teacher = liveTeacher(newModel(hidden, 2, 'teacher'));
    const batches = spyOnBatches(teacher);
    const before = await model.weights();
    await train(model, {
      teacher,
      losses: [
        { ...ce, weight: 2 },
        { ...kd, weight: 0 },
      ],
      optimizer: { kind: 'sgd', rate: 0.5, momentum: 0, nesterov: false, weightDecay: 0 },
      observer: { onStep: () => Promise.resolve('stop') },
    });
    const after = await model.weights();
    const [kernel, bias] = [before.get('logits/kernel')!, before.get('logits/bias')!];
    const kernelGradient = new Float64Array(kernel.length);
    const biasGradient = new Float64Array(3);
    for (const index of batches[0]!) {
      const x = Array.from(dataset.train.pixels.subarray(index * 24, (index + 1) * 24), (byte) => byte / 255);
      const z = [0, 1, 2].map((c) => x.reduce((sum, value, i) => sum + value * kernel[i * 3 + c]!, bias[c]!));
      const total = z.reduce((sum, value) => sum + Math.exp(value), 0);
      for (let c = 0; c < 3; c++) {
        const difference = (Math.exp(z[c]!) / total - (dataset.train.labels[index] === c ? 1 : 0)) / 4;
        biasGradient[c]! += difference;
        x.forEach((value, i) => (kernelGradient[i * 3 + c]! += value * difference));
      }
    }
    // A rate of 0.5 times a weight of 2.
    after
      .get('logits/bias')!
      .forEach((value, c) => expect(value).toBeCloseTo(bias[c]! - biasGradient[c]!, 5));
    after
      .get('logits/kernel')!
      .forEach((value, i) => expect(value).toBeCloseTo(kernel[i]! - kernelGradient[i]!, 5));
  });

  it('sees no sample twice in an epoch, and a comparison sees the same samples in the same order', async () => {
    const teacher = liveTeacher(newModel(hidden, 2, 'teacher'));
    const seen = spyOnBatches(teacher);
    await train(newModel(hidden), { teacher, losses: [kd, ce] });
    await train(newModel(withState), { teacher, losses: [logitMse] });
    expect(seen.slice(0, 18)).toEqual(seen.slice(18, 36));
    await train(newModel(hidden), { teacher, losses: [kd], name: 'second' });
    await train(newModel(hidden), { teacher, losses: [kd], seed: 2 });
    expect(new Set([0, 36, 54].map((start) => String(seen.slice(start, start + 18)))).size).toBe(3);
    for (const epoch of [0, 6, 12]) {
      const samples = seen.slice(epoch, epoch + 6).flat();
      expect(samples).toHaveLength(24);
      expect(new Set(samples).size).toBe(24);
      expect(samples.every((index) => indices.includes(index))).toBe(true);
    }
    expect(seen.slice(0, 6)).not.toEqual(seen.slice(6, 12));
  });

  it('stops after the step, or after the epoch, when it is told to', async () => {
    const stop = () => Promise.resolve('stop' as const);
    const atStep = await train(newModel(hidden), {
      observer: { onStep: ({ step }) => Promise.resolve(step === 8 ? 'stop' : 'continue') },
    });
    expect([atStep.outcome, atStep.steps.length]).toEqual(['stopped', 8]);
    const atEpoch = await train(newModel(hidden), { observer: { onEpoch: stop } });
    expect([atEpoch.outcome, atEpoch.steps.length]).toEqual(['stopped', 6]);
    const atEnd = await train(newModel(hidden), { epochs: 1, observer: { onEpoch: stop } });
    expect([atEnd.outcome, atEnd.steps.length]).toEqual(['finished', 6]);
  });

  it('tells the norm of the gradient where it is asked, before clipping it', async () => {
    const optimizer = { kind: 'sgd', rate: 1, momentum: 0, nesterov: false, weightDecay: 0 } as const;
    const moved = async (options: Options) => {
      const model = newModel(hidden);
      const before = await model.weights();
      const { steps } = await train(model, {
        optimizer,
        observer: { onStep: () => Promise.resolve('stop') },
        ...options,
      });
      const after = await model.weights();
      const squares = [...after].flatMap(([name, values]) =>
        [...values].map((value, i) => (value - before.get(name)![i]!) ** 2),
      );
      return { norm: steps[0]!.gradientNorm, distance: Math.sqrt(squares.reduce((a, b) => a + b)) };
    };
    const stop = () => Promise.resolve('stop' as const);
    const asked = await moved({ observer: { onStep: stop, wantsGradientNorm: (step) => step === 1 } });
    expect(asked.norm).toBeCloseTo(asked.distance, 5);
    expect((await moved({})).norm).toBeNull();
    const clipped = await moved({ clipNorm: 0.01 });
    expect(clipped.norm).toBeCloseTo(asked.distance, 5);
    expect(clipped.distance).toBeCloseTo(0.01, 5);
  });

  it('leaves no tensors behind in 50 steps, with every criterion', async () => {
    const teacher = liveTeacher(newModel(withState, 2, 'teacher'));
    const counts: number[] = [];
    await train(newModel(withState), {
      teacher,
      losses: [kd, ce, logitMse, { ...kd, weight: 0 }],
      clipNorm: 1,
      augment: { shift: 1 },
      optimizer: { kind: 'adam', rate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 },
      epochs: 9,
      observer: {
        wantsGradientNorm: () => true,
        onStep: () => {
          counts.push(tf.memory().numTensors);
          return Promise.resolve('continue');
        },
      },
    });
    expect(counts).toHaveLength(54);
    expect(new Set(counts).size).toBe(1);
  });
});

describe('the terms of a loss', () => {
  it('are told without their weights, and the loss is their weighted sum', async () => {
    const teacher = await askedOnce(newModel(hidden, 2, 'teacher'), dataset, indices, listen);
    const { steps } = await train(newModel(hidden), { teacher, losses: [kd, ce, logitMse] });
    for (const { loss, terms } of steps)
      expect(loss).toBeCloseTo(0.9 * terms[0]! + 0.1 * terms[1]! + 0.5 * terms[2]!, 5);
    // The first batch, alone: weights do not change what a term is.
    for (const weight of [1, 7]) {
      const { steps: others } = await train(newModel(hidden), { teacher, losses: [{ ...kd, weight }] });
      expect(others[0]!.terms[0]).toBe(steps[0]!.terms[0]);
    }
  });

  it('are computed and do not train where their weight is 0', async () => {
    const teacher = liveTeacher(newModel(hidden, 2, 'teacher'));
    const [without, beside] = [newModel(hidden), newModel(hidden)];
    await train(without, { losses: [ce] });
    const { steps } = await train(beside, { teacher, losses: [{ ...kd, weight: 0 }, ce] });
    expect(await hashOf(beside)).toBe(await hashOf(without));
    for (const { terms } of steps) expect(terms[0]).toBeGreaterThan(0);
  });

  it('do no harm where their weight is 0 and their value is infinite', async () => {
    const wild = newModel([], 2, 'teacher');
    wild.setWeights(
      new Map([
        ['logits/kernel', new Float32Array(72)],
        ['logits/bias', Float32Array.of(1e30, 0, 0)],
      ]),
    );
    const [without, beside] = [newModel(hidden), newModel(hidden)];
    await train(without, { losses: [ce] });
    const { steps } = await train(beside, {
      teacher: liveTeacher(wild),
      losses: [ce, { ...logitMse, weight: 0 }],
    });
    expect(steps[0]!.terms[1]).toBe(Infinity);
    expect(await hashOf(beside)).toBe(await hashOf(without));
  });
});

describe('divergence', () => {
  it('ends the run with what to do about it, and leaves no tensors behind', async () => {
    const optimizer = { kind: 'sgd', rate: 1e30, momentum: 0, nesterov: false, weightDecay: 0 } as const;
    const failure: unknown = await train(newModel(hidden), { optimizer }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RunFailure);
    expect(failure).toMatchObject({
      exitCode: 4,
      code: 'training.diverged',
      path: ['distill', 'optimizer', 'sgd', 'rate'],
    });
    expect((failure as RunFailure).message).toMatch(
      /^The loss became (not a number|infinite): training diverged\. Lower the learning rate of sgd \(it is 1e\+30\), or add clip_norm: 1\.$/,
    );
  });
});
