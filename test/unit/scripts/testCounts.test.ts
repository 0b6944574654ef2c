import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { countMocha, countVitest } from '../../../scripts/testCounts.mjs';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'distillery-counts-'));
afterAll(() => fs.rmSync(folder, { recursive: true }));

const vitest = { numPassedTests: 3, numFailedTests: 0, numPendingTests: 1, numTodoTests: 0, testResults: [] };

it('counts what vitest wrote', () => {
  expect(countVitest(written(vitest), 0)).toEqual({ passed: 3, failed: 0, skipped: 1 });
});

it('counts a file that could not be loaded as a failure', () => {
  const testResults = [{ status: 'failed', assertionResults: [] }];
  expect(countVitest(written({ ...vitest, testResults }), 1)).toEqual({ passed: 3, failed: 1, skipped: 1 });
});

it('counts a failed test once', () => {
  const testResults = [{ status: 'failed', assertionResults: [{ status: 'failed' }] }];
  expect(countVitest(written({ ...vitest, numFailedTests: 1, testResults }), 1).failed).toBe(1);
});

it('counts what the suite in the extension host wrote', () => {
  const tests = [{ state: 'passed' }, { state: 'failed' }, { state: 'passed' }, { state: 'pending' }];
  expect(countMocha(written(tests), 1)).toEqual({ passed: 2, failed: 1, skipped: 1 });
});

it('counts an exit code without a failed test as a failure', () => {
  expect(countVitest(written(vitest), 1).failed).toBe(1);
  expect(countMocha(written([{ state: 'passed' }]), 1).failed).toBe(1);
});

it('counts a runner that wrote nothing as a failure', () => {
  const nothing = path.join(folder, 'nothing.json');
  expect(countVitest(nothing, 0)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  expect(countMocha(nothing, 0)).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

function written(content: unknown): string {
  const file = path.join(folder, 'results.json');
  fs.writeFileSync(file, JSON.stringify(content));
  return file;
}
