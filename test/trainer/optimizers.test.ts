import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ResolvedOptimizer } from '../../src/experiment/resolved';
import { openEngine } from '../../src/trainer/engine/engine';
import type { NamedVariable } from '../../src/trainer/models/model';
import { clipByGlobalNorm, createOptimizer, type Optimizer } from '../../src/trainer/training/optimizers';
import reference from './fixtures/optimizers.json';
import { pattern } from './fixtures/pattern';

// The reference numbers are PyTorch's, in double precision: fixtures/optimizers.py.

let x: tf.Tensor2D;
let y: tf.Tensor2D;

async function useEngine(engine: 'wasm' | 'cpu'): Promise<void> {
  await openEngine(engine, { searchFrom: [] });
  x = tf.tensor2d(pattern(32, 1), [8, 4]);
  y = tf.tensor2d(pattern(24, 2, 0.8), [8, 3]);
}

function startVariables(): NamedVariable[] {
  const variable = (values: number[], shape: number[]) =>
    tf.tidy(() => tf.variable(tf.tensor(values, shape)));
  return [
    { name: 'dense_1/kernel', variable: variable(pattern(12, 3, 0.5), [4, 3]), decays: true },
    { name: 'dense_1/bias', variable: variable(pattern(3, 4, 0.1), [3]), decays: false },
  ];
}

function step(optimizer: Optimizer, variables: NamedVariable[], rate: number): void {
  tf.tidy(() => {
    const [kernel, bias] = variables.map(({ variable }) => variable);
    const { grads } = tf.variableGrads(() => {
      const output = tf.tanh(tf.add(tf.matMul(x, kernel as tf.Tensor as tf.Tensor2D), bias!));
      return tf.mean(tf.squaredDifference(output, y));
    }, [kernel!, bias!]);
    optimizer.apply(
      new Map(variables.map(({ name, variable }) => [name, grads[variable.name]!])),
      variables,
      rate,
    );
  });
}

async function numbers(variables: NamedVariable[]): Promise<Record<'kernel' | 'bias', number[]>> {
  const [kernel, bias] = await Promise.all(variables.map(({ variable }) => variable.data()));
  return { kernel: [...kernel!], bias: [...bias!] };
}

function largestDifference(computed: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(computed.length).toBe(expected.length);
  return Math.max(...Array.from(computed, (value, i) => Math.abs(value - expected[i]!)));
}

const cases = reference.runs.map((run) => [JSON.stringify(run.optimizer), run] as const);

// On the heap of WebAssembly a step is one pass, elsewhere it is made of tensors: both must go the same way.
describe.each(['cpu', 'wasm'] as const)('optimisers on %s', (engine) => {
  beforeAll(() => useEngine(engine));

  it.each(cases)('goes where PyTorch goes: %s', async (_title, { optimizer: spec, after }) => {
    const optimizer = createOptimizer(spec as ResolvedOptimizer);
    const variables = startVariables();
    for (let i = 0; i < 100; i++) {
      step(optimizer, variables, spec.rate * (1 - i / 100));
      const expected = (after as Record<string, (typeof after)['1']>)[String(i + 1)];
      if (expected === undefined) continue;
      const computed = await numbers(variables);
      expect(largestDifference(computed.kernel, expected.kernel)).toBeLessThan(1e-5);
      expect(largestDifference(computed.bias, expected.bias)).toBeLessThan(1e-5);
    }
    optimizer.dispose();
    tf.dispose(variables.map(({ variable }) => variable));
  });

  it.each(cases)('goes on from saved slots to the same numbers: %s', async (_title, { optimizer: spec }) => {
    const optimizer = createOptimizer(spec as ResolvedOptimizer);
    const variables = startVariables();
    for (let i = 0; i < 5; i++) step(optimizer, variables, spec.rate);
    const saved = await optimizer.slots();
    const weights = await numbers(variables);
    for (let i = 0; i < 5; i++) step(optimizer, variables, spec.rate);
    const uninterrupted = await numbers(variables);

    const resumed = createOptimizer(spec as ResolvedOptimizer);
    resumed.restore(saved, variables);
    variables[0]!.variable.assign(tf.tensor2d(weights.kernel, [4, 3]));
    variables[1]!.variable.assign(tf.tensor1d(weights.bias));
    for (let i = 0; i < 5; i++) step(resumed, variables, spec.rate);
    expect(await numbers(variables)).toEqual(uninterrupted);
    expect(saved.get('step')).toEqual(Float32Array.of(5));
    for (const name of saved.keys())
      expect(name).toMatch(/^(step|dense_1\/(kernel|bias)\/(velocity|mean|square))$/);
    optimizer.dispose();
    resumed.dispose();
  });

  it.each(cases)('leaves no tensors behind in 100 steps: %s', (_title, { optimizer: spec }) => {
    const before = tf.memory().numTensors;
    const optimizer = createOptimizer(spec as ResolvedOptimizer);
    const variables = startVariables();
    step(optimizer, variables, 0.01);
    const afterOne = tf.memory().numTensors;
    for (let i = 0; i < 100; i++) step(optimizer, variables, 0.01);
    expect(tf.memory().numTensors).toBe(afterOne);
    optimizer.dispose();
    tf.dispose(variables.map(({ variable }) => variable));
    expect(tf.memory().numTensors).toBe(before);
  });

  it('changes a variable and nothing that shares its numbers', async () => {
    const optimizer = createOptimizer({ kind: 'sgd', rate: 1, momentum: 0, nesterov: false, weightDecay: 0 });
    const variables = startVariables();
    const before = await numbers(variables);
    const copies = variables.map(({ variable }) => variable.clone());
    step(optimizer, variables, 0.5);
    expect([...copies[0]!.dataSync()]).toEqual(before.kernel);
    expect((await numbers(variables)).kernel).not.toEqual(before.kernel);
    tf.dispose(copies);
  });

  it('refuses a variable without a gradient', () => {
    const optimizer = createOptimizer({ kind: 'sgd', rate: 1, momentum: 0, nesterov: false, weightDecay: 0 });
    const variables = startVariables();
    expect(() => optimizer.apply(new Map(), variables, 1)).toThrow(
      'There is no gradient for dense_1/kernel.',
    );
  });
});

describe.each(['cpu', 'wasm'] as const)('clipping on %s', (engine) => {
  beforeAll(() => useEngine(engine));

  it.each(reference.clip)(
    'scales as PyTorch does at a maximum of $maximum',
    ({ maximum, norm, gradients }) => {
      tf.tidy(() => {
        const map = new Map<string, tf.Tensor>([
          ['kernel', tf.tensor2d(pattern(12, 5), [4, 3])],
          ['bias', tf.tensor1d(pattern(3, 6))],
        ]);
        expect(clipByGlobalNorm(map, maximum).norm).toBeCloseTo(norm, 5);
        [...map.values()].forEach((gradient, i) => {
          expect(largestDifference(gradient.dataSync(), gradients[i]!)).toBeLessThan(1e-6);
        });
      });
    },
  );

  it('tells the norm without a maximum, and passes on what is not a number', () => {
    tf.tidy(() => {
      const gradient = tf.tensor1d([3, 4]);
      const map = new Map<string, tf.Tensor>([['a', gradient]]);
      expect(clipByGlobalNorm(map, Infinity).norm).toBe(5);
      expect(map.get('a')).toBe(gradient);
      map.set('a', tf.tensor1d([NaN, 1]));
      expect(clipByGlobalNorm(map, 1).norm).toBeNaN();
    });
  });
});
