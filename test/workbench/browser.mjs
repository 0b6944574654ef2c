// The Chromium that stands in for a person's browser.
import { chromium } from 'playwright-core';

/** No sandbox: CI often runs as root in a container, and only our own pages are opened. */
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
];

/** @returns {Promise<import('playwright-core').Browser>} to be closed by the caller */
export function launchBrowser() {
  const executablePath = process.env['CHROMIUM'];
  if (executablePath === undefined)
    throw new Error(
      'The environment variable CHROMIUM must name a Chromium: start the tests with npm test, which sets it.',
    );
  return chromium.launch({ executablePath, args });
}

/** The size of every test window, in pixels. */
export const windowSize = { width: 1440, height: 900 };
