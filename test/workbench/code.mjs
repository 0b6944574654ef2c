#!/usr/bin/env node
// Takes the command line of the desktop's executable and runs the tests in VS Code for the browser, with its real
// extension host. @vscode/test-electron starts it where the desktop cannot be downloaded.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { startServer } from '../../scripts/workbench/server.mjs';
import { launchBrowser, windowSize } from './browser.mjs';

const timeoutMs = 300_000;

const { values, positionals } = parseArgs({
  options: {
    extensionDevelopmentPath: { type: 'string' },
    extensionTestsPath: { type: 'string' },
  },
  // The desktop has many more options, for its own window.
  strict: false,
});
process.exitCode = await runTests();

/** @returns {Promise<number>} what the tests ended with; 1 when they did not start or did not end */
async function runTests() {
  const folder = positionals[0] ?? fs.mkdtempSync(path.join(os.tmpdir(), 'distillery-empty-'));
  const browser = await launchBrowser();
  const server = await startServer({
    // The suites themselves report; the environment says where to.
    environment: definedEnvironment(),
    settings: { 'workbench.editor.useModal': 'off' },
    // Without it a built workbench does not look at the payload.
    args: ['--vscode-option', 'enable-smoke-test-driver'],
  });
  try {
    const page = await browser.newPage({ viewport: windowSize });
    const code = await new Promise((resolve) => {
      setTimeout(() => resolve('the tests took too long'), timeoutMs).unref();
      page.on('crash', () => resolve('the page crashed'));
      page.on('pageerror', (error) => console.error(`In the workbench: ${error.message}`));
      openPage(page, server, folder, resolve).catch(resolve);
    });
    if (code === 0) return 0;
    const kept = path.resolve('test-results', 'in-host-failure');
    await page.screenshot({ path: path.join(kept, 'window.png') }).catch(() => undefined);
    fs.cpSync(path.join(server.directory, 'user-data', 'logs'), path.join(kept, 'logs'), { recursive: true });
    if (typeof code !== 'number') console.error(`The tests did not end: ${code}.`);
    console.error(`A screenshot and the logs are in ${kept}.`);
    return 1;
  } finally {
    await browser.close();
    await server.stop();
  }
}

/**
 * @param {import('playwright-core').Page} page
 * @param {import('../../scripts/workbench/server.mjs').Server} server
 * @param {string} folder
 * @param {(code: number) => void} exit called by the workbench when the tests have ended
 */
async function openPage(page, server, folder, exit) {
  await page.exposeFunction('codeAutomationLog', () => undefined);
  await page.exposeFunction('codeAutomationExit', exit);
  const payload = [
    ['extensionDevelopmentPath', server.remoteUri(String(values.extensionDevelopmentPath))],
    ['extensionTestsPath', server.remoteUri(String(values.extensionTestsPath))],
    ['skipWelcome', 'true'],
  ];
  const query = new URLSearchParams({ folder, payload: JSON.stringify(payload) });
  await page.goto(`${server.origin}/?${query}`);
}

/** @returns {Record<string, string>} */
function definedEnvironment() {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}
