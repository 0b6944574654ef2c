import { expect, test } from 'vitest';
import type * as z from 'zod';
import { branches, keyAt, keysAt, keysOf, kindName, valueAt } from '../../../src/experiment/describe';
import { insertKey } from '../../../src/experiment/insert';
import { parseExperiment } from '../../../src/experiment/parse';
import type { ExperimentPath } from '../../../src/experiment/problems';
import { experimentSchema } from '../../../src/experiment/schema/experiment';
import { applied, found } from './fixtures';
import { minimalExperiment } from '../../../src/experiment/minimal';

test('the keys of a map, with what is required, what has a default, and what names a kind', () => {
  expect(keysAt(['data']).map(({ name, required, value }) => [name, required, value.defaultText])).toEqual([
    ['source', true, undefined],
    ['validation', false, '5000'],
    ['transfer', false, 'all'],
    ['exclude', false, '[]'],
  ]);
  expect(keysAt(['student', 'model']).map(({ name, kind }) => [name, kind])).toEqual([
    ['mlp', true],
    ['cnn', true],
    ['layers', true],
    ['dropout', false],
    ['activation', false],
  ]);
  expect(kindName(['student', 'model'])).toBe('model');
  expect(kindName(['data'])).toBeUndefined();
});

test('a stage alone has no name, one of a list has', () => {
  const names = (path: ExperimentPath) => keysAt(path).map(({ name }) => name);
  expect(names(['distill'])).not.toContain('name');
  expect(names(['distill', 0])).toContain('name');
  expect(names(['distill', 3, 'losses', 1])).toEqual(['kd', 'ce', 'logit_mse', 'weight']);
  expect(names(['distill', 'optimizer', 'adamw'])).toContain('weight_decay');
});

test('paths that the language does not have', () => {
  expect(valueAt(['nothing'])).toBeUndefined();
  expect(valueAt(['toString'])).toBeUndefined();
  expect(valueAt(['seeds', 'x'])).toBeUndefined();
  expect(keysAt(['seeds'])).toEqual([]);
  expect(keyAt(['seeds', 0])).toBeUndefined();
});

test.each<[ExperimentPath, string]>([
  [['version'], '1'],
  [['name'], 'text'],
  [['seeds'], 'a list, such as [1, 2, 3]'],
  [['data', 'transfer'], 'all or a whole number of at least 1'],
  [['data', 'source'], 'mnist or a map with the key idx'],
  [['teacher', 'train', 'keep'], 'last or best'],
  [
    ['teacher', 'train', 'label_smoothing'],
    'a number of at least 0 and below 1 or a map, such as {from: 0.1, to: 0, how: linear}',
  ],
  [['teacher', 'train', 'early_stop', 'metric'], 'errors or loss'],
  [['teacher', 'cache'], 'float32, float16 or off'],
  [['distill', 'losses', 0, 'weight', 'how'], 'linear, cosine or exponential'],
  [['student', 'model', 'dropout'], 'a number of at least 0 and below 1 or a list of 2 numbers'],
  [['distill', 'optimizer', 'sgd', 'nesterov'], 'true or false'],
])('what %j must be', (path, phrase) => {
  expect(valueAt(path)!.phrase).toBe(phrase);
});

/** Every path of the language, with 0 for the items of lists. */
function everyPath(schema: z.ZodType, path: ExperimentPath = []): ExperimentPath[] {
  const inner = keysOf(schema).flatMap((key) => [
    [...path, key.name],
    ...everyPath(key.value.schema, [...path, key.name]),
  ]);
  const items = branches(schema).flatMap((branch) => {
    const { element } = branch.def as unknown as { element?: z.ZodType };
    return element ? [[...path, 0], ...everyPath(element, [...path, 0])] : [];
  });
  return [...inner, ...items];
}

test('every key of the language is documented in whole sentences', () => {
  const paths = everyPath(experimentSchema).filter(
    (path) => typeof path.at(-1) === 'string' && path[0] !== 'distill',
  );
  expect(paths.length).toBeGreaterThan(60);
  for (const path of [...paths, ...everyPath(experimentSchema).filter((p) => p.includes('losses'))]) {
    if (typeof path.at(-1) !== 'string') continue;
    const doc = keyAt(path)?.doc;
    expect(doc?.summary, path.join('.')).toMatch(/^[\p{Lu}\d`].*[.:`]$/su);
  }
});

test('every key can be added with its example, and the example is right', () => {
  const { source } = parseExperiment(minimalExperiment);
  for (const path of [[], ['data'], ['teacher'], ['teacher', 'train'], ['distill']] as ExperimentPath[])
    for (const key of keysAt(path)) {
      if (minimalExperiment.includes(`${key.name}:`) && source.nodeAt([...path, key.name]) !== undefined)
        continue;
      if (path[0] === 'distill' && key.name === 'name') continue;
      const text = applied(minimalExperiment, insertKey(source, path, key)!);
      expect(found(text), key.name).toEqual([]);
    }
});
