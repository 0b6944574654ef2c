import { describe, expect, it } from 'vitest';
import { ExpectationError } from '../../../src/experiment/expectations';
import { LayerNotationError } from '../../../src/experiment/layerNotation';
import { resolveExperiment, resolveModel } from '../../../src/experiment/resolve';
import { experimentSchema } from '../../../src/experiment/schema/experiment';
import { modelSchema } from '../../../src/experiment/schema/models';

const smallest = {
  version: 1,
  data: { source: 'mnist' },
  teacher: { model: { mlp: [4] }, train: { epochs: 2 } },
  student: { model: { mlp: [] } },
  distill: { epochs: 3, losses: [{ kd: {} }] },
};
const resolve = (changes: object = {}, fileName?: string) =>
  resolveExperiment(experimentSchema.parse({ ...smallest, ...changes }), fileName);
const stage = (changes: object) => resolve({ distill: { ...smallest.distill, ...changes } }).distill[0]!;
const model = (input: unknown) => resolveModel(modelSchema.parse(input)).layers;

const adam = { kind: 'adam', rate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 };
const usual = {
  batch: 128,
  accumulate: 1,
  optimizer: adam,
  schedule: { kind: 'constant', warmup: 0 },
  augment: { shift: 0 },
  keep: 'last',
};

describe('resolving an experiment', () => {
  it('writes out every default', () => {
    expect(resolve()).toEqual({
      version: 1,
      name: 'experiment',
      seeds: [1],
      data: { source: { kind: 'mnist' }, validation: 5000, transfer: 'all', exclude: [] },
      teacher: {
        model: { layers: [{ kind: 'flatten' }, { kind: 'dense', units: 4, activation: 'relu' }] },
        train: { epochs: 2, ...usual, labelSmoothing: 0 },
        cache: 'float32',
      },
      student: { model: { layers: [{ kind: 'flatten' }] } },
      distill: [
        { name: 'distill', epochs: 3, ...usual, losses: [{ criterion: 'kd', weight: 1, temperature: 4 }] },
      ],
      compare: [],
      expect: [],
    });
  });

  it('passes on what is written', () => {
    const experiment = resolve({
      name: 'Mine',
      cite: 'arXiv:1503.02531',
      seeds: [3, 1],
      data: { source: { idx: './fashion' }, validation: 10, transfer: 100, exclude: [7, 3, 7] },
      teacher: {
        model: { mlp: [4] },
        train: {
          epochs: 2,
          label_smoothing: 0.1,
          batch: 32,
          augment: { shift: 2 },
          clip_norm: 1.5,
          keep: 'best',
        },
        require: 'errors <= 130',
      },
      compare: ['scratch', 'scratch'],
      expect: ['student.errors < 0.85 * scratch.errors'],
    });
    expect(experiment).toMatchObject({
      name: 'Mine',
      cite: 'arXiv:1503.02531',
      seeds: [3, 1],
      data: {
        source: { kind: 'idx', directory: './fashion' },
        validation: 10,
        transfer: 100,
        exclude: [3, 7],
      },
      compare: ['scratch'],
    });
    expect(experiment.teacher.train).toEqual({
      ...usual,
      epochs: 2,
      batch: 32,
      augment: { shift: 2 },
      clipNorm: 1.5,
      keep: 'best',
      labelSmoothing: 0.1,
    });
    expect(experiment.teacher.require).toEqual({
      text: 'errors <= 130',
      metric: 'errors',
      comparator: '<=',
      value: 130,
    });
    expect(experiment.expect).toEqual([
      {
        text: 'student.errors < 0.85 * scratch.errors',
        left: { factor: 1, reference: { role: 'student', metric: 'errors' } },
        comparator: '<',
        right: { factor: 0.85, reference: { role: 'scratch', metric: 'errors' } },
      },
    ]);
  });

  it.each([
    [{ accumulate: 4 }, { accumulate: 4 }],
    [{ ema: {} }, { ema: { decay: 0.999 } }],
    [
      { ema: { decay: 0.99 }, keep: 'last' },
      { ema: { decay: 0.99 }, keep: 'last' },
    ],
    [{ early_stop: {} }, { earlyStop: { patience: 5, metric: 'errors', minDelta: 0 }, keep: 'best' }],
    [
      { early_stop: { patience: 2, metric: 'loss', min_delta: 0.01 }, keep: 'best' },
      { earlyStop: { patience: 2, metric: 'loss', minDelta: 0.01 }, keep: 'best' },
    ],
  ])('training %j', (written, resolved) => {
    const { losses: _, name: _name, ...training } = stage(written);
    expect(training).toEqual({ epochs: 3, ...usual, ...resolved });
    const { teacher } = resolve({
      teacher: { model: { mlp: [4] }, train: { epochs: 2, ...written } },
    });
    expect(teacher.train).toEqual({ epochs: 2, ...usual, labelSmoothing: 0, ...resolved });
  });

  it.each(['float32', 'float16', 'off'])('teacher.cache: %s', (cache) => {
    expect(resolve({ teacher: { ...smallest.teacher, cache } }).teacher.cache).toBe(cache);
  });

  it('keeps the stages of a pipeline in order, each with its name', () => {
    const { distill } = resolve({
      distill: [
        { name: 'soften', epochs: 1, losses: [{ kd: { temperature: 20 }, weight: 0.5 }] },
        { name: 'sharpen', epochs: 2, losses: [{ ce: {} }] },
      ],
    });
    expect(distill.map(({ name, epochs, losses }) => ({ name, epochs, losses }))).toEqual([
      { name: 'soften', epochs: 1, losses: [{ criterion: 'kd', weight: 0.5, temperature: 20 }] },
      { name: 'sharpen', epochs: 2, losses: [{ criterion: 'ce', weight: 1, labelSmoothing: 0 }] },
    ]);
  });

  it.each([
    ['hinton-mnist.distill.yaml', 'hinton-mnist'],
    ['/home/ada/experiments/few.samples.distill.yml', 'few.samples'],
    ['C:\\experiments\\few.distill.yaml', 'few'],
    ['notes.yaml', 'notes.yaml'],
  ])('names an experiment without a name after its file %s', (file, name) => {
    expect(resolve({}, file).name).toBe(name);
    expect(resolve({ name: 'Given' }, file).name).toBe('Given');
  });

  it.each([
    [{ sgd: {} }, { kind: 'sgd', rate: 0.01, momentum: 0, nesterov: false, weightDecay: 0 }],
    [
      { sgd: { rate: 0.1, momentum: 0.9, nesterov: true, weight_decay: 1e-4 } },
      { kind: 'sgd', rate: 0.1, momentum: 0.9, nesterov: true, weightDecay: 1e-4 },
    ],
    [{ adam: {} }, adam],
    [
      { adam: { rate: 0.01, beta1: 0.8, beta2: 0.9, epsilon: 1e-7, weight_decay: 0.1 } },
      { kind: 'adam', rate: 0.01, beta1: 0.8, beta2: 0.9, epsilon: 1e-7, weightDecay: 0.1 },
    ],
    [{ adamw: {} }, { ...adam, kind: 'adamw', weightDecay: 0.01 }],
    [
      { rmsprop: {} },
      { kind: 'rmsprop', rate: 0.001, decay: 0.99, momentum: 0, epsilon: 1e-8, weightDecay: 0 },
    ],
    [
      { rmsprop: { rate: 0.1, decay: 0.9, momentum: 0.5, epsilon: 1e-6, weight_decay: 0.2 } },
      { kind: 'rmsprop', rate: 0.1, decay: 0.9, momentum: 0.5, epsilon: 1e-6, weightDecay: 0.2 },
    ],
  ])('optimizer %j', (optimizer, resolved) => {
    expect(stage({ optimizer }).optimizer).toEqual(resolved);
  });

  it.each([
    ['constant', { kind: 'constant', warmup: 0 }],
    ['linear', { kind: 'linear', to: 0, warmup: 0 }],
    ['cosine', { kind: 'cosine', to: 0, warmup: 0 }],
    [{ constant: { warmup: 2 } }, { kind: 'constant', warmup: 2 }],
    [{ constant: {} }, { kind: 'constant', warmup: 0 }],
    [{ linear: { to: 0.1 } }, { kind: 'linear', to: 0.1, warmup: 0 }],
    [{ cosine: { warmup: 0.5 } }, { kind: 'cosine', to: 0, warmup: 0.5 }],
    [{ step: { every: 5 } }, { kind: 'step', every: 5, factor: 0.1, warmup: 0 }],
    [{ step: { every: 2.5, factor: 0.5, warmup: 1 } }, { kind: 'step', every: 2.5, factor: 0.5, warmup: 1 }],
  ])('schedule %j', (schedule, resolved) => {
    expect(stage({ schedule }).schedule).toEqual(resolved);
  });

  it.each([
    [{ kd: {} }, { criterion: 'kd', weight: 1, temperature: 4 }],
    [
      { kd: { temperature: 2.5 }, weight: 0 },
      { criterion: 'kd', weight: 0, temperature: 2.5 },
    ],
    [{ ce: {} }, { criterion: 'ce', weight: 1, labelSmoothing: 0 }],
    [
      { ce: { label_smoothing: 0.1 }, weight: 3 },
      { criterion: 'ce', weight: 3, labelSmoothing: 0.1 },
    ],
    [{ logit_mse: {} }, { criterion: 'logit_mse', weight: 1, reduction: 'mean' }],
    [
      { logit_mse: { reduction: 'class_sum' } },
      { criterion: 'logit_mse', weight: 1, reduction: 'class_sum' },
    ],
  ])('loss %j', (loss, resolved) => {
    expect(stage({ losses: [loss] }).losses).toEqual([resolved]);
  });

  it('does not hide mistakes inside texts', () => {
    expect(() => resolve({ expect: ['student.errors'] })).toThrow(ExpectationError);
    expect(() => resolve({ student: { model: { cnn: ['cnov 3'] } } })).toThrow(LayerNotationError);
  });
});

describe('resolving a model', () => {
  const flatten = { kind: 'flatten' };
  const dropout = (rate: number) => ({ kind: 'dropout', rate });
  const dense = (units: number, activation = 'relu') => ({ kind: 'dense', units, activation });

  it.each([
    [{ mlp: [3, 2] }, [flatten, dense(3), dense(2)]],
    [{ mlp: [3, 2], activation: 'tanh' }, [flatten, dense(3, 'tanh'), dense(2, 'tanh')]],
    [{ mlp: [3, 2], dropout: 0.5 }, [flatten, dense(3), dropout(0.5), dense(2), dropout(0.5)]],
    [
      { mlp: [3, 2], dropout: [0.2, 0.5] },
      [flatten, dropout(0.2), dense(3), dropout(0.5), dense(2), dropout(0.5)],
    ],
    [{ mlp: [3, 2], dropout: [0.2, 0] }, [flatten, dropout(0.2), dense(3), dense(2)]],
    [{ mlp: [3], dropout: 0 }, [flatten, dense(3)]],
  ])('%j', (input, layers) => {
    expect(model(input)).toEqual(layers);
  });

  it('reads the notation of convolutional networks, with and without normalisation', () => {
    const conv = { kind: 'conv', kernel: 3, stride: 1, padding: 'same' };
    expect(model({ cnn: ['conv 8 norm', 'pool 2', 'conv 4 relu', 'dense 5'], activation: 'elu' })).toEqual([
      { ...conv, filters: 8, activation: 'linear' },
      { kind: 'norm', momentum: 0.9, epsilon: 0.001 },
      { kind: 'activation', activation: 'elu' },
      { kind: 'max_pool', size: 2, stride: 2 },
      { ...conv, filters: 4, activation: 'relu' },
      dense(5, 'elu'),
    ]);
  });

  it('reads explicit layers with their defaults', () => {
    expect(
      model({
        layers: [
          { conv: { filters: 8 } },
          { conv: { filters: 4, kernel: 5, stride: 2, padding: 'valid', activation: 'linear' } },
          { depthwise_conv: {} },
          { depthwise_conv: { kernel: 5, stride: 2, padding: 'valid', activation: 'linear' } },
          { norm: {} },
          { norm: { momentum: 0.9, epsilon: 0.1 } },
          { activation: 'gelu' },
          { max_pool: {} },
          { max_pool: { size: 3, stride: 2 } },
          { avg_pool: { size: 3 } },
          { global_pool: {} },
          { flatten: {} },
          { dropout: 0 },
          { dense: { units: 7 } },
        ],
      }),
    ).toEqual([
      { kind: 'conv', filters: 8, kernel: 3, stride: 1, padding: 'same', activation: 'relu' },
      { kind: 'conv', filters: 4, kernel: 5, stride: 2, padding: 'valid', activation: 'linear' },
      { kind: 'depthwise_conv', kernel: 3, stride: 1, padding: 'same', activation: 'relu' },
      { kind: 'depthwise_conv', kernel: 5, stride: 2, padding: 'valid', activation: 'linear' },
      { kind: 'norm', momentum: 0.9, epsilon: 0.001 },
      { kind: 'norm', momentum: 0.9, epsilon: 0.1 },
      { kind: 'activation', activation: 'gelu' },
      { kind: 'max_pool', size: 2, stride: 2 },
      { kind: 'max_pool', size: 3, stride: 2 },
      { kind: 'avg_pool', size: 3, stride: 3 },
      { kind: 'global_pool' },
      { kind: 'flatten' },
      dropout(0),
      dense(7),
    ]);
  });
});
