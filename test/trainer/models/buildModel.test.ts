import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { ArchitectureError, planArchitecture } from '../../../src/experiment/architecture';
import type { LayerSpec } from '../../../src/experiment/resolved';
import type { Activation } from '../../../src/experiment/schema/models';
import { openEngine } from '../../../src/trainer/engine/engine';
import { buildModel } from '../../../src/trainer/models/buildModel';
import type { Model } from '../../../src/trainer/models/model';
import { pattern } from '../fixtures/pattern';
import { architectures, imageShape } from './architectures';

beforeAll(async () => {
  await openEngine('wasm', { searchFrom: [] });
});

const build = (layers: LayerSpec[], changes: { seed?: number; name?: string } = {}): Model =>
  buildModel(layers, { inputShape: imageShape, classes: 3, seed: 1, name: 'student', ...changes });
const images = (batch = 4): tf.Tensor4D => tf.tensor4d(pattern(batch * 9 * 7 * 2, 1), [batch, 9, 7, 2]);
const dense = (units: number, activation: Activation = 'relu'): LayerSpec => ({
  kind: 'dense',
  units,
  activation,
});

describe('a built network', () => {
  it.each(Object.entries(architectures))(
    'has the names, shapes and parameters of the plan: %s',
    (_name, layers) => {
      const plan = planArchitecture(layers, imageShape, 3);
      const model = build(layers);
      expect(model.parameters).toBe(plan.parameters);
      for (const planned of plan.layers) {
        const layer = model.model.getLayer(planned.name);
        expect(layer.outputShape).toEqual([null, ...planned.outputShape]);
        expect(layer.countParams()).toBe(planned.parameters);
      }
      expect(model.model.layers.at(-1)!.name).toBe('logits');
      model.dispose();
    },
  );

  it.each(Object.entries(architectures))(
    'gives logits and a gradient for every weight: %s',
    (_name, layers) => {
      const model = build(layers);
      tf.tidy(() => {
        const x = images();
        expect(model.predict(x).shape).toEqual([4, 3]);
        const variables = model.trainable.map(({ variable }) => variable);
        const { grads } = tf.variableGrads(() => tf.sum(tf.square(tf.sub(model.forward(x), 1))), variables);
        for (const { name, variable } of model.trainable) {
          const largest = tf.max(tf.abs(grads[variable.name]!)).dataSync()[0]!;
          expect(grads[variable.name]!.shape).toEqual(variable.shape);
          // Batch normalisation takes away what a bias before it adds.
          if (!name.startsWith('conv_1/bias') && !name.startsWith('dense_1/bias'))
            expect(largest, name).toBeGreaterThan(0);
        }
      });
      model.dispose();
    },
  );

  it.each(Object.entries(architectures))('frees everything: %s', (_name, layers) => {
    const before = tf.memory().numTensors;
    const model = build(layers);
    const after = tf.memory().numTensors;
    for (let i = 0; i < 3; i++) {
      tf.tidy(() => {
        model.predict(images());
        tf.variableGrads(
          () => tf.sum(model.forward(images())),
          model.trainable.map(({ variable }) => variable),
        );
      });
      expect(tf.memory().numTensors).toBe(after);
    }
    model.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses shapes that do not fit, as the plan does', () => {
    expect(() => build([{ kind: 'max_pool', size: 8, stride: 8 }])).toThrow(ArchitectureError);
  });

  it('decays kernels only', () => {
    const model = build(architectures['norms and poolings']!);
    expect(model.trainable.filter(({ decays }) => decays).map(({ name }) => name)).toEqual([
      'conv_1/kernel',
      'conv_2/kernel',
      'dense_1/kernel',
      'logits/kernel',
    ]);
    const separable = build(architectures['depthwise-separable convolutions']!);
    expect(separable.trainable.filter(({ decays }) => decays).map(({ name }) => name)).toContain(
      'depthwise_conv_1/depthwise_kernel',
    );
    separable.dispose();
    expect(model.trainable.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['norm_1/gamma', 'norm_2/beta', 'logits/bias']),
    );
    model.dispose();
  });

  it.each<[Activation, (x: number) => number]>([
    ['relu', (x) => Math.max(0, x)],
    ['leaky_relu', (x) => (x > 0 ? x : 0.01 * x)],
    ['elu', (x) => (x > 0 ? x : Math.expm1(x))],
    // Φ(x) of the normal distribution, by the midpoint rule.
    ['gelu', (x) => x * (0.5 + integral((t) => Math.exp((-t * t) / 2) / Math.sqrt(2 * Math.PI), x))],
    ['tanh', Math.tanh],
    ['sigmoid', (x) => 1 / (1 + Math.exp(-x))],
    ['linear', (x) => x],
  ])('computes %s in every place where it may stand', async (activation, formula) => {
    const alone = build([{ kind: 'flatten' }, { kind: 'activation', activation }]);
    const inDense = build([dense(126, activation)]);
    const identity = new Float32Array(126 * 126);
    for (let i = 0; i < 126; i++) identity[i * 127] = 1;
    inDense.setWeights(new Map([...(await inDense.weights()), ['dense_1/kernel', identity]]));
    inDense.setWeights(new Map([...(await inDense.weights()), ...logitsOf(await alone.weights())]));

    const kernel = (await alone.weights()).get('logits/kernel')!;
    const expected = [0, 1].map((row) =>
      [0, 1, 2].map((unit) =>
        pattern(252, 1)
          .slice(row * 126, (row + 1) * 126)
          .reduce((sum, x, i) => sum + formula(x) * kernel[i * 3 + unit]!, 0),
      ),
    );
    for (const model of [alone, inDense]) {
      const logits = tf.tidy(() => model.predict(images(2)));
      const values = await logits.array();
      values.flat().forEach((value, i) => expect(value).toBeCloseTo(expected.flat()[i]!, 4));
      logits.dispose();
      model.dispose();
    }
  });

  it('normalises with the batch while training and with running statistics otherwise', async () => {
    const model = build([{ kind: 'flatten' }, { kind: 'norm', momentum: 0.9, epsilon: 1e-3 }]);
    const before = await model.weights();
    const [first, second] = tf.tidy(() => [model.predict(images()), model.predict(images())]);
    expect(await first.data()).toEqual(await second.data());
    const training = tf.tidy(() => model.forward(images()));
    expect(await training.data()).not.toEqual(await first.data());
    const after = await model.weights();
    const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    const column = [0, 1, 2, 3].map((row) => pattern(4 * 126, 1)[row * 126]!);
    expect(before.get('norm_1/moving_mean')![0]).toBe(0);
    expect(after.get('norm_1/moving_mean')![0]).toBeCloseTo(0.1 * mean(column), 5);
    expect(after.get('norm_1/gamma')).toEqual(before.get('norm_1/gamma'));
    tf.dispose([first, second, training]);
    model.dispose();
  });
});

describe('first weights', () => {
  const kernelOf = async (layers: LayerSpec[], name: string, changes = {}) => {
    const model = build(layers, changes);
    const kernel = (await model.weights()).get(name)!;
    model.dispose();
    return kernel;
  };

  it('depend on the seed, the model and the layer, and on nothing else', async () => {
    const layers = [dense(50), dense(50), dense(50)];
    const kernel = await kernelOf(layers, 'dense_2/kernel');
    expect(await kernelOf(layers, 'dense_2/kernel')).toEqual(kernel);
    expect(await kernelOf([...layers, dense(9)], 'dense_2/kernel')).toEqual(kernel);
    expect(await kernelOf(layers, 'dense_3/kernel')).not.toEqual(kernel);
    expect(await kernelOf(layers, 'dense_2/kernel', { seed: 2 })).not.toEqual(kernel);
    expect(await kernelOf(layers, 'dense_2/kernel', { name: 'teacher' })).not.toEqual(kernel);
  });

  it('are the same numbers on every engine', async () => {
    const layers = architectures['norms and poolings']!;
    const onWasm = build(layers);
    const expected = await onWasm.weights();
    const logits = await tf.tidy(() => onWasm.predict(images())).data();
    onWasm.dispose();
    await openEngine('cpu', { searchFrom: [] });
    const onCpu = build(layers);
    expect(await onCpu.weights()).toEqual(expected);
    const again = await tf.tidy(() => onCpu.predict(images())).data();
    logits.forEach((value, i) => expect(again[i]).toBeCloseTo(value, 5));
    onCpu.dispose();
    await openEngine('wasm', { searchFrom: [] });
  });

  it('are He normal before ReLU, Glorot uniform elsewhere, and biases are 0', async () => {
    const deviation = (values: Float32Array) =>
      Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);
    const he = await kernelOf([dense(500, 'relu')], 'dense_1/kernel');
    expect(deviation(he) / Math.sqrt(2 / 126)).toBeCloseTo(1, 1);
    // A normal distribution reaches beyond three deviations; a uniform one does not.
    expect(Math.max(...he.subarray(0, 20_000))).toBeGreaterThan(3 * Math.sqrt(2 / 126));

    const conv: LayerSpec = {
      kind: 'conv',
      filters: 200,
      kernel: 5,
      stride: 1,
      padding: 'same',
      activation: 'gelu',
    };
    expect(deviation(await kernelOf([conv], 'conv_1/kernel')) / Math.sqrt(2 / (25 * 2))).toBeCloseTo(1, 1);

    // Each output of a depthwise convolution sees one channel.
    const depthwise: LayerSpec = { ...conv, kind: 'depthwise_conv' };
    const wide = [{ ...conv, kernel: 1 }, depthwise];
    const kernel = await kernelOf(wide, 'depthwise_conv_1/depthwise_kernel');
    expect(deviation(kernel) / Math.sqrt(2 / 25)).toBeCloseTo(1, 1);

    const limit = Math.sqrt(6 / (126 + 500));
    const glorot = await kernelOf([dense(500, 'tanh')], 'dense_1/kernel');
    const largest = glorot.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    expect(largest).toBeLessThanOrEqual(Math.fround(limit));
    expect(largest).toBeGreaterThan(0.99 * limit);
    expect(deviation(glorot) / (limit / Math.sqrt(3))).toBeCloseTo(1, 1);
    expect(Math.max(...(await kernelOf([dense(500)], 'dense_1/bias')))).toBe(0);
  });

  it('may be replaced only by weights of the same names and sizes', async () => {
    const model = build([dense(4)]);
    const weights = await model.weights();
    expect(() => model.setWeights(new Map([...weights].slice(1)))).toThrow(
      'dense_1/kernel should be 504 numbers, but are missing',
    );
    expect(() => model.setWeights(new Map([...weights, ['dense_9/bias', new Float32Array(1)]]))).toThrow(
      'dense_9/bias',
    );
    expect(() => model.setWeights(new Map([...weights, ['dense_1/bias', new Float32Array(5)]]))).toThrow(
      '4 numbers, but are 5',
    );
    expect(await model.weights()).toEqual(weights);
    model.dispose();
  });
});

describe('dropout', () => {
  const layers: LayerSpec[] = [{ kind: 'flatten' }, { kind: 'dropout', rate: 0.25 }];
  /** The logits are the input of the first three units, so they show the mask. */
  const showMask = async (changes = {}): Promise<Model> => {
    const model = build(layers, changes);
    const kernel = new Float32Array(126 * 3);
    for (let unit = 0; unit < 3; unit++) kernel[unit * 3 + unit] = 1;
    model.setWeights(new Map([...(await model.weights()), ['logits/kernel', kernel]]));
    return model;
  };
  const mask = async (model: Model): Promise<number[]> => {
    const logits = tf.tidy(() => model.forward(tf.ones([400, 9, 7, 2])));
    const values = [...(await logits.data())];
    logits.dispose();
    return values;
  };

  it('drops the given share and scales the rest, only while training', async () => {
    const model = await showMask();
    const values = await mask(model);
    expect(new Set(values)).toEqual(new Set([0, Math.fround(1 / 0.75)]));
    expect(values.filter((value) => value === 0).length / values.length).toBeCloseTo(0.25, 1);
    const evaluated = tf.tidy(() => model.predict(tf.ones([5, 9, 7, 2])));
    expect(new Set(await evaluated.data())).toEqual(new Set([1]));
    evaluated.dispose();
    model.dispose();
  });

  it('draws another mask at every step, and the same ones in every run and after a resume', async () => {
    const model = await showMask();
    const run = [await mask(model), await mask(model), await mask(model)];
    expect(run[1]).not.toEqual(run[0]);
    expect(run[2]).not.toEqual(run[1]);
    expect(model.step).toBe(3);

    const again = await showMask({ name: 'scratch' });
    expect(await mask(again)).toEqual(run[0]);
    again.step = 2;
    expect(await mask(again)).toEqual(run[2]);
    const otherSeed = await showMask({ seed: 2 });
    expect(await mask(otherSeed)).not.toEqual(run[0]);
    for (const each of [model, again, otherSeed]) each.dispose();
  });

  it('draws different masks in different layers', async () => {
    const twice = build([
      { kind: 'flatten' },
      { kind: 'dropout', rate: 0.5 },
      { kind: 'dropout', rate: 0.5 },
    ]);
    const kernel = new Float32Array(126 * 3).fill(1);
    twice.setWeights(new Map([...(await twice.weights()), ['logits/kernel', kernel]]));
    const values = await mask(twice);
    // With equal masks half of the units would stay, with independent ones a quarter, each at four times its value.
    const kept = values.reduce((sum, value) => sum + value, 0) / values.length / 4 / 126;
    expect(kept).toBeCloseTo(0.25, 1);
    twice.dispose();
  });
});

function logitsOf(weights: Map<string, Float32Array>): [string, Float32Array][] {
  return [...weights].filter(([name]) => name.startsWith('logits/'));
}

/** From 0 to `to`, by the midpoint rule. */
function integral(of: (t: number) => number, to: number): number {
  const parts = 1000;
  let sum = 0;
  for (let i = 0; i < parts; i++) sum += (of(((i + 0.5) * to) / parts) * to) / parts;
  return sum;
}
