import { InsertTextFormat, type CompletionItem, type TextEdit } from 'vscode-languageserver';
import { expect, test } from 'vitest';
import { parseExperiment } from '../../src/experiment/parse';
import { minimalExperiment } from '../../src/experiment/minimal';
import { complete } from '../../src/language/services/completion';
import { caret, textIn } from './caret';

/** Completions in the order in which an editor shows them. */
function items(marked: string): CompletionItem[] {
  const { text, offset } = caret(marked);
  return complete(text, offset).sort((a, b) => (a.sortText! < b.sortText! ? -1 : 1));
}

const labels = (marked: string): string[] => items(marked).map(({ label }) => label);
const edit = (item: CompletionItem): TextEdit => item.textEdit as TextEdit;

/** The text after an item is chosen, with the holes of the snippet filled with what they suggest. */
function chosen(marked: string, label: string): string {
  const { text } = caret(marked);
  const item = items(marked).find((candidate) => candidate.label === label);
  if (!item) throw new Error(`${label} is not offered: ${labels(marked).join(', ')}`);
  const { range, newText } = edit(item);
  const lines = text.split('\n');
  const start =
    lines.slice(0, range.start.line).reduce((sum, l) => sum + l.length + 1, 0) + range.start.character;
  const inserted = item.insertTextFormat === InsertTextFormat.Snippet ? plain(newText) : newText;
  return text.slice(0, start) + inserted + text.slice(start + textIn(text, range).length);
}

function plain(snippet: string): string {
  return snippet
    .replace(/\$\{1\|([^,|]+)[^|]*\|\}/, '$1')
    .replace(/\$\{1:((?:\\.|[^}\\])*)\}/, '$1')
    .replace(/\$[01]/g, '')
    .replace(/\\([\\$}])/g, '$1');
}

const stageKeys = [
  'epochs',
  'losses',
  'batch',
  'accumulate',
  'optimizer',
  'schedule',
  'clip_norm',
  'augment',
  'ema',
  'early_stop',
  'keep',
];

test.each<[string, string, string[]]>([
  [
    'keys of an empty file, required ones first',
    '|',
    ['version', 'data', 'teacher', 'student', 'distill', 'name', 'cite', 'seeds', 'compare', 'expect'],
  ],
  [
    'only keys that are not there yet',
    'version: 1\ndata: {source: mnist}\n|\n',
    ['teacher', 'student', 'distill', 'name', 'cite', 'seeds', 'compare', 'expect'],
  ],
  [
    'an empty line inside a map',
    'data:\n  |\nteacher:\n  model: {mlp: [4]}',
    ['source', 'validation', 'transfer', 'exclude'],
  ],
  [
    'an empty line at the end of a map',
    'data:\n  source: mnist\n  |\nteacher:',
    ['validation', 'transfer', 'exclude'],
  ],
  ['a key that has begun', 'data:\n  sour|', ['source', 'validation', 'transfer', 'exclude']],
  ['a key that is there', 'distill:\n  sche|dule: linear\n', stageKeys],
  ['an empty map in braces', 'distill:\n  losses:\n    - kd: {|}', ['temperature']],
  [
    'after a comma in braces, when the kind is given',
    'student:\n  model: {mlp: [8], |}',
    ['dropout', 'activation'],
  ],
  ['an item of a list of maps', 'distill:\n  losses:\n    - |', ['kd', 'ce', 'logit_mse', 'weight']],
  [
    'beside the kind in an item',
    'distill:\n  losses:\n    - kd: {temperature: 4}\n      |\n    - ce: {}\n',
    ['weight'],
  ],
  ['a stage of a list', 'distill:\n  - name: first\n    |\n', stageKeys],
  [
    'between two keys of a nested map',
    'teacher:\n  train:\n    epochs: 4\n    |\n    batch: 3\n  require: x\n',
    [
      'accumulate',
      'optimizer',
      'schedule',
      'clip_norm',
      'augment',
      'ema',
      'early_stop',
      'keep',
      'label_smoothing',
    ],
  ],
  [
    'a number, or a way from one to another',
    'distill:\n  losses:\n    - kd: {temperature: |}',
    ['4', '{from: 20, to: 4, how: cosine}'],
  ],
  [
    'a weight, its ways, its default',
    'distill:\n  losses:\n    - ce: {}\n      weight: |',
    ['0.9', '{from: 0.9, to: 0.5, how: linear}', '1'],
  ],
  [
    'keys of a way, the two ends first',
    'distill:\n  losses:\n    - kd:\n        temperature:\n          |',
    ['from', 'to', 'how', 'until'],
  ],
  [
    'keys of a way that are not there yet',
    'distill:\n  optimizer: {adamw: {rate: {from: 0.1, |}}}',
    ['to', 'how', 'until'],
  ],
  [
    'kinds of a way',
    'teacher:\n  train:\n    label_smoothing: {how: |}',
    ['linear', 'cosine', 'exponential'],
  ],
  ['keys of early stopping', 'distill:\n  early_stop: {|}', ['patience', 'metric', 'min_delta']],
  ['what stops early', 'distill:\n  early_stop:\n    metric: |', ['errors', 'loss']],
  ['the decay of an average', 'distill:\n  ema: {|}', ['decay']],
  ['how outputs are kept', 'teacher:\n  cache: |', ['float32', 'float16', 'off']],
  ['words after a colon', 'data:\n  source: |', ['mnist']],
  [
    'words of a schedule, then its kinds',
    'distill:\n  schedule: |',
    [
      'constant',
      'linear',
      'cosine',
      '{constant: {warmup: 1}}',
      '{linear: {to: 0}}',
      '{cosine: {to: 0}}',
      '{step: {every: 5, factor: 0.1}}',
    ],
  ],
  ['in the middle of a word', 'teacher:\n  train:\n    keep: be|st\n', ['last', 'best']],
  ['true or false', 'distill:\n  optimizer:\n    sgd:\n      nesterov: |', ['true', 'false']],
  ['items in brackets', 'compare: [|]', ['scratch']],
  ['items with dashes', 'compare:\n  - |\n', ['scratch']],
  ['directly after a colon', 'compare:|', ['[scratch]', '[]']],
  ['roles', 'expect:\n  - |', ['teacher', 'student', 'scratch']],
  [
    'numbers of the student',
    'expect:\n  - student.|',
    ['errors', 'accuracy', 'agreement', 'kl', 'ece', 'parameters', 'bytes', 'multiply_adds', 'gap_closed'],
  ],
  [
    'numbers of the teacher',
    'expect: [teacher.|]',
    ['errors', 'accuracy', 'ece', 'parameters', 'bytes', 'multiply_adds'],
  ],
  ['a comparison', 'expect:\n  - student.errors |', ['<', '<=', '>', '>=', '==']],
  ['roles after a comparison', 'expect:\n  - student.errors < 0.85 * |', ['teacher', 'student', 'scratch']],
  ['roles in quotes', 'expect: ["student.errors < sc|"]', ['teacher', 'student', 'scratch']],
  ['what can be required', 'teacher:\n  require: |', ['errors', 'accuracy']],
  [
    'options of a convolution',
    'student:\n  model:\n    cnn:\n      - conv 32 |',
    ['norm', 'valid', 'relu', 'leaky_relu', 'elu', 'gelu', 'tanh', 'sigmoid', 'linear'],
  ],
  [
    'options of a depthwise convolution',
    'student:\n  model:\n    cnn:\n      - depthwise |',
    ['norm', 'valid', 'relu', 'leaky_relu', 'elu', 'gelu', 'tanh', 'sigmoid', 'linear'],
  ],
  [
    'keys of a depthwise convolution',
    'student:\n  model:\n    layers:\n      - depthwise_conv: {|}',
    ['kernel', 'stride', 'padding', 'activation'],
  ],
  ['nothing in a comment', 'data: # the |', []],
  ['nothing in a text', 'name: My |', []],
  ['nothing below an unknown key', 'nonsense:\n  |', []],
  ['nothing in a number that has begun with something else', 'seeds: [1, -|]', []],
])('%s', (_, marked, expected) => {
  expect(labels(marked)).toEqual(expected);
});

test('layers of the notation', () => {
  expect(labels('student:\n  model: {cnn: [conv 8, |]}')).toEqual(
    expect.arrayContaining(['conv', 'depthwise', 'pool', 'global pool', 'dense', 'dropout', 'relu']),
  );
});

test('every item explains itself', () => {
  for (const marked of [
    '|',
    'distill:\n  |',
    'distill:\n  losses:\n    - |',
    'expect:\n  - student.|',
    'student:\n  model: {cnn: [|]}',
    'distill:\n  schedule: |',
    'distill:\n  losses:\n    - kd: {temperature: |}',
    'distill:\n  losses:\n    - kd: {temperature: {|}}',
    'distill:\n  early_stop: {|}',
    'teacher:\n  cache: |',
  ])
    for (const { label, documentation } of items(marked))
      expect((documentation as { value: string }).value, label).toMatch(/\S.{15,}/s);
});

test('required keys say so, others their default', () => {
  const details = Object.fromEntries(items('distill:\n  |').map(({ label, detail }) => [label, detail]));
  expect(details).toMatchObject({
    epochs: 'required',
    losses: 'required',
    batch: 'default 128',
    optimizer: 'default {adam: {}}',
  });
  expect(details['clip_norm']).toBeUndefined();
});

test.each([
  ['data:\n  sour|ce\n', 'source', 'data:\n  source: mnist\n'],
  ['data:\n  |', 'transfer', 'data:\n  transfer: 1000'],
  ['student:\n  |', 'model', 'student:\n  model: {mlp: [100, 100]}'],
  ['|', 'distill', 'distill:\n  epochs: 10\n  losses:\n    - kd: {temperature: 4}'],
  [
    'distill:\n  - name: a\n    |',
    'losses',
    'distill:\n  - name: a\n    losses:\n      - kd: {temperature: 4}',
  ],
  ['distill:\n  - |', 'losses', 'distill:\n  - losses:\n      - kd: {temperature: 4}'],
  ['distill:\n  losses:\n    -|', 'kd', 'distill:\n  losses:\n    - kd: {temperature: 4}'],
  ['distill:\n  sche|dule: linear', 'optimizer', 'distill:\n  optimizer: linear'],
  ['distill: {|}', 'losses', 'distill: {losses: [{kd: {temperature: 4}}]}'],
  ['data:\n  source:|\n', 'mnist', 'data:\n  source: mnist\n'],
  ['distill:\n  |', 'keep', 'distill:\n  keep: last'],
  ['distill:\n  |', 'ema', 'distill:\n  ema: {decay: 0.999}'],
  ['distill:\n  |', 'early_stop', 'distill:\n  early_stop: {patience: 3}'],
  ['distill:\n  |', 'accumulate', 'distill:\n  accumulate: 4'],
  [
    'distill:\n  losses:\n    - kd: {}\n      weight: |',
    '{from: 0.9, to: 0.5, how: linear}',
    'distill:\n  losses:\n    - kd: {}\n      weight: {from: 0.9, to: 0.5, how: linear}',
  ],
  ['distill:\n  ema: {|}', 'decay', 'distill:\n  ema: {decay: 0.999}'],
  ['expect:\n  - stu|', 'student', 'expect:\n  - student.'],
  ['expect:\n  - student.er|', 'errors', 'expect:\n  - student.errors'],
  ['student:\n  model: |', '{mlp: [100, 100]}', 'student:\n  model: {mlp: [100, 100]}'],
])('%j and then %s', (marked, label, expected) => {
  expect(chosen(marked, label)).toBe(expected);
});

test('a whole experiment can be written with completions alone', () => {
  let text = '';
  for (const label of ['version', 'data', 'teacher', 'student', 'distill', 'compare'])
    text = `${chosen(`${text}|`, label)}\n`;
  const { problems } = parseExperiment(text);
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
});

test('everywhere in a file: no exception, and what is replaced is the word at the caret', () => {
  for (let offset = 0; offset <= minimalExperiment.length; offset++) {
    const line = minimalExperiment.slice(0, offset).split('\n').length - 1;
    for (const item of complete(minimalExperiment, offset)) {
      const { range } = edit(item);
      expect(range.start.line).toBe(line);
      expect(textIn(minimalExperiment, range)).toMatch(/^\w*$/);
    }
  }
});
