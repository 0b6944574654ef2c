import type { ExperimentPath } from './problems';

/** What is asked for cannot be trained, or it is what happens anyway. */
export interface Refusal {
  /** `model.layer.untrainable`, or `key.unknown` for what can simply be left out. */
  code: string;
  message: string;
  /** Whether the experiment is right without the key. */
  removable: boolean;
}

/**
 * Layers and options that people bring from Keras or PyTorch and that no engine can train: each is refused with the
 * reason and the cure, instead of as a key that is not known. Undefined for everything else.
 *
 * @param path of the map in which the key stands
 */
export function refusalOf(path: ExperimentPath, key: string, value: unknown): Refusal | undefined {
  const name = plain(key);
  if (path.at(-2) === 'layers' && typeof path.at(-1) === 'number') {
    const kind = kinds.find(({ names }) => names.includes(name));
    return kind && untrainable(key, kind, false);
  }
  if (path.at(-3) !== 'layers' || typeof path.at(-2) !== 'number') return undefined;
  const option = options.find(({ names, of }) => names.includes(name) && of.includes(String(path.at(-1))));
  if (!option) return undefined;
  if (!option.harmless.some((word) => isAll(value, word))) return untrainable(key, option, true);
  const stands = `"${key}" is not a key of ${String(path.at(-1))}`;
  return {
    code: 'key.unknown',
    message: `${stands}: it is always ${option.harmless[0]!}, so leave it out.`,
    removable: true,
  };
}

/** The same for words of the `cnn` notation, such as `dilation`, `d2` or `g4`. */
export function refusalOfWord(word: string): Refusal | undefined {
  const name = plain(word.replace(/[=:]?\d*$/, ''));
  const short: Record<string, string> = {
    d: 'dilation',
    g: 'groups',
    dilated: 'dilation',
    atrous: 'dilation',
  };
  const option = options.find(({ names }) => names.includes(short[name] ?? name));
  return option && untrainable(word, option, false);
}

interface Cause {
  /** Without hyphens and underscores, in small letters. */
  names: readonly string[];
  reason: string;
  cure: string;
}

const dilation: Cause = {
  names: ['dilation', 'dilations', 'dilationrate', 'atrousrate'],
  reason: 'TensorFlow.js has no gradient for dilated convolutions',
  cure: 'Use a larger kernel, or one convolution more.',
};

const groups: Cause = {
  names: ['groups', 'numgroups'],
  reason: 'TensorFlow.js has no grouped convolutions',
  cure: 'Use depthwise_conv, which has one group for each channel, and a conv with a kernel of 1 after it.',
};

const options: readonly (Cause & {
  of: readonly string[];
  harmless: readonly (string | number | boolean)[];
})[] = [
  { ...dilation, of: ['conv', 'depthwise_conv'], harmless: [1] },
  { ...groups, of: ['conv'], harmless: [1] },
  {
    names: ['dataformat'],
    of: ['conv', 'depthwise_conv', 'max_pool', 'avg_pool', 'global_pool', 'flatten'],
    harmless: ['channels_last', 'channelsLast', 'NHWC'],
    reason: 'the WebAssembly engine has gradients only for images whose channels come last',
    cure: 'Leave it out: that is how images are read.',
  },
  {
    // https://github.com/tensorflow/tfjs/issues/2868
    names: ['scale', 'center', 'centre', 'affine'],
    of: ['norm'],
    harmless: [true],
    reason: 'without its scale and offset, TensorFlow.js crashes when it trains a batch normalisation',
    cure: 'Leave it out: both begin as if they were not there.',
  },
];

const kinds: readonly Cause[] = [
  { ...dilation, names: ['dilatedconv', 'dilatedconv2d', 'atrousconv', 'atrousconv2d'] },
  { ...groups, names: ['groupedconv', 'groupconv', 'groupedconv2d'] },
  {
    names: ['conv3d', 'conv3dtranspose'],
    reason: 'the WebAssembly engine computes the gradient of three-dimensional convolutions wrongly',
    cure: 'Use conv: the data are flat images.',
  },
  {
    names: ['groupnorm', 'groupnormalization', 'instancenorm', 'instancenormalization'],
    reason: 'TensorFlow.js does not have this normalisation',
    cure: 'Use norm.',
  },
  {
    names: ['depthtospace', 'pixelshuffle'],
    reason: 'TensorFlow.js has no gradient for it',
    cure: 'Leave it out: a classifier makes images smaller, not larger.',
  },
  {
    names: ['attention', 'selfattention', 'multiheadattention'],
    reason: 'TensorFlow.js does not have attention',
    cure: 'Use conv and dense layers.',
  },
];

function untrainable(name: string, { reason, cure }: Cause, removable: boolean): Refusal {
  const message = `"${name}" cannot be trained: ${reason}. ${cure}`;
  return { code: 'model.layer.untrainable', message, removable };
}

/** `dilationRate`, `dilation-rate` and `dilation_rate` are spelled alike. */
function plain(name: string): string {
  return name.replaceAll(/[-_]/g, '').toLowerCase();
}

/** Keras writes one number for each side. */
function isAll(value: unknown, word: string | number | boolean): boolean {
  return Array.isArray(value) ? value.length > 0 && value.every((item) => item === word) : value === word;
}
