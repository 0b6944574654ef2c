import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEngine, type WantedEngine } from '../../../src/trainer/engine/engine';
import { WeightAverage } from '../../../src/trainer/training/weightAverage';

// The plain engine hands out the very memory of a variable, so a test can write into it, as a kernel may.
describe.each<WantedEngine>(['wasm', 'cpu'])('the average of weights on %s', (engine) => {
  let weight: tf.Variable;
  let bias: tf.Variable;
  let before: number;

  beforeEach(async () => {
    await openEngine(engine, { searchFrom: [] });
    before = tf.memory().numTensors;
    weight = tf.tidy(() => tf.variable(tf.tensor2d([[0, 100]])));
    bias = tf.tidy(() => tf.variable(tf.scalar(-1)));
  });
  afterEach(() => {
    tf.dispose([weight, bias]);
    expect(tf.memory().numTensors).toBe(before);
  });

  const variables = () => [
    { name: 'dense_1/kernel', variable: weight },
    { name: 'dense_1/bias', variable: bias },
  ];
  const set = (...values: [number, number]) => tf.tidy(() => weight.assign(tf.tensor2d([values])));

  it('goes through numbers computed by hand', async () => {
    const average = new WeightAverage(variables(), 0.999);
    const seen: number[][] = [];
    for (const values of [
      [10, 90],
      [20, 79],
      [30, 68],
    ] as [number, number][]) {
      set(...values);
      average.update();
      seen.push([...(await average.slots()).get('dense_1/kernel')!]);
    }
    // d is 1/10, 2/11 and 3/12: 0.1·0 + 0.9·10; (2·9 + 9·20)/11; (18 + 3·30)/4, and the same from 100.
    [
      [9, 91],
      [18, (2 * 91 + 9 * 79) / 11],
      [27, ((2 * 91 + 9 * 79) / 11 + 3 * 68) / 4],
    ].forEach((expected, step) =>
      expected.forEach((value, i) => expect(seen[step]![i]).toBeCloseTo(value, 4)),
    );
    average.dispose();
  });

  it('takes the decay of the file once the start is over', async () => {
    const average = new WeightAverage(variables(), 0.15);
    for (const value of [10, 20, 30]) {
      set(value, 0);
      average.update();
    }
    // d is 1/10, then 0.15: 9; 0.15·9 + 0.85·20 = 18.35; 0.15·18.35 + 0.85·30.
    expect((await average.slots()).get('dense_1/kernel')![0]).toBeCloseTo(28.2525, 4);
    average.dispose();
  });

  it('stands in the model between swapIn and swapOut, and the weights come back bit for bit', () => {
    const average = new WeightAverage(variables(), 0.5);
    set(0.1, 1 / 3);
    average.update();
    const trained = [...weight.dataSync()];
    average.swapIn();
    expect(weight.dataSync()[0]).toBeCloseTo(0.09, 6);
    expect(bias.dataSync()[0]).toBe(-1);
    average.swapOut();
    expect([...weight.dataSync()]).toEqual(trained);
    average.dispose();
  });

  it('does not change when the weights are written in place', async () => {
    const average = new WeightAverage(variables(), 0.5);
    weight.dataSync()[0] = 77;
    expect([...(await average.slots()).get('dense_1/kernel')!]).toEqual([0, 100]);
    average.dispose();
  });

  it('goes on after a restore to the very same bits', async () => {
    const values = (step: number): [number, number] => [Math.sin(step), 1 / (step + 3)];
    const average = new WeightAverage(variables(), 0.9);
    for (let step = 0; step < 20; step++) {
      set(...values(step));
      average.update();
    }
    const saved = await average.slots();
    expect([...saved.keys()]).toEqual(['step', 'dense_1/kernel', 'dense_1/bias']);
    for (let step = 20; step < 200; step++) {
      set(...values(step));
      average.update();
    }
    const uninterrupted = await average.slots();

    const resumed = new WeightAverage(variables(), 0.9);
    resumed.restore(saved);
    for (let step = 20; step < 200; step++) {
      set(...values(step));
      resumed.update();
    }
    expect(await resumed.slots()).toEqual(uninterrupted);
    average.dispose();
    resumed.dispose();
  });

  it('leaves no tensors behind, inside a scope or outside, and not when it is thrown away in the middle', () => {
    const average = new WeightAverage(variables(), 0.9);
    const tensors = tf.memory().numTensors;
    for (let step = 0; step < 50; step++) {
      tf.tidy(() => average.update());
      average.swapIn();
      average.swapOut();
    }
    expect(tf.memory().numTensors).toBe(tensors);
    average.swapIn();
    average.dispose();
  });

  it('refuses what would mix the two up', () => {
    const average = new WeightAverage(variables(), 0.9);
    expect(() => average.swapOut()).toThrow('do not stand in the model');
    average.swapIn();
    expect(() => average.update()).toThrow('swap out first');
    expect(() => average.swapIn()).toThrow('stand in the model already');
    average.swapOut();
    average.dispose();
  });

  it('refuses slots of another model', () => {
    const average = new WeightAverage(variables(), 0.9);
    const kernel = Float32Array.of(1, 2);
    const step = Float32Array.of(3);
    expect(() => average.restore(new Map([['dense_1/kernel', kernel]]))).toThrow('has no step');
    const restore = (values: Float32Array) => () =>
      average.restore(
        new Map([
          ['step', step],
          ['dense_1/kernel', values],
        ]),
      );
    expect(restore(Float32Array.of(1))).toThrow('dense_1/kernel should be 2 numbers, but is 1');
    expect(restore(kernel)).toThrow('dense_1/bias should be 1 numbers, but is missing');
    average.dispose();
  });
});
