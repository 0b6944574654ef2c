import type { LayerSpec } from '../../../src/experiment/resolved';

const conv = { kind: 'conv', filters: 4, kernel: 3, stride: 1, padding: 'same', activation: 'relu' } as const;
const dense = { kind: 'dense', units: 6, activation: 'relu' } as const;
const norm = { kind: 'norm', momentum: 0.9, epsilon: 1e-3 } as const;

/** Networks that use every kind of layer, padding and activation, for images of 9 × 7 with 2 channels. */
export const architectures: Record<string, LayerSpec[]> = {
  'nothing but logits': [],
  'an mlp with dropout': [
    { kind: 'dropout', rate: 0.2 },
    dense,
    { kind: 'dropout', rate: 0.5 },
    { ...dense, units: 5 },
  ],
  'an explicit flatten': [{ kind: 'flatten' }, dense, norm, { kind: 'activation', activation: 'leaky_relu' }],
  'convolutions, strides and paddings': [
    conv,
    { ...conv, filters: 3, kernel: 5, stride: 2, activation: 'leaky_relu' },
    { ...conv, kernel: 2, padding: 'valid', activation: 'gelu' },
    { ...conv, kernel: 1, stride: 2, padding: 'valid', activation: 'tanh' },
  ],
  'norms and poolings': [
    { ...conv, activation: 'linear' },
    norm,
    { kind: 'activation', activation: 'elu' },
    { kind: 'max_pool', size: 2, stride: 2 },
    { ...conv, activation: 'sigmoid' },
    { kind: 'avg_pool', size: 2, stride: 1 },
    { kind: 'max_pool', size: 2, stride: 1 },
    norm,
    { kind: 'dropout', rate: 0.1 },
    dense,
  ],
  'depthwise-separable convolutions': [
    conv,
    { kind: 'depthwise_conv', kernel: 3, stride: 1, padding: 'same', activation: 'leaky_relu' },
    { ...conv, filters: 5, kernel: 1 },
    { kind: 'depthwise_conv', kernel: 2, stride: 2, padding: 'valid', activation: 'linear' },
    norm,
    { kind: 'activation', activation: 'relu' },
  ],
  'a global pool': [conv, { kind: 'global_pool' }],
};

export const imageShape = [9, 7, 2] as const;
