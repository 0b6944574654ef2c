import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LayerSpec } from '../../../src/experiment/resolved';
import { openEngine } from '../../../src/trainer/engine/engine';
import { buildModel } from '../../../src/trainer/models/buildModel';
import { pattern } from '../fixtures/pattern';

beforeAll(async () => {
  await openEngine('wasm', { searchFrom: [] });
});

const norm: LayerSpec = { kind: 'norm', momentum: 0.9, epsilon: 1e-3 };
const relu: LayerSpec = { kind: 'activation', activation: 'relu' };
const tanh: LayerSpec = { kind: 'activation', activation: 'tanh' };
const pool: LayerSpec = { kind: 'max_pool', size: 2, stride: 2 };
const conv = (stride: number, activation: 'linear' | 'relu'): LayerSpec => ({
  kind: 'conv',
  filters: 6,
  kernel: 3,
  stride,
  padding: 'same',
  activation,
});
const depthwise: LayerSpec = {
  kind: 'depthwise_conv',
  kernel: 3,
  stride: 2,
  padding: 'same',
  activation: 'linear',
};

const networks: [string, LayerSpec[]][] = [
  ['convolution, normalisation, ReLU', [conv(1, 'linear'), norm, relu, pool, conv(2, 'linear'), norm, relu]],
  ['another nonlinearity behind the normalisation', [conv(1, 'linear'), norm, tanh]],
  ['a nonlinearity before the normalisation', [conv(1, 'relu'), norm, relu]],
  ['normalisation first, twice, and last', [norm, conv(1, 'linear'), norm, norm, conv(1, 'linear'), norm]],
  ['depthwise convolutions', [conv(1, 'linear'), norm, relu, depthwise, norm, relu]],
];

describe('a folded prediction', () => {
  it.each(networks)('is that of the layers one by one: %s', (_title, specs) => {
    const model = buildModel(specs, { inputShape: [9, 7, 2], classes: 4, seed: 3, name: 'student' });
    const statistics = [...model.shapes()].map(([name, shape], i) => {
      const values = pattern(tf.util.sizeFromShape(shape), i + 1, 0.4);
      return [
        name,
        Float32Array.from(values, (value) => (name.endsWith('variance') ? 1 + value : value)),
      ] as const;
    });
    model.setWeights(new Map(statistics));
    const x = tf.tensor4d(pattern(3 * 9 * 7 * 2, 5), [3, 9, 7, 2]);
    const before = tf.memory().numTensors;
    const folded = model.predict(x);
    expect(tf.memory().numTensors).toBe(before + 1);
    const layers = tf.tidy(() => model.model.apply(x, { training: false }) as tf.Tensor);
    const [computed, expected] = [folded.dataSync(), layers.dataSync()];
    const largest = Math.max(...expected.map(Math.abs));
    expected.forEach((value, i) => expect(Math.abs(computed[i]! - value) / largest).toBeLessThan(1e-5));
    tf.dispose([x, folded, layers]);
    model.dispose();
  });
});
