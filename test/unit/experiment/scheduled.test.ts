import { describe, expect, it, test } from 'vitest';
import { parseExperiment } from '../../../src/experiment/parse';
import type { ResolvedStage } from '../../../src/experiment/resolved';
import { largestOf, scheduledText, startOf } from '../../../src/experiment/scheduled';
import { applied, changed, theOnly, underlined } from './fixtures';

const falling = { from: 20, to: 4, how: 'cosine' } as const;

describe('of a number that may change', () => {
  it('the first value, the largest, and what sentences say are known', () => {
    expect([startOf(3), largestOf(3), scheduledText(3)]).toEqual([3, 3, '3']);
    expect([startOf(falling), largestOf(falling)]).toEqual([20, 20]);
    expect(largestOf({ from: 0, to: 0.5, how: 'linear' })).toBe(0.5);
    expect(scheduledText(falling)).toBe('from 20 to 4');
  });
});

function stage(from: string, to: string): ResolvedStage {
  const { experiment, problems } = parseExperiment(changed(from, to));
  expect(problems).toEqual([]);
  return experiment!.distill[0]!;
}
const loss = (temperature: string) => stage('{temperature: 4}', `{temperature: ${temperature}}`).losses[0];

test.each([
  ['{from: 20, to: 4, how: cosine}', falling],
  ['{from: 1, to: 10}', { from: 1, to: 10, how: 'linear' }],
  ['{to: 1, from: 2, until: 2.5, how: exponential}', { from: 2, to: 1, how: 'exponential', until: 2.5 }],
  ['{from: 4, to: 4, how: cosine, until: 3}', 4],
  ['2.5', 2.5],
])('temperature: %s', (written, resolved) => {
  expect(loss(written)).toEqual({ criterion: 'kd', weight: 0.9, temperature: resolved });
});

test('weights, label smoothing and rates change, too', () => {
  expect(stage('weight: 0.9', 'weight: {from: 0.9, to: 0, until: 5}').losses[0]!.weight).toEqual({
    from: 0.9,
    to: 0,
    how: 'linear',
    until: 5,
  });
  expect(stage('ce: {}', 'ce: {label_smoothing: {from: 0, to: 0.1}}').losses[1]).toMatchObject({
    labelSmoothing: { from: 0, to: 0.1, how: 'linear' },
  });
  for (const kind of ['sgd', 'adam', 'adamw', 'rmsprop'])
    expect(
      stage('  epochs: 10', `  epochs: 10\n  optimizer: {${kind}: {rate: {from: 0.1, to: 0}}}`).optimizer,
    ).toMatchObject({ kind, rate: { from: 0.1, to: 0, how: 'linear' } });
  const { experiment } = parseExperiment(
    changed('    epochs: 4', '    epochs: 4\n    label_smoothing: {from: 0, to: 0.1}'),
  );
  expect(experiment!.teacher.train.labelSmoothing).toEqual({ from: 0, to: 0.1, how: 'linear' });
});

const allowed = 'a number above 0 and at most 1,000';
const orMap = `${allowed} or a map, such as {from: 20, to: 4, how: cosine}`;

test.each([
  ['hot', 'value.type', 'hot', `temperature must be ${orMap}, not the text "hot".`],
  ['[20, 4]', 'value.type', '[20, 4]', `temperature must be ${orMap}, not a list of 2.`],
  ['', 'value.missing', 'temperature', `temperature has no value: give it ${orMap}.`],
  ['0', 'value.range', '0', `temperature must be ${allowed}, not 0.`],
  ['{from: 20, to: 0}', 'value.range', '0', `to must be ${allowed}, not 0.`],
  ['{from: hot, to: 1}', 'value.type', 'hot', `from must be ${allowed}, not the text "hot".`],
  [
    '{from: 20}',
    'key.missing',
    'temperature',
    'temperature has no to. The value at the last step of the stage, or of the epoch `until`.',
  ],
  [
    '{from: 20, to: 4, how: cosin}',
    'value.choice',
    'cosin',
    'how cannot be "cosin": did you mean cosine? It must be linear, cosine or exponential.',
  ],
  [
    '{from: 20, to: 4, untill: 3}',
    'key.unknown',
    'untill',
    '"untill" is not a key of temperature: did you mean until?',
  ],
])('temperature: %s is refused in words', (written, code, underlinedText, message) => {
  const text = changed('{temperature: 4}', `{temperature: ${written}}`);
  const problem = theOnly(text);
  expect([problem.code, underlined(text, problem), problem.message]).toEqual([code, underlinedText, message]);
});

test('an end that is missing can be added', () => {
  const text = changed('{temperature: 4}', '{temperature: {from: 20}}');
  const [fix] = theOnly(text).fixes;
  expect(applied(text, fix!)).toBe(changed('{temperature: 4}', '{temperature: {from: 20, to: 4}}'));
});
