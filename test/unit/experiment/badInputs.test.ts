import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parseExperiment } from '../../../src/experiment/parse';

const folder = path.join(import.meta.dirname, '../../bad-inputs');

/** What a file that cannot hold a comment is expected to give. */
const withoutComment: Record<string, string> = {
  'empty.distill.yaml': 'file.empty 1:1',
  'picture.distill.yaml': 'file.notText 1:1',
};

// What needs data or a process stands in the folder `runs` and is tested with the trainer.
const files = fs.readdirSync(folder).filter((file) => file.endsWith('.distill.yaml'));
const expectations = files.map((file) => {
  const text = fs.readFileSync(path.join(folder, file), 'utf8');
  const expected = withoutComment[file] ?? /^# expect: (\S+ \d+:\d+)\r?\n/.exec(text)?.[1];
  if (expected === undefined) throw new Error(`${file} does not say what to expect.`);
  return { file, text, expected };
});

test('the bad inputs are all there', () => {
  expect(expectations.length).toBeGreaterThanOrEqual(20);
});

test.each(expectations)('$file: $expected', ({ file, text, expected }) => {
  const { problems, experiment } = parseExperiment(text, { fileName: file });
  expect(experiment).toBeNull();
  const errors = problems.filter(({ severity }) => severity === 'error');
  expect(errors.map(({ code, range }) => `${code} ${range.start.line}:${range.start.column}`)).toEqual([
    expected,
  ]);
  for (const { message } of errors) {
    expect(message).toMatch(/^\S.{20,}[.?]$/);
    expect(message).not.toMatch(
      /Invalid input|\bunion\b|\bzod\b|undefined|\bnull\b|\bobject\b|\bscalar\b|\btoken\b|\bparse|\bat .*:\d+:\d+/i,
    );
  }
});
