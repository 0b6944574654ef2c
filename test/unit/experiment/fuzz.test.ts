import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseExperiment } from '../../../src/experiment/parse';
import { applied, hinton } from './fixtures';

/** Whatever the text: no exception, every range inside the text, lines and columns that fit the offsets. */
function checkText(text: string): void {
  const { problems, experiment, rangeOf } = parseExperiment(text, { fileName: 'x.distill.yaml' });
  expect(experiment === null).toBe(problems.some(({ severity }) => severity === 'error'));
  const paths = [
    [],
    ['version'],
    ['distill', 'losses', 0, 'kd', 'temperature'],
    ['teacher', 'model', 'mlp', 7],
  ];
  const places = [
    ...problems.flatMap((problem) => [problem.range, ...problem.fixes.map(({ range }) => range)]),
    ...paths.map((path) => rangeOf(path)),
  ];
  for (const range of places) {
    if (!range) continue;
    expect(range.start.offset).toBeGreaterThanOrEqual(0);
    expect(range.end.offset).toBeGreaterThanOrEqual(range.start.offset);
    expect(range.end.offset).toBeLessThanOrEqual(text.length);
    for (const { line, column, offset } of [range.start, range.end]) {
      const before = text.slice(0, offset);
      expect(line).toBe(before.split('\n').length);
      expect(column).toBe(offset - before.lastIndexOf('\n'));
    }
  }
  for (const problem of problems)
    expect(problem.message).not.toMatch(/undefined|Invalid input|\[object|NaN\b.*NaN/);
}

const options = { numRuns: 400, seed: 20_150_309 };

test('truncations of the example', () => {
  for (let length = 0; length < hinton.length; length += 3) checkText(hinton.slice(0, length));
});

test('random bytes in the example', () => {
  const mutation = fc.tuple(fc.nat(hinton.length - 1), fc.nat(255));
  fc.assert(
    fc.property(fc.array(mutation, { minLength: 1, maxLength: 8 }), (mutations) => {
      const bytes = Buffer.from(hinton);
      for (const [at, byte] of mutations) bytes[at] = byte;
      checkText(bytes.toString('utf8'));
    }),
    options,
  );
});

test('pieces of YAML put anywhere into the example, or cut out of it', () => {
  const piece = fc.constantFrom(
    '\t',
    '\n',
    ':',
    ': ',
    '- ',
    '{',
    '}',
    '[',
    ']',
    '&a ',
    '*a',
    '<<: *a\n',
    '!x ',
    '"',
    "'",
    '#',
    ',',
    '| ',
    '> ',
    '? ',
    '---\n',
    '...\n',
    '%YAML 1.1\n',
    '\r',
    '\u2028',
    '0',
    '-1',
    'null',
    '~',
    '@',
    '`',
    '💥',
  );
  const edit = fc.record({ at: fc.nat(hinton.length), cut: fc.nat(6), piece });
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 5 }), (edits) => {
      let text = hinton;
      for (const { at, cut, piece: put } of edits) text = text.slice(0, at) + put + text.slice(at + cut);
      checkText(text);
    }),
    options,
  );
});

test('values of every kind in every place', () => {
  const value = fc.oneof(
    fc.constantFrom(
      '~',
      '',
      '{}',
      '[]',
      '[[]]',
      '[{}]',
      '{a: {}}',
      'true',
      '-1',
      '0',
      '1e999',
      '.nan',
      '1.5',
      '"',
      "''",
      'x',
      '[1, x, ~]',
      '{kd: ~}',
      '{mlp: ~}',
      '{cnn: [conv]}',
      '{layers: [{conv: {filters: 3}}, ~]}',
      '- a',
      '&a {b: *a}',
    ),
    fc.double().map(String),
  );
  const lines = hinton.split('\n').flatMap((line, index) => (/^[^#]*: *\S/.test(line) ? [index] : []));
  fc.assert(
    fc.property(fc.constantFrom(...lines), value, (index, put) => {
      const text = hinton
        .split('\n')
        .map((line, i) => (i === index ? line.replace(/:.*$/, `: ${put}`) : line))
        .join('\n');
      checkText(text);
    }),
    options,
  );
});

test('a fix can be applied to any text, and what comes of it can be read again', () => {
  const edit = fc.record({ at: fc.nat(hinton.length - 1), cut: fc.integer({ min: 1, max: 12 }) });
  fc.assert(
    fc.property(edit, ({ at, cut }) => {
      const text = hinton.slice(0, at) + hinton.slice(at + cut);
      for (const problem of parseExperiment(text).problems)
        for (const fix of problem.fixes) checkText(applied(text, fix));
    }),
    { ...options, numRuns: 150 },
  );
});
