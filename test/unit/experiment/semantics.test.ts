import { expect, test } from 'vitest';
import { parseExperiment } from '../../../src/experiment/parse';
import { applied, changed, found, theOnly, underlined } from './fixtures';
import { cases, student } from './semanticsCases';
import { trainingCases } from './trainingCases';

test.each([...cases, ...trainingCases])('$rule', (rule) => {
  const text = changed(rule.from, rule.wrong);
  const problem = theOnly(text);
  expect(problem).toMatchObject({ code: rule.code, severity: rule.severity ?? 'error' });
  expect(problem.message).toContain(rule.says);
  expect(underlined(text, problem)).toBe(rule.underlined);
  expect(problem.path.length).toBeGreaterThan(0);
  expect(parseExperiment(text).experiment === null).toBe(problem.severity === 'error');

  expect(found(changed(rule.from, rule.right)), 'the right form has no problem').toEqual([]);

  if (rule.fixed !== undefined) expect(applied(text, problem.fixes[0]!)).toBe(changed(rule.from, rule.fixed));
  for (const fix of problem.fixes)
    expect(found(applied(text, fix)), `after "${fix.title}"`).not.toContainEqual(
      expect.stringContaining(rule.code),
    );
});

test('a batch that is not written can be written by the fix', () => {
  const text = changed('source: mnist', 'source: mnist\n  transfer: 100');
  const [fix] = theOnly(text).fixes;
  expect(fix!.title).toBe('Add batch: 100');
  expect(parseExperiment(applied(text, fix!)).experiment!.distill[0]!.batch).toBe(100);
});

test('of a data set that is read later, only what is certain is said', () => {
  const idx = changed(
    'source: mnist',
    'source: {idx: ./fashion}\n  exclude: [11]\n  transfer: 100000\n  validation: 70000',
  );
  expect(found(idx.replace(student, '{cnn: [pool 40]}'))).toEqual([]);
  expect(found(changed('source: mnist', 'source: {idx: ./fashion}\n  transfer: 20'))).toEqual([
    '16:1 batch.large',
  ]);
});

test('a mistake in a text with escapes underlines the whole text and offers no fix', () => {
  const text = changed('student.errors < scratch.errors', '"student.\\x65rrors < scratch.erors"');
  const problem = theOnly(text);
  expect(underlined(text, problem)).toBe('"student.\\x65rrors < scratch.erors"');
  expect(problem.fixes).toEqual([]);
});
