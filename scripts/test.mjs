// npm test [-- LEVEL…]
//
// Installs what is missing, builds, and runs the levels of tests from fast to real: check (types, lint, format), unit,
// trainer, language, webview, workbench (a real VS Code). The last line is `N passed, N failed`.
import fs from 'node:fs';
import path from 'node:path';
import { ensureDependencies } from './ensureDependencies.mjs';
import { ensureBrowser } from './ensureBrowser.mjs';
import { exitCodeOf, npm, root } from './processes.mjs';
import { countMocha, countVitest } from './testCounts.mjs';

/** @typedef {import('./testCounts.mjs').Counts} Counts */

const results = path.join(root, 'test-results');

/** @type {Record<string, () => Promise<Counts>>} */
const levels = {
  check: async () => {
    const code = await npm(['run', 'check'], { cwd: root });
    return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
  },
  unit: () => vitest('unit'),
  trainer: () => vitest('trainer'),
  language: () => vitest('language'),
  webview: () => vitest('webview'),
  workbench: async () => sum([await inHost('experiments'), await inHost('otherFolder'), await story()]),
};

const chosen = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(levels);
const unknown = chosen.filter((name) => !(name in levels));
if (unknown.length > 0) {
  console.error(`There is no level ${unknown.join(', ')}. The levels are ${Object.keys(levels).join(', ')}.`);
  process.exit(2);
}

await ensureDependencies();
process.env['CHROMIUM'] = await ensureBrowser();
fs.rmSync(results, { recursive: true, force: true });
fs.mkdirSync(results);
if ((await exitCodeOf(process.execPath, ['esbuild.mjs'])) !== 0) {
  console.error('The build failed; the reason is above. No test was run.');
  console.log('0 passed, 1 failed');
  process.exit(1);
}

/** @type {(Counts & { level: string, seconds: number })[]} */
const rows = [];
for (const level of chosen) {
  console.log(`\n${level}`);
  const started = performance.now();
  const counts = await /** @type {() => Promise<Counts>} */ (levels[level])();
  if (counts.passed + counts.failed === 0) {
    console.error(`The level ${level} ran no test at all, which counts as a failure.`);
    counts.failed = 1;
  }
  rows.push({ level, ...counts, seconds: (performance.now() - started) / 1000 });
}
printTable();
const total = sum(rows);
process.exitCode = total.failed === 0 ? 0 : 1;
console.log(`${total.passed} passed, ${total.failed} failed`);

/**
 * Runs one project of vitest.config.mjs.
 *
 * @param {string} project
 * @returns {Promise<Counts>}
 */
async function vitest(project) {
  const file = path.join(results, `${project}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const code = await exitCodeOf(process.execPath, [
    'node_modules/vitest/vitest.mjs',
    ...['run', '--project', project],
    ...reporters,
  ]);
  return countVitest(file, code);
}

/**
 * Runs one suite inside the extension host of a real VS Code.
 *
 * @param {string} suite
 * @returns {Promise<Counts>}
 */
async function inHost(suite) {
  const file = path.join(results, `workbench-${suite}.json`);
  const code = await exitCodeOf(process.execPath, ['test/workbench/runInHost.mjs', suite, file]);
  return countMocha(file, code);
}

/**
 * Drives the packaged extension by mouse and keyboard.
 *
 * @returns {Promise<Counts>}
 */
async function story() {
  if ((await exitCodeOf(process.execPath, ['scripts/package.mjs'])) !== 0)
    return { passed: 0, failed: 1, skipped: 0 };
  return vitest('workbench');
}

/**
 * @param {Counts[]} parts
 * @returns {Counts}
 */
function sum(parts) {
  const add = (/** @type {keyof Counts} */ key) => parts.reduce((total, part) => total + part[key], 0);
  return { passed: add('passed'), failed: add('failed'), skipped: add('skipped') };
}

function printTable() {
  console.log(
    `\n${'level'.padEnd(10)}${'passed'.padStart(8)}${'failed'.padStart(8)}${'skipped'.padStart(9)}${'seconds'.padStart(9)}`,
  );
  for (const { level, passed, failed, skipped, seconds } of rows) {
    const numbers = `${String(passed).padStart(8)}${String(failed).padStart(8)}${String(skipped).padStart(9)}`;
    console.log(`${level.padEnd(10)}${numbers}${seconds.toFixed(0).padStart(9)}`);
  }
}
