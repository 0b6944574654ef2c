import { describe, expect, test } from 'vitest';
import { change, duration, number, percent, result, stateInWords, timeLeft } from '../../../src/editor/words';
import { runProgressOf, reportOf, runOf } from './models';

test('numbers', () => {
  expect([0, 7, 7.25, 99.96, 742.3, 1034, 1234567].map(number)).toEqual([
    '0',
    '7',
    '7.3',
    '100',
    '742',
    '1,034',
    '1,234,567',
  ]);
  expect([0.29, -0.04, 0, 0.004, -0.004, 1].map(change)).toEqual([
    '−29%',
    '+4%',
    '±0%',
    '±0%',
    '±0%',
    '−100%',
  ]);
  expect([0, 0.429, 0.999, 1].map(percent)).toEqual(['0%', '42%', '99%', '99%']);
});

test('times', () => {
  expect([0, 59.4, 60, 200, 3600, 7500, 90061].map(duration)).toEqual([
    '0 s',
    '59 s',
    '1 min',
    '3 min 20 s',
    '1 h',
    '2 h 5 min',
    '25 h 1 min',
  ]);
  expect([3, 49, 50, 89, 91, 7500].map(timeLeft)).toEqual([
    'less than a minute left',
    'less than a minute left',
    'about 1 min left',
    'about 1 min left',
    'about 2 min left',
    'about 2 h 5 min left',
  ]);
});

describe('results', () => {
  test('with scratch, without it, and without a teacher', () => {
    const words = (errors: Parameters<typeof reportOf>[0]): string | undefined =>
      result(runOf({ report: reportOf(errors) }));
    expect(words({ teacher: 121, student: 738, scratch: 1034 })).toBe(
      '738 errors with the teacher, 1,034 without (−29%)',
    );
    expect(words({ student: 1100, scratch: 1000 })).toBe(
      '1,100 errors with the teacher, 1,000 without (+10%)',
    );
    expect(words({ student: 3, scratch: 0 })).toBe('3 errors with the teacher, 0 without');
    expect(words({ teacher: 121, student: 738 })).toBe('738 errors with the teacher, which itself makes 121');
    expect(words({ student: 738 })).toBe('738 errors with the teacher');
    expect(words({ teacher: 121 })).toBeUndefined();
    expect(result(runOf())).toBeUndefined();
  });
});

test('states', () => {
  expect(stateInWords(runOf({ state: 'running', progress: runProgressOf(0.42, 170) }))).toBe(
    '42%, about 3 min left',
  );
  expect(stateInWords(runOf({ state: 'running' }))).toBe('Running');
  expect(stateInWords(runOf({ state: 'done' }))).toBe('Done');
  expect(stateInWords(runOf({ state: 'done', report: reportOf({}, [true, false]) }))).toBe(
    'Done, but an expectation was not met',
  );
  expect(stateInWords(runOf({ state: 'done', report: reportOf({}, [false, false]) }))).toBe(
    'Done, but 2 expectations were not met',
  );
  expect(stateInWords(runOf({ state: 'stopped' }))).toBe('Stopped');
  expect(stateInWords(runOf({ state: 'stopped', progress: runProgressOf(0.429, 7) }))).toBe('Stopped at 42%');
  expect(stateInWords(runOf({ state: 'lost' }))).toMatch(/^Lost: .+ It can be resumed$/);
});
