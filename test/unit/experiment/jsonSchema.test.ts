import { Ajv } from 'ajv';
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { experimentJsonSchema } from '../../../src/experiment/jsonSchema';
import { parseExperiment } from '../../../src/experiment/parse';
import { minimalExperiment } from '../../../src/experiment/minimal';
import { changed, hinton } from './fixtures';

const schema = experimentJsonSchema();
const validate = new Ajv({ strict: false, allErrors: true }).compile(schema);
const examples = path.join(import.meta.dirname, '../../../examples');

test.each([
  ['the design', hinton],
  ['the minimal experiment', minimalExperiment],
  ['an empty map', changed('ce: {}', 'ce:')],
  ['a list of stages', changed('distill:', 'distill:\n- name: first').replace('  epochs: 10', '  epochs: 3')],
  ['numbers that change', changed('{temperature: 4}', '{temperature: {from: 20, to: 4, how: cosine}}')],
  [
    'training keys',
    changed('  epochs: 10', '  epochs: 10\n  ema:\n  early_stop: {patience: 2}\n  accumulate: 2'),
  ],
  ['a depthwise convolution', changed('{mlp: [32]}', '{layers: [depthwise_conv: {kernel: 5, stride: 2}]}')],
  ['a teacher whose outputs are not kept', changed('\nstudent:', '  cache: off\n\nstudent:')],
  ...fs
    .readdirSync(examples)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => [name, fs.readFileSync(path.join(examples, name), 'utf8')]),
])('%s is valid', (_, text) => {
  expect(parseExperiment(text).problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  expect(validate(parse(text)) ? [] : validate.errors).toEqual([]);
});

test.each([
  ['an unknown key', 'kd: {temperature: 4}', 'kd: {temprature: 4}'],
  ['temperature 0', 'kd: {temperature: 4}', 'kd: {temperature: 0}'],
  ['a way without an end', '{temperature: 4}', '{temperature: {from: 20}}'],
  ['a way of an unknown kind', '{temperature: 4}', '{temperature: {from: 20, to: 4, how: fast}}'],
  ['a decay of 1', '  epochs: 10', '  epochs: 10\n  ema: {decay: 1}'],
  ['two kinds', '{mlp: [32]}', '{mlp: [32], cnn: [conv 4]}'],
  ['no kind', '{mlp: [32]}', '{}'],
  ['another version', 'version: 1', 'version: 2'],
  ['a dilated convolution', '{mlp: [32]}', '{layers: [conv: {filters: 4, dilation: 2}]}'],
  ['a normalisation without scale', '{mlp: [32]}', '{layers: [norm: {scale: false}]}'],
  ['a missing key', 'source: mnist', 'validation: 100'],
  ['a wrong word', 'compare: [scratch]', 'compare: [scrach]'],
])('%s is invalid, as it is for us', (_, from, to) => {
  const text = changed(from, to);
  expect(parseExperiment(text).experiment).toBeNull();
  expect(validate(parse(text))).toBe(false);
});

test('other editors get titles, descriptions, defaults and examples, and nothing that is only ours', () => {
  expect(schema).toMatchObject({
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Distillery experiment',
    additionalProperties: false,
    required: ['version', 'data', 'teacher', 'student', 'distill'],
    properties: {
      seeds: {
        default: [1],
        examples: [[1, 2, 3]],
        description: expect.stringContaining('once for each seed') as string,
      },
      student: {
        properties: {
          model: { oneOf: [{ required: ['mlp'] }, { required: ['cnn'] }, { required: ['layers'] }] },
        },
      },
    },
  });
  expect(JSON.stringify(schema)).not.toMatch(/distillery"|exactlyOneOf|9007199254740991/);
});
