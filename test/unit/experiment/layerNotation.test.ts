import { describe, expect, it } from 'vitest';
import {
  activationWords,
  LayerNotationError,
  layerWords,
  parseLayer,
} from '../../../src/experiment/layerNotation';
import { activationSchema } from '../../../src/experiment/schema/models';

const conv = { kind: 'conv', filters: 32, kernel: 3, stride: 1, padding: 'same', activation: 'relu' };
const depthwise = { kind: 'depthwise_conv', kernel: 3, stride: 1, padding: 'same', activation: 'relu' };
const norm = { kind: 'norm', momentum: 0.9, epsilon: 0.001 };

describe('the notation of layers', () => {
  it.each([
    ['conv 32', [conv]],
    ['conv 32 5x5 /2 valid tanh', [{ ...conv, kernel: 5, stride: 2, padding: 'valid', activation: 'tanh' }]],
    ['CONV  tanh /2 valid 5X5 32', [{ ...conv, kernel: 5, stride: 2, padding: 'valid', activation: 'tanh' }]],
    ['conv 32 norm', [{ ...conv, activation: 'linear' }, norm, { kind: 'activation', activation: 'relu' }]],
    [
      'conv 32 norm gelu',
      [{ ...conv, activation: 'linear' }, norm, { kind: 'activation', activation: 'gelu' }],
    ],
    ['conv 32 linear norm', [{ ...conv, activation: 'linear' }, norm]],
    ['dense 128', [{ kind: 'dense', units: 128, activation: 'relu' }]],
    [
      'dense 128 norm',
      [{ kind: 'dense', units: 128, activation: 'linear' }, norm, { kind: 'activation', activation: 'relu' }],
    ],
    ['depthwise', [depthwise]],
    [
      'depthwise 5x5 /2 valid elu',
      [{ ...depthwise, kernel: 5, stride: 2, padding: 'valid', activation: 'elu' }],
    ],
    [
      'depthwise norm',
      [{ ...depthwise, activation: 'linear' }, norm, { kind: 'activation', activation: 'relu' }],
    ],
    ['pool', [{ kind: 'max_pool', size: 2, stride: 2 }]],
    ['pool 3', [{ kind: 'max_pool', size: 3, stride: 3 }]],
    ['maxpool 3x3 /2', [{ kind: 'max_pool', size: 3, stride: 2 }]],
    ['avgpool /1 2', [{ kind: 'avg_pool', size: 2, stride: 1 }]],
    ['global pool', [{ kind: 'global_pool' }]],
    ['norm', [norm]],
    ['flatten', [{ kind: 'flatten' }]],
    ['dropout 0.5', [{ kind: 'dropout', rate: 0.5 }]],
    ['dropout 0', [{ kind: 'dropout', rate: 0 }]],
    ['elu', [{ kind: 'activation', activation: 'elu' }]],
  ])('%s', (text, layers) => {
    expect(parseLayer(text)).toEqual(layers);
  });

  it('starts from the activation of the model, which a layer may overrule', () => {
    expect(parseLayer('conv 32', 'elu')).toEqual([{ ...conv, activation: 'elu' }]);
    expect(parseLayer('dense 8 sigmoid', 'elu')).toEqual([
      { kind: 'dense', units: 8, activation: 'sigmoid' },
    ]);
    expect(parseLayer('conv 32 norm', 'linear')).toEqual([{ ...conv, activation: 'linear' }, norm]);
  });

  it.each([
    ['', '', /empty/],
    ['cnov 32', 'cnov', /"cnov" is not a kind of layer: use conv, depthwise, pool/],
    ['conv', 'conv', /How many filters/],
    ['conv 3x3', 'conv', /How many filters/],
    ['conv 0', '0', /0 is outside 1 to 100000/],
    ['conv 32 3x5', '3x5', /square/],
    ['conv 32 33x33', '33x33', /33 is outside 1 to 31/],
    ['conv 32 /0', '/0', /0 is outside 1 to 16/],
    ['conv 32 vaild', 'vaild', /"vaild" is not an option of conv/],
    ['conv 32 5', '5', /32 .*already.*5x5/],
    ['conv 3.5', '3.5', /"3.5" is not an option of conv/],
    ['depthwise 32', '32', /keeps the number of channels: for 32 of them, write "conv 32 1x1" after it/],
    ['depthwise 3x5', '3x5', /square/],
    ['depthwise fast', 'fast', /"fast" is not an option of depthwise/],
    ['dense', 'dense', /How many units/],
    ['dense 128 64', '64', /128 .*already/],
    ['dense 128 3x3', '3x3', /not an option of dense/],
    ['pool 2x3', '2x3', /not an option of pool/],
    ['pool 65', '65', /65 is outside 1 to 64/],
    ['pool 2 relu', 'relu', /not an option of pool/],
    ['global', 'global', /Write "global pool"/],
    ['global dense', 'global dense', /Write "global pool"/],
    ['global pool 2', '2', /"2" is not understood here/],
    ['norm 3', '3', /not understood/],
    ['flatten now', 'now', /not understood/],
    ['dropout', 'dropout', /needs a rate/],
    ['dropout 1', '1', /up to, but not including, 1/],
    ['dropout -0.1', '-0.1', /needs a rate/],
    ['dropout half', 'half', /needs a rate/],
    ['dropout 0.5 0.5', '0.5', /not understood/],
    ['relu 3', '3', /not understood/],
  ])('refuses "%s" and points at "%s"', (text, at, message) => {
    let found: unknown;
    try {
      parseLayer(text);
    } catch (error) {
      found = error;
    }
    expect(found).toBeInstanceOf(LayerNotationError);
    const mistake = found as LayerNotationError;
    expect(mistake.message).toMatch(message);
    expect(text.slice(mistake.start, mistake.end)).toBe(at);
  });

  it('offers words that may have been meant', () => {
    const candidatesOf = (text: string) => {
      try {
        parseLayer(text);
      } catch (error) {
        return (error as LayerNotationError).candidates;
      }
      return [];
    };
    expect(candidatesOf('cnov 32')).toEqual(expect.arrayContaining(['conv', 'dense', 'relu']));
    expect(candidatesOf('conv 32 nrom')).toEqual(expect.arrayContaining(['norm', 'valid', 'same', 'gelu']));
  });

  it('has a description for every kind that begins a layer, and the activations of the schema', () => {
    const examples = Object.values(layerWords).map((text) => /`([^`]+)`/.exec(text)![1]!);
    for (const example of examples) expect(parseLayer(example), example).not.toHaveLength(0);
    expect(examples.map((example) => example.replace(/ [\d.]+$/, ''))).toEqual(Object.keys(layerWords));
    expect([...activationWords].sort()).toEqual([...activationSchema.options].sort());
  });
});
