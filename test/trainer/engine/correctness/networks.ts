import type { LayerSpec } from '../../../../src/experiment/resolved';
import { activationWords, parseLayer } from '../../../../src/experiment/layerNotation';
import type { Network } from './layer';

const windows = [1, 2, 3, 5].flatMap((kernel) =>
  [1, 2].flatMap((stride) => (['same', 'valid'] as const).map((padding) => ({ kernel, stride, padding }))),
);
const linearConv: LayerSpec = {
  kind: 'conv',
  filters: 3,
  kernel: 2,
  stride: 1,
  padding: 'same',
  activation: 'linear',
};
const norm: LayerSpec = { kind: 'norm', momentum: 0.9, epsilon: 1e-3 };

/** Every layer of the experiment language with every option, and networks as people build them. */
export const networks: Network[] = [
  { name: 'logits alone', layers: [] },
  ...activationWords.flatMap((activation): Network[] => [
    { name: `dense, ${activation}`, layers: [{ kind: 'dense', units: 5, activation }] },
    { name: `conv, ${activation}`, layers: [{ ...linearConv, activation }] },
    {
      name: `depthwise_conv, ${activation}`,
      layers: [{ kind: 'depthwise_conv', kernel: 3, stride: 1, padding: 'same', activation }],
    },
    { name: `activation, ${activation}`, layers: [{ kind: 'activation', activation }] },
  ]),
  ...windows.flatMap((window): Network[] => {
    const written = `${window.kernel}×${window.kernel}, stride ${window.stride}, ${window.padding}`;
    return [
      {
        name: `conv, ${written}`,
        layers: [linearConv, { kind: 'conv', filters: 4, activation: 'tanh', ...window }],
      },
      {
        name: `depthwise_conv, ${written}`,
        layers: [linearConv, { kind: 'depthwise_conv', activation: 'tanh', ...window }],
      },
    ];
  }),
  ...(['max_pool', 'avg_pool'] as const).flatMap((kind) =>
    [
      [2, 2],
      [2, 1],
      [3, 2],
      [3, 3],
      [1, 2],
    ].map(([size, stride]): Network => ({
      name: `${kind}, ${size!}, stride ${stride!}`,
      layers: [linearConv, { kind, size: size!, stride: stride! }],
    })),
  ),
  { name: 'global_pool', layers: [linearConv, { kind: 'global_pool' }] },
  { name: 'flatten', layers: [linearConv, { kind: 'flatten' }] },
  { name: 'norm, images', layers: [linearConv, norm] },
  { name: 'norm, rows', layers: [{ kind: 'dense', units: 5, activation: 'linear' }, norm] },
  {
    name: 'norm, other options',
    layers: [linearConv, { kind: 'norm', momentum: 0.5, epsilon: 0.1 }],
  },
  { name: 'dropout, images', layers: [linearConv, { kind: 'dropout', rate: 0.25 }] },
  {
    name: 'dropout, rows',
    layers: [
      { kind: 'dropout', rate: 0.2 },
      { kind: 'dense', units: 5, activation: 'relu' },
      { kind: 'dropout', rate: 0.5 },
    ],
  },
  notation('a convolutional network', 'conv 4', 'pool 2', 'conv 5 2x2 valid tanh', 'dense 6'),
  notation(
    'with normalisation',
    'conv 4 norm',
    'pool 2',
    'conv 3 norm gelu',
    'avgpool 2 /1',
    'dense 6 norm elu',
  ),
  notation(
    'depthwise-separable',
    'conv 4 /2 norm',
    'depthwise norm',
    'conv 6 1x1 norm',
    'depthwise /2 norm leaky_relu',
    'conv 5 1x1',
    'global pool',
  ),
];

function notation(name: string, ...texts: string[]): Network {
  return { name: `${name}, ${texts.join(', ')}`, layers: texts.flatMap((text) => parseLayer(text)) };
}
