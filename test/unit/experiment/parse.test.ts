import { expect, test } from 'vitest';
import { parseExperiment } from '../../../src/experiment/parse';
import { formatProblem } from '../../../src/experiment/problems';
import { minimalExperiment } from '../../../src/experiment/minimal';
import { applied, changed, found, hinton, theOnly, underlined } from './fixtures';

test('the example of the design works as it stands', () => {
  const { problems, experiment } = parseExperiment(hinton);
  expect(problems).toEqual([]);
  expect(experiment).toMatchObject({
    version: 1,
    name: 'Hinton 2015 on MNIST',
    seeds: [1, 2, 3],
    data: { source: { kind: 'mnist' }, validation: 5000, transfer: 'all', exclude: [] },
    teacher: { require: { metric: 'errors', comparator: '<=', value: 130 } },
    compare: ['scratch'],
  });
  expect(experiment!.distill).toHaveLength(1);
  expect(experiment!.distill[0]!.losses).toEqual([
    { criterion: 'kd', weight: 0.9, temperature: 20 },
    { criterion: 'ce', weight: 0.1, labelSmoothing: 0 },
  ]);
});

test('the experiment that is offered for an empty file has no problem', () => {
  expect(found(minimalExperiment)).toEqual([]);
});

test('an experiment without a name is called after its file', () => {
  const text = changed('name: My experiment\n', '');
  expect(parseExperiment(text, { fileName: '/a/b/few.distill.yaml' }).experiment?.name).toBe('few');
});

test('a misspelt key: line, column and what was probably meant', () => {
  const text = changed('kd: {temperature: 4}', 'kd: {temprature: 4}');
  const problem = theOnly(text);
  expect(formatProblem('file', problem)).toBe(
    'file:18:12 error key.unknown "temprature" is not a key of kd: did you mean temperature?',
  );
  expect(underlined(text, problem)).toBe('temprature');
  expect(applied(text, problem.fixes[0]!)).toBe(minimalExperiment);
});

test.each([
  [
    'kd: {temperature: 4}',
    'kd: {temperature: 0}',
    '18:25 value.range',
    'temperature must be a number above 0 and at most 1,000, not 0.',
  ],
  ['weight: 0.9', 'weight: -1', '19:15 value.range', 'weight must be a number of at least 0, not -1.'],
  [
    'epochs: 10',
    'epochs: 1.5',
    '16:11 value.type',
    'epochs must be a whole number from 1 to 100,000, not 1.5.',
  ],
  [
    'epochs: 10',
    'epochs: ten',
    '16:11 value.type',
    'epochs must be a whole number from 1 to 100,000, not the text "ten".',
  ],
  [
    'epochs: 10',
    'epochs: .inf',
    '16:11 value.type',
    'epochs must be a whole number from 1 to 100,000, not Infinity.',
  ],
  [
    'version: 1',
    'version: 2',
    '1:10 version.unknown',
    'This file is written in version 2 of the experiment language, and only version 1 is known here.',
  ],
  ['version: 1', 'version: one', '1:10 value.choice', 'version must be 1, not the text "one".'],
  [
    'mlp: [32]',
    'mlp: [32, 0]',
    '13:21 value.range',
    'Item 2 of mlp must be a whole number from 1 to 100,000, not 0.',
  ],
  [
    'source: mnist',
    'source: [mnist]',
    '5:11 value.type',
    'source must be mnist or a map with the key idx, not a list of 1.',
  ],
  ['name: My experiment', 'name: ""', '2:7 value.range', 'name must be more than empty text, not empty.'],
  [
    'compare: [scratch]',
    'compare: [scratch]\nseeds: []',
    '24:8 value.range',
    'seeds must be a list with at least one item, not an empty list.',
  ],
  [
    'model: {mlp: [32]}',
    'model: {mlp: [32], cnn: [conv 8]}',
    '13:22 choice.several',
    'This model names mlp and cnn: keep exactly one of them.',
  ],
  [
    'model: {mlp: [32]}',
    'model: {}',
    '13:3 choice.missing',
    'This model does not say which kind it is: give exactly one of mlp, cnn, layers.',
  ],
  [
    'epochs: 10',
    'rate: 1\n  epochs: 10',
    '16:3 key.unknown',
    '"rate" is not a key of distill: it belongs inside optimizer: {adam: {rate: 0.001}}.',
  ],
  [
    'epochs: 10',
    'zzzzzz: 1\n  epochs: 10',
    '16:3 key.unknown',
    '"zzzzzz" is not a key of distill: what can stand here is epochs, batch, accumulate, optimizer, schedule, clip_norm, augment, ema, early_stop, keep and losses.',
  ],
])('%s → %s', (from, to, place, message) => {
  const { problems } = parseExperiment(changed(from, to));
  expect(problems.map((p) => `${p.range.start.line}:${p.range.start.column} ${p.code}`)).toEqual([place]);
  expect(problems.map((p) => p.message)).toEqual([message]);
});

test.each([
  ['a word', 'source: mnist', 'source: mnits', 'source: mnist'],
  ['a word of a list', 'compare: [scratch]', 'compare: [scrach]', 'compare: [scratch]'],
  ['letters in the wrong order', '{mlp: [32]}', '{mpl: [32]}', '{mlp: [32]}'],
  ['a kind', '{mlp: [32]}', 'mlp', '{mlp: [100, 100]}'],
  ['camel case', '- ce: {}', '- ce: {labelSmoothing: 0.1}', '- ce: {label_smoothing: 0.1}'],
  ['quotes around a number', 'epochs: 10', 'epochs: "10"', 'epochs: 10'],
  ['a number with a separator', 'epochs: 10', 'epochs: 1_000', 'epochs: 1000'],
  ['a number where text is meant', 'name: My experiment', 'name: 2015', 'name: "2015"'],
  ['a missing value', 'epochs: 10', 'epochs:', 'epochs: 10'],
  ['a missing version', 'version: 1\n', '', 'version: 1\n'],
])('%s is cured by the fix', (_, from, wrong, right) => {
  const text = changed(from, wrong);
  const problem = theOnly(text);
  expect(applied(text, problem.fixes[0]!)).toBe(changed(from, right));
});

test.each([
  ['student', 'student:\n  model: {mlp: [32]}\n'],
  ['data', 'data:\n  source: mnist\n'],
  ['teacher', 'teacher:\n  model: {mlp: [400, 400]}\n  train:\n    epochs: 4\n'],
  ['source', '  source: mnist\n'],
  ['train', '  train:\n    epochs: 4\n'],
  ['epochs', '  epochs: 10\n'],
])('a missing %s can be added where it belongs', (name, piece) => {
  const text = changed(piece, '');
  const problem = theOnly(text);
  expect(problem.code).toBe('key.missing');
  expect(problem.message).toContain(`has no ${name}.`);
  expect(
    parseExperiment(applied(text, problem.fixes[0]!)).problems.filter((p) => p.severity === 'error'),
  ).toEqual([]);
});

test('a missing key is added inside braces too', () => {
  const text = changed('  train:\n    epochs: 4\n', '  train: {batch: 64}\n');
  const problem = theOnly(text);
  expect(applied(text, problem.fixes[0]!)).toContain('train: {batch: 64, epochs: 10}');
});

test('a key with nothing after it is an empty map where a map is wanted', () => {
  expect(found(changed('ce: {}', 'ce:'))).toEqual([]);
  expect(found(changed('kd: {temperature: 4}', 'kd:'))).toEqual([]);
});

test('aliases and merge keys work, and places inside them are those where they are written', () => {
  const shared = changed('    epochs: 4', '    <<: &shared {epochs: 3, batch: 64}\n    schedule: linear');
  const text = shared.replace('  epochs: 10', '  <<: *shared\n  schedule: cosine');
  const { experiment, problems, rangeOf } = parseExperiment(text);
  expect(problems).toEqual([]);
  expect(experiment!.teacher.train).toMatchObject({ epochs: 3, batch: 64, schedule: { kind: 'linear' } });
  expect(experiment!.distill[0]).toMatchObject({ epochs: 3, batch: 64, schedule: { kind: 'cosine' } });
  expect(rangeOf(['distill', 'epochs'])!.start).toMatchObject({ line: 10, column: 26 });
  const wrong = text.replace('batch: 64', 'bach: 64');
  expect(found(wrong)).toEqual(['10:29 key.unknown', '10:29 key.unknown']);
});

test('a key of the map itself goes before one that is merged, and the first merged map before the second', () => {
  const text = changed(
    '  epochs: 10',
    '  <<: [{epochs: 7, batch: 32}, {epochs: 8, batch: 64, keep: best}]\n  batch: 16',
  );
  expect(parseExperiment(text).experiment!.distill[0]).toMatchObject({ epochs: 7, batch: 16, keep: 'best' });
});

test('places: key, value, pair, and the nearest ancestor of what is not there', () => {
  const { rangeOf } = parseExperiment(minimalExperiment);
  const text = (range: ReturnType<typeof rangeOf>): string =>
    minimalExperiment.slice(range!.start.offset, range!.end.offset);
  const weight = ['distill', 'losses', 0, 'weight'];
  expect(text(rangeOf(weight))).toBe('0.9');
  expect(text(rangeOf(weight, 'key'))).toBe('weight');
  expect(text(rangeOf(weight, 'pair'))).toBe('weight: 0.9');
  expect(text(rangeOf(['student', 'model', 'dropout', 0]))).toBe('model');
  expect(text(rangeOf(['nothing', 'like', 'it']))).toBe('version');
  expect(text(rangeOf(['distill', 'losses', 1], 'pair'))).toBe('- ce: {}\n      weight: 0.1'.slice(2));
  expect(parseExperiment('').rangeOf(['version'])).toBeUndefined();
});

test('keys that every object has are ordinary unknown keys', () => {
  expect(found(`${minimalExperiment}__proto__: {polluted: 1}\n`)).toEqual(['26:1 key.unknown']);
  expect(found(`${minimalExperiment}constructor: 1\ntoString: 2\n`)).toEqual([
    '26:1 key.unknown',
    '27:1 key.unknown',
  ]);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

test('Windows line ends change nothing but the offsets', () => {
  const text = hinton.replaceAll('\n', '\r\n');
  expect(found(text)).toEqual([]);
  expect(found(text.replace('temperature', 'temprature'))).toEqual(['29:12 key.unknown']);
});

test('there are at most a hundred problems', () => {
  const seeds = Array.from({ length: 100 }, () => 'x').join(', ');
  const many = `${minimalExperiment}seeds: [${seeds}]\n${Array.from({ length: 50 }, (_, i) => `key${i}: 1`).join('\n')}`;
  expect(parseExperiment(many).problems).toHaveLength(100);
});
