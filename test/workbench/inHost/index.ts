import fs from 'node:fs';
import path from 'node:path';
import Mocha from 'mocha';
import { takeNotes } from './notes';

interface TestResult {
  title: string;
  state: 'passed' | 'failed' | 'pending';
  milliseconds: number;
  error?: string;
  notes: string[];
}

/**
 * VS Code calls this in its extension host. Runs the tests beside this file and writes their results after each one, so
 * that a run which hangs still tells how far it came.
 *
 * @throws when a test failed
 */
export async function run(): Promise<void> {
  const file = process.env['DISTILLERY_TEST_RESULTS'];
  if (file === undefined) throw new Error('DISTILLERY_TEST_RESULTS must name the file for the results.');
  const mocha = new Mocha({ ui: 'bdd', timeout: 60_000 });
  for (const name of fs.readdirSync(__dirname).sort())
    if (name.endsWith('.test.js')) mocha.addFile(path.join(__dirname, name));

  const results: TestResult[] = [];
  const add = (test: Mocha.Runnable, state: TestResult['state'], error?: Error): void => {
    results.push({
      title: test.fullTitle(),
      state,
      milliseconds: test.duration ?? 0,
      notes: takeNotes(),
      ...(error && { error: error.stack ?? error.message }),
    });
    fs.writeFileSync(file, JSON.stringify(results, null, 2));
  };
  const failures = await new Promise<number>((resolve) => {
    mocha
      .run(resolve)
      .on('pass', (test) => add(test, 'passed'))
      .on('fail', (test, error: Error) => add(test, 'failed', error))
      .on('pending', (test) => add(test, 'pending'));
  });
  if (failures > 0) throw new Error(`${failures} tests failed.`);
}
