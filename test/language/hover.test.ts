import type { Hover, MarkupContent } from 'vscode-languageserver';
import { expect, test } from 'vitest';
import { minimalExperiment } from '../../src/experiment/minimal';
import { hover } from '../../src/language/services/hover';
import { caret, textIn } from './caret';

function shown(marked: string): { on: string; says: string } | null {
  const { text, offset } = caret(marked);
  const found: Hover | null = hover(text, offset);
  return found && { on: textIn(text, found.range!), says: (found.contents as MarkupContent).value };
}

/** The minimal experiment with a piece exchanged, in which the caret is. */
const at = (from: string, to: string): string => minimalExperiment.replace(from, to);

test('the temperature: meaning, default, formula, effect and source', () => {
  const { on, says } = shown(at('temperature', 'temp|erature'))!;
  expect(on).toBe('temperature');
  expect(says).toContain(
    '**temperature** — a number above 0 and at most 1,000 or a map, such as {from: 20, to: 4, how: cosine} *(default `4`)*',
  );
  expect(says).toContain('p_c(T) = exp(z_c / T) / Σ_j exp(z_j / T)');
  expect(says).toContain('**Higher** spreads');
  expect(says).toContain('arXiv:1503.02531');
});

test('a criterion says how it is reduced', () => {
  const { says } = shown(at('kd:', 'k|d:'))!;
  expect(says).toContain('L = T² · mean_batch Σ_c');
  expect(says).toContain('multiplies by T²');
});

test.each([
  ['a key with a unit', at('epochs: 10', '|epochs: 10'), 'epochs', 'in passes over the data'],
  ['a required key', at('source:', 'source|:'), 'source', '*(required)*'],
  ['a word of a choice', at('mnist', 'mn|ist'), 'mnist', '70,000 handwritten digits'],
  ['a word of a schedule', at('epochs: 10', 'epochs: 10\n  schedule: co|sine'), 'cosine', 'half a cosine'],
  ['an item of a list', at('[scratch]', '[scr|atch]'), 'scratch', 'without the teacher'],
  ['a number', at('0.9', '0.|9'), '0.9', 'multiplied by'],
  [
    'an end of a way',
    at('{temperature: 4}', '{temperature: {fr|om: 20, to: 4}}'),
    'from',
    'above 0 and at most 1,000 *(required)*\n\nThe value at the first step',
  ],
  [
    'a number of a way',
    at('{temperature: 4}', '{temperature: {from: 20, to: |4}}'),
    '4',
    'The value at the last step',
  ],
  [
    'the kind of a way',
    at('{temperature: 4}', '{temperature: {from: 20, to: 4, how: exp|onential}}'),
    'exponential',
    'from^(1 − t) · to^t',
  ],
  ['the ways', at('weight: 0.9', 'weight: {from: 1, to: 2, h|ow: linear}'), 'how', '- `cosine`: Along half'],
  ['until when', at('weight: 0.9', 'weight: {from: 1, to: 2, unti|l: 3}'), 'until', 'in epochs *(optional)*'],
  ['several batches a step', at('epochs: 10', 'epochs: 10\n  accumu|late: 4'), 'accumulate', 'default `1`'],
  ['the average of weights', at('epochs: 10', 'epochs: 10\n  e|ma: {}'), 'ema', 'Polyak'],
  [
    'the decay of the average',
    at('epochs: 10', 'epochs: 10\n  ema: {dec|ay: 0.99}'),
    'decay',
    'd = min(decay, (1 + t) / (10 + t))',
  ],
  ['early stopping', at('epochs: 10', 'epochs: 10\n  early_s|top: {}'), 'early_stop', '`keep` is `best`'],
  [
    'what stops early',
    at('epochs: 10', 'epochs: 10\n  early_stop: {metric: lo|ss}'),
    'loss',
    'Cross-entropy on the validation samples',
  ],
  ['how outputs are kept', at('\nstudent:', '  cache: float|16\n\nstudent:'), 'float16', '2 bytes'],
  ['a role', at('- student', '- stu|dent'), 'student', 'trained with the teacher'],
  ['a number of the report', at('scratch.errors', 'scratch.err|ors'), 'errors', 'classified wrongly'],
  ['a comparison', at('errors <', 'errors <|'), '<', 'less than'],
  [
    'what a teacher must reach',
    at('    epochs: 4', '    epochs: 4\n  require: accur|acy >= 0.9'),
    'accuracy',
    'validation samples',
  ],
  [
    'a depthwise layer',
    at('{mlp: [32]}', '{layers: [depthwise_co|nv: {}]}'),
    'depthwise_conv',
    'one kernel for each channel',
  ],
  [
    'a depthwise layer of the notation',
    at('{mlp: [32]}', '{cnn: [depth|wise 5x5]}'),
    'depthwise',
    'for each channel',
  ],
  ['a layer', at('{mlp: [32]}', '{cnn: [co|nv 4 relu, global pool]}'), 'conv', '32 filters, 3×3'],
  [
    'a layer of two words',
    at('{mlp: [32]}', '{cnn: [conv 4, global po|ol]}'),
    'global pool',
    'every channel',
  ],
  ['an activation', at('{mlp: [32]}', '{cnn: [conv 4 re|lu]}'), 'relu', 'nonlinearity'],
  ['a key inside an incomplete file', 'data:\n  val|idation:\n  source: [', 'validation', 'held out'],
])('%s', (_, marked, on, says) => {
  const found = shown(marked);
  expect(found?.on).toBe(on);
  expect(found?.says).toContain(says);
});

test('a model says how large it is, layer by layer', () => {
  const { says } = shown(at('model: {mlp: [32]}', 'mo|del: {cnn: [conv 8 norm, pool 2, dense 16]}'))!;
  // conv: 3·3·1·8 + 8; norm: 4·8; dense: 14·14·8·16 + 16; logits: 16·10 + 10.
  expect(says).toContain(`**${(80 + 32 + 25_104 + 170).toLocaleString('en-US')} parameters**`);
  expect(says).toContain('| conv_1 | 28×28×8 | 80 |');
  expect(says).toContain('| logits | 10 | 170 |');
});

test('a model that does not fit has its key explained all the same', () => {
  const { says } = shown(at('model: {mlp: [32]}', 'mo|del: {cnn: [pool 40]}'))!;
  expect(says).toContain('The architecture');
  expect(says).not.toContain('parameters**');
});

test.each(['# a comm|ent\nversion: 1', 'version: 1\n|\n', 'nons|ense: 1', '|', 'nonsense: {ki|nd: 1}'])(
  'nothing to say: %j',
  (marked) => {
    expect(shown(marked)).toBeNull();
  },
);

test('everywhere in a file: no exception, and the range is at the caret', () => {
  for (let offset = 0; offset <= minimalExperiment.length; offset++) {
    const found = hover(minimalExperiment, offset);
    if (!found) continue;
    const line = minimalExperiment.slice(0, offset).split('\n').length - 1;
    expect(found.range!.start.line).toBeLessThanOrEqual(line);
    expect(found.range!.end.line).toBeGreaterThanOrEqual(line);
    expect((found.contents as MarkupContent).value).not.toMatch(/undefined|\[object/);
  }
});
