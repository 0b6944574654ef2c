import { expect, test } from 'vitest';
import { minimalExperiment } from '../../../src/experiment/minimal';
import { parseExperiment } from '../../../src/experiment/parse';
import { formatProblem } from '../../../src/experiment/problems';

/** The problem of a student, as a pair of its line on the command line and the text that is underlined. */
function found(model: string): [line: string, underlined: string][] {
  const text = minimalExperiment.replace('{mlp: [32]}', model);
  return parseExperiment(text).problems.map((problem) => [
    formatProblem('a.distill.yaml', problem),
    text.slice(problem.range.start.offset, problem.range.end.offset),
  ]);
}

const dilated =
  'TensorFlow.js has no gradient for dilated convolutions. Use a larger kernel, or one convolution more.';
const norm =
  'without its scale and offset, TensorFlow.js crashes when it trains a batch normalisation. Leave it out: both begin as if they were not there.';

test.each([
  ['conv: {filters: 8, dilation: 2}', 'dilation', dilated],
  ['conv: {filters: 8, dilation_rate: [2, 2]}', 'dilation_rate', dilated],
  ['conv: {filters: 8, dilationRate: 3}', 'dilationRate', dilated],
  ['depthwise_conv: {dilation: 2}', 'dilation', dilated],
  ['norm: {scale: false}', 'scale', norm],
  ['norm: {center: false}', 'center', norm],
  ['norm: {affine: false}', 'affine', norm],
  [
    'conv: {filters: 8, groups: 2}',
    'groups',
    'TensorFlow.js has no grouped convolutions. Use depthwise_conv, which has one group for each channel, and a conv with a kernel of 1 after it.',
  ],
  [
    'max_pool: {data_format: channels_first}',
    'data_format',
    'the WebAssembly engine has gradients only for images whose channels come last. Leave it out: that is how images are read.',
  ],
  [
    'conv3d: {filters: 8}',
    'conv3d',
    'the WebAssembly engine computes the gradient of three-dimensional convolutions wrongly. Use conv: the data are flat images.',
  ],
  ['group_norm: {}', 'group_norm', 'TensorFlow.js does not have this normalisation. Use norm.'],
  [
    'pixel_shuffle: {}',
    'pixel_shuffle',
    'TensorFlow.js has no gradient for it. Leave it out: a classifier makes images smaller, not larger.',
  ],
  [
    'multi-head-attention: {}',
    'multi-head-attention',
    'TensorFlow.js does not have attention. Use conv and dense layers.',
  ],
])('{%s} is refused at %s with the reason', (layer, key, reason) => {
  // The layer begins in column 21.
  const column = 21 + (layer.startsWith(key) ? 0 : layer.indexOf(`${key}:`));
  expect(found(`{layers: [{${layer}}]}`)).toEqual([
    [`a.distill.yaml:13:${column} error model.layer.untrainable "${key}" cannot be trained: ${reason}`, key],
  ]);
});

test.each([
  ['conv 8 dilation=2', 'dilation=2'],
  ['conv 8 d2', 'd2'],
  ['conv 8 dilated', 'dilated'],
  ['depthwise dilation:2', 'dilation:2'],
  ['conv 8 groups=4', 'groups=4'],
  ['conv 8 g4', 'g4'],
])('"%s" of the short notation is refused at %s', (layer, word) => {
  const problems = found(`{cnn: ["${layer}", global pool]}`);
  expect(problems).toHaveLength(1);
  expect(problems[0]![0]).toContain(
    `error model.layer.untrainable "${word}" cannot be trained: TensorFlow.js`,
  );
  expect(problems[0]![1]).toBe(word);
});

test.each([
  ['conv: {filters: 8, dilation: 1}', '"dilation" is not a key of conv: it is always 1, so leave it out.'],
  [
    'conv: {filters: 8, dilation_rate: [1, 1]}',
    '"dilation_rate" is not a key of conv: it is always 1, so leave it out.',
  ],
  ['norm: {scale: true}', '"scale" is not a key of norm: it is always true, so leave it out.'],
  [
    'conv: {filters: 8, data_format: channels_last}',
    '"data_format" is not a key of conv: it is always channels_last, so leave it out.',
  ],
])('{%s} asks for what happens anyway', (layer, message) => {
  const problems = found(`{layers: [{${layer}}]}`);
  expect(problems).toHaveLength(1);
  expect(problems[0]![0]).toContain(`error key.unknown ${message}`);
});

test.each([
  ['the last key', '{layers: [{conv: {filters: 8, dilation: 2}}]}', '{layers: [{conv: {filters: 8}}]}'],
  ['the first key', '{layers: [{conv: {groups: 2, filters: 8}}]}', '{layers: [{conv: {filters: 8}}]}'],
  ['the only key', '{layers: [{norm: {scale: false}}]}', '{layers: [{norm: {}}]}'],
  [
    'the last key of a block',
    '\n    layers:\n      - conv:\n          filters: 8\n          dilation: 2\n      - flatten: {}',
    '\n    layers:\n      - conv:\n          filters: 8\n      - flatten: {}',
  ],
  [
    'the first key of a block',
    '\n    layers:\n      - conv:\n          dilation: 2\n          filters: 8',
    '\n    layers:\n      - conv:\n          filters: 8',
  ],
  [
    'the only key of a block',
    '\n    layers:\n      - norm:\n          scale: false\n      - flatten: {}',
    '\n    layers:\n      - norm:\n      - flatten: {}',
  ],
])('%s is taken out by the fix, and the experiment is right', (_, wrong, right) => {
  const text = minimalExperiment.replace('{mlp: [32]}', wrong);
  const { problems } = parseExperiment(text);
  expect(problems).toHaveLength(1);
  expect(problems[0]!.fixes.map(({ title }) => title)).toEqual([expect.stringMatching(/^Remove \w+$/)]);
  const { range, newText } = problems[0]!.fixes[0]!;
  const cured = text.slice(0, range.start.offset) + newText + text.slice(range.end.offset);
  expect(cured).toBe(minimalExperiment.replace('{mlp: [32]}', right));
  expect(parseExperiment(cured).problems).toEqual([]);
});

test('nothing is taken out where a comment would lose what it explains, or another place its value', () => {
  const fixesOf = (model: string) =>
    parseExperiment(minimalExperiment.replace('{mlp: [32]}', model)).problems.flatMap(({ fixes }) => fixes);
  expect(fixesOf('\n    layers:\n      - conv:\n          dilation: 2 # wide\n          filters: 8')).toEqual(
    [],
  );
  expect(fixesOf('{layers: [{conv: {dilation: &two 2, filters: *two}}]}')).toEqual([]);
  expect(fixesOf('{layers: [{conv3d: {filters: 8}}]}')).toEqual([]);
});

test.each([
  ['a key that is misspelt', '{layers: [{conv: {filtres: 8}}]}', 'did you mean filters?'],
  ['the same word elsewhere', '{layers: [{dense: {units: 8, groups: 2}}]}', 'is not a key of dense'],
  ['the same word outside of layers', '{mlp: [32], dilation: 2}', '"dilation" is not a key of a model'],
])('%s is reported as before', (_, model, message) => {
  expect(found(model).map(([line]) => line)).toEqual(
    expect.arrayContaining([expect.stringContaining(message)]),
  );
});
