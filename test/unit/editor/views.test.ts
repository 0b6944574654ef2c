import { describe, expect, test } from 'vitest';
import { lenses } from '../../../src/editor/views/lensTexts';
import { experimentRow, runRow, statusText } from '../../../src/editor/views/treeTexts';
import { manifestOf, runProgressOf, reportOf, runOf } from './models';

const titles = (...args: Parameters<typeof lenses>): string[] => lenses(...args).map((lens) => lens.title);
const good = runOf({ report: reportOf({ teacher: 121, student: 738, scratch: 1034 }, [true]) });

describe('the lens', () => {
  test('offers Run, with the last result beside it', () => {
    expect(titles(undefined, undefined)).toEqual(['$(play) Run']);
    expect(titles(good, good)).toEqual([
      '$(play) Run',
      '$(pass) Last: 738 errors with the teacher, 1,034 without (−29%)',
    ]);
    const unmet = runOf({ report: reportOf({ student: 738 }, [false]) });
    expect(titles(unmet, unmet)[1]).toBe('$(warning) Last: 738 errors with the teacher');
  });

  test('shows the state, the progress and both ways to stop while running', () => {
    const running = runOf({ state: 'running', progress: runProgressOf(0.42, 40) });
    expect(titles(running, good)).toEqual([
      '$(sync~spin) 42%, less than a minute left',
      '$(stop-circle) Stop After This Epoch',
      '$(debug-stop) Stop Now',
      '$(pass) Last: 738 errors with the teacher, 1,034 without (−29%)',
    ]);
    const stops = lenses(running, good).slice(1, 3);
    expect(stops.map((lens) => [lens.command, lens.run])).toEqual([
      ['distillery.stopAfterEpoch', running],
      ['distillery.stopNow', running],
    ]);
  });

  test('says how the last run ended when it has no result', () => {
    const failed = runOf({
      manifest: manifestOf({ state: 'failed', message: `The loss ${'x'.repeat(200)}` }),
    });
    expect(titles(failed, good)[2]).toMatch(/^\$\(error\) Last: failed: The loss x+…$/);
    expect(titles(failed, good)[2]?.length).toBeLessThan(120);
    expect(titles(runOf({ state: 'lost' }), undefined)[2]).toBe(
      '$(error) Last: lost: its process ended without a last word. It can be resumed',
    );
    expect(titles(runOf({ state: 'stopped' }), undefined)[2]).toBe('$(circle-slash) Last: stopped');
  });

  test('offers to resume a run that was stopped, lost or failed, with the place where it stands', () => {
    const stopped = runOf({ state: 'stopped', progress: runProgressOf(0.42, 40) });
    expect(titles(stopped, good)).toEqual([
      '$(play) Run',
      '$(debug-continue) Resume at 42%',
      '$(circle-slash) Last: stopped at 42%',
    ]);
    expect(lenses(stopped, good)[1]).toMatchObject({ command: 'distillery.resume', run: stopped });
    for (const state of ['lost', 'failed'] as const)
      expect(titles(runOf({ state }), good)[1]).toBe('$(debug-continue) Resume');
    const diverged = runOf({ manifest: manifestOf({ state: 'failed', exitCode: 4 }) });
    expect(titles(diverged, good)).toHaveLength(2);
  });
});

describe('rows', () => {
  const finished = runOf({
    manifest: manifestOf({ finished: '2026-11-23T17:46:53.000Z' }),
    report: good.report,
  });

  test('a finished run', () => {
    expect(runRow(finished, 0)).toMatchObject({
      label: 'Few digits',
      description: '738 errors, scratch 1,034, teacher 121 · 1 min 52 s',
      icon: 'pass',
      color: 'testing.iconPassed',
      contextValue: 'run.finished',
      spoken: 'Few digits, Done, 738 errors, scratch 1,034, teacher 121 · 1 min 52 s',
    });
  });

  test('a live run', () => {
    const running = runOf({ state: 'running', progress: runProgressOf(0.5, 300) });
    expect(runRow(running, Date.parse('2026-11-23T17:46:01Z'))).toMatchObject({
      description: '50% · student · about 5 min left',
      icon: 'sync~spin',
      contextValue: 'run.live',
    });
    expect(runRow(running, 0).tooltip).toContain('epoch 3 of 20, 12,346 samples a second');
  });

  test.each([
    ['failed', 'error', 'failed'],
    ['lost', 'question', 'lost'],
    ['stopped', 'circle-slash', 'stopped'],
  ] as const)('a run that is %s', (state, icon, description) => {
    expect(runRow(runOf({ state }), 0)).toMatchObject({ icon, description, contextValue: 'run.resumable' });
    expect(runRow(runOf({ state, progress: runProgressOf(0.429, 7) }), 0).description).toBe(
      `${description} at 42%`,
    );
  });

  test('a run that would end in the same way again is not offered to be resumed', () => {
    const failed = (exitCode: number): string =>
      runRow(runOf({ manifest: manifestOf({ state: 'failed', exitCode }) }), 0).contextValue;
    expect([4, 5, 6, 70].map(failed)).toEqual([
      'run.finished',
      'run.resumable',
      'run.finished',
      'run.resumable',
    ]);
  });

  test('a run that trains two students at once', () => {
    const { stages, ...rest } = runProgressOf(0.5, 300);
    const both = [stages[0]!, { ...stages[0]!, role: 'scratch' as const, epoch: 2, samplesPerSecond: 1000 }];
    const row = runRow(runOf({ state: 'running', progress: { ...rest, stages: both } }), 0);
    expect(row.description).toBe('50% · 2 students · about 5 min left');
    expect(row.tooltip).toContain(
      '(student, seed 1, epoch 3 of 20; scratch, seed 1, epoch 2 of 20; 13,346 samples a second)',
    );
  });

  test('names from files are shown, not interpreted', () => {
    const odd = runOf({ manifest: manifestOf({ name: '[x](command:y) <b> **z**' }) });
    expect(runRow(odd, 0).tooltip).toContain('**\\[x\\]\\(command:y\\) \\<b\\> \\*\\*z\\*\\***');
  });

  test('an experiment shows its live run before its last result, and that before a failure', () => {
    const row = (
      ...runs: [Parameters<typeof experimentRow>[2], Parameters<typeof experimentRow>[3]]
    ): string => experimentRow('few', 'a/few.distill.yaml', ...runs).description;
    expect(row(undefined, undefined)).toBe('not run yet');
    expect(row(finished, finished)).toBe('738 errors, scratch 1,034, teacher 121');
    expect(row(runOf({ state: 'failed' }), finished)).toBe('738 errors, scratch 1,034, teacher 121');
    expect(row(runOf({ state: 'running', progress: runProgressOf(0.42, 100) }), finished)).toBe(
      '42%, about 2 min left',
    );
    expect(row(runOf({ state: 'stopped' }), undefined)).toBe('Stopped');
  });
});

test('the status bar shows the newest live run and how many more there are', () => {
  const running = runOf({ state: 'running', progress: runProgressOf(0.42, 100) });
  expect(statusText([])).toBeUndefined();
  expect(statusText([running])?.text).toBe('$(sync~spin) Few digits: 42%, about 2 min left');
  expect(statusText([running, runOf({ state: 'starting' })])?.text).toMatch(/ \+1$/);
  expect(statusText([running, runOf({ state: 'starting' })])?.tooltip.match(/Few digits/g)).toHaveLength(2);
});
