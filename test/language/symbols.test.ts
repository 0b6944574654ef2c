import { SymbolKind, type DocumentSymbol } from 'vscode-languageserver';
import { expect, test } from 'vitest';
import { minimalExperiment } from '../../src/experiment/minimal';
import { documentSymbols } from '../../src/language/services/symbols';
import { textIn } from './caret';

const outline = (symbols: DocumentSymbol[], depth = 0): string[] =>
  symbols.flatMap(({ name, detail, children = [] }) => [
    `${'  '.repeat(depth)}${name}${detail ? ` ${detail}` : ''}`,
    ...outline(children, depth + 1),
  ]);

const every = (symbols: DocumentSymbol[]): DocumentSymbol[] =>
  symbols.flatMap((symbol) => [symbol, ...every(symbol.children ?? [])]);

test('the outline of an experiment', () => {
  expect(outline(documentSymbols(minimalExperiment))).toEqual([
    'version 1',
    'name My experiment',
    'data',
    '  source mnist',
    'teacher',
    '  model {mlp: [400, 400]}',
    '    mlp [400, 400]',
    '  train',
    '    epochs 4',
    'student',
    '  model {mlp: [32]}',
    '    mlp [32]',
    'distill',
    '  epochs 10',
    '  losses',
    '    kd',
    '      kd {temperature: 4}',
    '        temperature 4',
    '      weight 0.9',
    '    ce',
    '      ce {}',
    '      weight 0.1',
    'compare [scratch]',
    'expect',
  ]);
});

test('stages go by their names', () => {
  const text = 'distill:\n  - name: first\n    epochs: 1\n  - epochs: 2\n  - name: ""\n  -\n';
  expect(documentSymbols(text)[0]!.children!.map(({ name }) => name)).toEqual([
    'first',
    'epochs',
    'name',
    '4',
  ]);
});

test('kinds and ranges', () => {
  const symbols = documentSymbols(minimalExperiment);
  const kinds = Object.fromEntries(symbols.map(({ name, kind }) => [name, kind]));
  expect(kinds).toMatchObject({
    version: SymbolKind.Number,
    name: SymbolKind.String,
    data: SymbolKind.Object,
    compare: SymbolKind.Array,
  });
  const data = symbols.find(({ name }) => name === 'data')!;
  expect(textIn(minimalExperiment, data.range)).toBe('data:\n  source: mnist');
  expect(textIn(minimalExperiment, data.selectionRange)).toBe('data');
});

test.each([
  minimalExperiment,
  'a: 1\na: 2',
  'x: &a {b: 1}\ny: *a\n<<: *a\n? [1]\n: 2',
  'a: [',
  '- - 1\n- {}',
  '',
  ': 1',
  '""',
])('a selection lies inside its range and has a name: %j', (text) => {
  const before = (a: { line: number; character: number }, b: typeof a): boolean =>
    a.line < b.line || (a.line === b.line && a.character <= b.character);
  for (const { name, range, selectionRange } of every(documentSymbols(text))) {
    expect(name).not.toBe('');
    expect(before(range.start, selectionRange.start) && before(selectionRange.end, range.end)).toBe(true);
  }
});
