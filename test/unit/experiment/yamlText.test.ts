import { expect, test } from 'vitest';
import { parseExperiment } from '../../../src/experiment/parse';
import { minimalExperiment } from '../../../src/experiment/minimal';
import { readYaml } from '../../../src/experiment/yamlText';
import { applied, changed, found, theOnly } from './fixtures';

test.each([
  ['nothing', '', '1:1 file.empty'],
  ['blank lines', '\n  \n', '1:1 file.empty'],
  ['a comment alone', '# later\n', '1:1 file.empty'],
  ['a byte order mark alone', '\uFEFF', '1:1 file.empty'],
  ['a picture', '\uFFFDPNG\r\n\u001a\n\0\0\0\rIHDR', '1:1 file.notText'],
  ['a word', 'hello', '1:1 value.type'],
  ['a list', '- version: 1\n', '1:1 value.type'],
  ['prose', 'Dear reader: this is: prose', '1:14 yaml.syntax'],
  ['a key without a colon', 'version: 1\nname\n', '2:1 yaml.colon'],
  [
    'a bracket that is never closed',
    'losses:\n  - kd: {temperature: 4\n    weight: 1\n  - ce: {}',
    '3:5 yaml.brackets',
  ],
  ['a brace that is never closed', 'data: {source: mnist\nteacher: 1', '2:1 yaml.brackets'],
  ['a quotation mark that is never closed', 'name: "abc', '1:11 yaml.quotes'],
  ['a missing comma', 'data: {source: mnist\n  validation: 1}', '1:16 yaml.brackets'],
  ['a backslash in double quotes', 'name: "C:\\data"', '1:10 yaml.quotes'],
  ['a character that begins no text', 'name: @home', '1:7 yaml.quotes'],
  ['wrong indentation', 'data:\n   source: mnist\n  validation: 1', '3:1 yaml.indent'],
  ['a second document', 'version: 1\n---\nversion: 1', '2:1 yaml.documents'],
  ['an unknown alias', 'name: *nobody', '1:7 yaml.alias'],
  ['a value that contains itself', 'data: &data {source: *data}', '1:22 yaml.alias'],
  ['a merge of something else than a map', 'data: {<<: 3}', '1:12 yaml.merge'],
  ['a key that is a list', '[1, 2]: 3', '1:1 key.type'],
  ['a key that stands twice', 'name: a\nname: b', '2:1 key.duplicate'],
])('%s', (_, text, place) => {
  const { problems } = parseExperiment(text);
  expect(found(text)).toEqual([place]);
  expect(problems[0]!.message).toMatch(/^\S.*[.?]$/);
});

test.each([
  ['a tab', 'data:\n\tsource: mnist\n', 'data:\n  source: mnist\n'],
  ['two tabs', 'data:\n\t\tsource: mnist\n', 'data:\n    source: mnist\n'],
])('%s in the indentation is replaced by spaces', (_, text, right) => {
  const problem = parseExperiment(text).problems.find(({ code }) => code === 'yaml.tab')!;
  expect(problem.range.start.line).toBe(2);
  expect(applied(text, problem.fixes[0]!)).toBe(right);
});

test('the fix for a missing colon adds it', () => {
  expect(applied('version: 1\nname\n', theOnly('version: 1\nname\n').fixes[0]!)).toBe('version: 1\nname:\n');
});

test('an unknown alias suggests the nearest anchor', () => {
  const text = changed('    epochs: 4', '    epochs: &epochs 4').replace('epochs: 10', 'epochs: *epoch');
  const problem = theOnly(text);
  expect(problem.message).toBe('Nothing before this is named epoch. Did you mean *epochs?');
  expect(parseExperiment(applied(text, problem.fixes[0]!)).experiment!.distill[0]!.epochs).toBe(4);
});

test('for a file of comments the minimal experiment is added after them', () => {
  const text = '# My notes';
  expect(applied(text, theOnly(text).fixes[0]!)).toBe(`# My notes\n${minimalExperiment}`);
});

test.each([
  ['source: !!str mnist', '5:11', 'source: mnist'],
  ['source: !<tag:yaml.org,2002:str> mnist', '5:11', 'source: mnist'],
  ['source: !local mnist', '5:11', 'source: mnist'],
  ['source: ! mnist', '5:11', 'source: mnist'],
])('tags are refused, also harmless ones: %s', (tagged, place, plain) => {
  const text = changed('source: mnist', tagged);
  const problem = theOnly(text);
  expect(found(text)).toEqual([`${place} yaml.tag`]);
  expect(applied(text, problem.fixes[0]!)).toBe(changed('source: mnist', plain));
});

test.each(['name: Wow!', 'name: "!!str"', "name: '!x'", 'name: |\n  !x', 'name: a # !x'])(
  'an exclamation mark that is no tag is text: %s',
  (line) => {
    expect(found(changed('name: My experiment', line))).toEqual([]);
  },
);

/** 10 aliases of 10 aliases of …: 10^levels values from a few hundred characters. */
function bomb(levels: number, open: string, close: string): string {
  const lines = [`a0: &a0 [${Array.from({ length: 10 }, () => '1').join(', ')}]`];
  for (let level = 1; level <= levels; level++)
    lines.push(
      `a${level}: &a${level} ${open}${Array.from({ length: 10 }, () => `*a${level - 1}`).join(', ')}${close}`,
    );
  return lines.join('\n');
}

test.each([3, 9, 300])(
  'an alias bomb of %d levels is refused at once, at the alias that makes it large',
  (levels) => {
    const start = performance.now();
    const problem = theOnly(bomb(levels, '[', ']'));
    expect(problem.code).toBe('yaml.size');
    expect(problem.range.start.line).toBeGreaterThan(2);
    expect(performance.now() - start).toBeLessThan(2000);
  },
);

test('a merge bomb is refused', () => {
  const lines = ['a0: &a0 {x: 1, y: 2}'];
  for (let level = 1; level <= 40; level++)
    lines.push(`a${level}: &a${level} {<<: [*a${level - 1}, *a${level - 1}], k${level}: 1}`);
  const { problems, rangeOf } = parseExperiment(lines.join('\n'));
  expect(problems.map(({ code }) => code)).toEqual(['yaml.size']);
  expect(rangeOf(['a40', 'x'])!.start.line).toBe(1);
});

test('a long chain of aliases is not too deep for the stack', () => {
  const lines = ['a0: &a0 [1]'];
  for (let level = 1; level <= 3000; level++) lines.push(`a${level}: &a${level} [*a${level - 1}]`);
  expect(found(lines.join('\n'))).toEqual([expect.stringMatching(/yaml\.(size|depth)$/)]);
});

test.each([
  ['brackets', '['.repeat(900_000)],
  ['braces', 'a: {'.repeat(200_000)],
  ['dashes', '- '.repeat(400_000)],
  ['question marks', '? '.repeat(400_000)],
  ['indentation', Array.from({ length: 1300 }, (_, i) => `${' '.repeat(i)}k:`).join('\n')],
  ['exclamation marks', '! '.repeat(400_000)],
  ['ampersands', '&a '.repeat(300_000)],
  ['commas', `[${','.repeat(900_000)}`],
  ['quotation marks', '"'.repeat(900_000)],
  ['keys', Array.from({ length: 100_000 }, (_, i) => `k${i}: 1`).join('\n')],
  ['more than a megabyte', `# ${'x'.repeat(1_000_000)}\nversion: 1`],
])('a hostile text of %s is refused in good time', (_, text) => {
  const start = performance.now();
  const { problems, data } = readYaml(text);
  expect(problems.map(({ code }) => code)).toEqual([
    expect.stringMatching(/^yaml\.(size|depth|brackets|quotes)$/),
  ]);
  expect(data).toBeUndefined();
  expect(performance.now() - start).toBeLessThan(10_000);
});

test('plain values are those of YAML 1.2', () => {
  const { data } = readYaml('a: yes\nb: 0o10\nc: 1e3\nd: ~\ne: "x\\ty"\n1.0: {}\nf: [.nan, true]\n');
  expect(data).toEqual({ a: 'yes', b: 8, c: 1000, d: null, e: 'x\ty', '1.0': {}, f: [NaN, true] });
});
