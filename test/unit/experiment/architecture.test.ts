import { describe, expect, it } from 'vitest';
import { ArchitectureError, planArchitecture, type Shape } from '../../../src/experiment/architecture';
import { parseLayer } from '../../../src/experiment/layerNotation';
import type { LayerSpec } from '../../../src/experiment/resolved';

const mnist = [28, 28, 1] as const;
const cnn = (...texts: string[]): LayerSpec[] => texts.flatMap((text) => parseLayer(text));
const dense = (units: number): LayerSpec => ({ kind: 'dense', units, activation: 'relu' });

describe('planning an architecture', () => {
  it('counts the teacher of Hinton et al.: 784-1200-1200-10', () => {
    const { layers, parameters, multiplyAdds } = planArchitecture([dense(1200), dense(1200)], mnist, 10);
    // (784 + 1)·1200 + (1200 + 1)·1200 + (1200 + 1)·10, and the same without biases.
    expect(parameters).toBe(2_395_210);
    expect(multiplyAdds).toBe(2_392_800);
    expect(layers.map(({ name, parameters, multiplyAdds }) => [name, parameters, multiplyAdds])).toEqual([
      ['flatten_1', 0, 0],
      ['dense_1', 942_000, 940_800],
      ['dense_2', 1_441_200, 1_440_000],
      ['logits', 12_010, 12_000],
    ]);
  });

  it('counts LeNet-5 with its 61,706 parameters', () => {
    const lenet = cnn(
      'conv 6 5x5 tanh',
      'avgpool 2',
      'conv 16 5x5 valid tanh',
      'avgpool 2',
      'dense 120',
      'dense 84',
    );
    const { layers, parameters, multiplyAdds } = planArchitecture(lenet, mnist, 10);
    expect(
      layers.map(({ name, outputShape, parameters, multiplyAdds }) => [
        name,
        outputShape,
        parameters,
        multiplyAdds,
      ]),
    ).toEqual([
      ['conv_1', [28, 28, 6], 156, 117_600], // 5·5·1·6 + 6; 150 · 28²
      ['avg_pool_1', [14, 14, 6], 0, 0],
      ['conv_2', [10, 10, 16], 2_416, 240_000], // 5·5·6·16 + 16; 2400 · 10²
      ['avg_pool_2', [5, 5, 16], 0, 0],
      ['flatten_1', [400], 0, 0],
      ['dense_1', [120], 48_120, 48_000],
      ['dense_2', [84], 10_164, 10_080],
      ['logits', [10], 850, 840],
    ]);
    expect(parameters).toBe(61_706);
    expect(multiplyAdds).toBe(416_520);
  });

  it('counts batch normalisation with its running statistics, and a global pooling', () => {
    const { layers, parameters } = planArchitecture(
      cnn('conv 8 norm', 'global pool', 'dropout 0.5'),
      [6, 4, 3],
      5,
    );
    expect(
      layers.map(({ name, outputShape, parameters, multiplyAdds }) => [
        name,
        outputShape,
        parameters,
        multiplyAdds,
      ]),
    ).toEqual([
      ['conv_1', [6, 4, 8], 224, 5_184], // 3·3·3·8 + 8; 216 · 24
      ['norm_1', [6, 4, 8], 32, 192],
      ['activation_1', [6, 4, 8], 0, 0],
      ['global_pool_1', [8], 0, 0],
      ['dropout_1', [8], 0, 0],
      ['logits', [5], 45, 40],
    ]);
    expect(parameters).toBe(301);
  });

  it('counts a depthwise-separable block, which needs far less than a whole convolution', () => {
    const { layers } = planArchitecture(cnn('conv 8 1x1', 'depthwise /2', 'conv 16 1x1'), [6, 5, 3], 2);
    expect(
      layers
        .slice(0, 3)
        .map(({ name, outputShape, parameters, multiplyAdds }) => [
          name,
          outputShape,
          parameters,
          multiplyAdds,
        ]),
    ).toEqual([
      ['conv_1', [6, 5, 8], 32, 720],
      ['depthwise_conv_1', [3, 3, 8], 80, 648], // 3·3·8 + 8; 72 · 9
      ['conv_2', [3, 3, 16], 144, 1_152],
    ]);
  });

  it.each<[string, Shape, Shape]>([
    ['conv 2', [7, 5, 1], [7, 5, 2]],
    ['conv 2 /2', [7, 5, 1], [4, 3, 2]],
    ['conv 2 /2', [8, 6, 1], [4, 3, 2]],
    ['conv 2 valid', [7, 5, 1], [5, 3, 2]],
    ['conv 2 valid /2', [8, 5, 1], [3, 2, 2]],
    ['conv 2 5x5 valid', [5, 5, 3], [1, 1, 2]],
    ['depthwise', [7, 5, 3], [7, 5, 3]],
    ['depthwise /2', [7, 5, 3], [4, 3, 3]],
    ['depthwise 5x5 valid', [7, 5, 3], [3, 1, 3]],
    ['pool 2', [7, 5, 3], [3, 2, 3]],
    ['pool 3 /2', [7, 5, 3], [3, 2, 3]],
    ['pool 2 /1', [7, 5, 3], [6, 4, 3]],
    ['avgpool 3', [7, 5, 3], [2, 1, 3]],
  ])('%s turns %j into %j', (text, from, to) => {
    expect(planArchitecture(cnn(text), from, 2).layers[0]).toMatchObject({
      inputShape: from,
      outputShape: to,
    });
  });

  it('hands every layer the shape that the layer before it gives', () => {
    const { layers } = planArchitecture(cnn('conv 4 /2', 'pool 2', 'dense 8 norm', 'dense 3'), mnist, 10);
    expect(layers[0]!.inputShape).toEqual(mnist);
    layers.slice(1).forEach((layer, i) => expect(layer.inputShape).toEqual(layers[i]!.outputShape));
  });

  it('adds flatten and logits to what has none', () => {
    expect(planArchitecture([], mnist, 10).layers.map(({ name }) => name)).toEqual(['flatten_1', 'logits']);
    expect(planArchitecture(cnn('flatten', 'dense 2'), mnist, 3).layers.map(({ name }) => name)).toEqual([
      'flatten_1',
      'dense_1',
      'logits',
    ]);
    expect(planArchitecture([], mnist, 10).layers.at(-1)!.spec).toEqual({
      kind: 'dense',
      units: 10,
      activation: 'linear',
    });
  });

  it.each([
    [['conv 4', 'dense 8', 'conv 4'], 2, /A convolution needs an image, .* one row of 8 numbers/],
    [['dense 8', 'depthwise'], 1, /A depthwise convolution needs an image/],
    [['pool 8', 'depthwise 5x5 valid'], 1, /kernel of 5×5 is larger than the image of 3×3/],
    [['flatten', 'pool 2'], 1, /Pooling needs an image, .* 784 numbers/],
    [['global pool', 'global pool'], 1, /Global pooling needs an image/],
    [['pool 2', 'pool 2', 'conv 4 9x9 valid'], 2, /kernel of 9×9 is larger than the image of 7×7/],
    [['pool 16', 'avgpool 2'], 1, /window of 2×2 is larger than the image of 1×1/],
    // A convolution with normalisation is three layers, and the index counts layers.
    [['conv 4 norm', 'pool 29'], 3, /window of 29×29/],
  ])('refuses %j and blames layer %i', (texts, layer, message) => {
    const plan = () => planArchitecture(cnn(...texts), mnist, 10);
    expect(plan).toThrow(ArchitectureError);
    expect(plan).toThrow(message);
    try {
      plan();
    } catch (error) {
      expect((error as ArchitectureError).layer).toBe(layer);
    }
  });
});
