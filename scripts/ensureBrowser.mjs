// Finds a Chromium for the tests, or gets one.
import { spawnSync } from 'node:child_process';
import { exitCodeOf, onPath, root } from './processes.mjs';

const playwright = 'node_modules/playwright-core/cli.js';

/**
 * Looks at the variable CHROMIUM, then on the PATH, then for a browser that Playwright has downloaded; gets one through
 * Playwright or, as root on Debian, through apt-get. Needs the npm packages.
 *
 * @returns {Promise<string>} the path of a Chromium that starts; without one the process ends with a message
 */
export async function ensureBrowser() {
  const there = presentBrowser() ?? (await downloadedBrowser());
  if (there !== undefined) return there;
  console.log('No Chromium is here; getting one.');
  // What it prints when it cannot reach its servers is long, and apt-get is still to come.
  const download = [playwright, 'install', 'chromium', '--no-shell'];
  spawnSync(process.execPath, download, { cwd: root, stdio: 'ignore', timeout: 180_000 });
  const downloaded = await downloadedBrowser();
  if (downloaded !== undefined) return downloaded;
  if (process.getuid?.() === 0 && onPath('apt-get') !== undefined) {
    await exitCodeOf('apt-get', ['update', '-qq']);
    const packages = ['chromium', 'fonts-dejavu-core'];
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    await exitCodeOf('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], {
      env,
      quiet: true,
    });
  }
  const installed = presentBrowser();
  if (installed !== undefined) return installed;
  console.error(
    'The tests need Chromium, and it could not be installed here. Install it (on Debian: apt-get install chromium),\n' +
      'or put the path of a Chromium or Chrome into the environment variable CHROMIUM.',
  );
  process.exit(1);
}

/** @returns {string | undefined} */
function presentBrowser() {
  const named = process.env['CHROMIUM'];
  if (named !== undefined && named !== '' && !starts(named))
    console.error(
      `The environment variable CHROMIUM names ${named}, which does not start; looking for another one.`,
    );
  return [named, ...['chromium', 'chromium-browser', 'google-chrome'].map(onPath)].find(
    (file) => file !== undefined && starts(file),
  );
}

/** @returns {Promise<string | undefined>} */
async function downloadedBrowser() {
  const { chromium } = await import('playwright-core');
  const file = chromium.executablePath();
  return starts(file) ? file : undefined;
}

/**
 * A browser whose system libraries are missing is there but does not start.
 *
 * @param {string} file
 */
function starts(file) {
  return (
    file !== '' &&
    spawnSync(file, ['--version'], { cwd: root, stdio: 'ignore', timeout: 20_000 }).status === 0
  );
}
