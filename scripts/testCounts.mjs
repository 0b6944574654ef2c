// How many tests passed and failed, from the files that the test runners write.
import fs from 'node:fs';

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

/**
 * @param {string} file what vitest's json reporter wrote
 * @param {number} exitCode of vitest
 * @returns {Counts}
 */
export function countVitest(file, exitCode) {
  if (!fs.existsSync(file)) return { passed: 0, failed: 1, skipped: 0 };
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(
    fs.readFileSync(file, 'utf8'),
  );
  /** A file that cannot be loaded, or whose hook fails, has no failed test of its own. */
  const brokenFiles = testResults.filter(
    (
      /** @type {{ status: string, assertionResults: { status: string }[] }} */ { status, assertionResults },
    ) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  ).length;
  const counts = {
    passed: numPassedTests,
    failed: numFailedTests + brokenFiles,
    skipped: numPendingTests + numTodoTests,
  };
  return notBetterThan(counts, exitCode);
}

/**
 * @param {string} file what the suite inside the extension host wrote: an array of `{ title, state }`
 * @param {number} exitCode of the run
 * @returns {Counts}
 */
export function countMocha(file, exitCode) {
  if (!fs.existsSync(file)) return { passed: 0, failed: 1, skipped: 0 };
  /** @type {{ state: string }[]} */
  const tests = JSON.parse(fs.readFileSync(file, 'utf8'));
  const count = (/** @type {string} */ state) => tests.filter((test) => test.state === state).length;
  return notBetterThan(
    { passed: count('passed'), failed: count('failed'), skipped: count('pending') },
    exitCode,
  );
}

/**
 * A run that ends with an error has failed, also when each of its tests passed.
 *
 * @param {Counts} counts
 * @param {number} exitCode
 */
function notBetterThan(counts, exitCode) {
  return exitCode !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}
