import type { LayerSpec } from './resolved';
import type { Activation } from './schema/models';
import { refusalOfWord } from './untrainable';

/** The words of the `cnn` notation, with what each does; completion and messages use the same list. */
export const layerWords = {
  conv: '`conv 32` — 32 filters, 3×3, padded, ReLU. Options: `5x5`, `/2` (stride), `valid`, `norm`, an activation.',
  depthwise:
    '`depthwise` — one 3×3 kernel for each channel, padded, ReLU; `conv 64 1x1` after it mixes the channels. Options: `5x5`, `/2` (stride), `valid`, `norm`, an activation.',
  pool: '`pool 2` — the largest value of every 2×2 window. `/1` sets the stride.',
  avgpool: '`avgpool 2` — the mean of every 2×2 window.',
  'global pool': '`global pool` — the mean of every channel over the whole image.',
  dense: '`dense 128` — fully connected, ReLU. Options: `norm`, an activation.',
  norm: '`norm` — batch normalisation.',
  dropout: '`dropout 0.5` — drops half of the inputs while training.',
  flatten: '`flatten` — turns an image into one row.',
} as const;

export const activationWords: readonly Activation[] = [
  'relu',
  'leaky_relu',
  'elu',
  'gelu',
  'tanh',
  'sigmoid',
  'linear',
];

/** A layer description that cannot be read: a sentence, and where in the text (0-based, end exclusive). */
export class LayerNotationError extends Error {
  constructor(
    message: string,
    readonly start: number,
    readonly end: number,
    /** Words of which one was probably meant. */
    readonly candidates: readonly string[] = [],
    readonly code = 'model.notation',
  ) {
    super(message);
  }
}

interface Word {
  text: string;
  start: number;
  end: number;
}

const normDefaults = { momentum: 0.9, epsilon: 1e-3 };

/**
 * Reads one entry of `cnn:`, such as `conv 32 5x5 /2 norm`. It may stand for several layers: a convolution with `norm`
 * is convolution without nonlinearity, batch normalisation, nonlinearity.
 *
 * @throws {LayerNotationError}
 */
export function parseLayer(text: string, activation: Activation = 'relu'): LayerSpec[] {
  const words = [...text.matchAll(/\S+/g)].map((m): Word => ({
    text: m[0].toLowerCase(),
    start: m.index,
    end: m.index + m[0].length,
  }));
  const [first, ...rest] = words;
  if (!first)
    throw new LayerNotationError(
      'This layer is empty: write for example "conv 32" or "pool 2".',
      0,
      text.length,
    );
  switch (first.text) {
    case 'conv':
      return conv(first, rest, activation);
    case 'depthwise':
      return depthwise(rest, activation);
    case 'dense':
      return dense(first, rest, activation);
    case 'pool':
    case 'maxpool':
      return [pool('max_pool', rest)];
    case 'avgpool':
      return [pool('avg_pool', rest)];
    case 'global':
      if (rest[0]?.text !== 'pool')
        throw new LayerNotationError('Write "global pool".', first.start, rest[0]?.end ?? first.end);
      return only(rest.slice(1), { kind: 'global_pool' });
    case 'norm':
      return only(rest, { kind: 'norm', ...normDefaults });
    case 'flatten':
      return only(rest, { kind: 'flatten' });
    case 'dropout':
      return only(rest.slice(1), { kind: 'dropout', rate: dropoutRate(first, rest[0]) });
    default:
      if (isActivation(first.text)) return only(rest, { kind: 'activation', activation: first.text });
      throw new LayerNotationError(
        `"${first.text}" is not a kind of layer: use ${Object.keys(layerWords).join(', ')} or an activation.`,
        first.start,
        first.end,
        [...Object.keys(layerWords), ...activationWords],
      );
  }
}

function conv(first: Word, options: Word[], activation: Activation): LayerSpec[] {
  const layer = {
    kind: 'conv' as const,
    filters: 0,
    kernel: 3,
    stride: 1,
    padding: 'same' as 'same' | 'valid',
    activation,
  };
  let norm = false;
  for (const word of options)
    if (/^\d+$/.test(word.text))
      layer.filters = onlyCount(
        word,
        layer.filters,
        'filters',
        `write ${word.text}x${word.text} for the size of the kernel`,
      );
    else if (word.text === 'norm') norm = true;
    else windowOption(word, layer, 'conv');
  if (layer.filters === 0)
    throw new LayerNotationError('How many filters? Write for example "conv 32".', first.start, first.end);
  return withNorm(layer, norm);
}

function depthwise(options: Word[], activation: Activation): LayerSpec[] {
  const layer = {
    kind: 'depthwise_conv' as const,
    kernel: 3,
    stride: 1,
    padding: 'same' as 'same' | 'valid',
    activation,
  };
  let norm = false;
  for (const word of options)
    if (/^\d+$/.test(word.text))
      throw new LayerNotationError(
        `A depthwise convolution keeps the number of channels: for ${word.text} of them, write "conv ${word.text} 1x1" after it.`,
        word.start,
        word.end,
      );
    else if (word.text === 'norm') norm = true;
    else windowOption(word, layer, 'depthwise');
  return withNorm(layer, norm);
}

/** What every convolution understands: the kernel, the stride, the padding and the nonlinearity. */
function windowOption(
  word: Word,
  layer: { kernel: number; stride: number; padding: 'same' | 'valid'; activation: Activation },
  name: string,
): void {
  const size = /^(\d+)x(\d+)$/.exec(word.text);
  const stride = /^\/(\d+)$/.exec(word.text);
  if (size) {
    if (size[1] !== size[2])
      throw new LayerNotationError('Kernels are square, such as 3x3 or 5x5.', word.start, word.end);
    layer.kernel = positive(word, Number(size[1]), 31);
  } else if (stride) layer.stride = positive(word, Number(stride[1]), 16);
  else if (word.text === 'same' || word.text === 'valid') layer.padding = word.text;
  else if (isActivation(word.text)) layer.activation = word.text;
  else throw unknownOption(word, name, ['norm', 'valid', 'same', ...activationWords]);
}

function dense(first: Word, options: Word[], activation: Activation): LayerSpec[] {
  const layer = { kind: 'dense' as const, units: 0, activation };
  let norm = false;
  for (const word of options) {
    if (/^\d+$/.test(word.text))
      layer.units = onlyCount(word, layer.units, 'units', 'write another dense layer as an entry of its own');
    else if (word.text === 'norm') norm = true;
    else if (isActivation(word.text)) layer.activation = word.text;
    else throw unknownOption(word, 'dense', ['norm', ...activationWords]);
  }
  if (layer.units === 0)
    throw new LayerNotationError('How many units? Write for example "dense 128".', first.start, first.end);
  return withNorm(layer, norm);
}

function withNorm(
  layer: Extract<LayerSpec, { kind: 'conv' | 'depthwise_conv' | 'dense' }>,
  norm: boolean,
): LayerSpec[] {
  if (!norm) return [layer];
  const layers: LayerSpec[] = [
    { ...layer, activation: 'linear' },
    { kind: 'norm', ...normDefaults },
  ];
  return layer.activation === 'linear'
    ? layers
    : [...layers, { kind: 'activation', activation: layer.activation }];
}

function pool(kind: 'max_pool' | 'avg_pool', options: Word[]): LayerSpec {
  let size = 2;
  let stride: number | undefined;
  for (const word of options) {
    const step = /^\/(\d+)$/.exec(word.text);
    const side = /^(\d+)(?:x(\d+))?$/.exec(word.text);
    if (step) stride = positive(word, Number(step[1]), 64);
    else if (side && (side[2] === undefined || side[2] === side[1]))
      size = positive(word, Number(side[1]), 64);
    else throw unknownOption(word, 'pool', []);
  }
  return { kind, size, stride: stride ?? size };
}

function dropoutRate(first: Word, word: Word | undefined): number {
  const rate = Number(word?.text);
  if (!word || !(rate >= 0 && rate < 1))
    throw new LayerNotationError(
      'Dropout needs a rate from 0 up to, but not including, 1: "dropout 0.5".',
      word?.start ?? first.start,
      word?.end ?? first.end,
    );
  return rate;
}

function only(rest: Word[], layer: LayerSpec): LayerSpec[] {
  const extra = rest[0];
  if (extra) throw new LayerNotationError(`"${extra.text}" is not understood here.`, extra.start, extra.end);
  return [layer];
}

/** A number alone is the width of the layer; a second one would silently replace the first. */
function onlyCount(word: Word, given: number, what: 'filters' | 'units', instead: string): number {
  if (given > 0)
    throw new LayerNotationError(
      `This layer has ${given} ${what} already: ${instead}.`,
      word.start,
      word.end,
    );
  return positive(word, Number(word.text), 100_000);
}

function positive(word: Word, value: number, maximum: number): number {
  if (value >= 1 && value <= maximum) return value;
  throw new LayerNotationError(`${value} is outside 1 to ${maximum}.`, word.start, word.end);
}

function unknownOption(word: Word, layer: string, candidates: readonly string[]): LayerNotationError {
  const refusal = refusalOfWord(word.text);
  if (refusal) return new LayerNotationError(refusal.message, word.start, word.end, [], refusal.code);
  return new LayerNotationError(
    `"${word.text}" is not an option of ${layer}.`,
    word.start,
    word.end,
    candidates,
  );
}

function isActivation(text: string): text is Activation {
  return (activationWords as readonly string[]).includes(text);
}
