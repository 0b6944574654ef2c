// Starts VS Code for the browser on this machine only, with settings, extensions and user data of its own.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { installWorkbench } from './install.mjs';
import { Session } from './session.mjs';

const host = '127.0.0.1';
const startUpMs = 60_000;

/** Quiet and local: no calls to other hosts, no questions at the start, nothing in the way of the editor. */
const baseSettings = {
  // Without this the server looks for the AI agent host, which is not installed, and ends with it.
  'chat.disableAIFeatures': true,
  'workbench.colorTheme': 'Dark Modern',
  'workbench.startupEditor': 'none',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.tips.enabled': false,
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
  'workbench.enableExperiments': false,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'window.confirmBeforeClose': 'never',
  // The page's address names a file to open; without this a reload would open it in place of what was open.
  'window.restoreWindows': 'preserve',
};

/**
 * @typedef {object} Server
 * @property {string} origin e.g. `http://127.0.0.1:4747`
 * @property {string} directory with its settings, extensions and logs; `server.log` has everything that it printed
 * @property {(folder: string, file?: string) => string} address of a page on a folder, with a file opened in it
 * @property {(file: string) => string} remoteUri of a file, as the page names it
 * @property {() => Promise<void>} stop ends the server and everything that was started in it, and removes its files
 */

/**
 * @typedef {object} ServerOptions
 * @property {string[]} [vsix] packaged extensions to install
 * @property {string[]} [sources] extension folders to load as they are
 * @property {Record<string, unknown>} [settings] over the ones above
 * @property {Record<string, unknown>} [machineSettings] for settings of the scope "machine"
 * @property {Record<string, string>} [environment] for the extension host and everything it starts
 * @property {string[]} [args] more command line for code-server
 * @property {boolean} [trustEverything] false: a folder starts in restricted mode until it is trusted
 * @property {number | undefined} [port] any free one when absent
 */

/**
 * @param {ServerOptions} [options]
 * @returns {Promise<Server>}
 * @throws {Error} when an extension cannot be installed or the server does not answer; the message has its log
 */
export async function startServer({
  vsix = [],
  sources = [],
  settings = {},
  machineSettings = {},
  environment = {},
  args = [],
  trustEverything = true,
  port,
} = {}) {
  const program = await installWorkbench();
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'distillery-workbench-'));
  const userData = path.join(directory, 'user-data');
  const extensions = path.join(directory, 'extensions');
  const log = path.join(directory, 'server.log');
  writeSettings(path.join(userData, 'User'), { ...baseSettings, ...settings });
  writeSettings(path.join(userData, 'Machine'), machineSettings);
  fs.mkdirSync(extensions);
  // A fresh extensions folder is scanned at the first start, and a link in it is an extension like any other.
  for (const source of sources) fs.symlinkSync(source, path.join(extensions, path.basename(source)));

  const session = new Session();
  session.endWithThisProcess();
  const shared = ['--user-data-dir', userData, '--extensions-dir', extensions];
  shared.push('--config', path.join(directory, 'config.yaml'));
  const start = (/** @type {string[]} */ more) => {
    const output = fs.openSync(log, 'a');
    const child = spawn(program.node, [program.entry, ...shared, ...more], {
      env: { ...cleanEnvironment(), ...environment, ...session.environment() },
      stdio: ['ignore', output, output],
      // Ctrl-C in the terminal is for us: we end the server ourselves, in order.
      detached: true,
    });
    fs.closeSync(output);
    return child;
  };

  for (const file of vsix) {
    const installer = start(['--install-extension', file]);
    const code = await new Promise((resolve) => installer.once('exit', resolve));
    if (code !== 0) throw new Error(`${file} could not be installed:\n${fs.readFileSync(log, 'utf8')}`);
  }

  const chosenPort = port ?? (await freePort());
  const origin = `http://${host}:${chosenPort}`;
  const quiet = [
    '--disable-telemetry',
    '--disable-update-check',
    '--disable-getting-started-override',
    '--ignore-last-opened',
  ];
  const trust = trustEverything ? ['--disable-workspace-trust'] : [];
  const child = start([
    '--auth',
    'none',
    '--bind-addr',
    `${host}:${chosenPort}`,
    ...quiet,
    ...trust,
    ...args,
  ]);
  const stop = async () => {
    await session.end();
    fs.rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  };
  if (!(await answers(`${origin}/healthz`, child))) {
    const output = fs.readFileSync(log, 'utf8');
    await stop();
    throw new Error(`VS Code for the browser did not start:\n${output}`);
  }

  const remoteUri = (/** @type {string} */ file) =>
    `vscode-remote://${host}:${chosenPort}${pathToFileURL(file).pathname}`;
  return {
    origin,
    directory,
    remoteUri,
    address: (folder, file) => {
      const payload = file === undefined ? {} : { payload: JSON.stringify([['openFile', remoteUri(file)]]) };
      return `${origin}/?${new URLSearchParams({ folder, ...payload })}`;
    },
    stop,
  };
}

/**
 * @param {string} directory
 * @param {Record<string, unknown>} settings
 */
function writeSettings(directory, settings) {
  fs.mkdirSync(directory, { recursive: true });
  fs.writeFileSync(path.join(directory, 'settings.json'), JSON.stringify(settings, null, 2));
}

/**
 * @param {number} port
 * @returns {Promise<boolean>} whether a server could listen there
 */
export function isFree(port) {
  return new Promise((resolve) => {
    const probe = net.createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, host, () => probe.close(() => resolve(true)));
  });
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once('error', reject);
    probe.listen(0, host, () => {
      const address = probe.address();
      probe.close(() => (address === null || typeof address === 'string' ? reject() : resolve(address.port)));
    });
  });
}

/**
 * @param {string} url
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<boolean>} false when the program ended or the time is over
 */
async function answers(url, child) {
  const deadline = performance.now() + startUpMs;
  while (performance.now() < deadline && child.exitCode === null && child.signalCode === null) {
    const response = await fetch(url).catch(() => undefined);
    if (response?.ok) return true;
    await pause(50);
  }
  return false;
}

/** What another VS Code or npm around us has set would reach into the server. An empty gallery asks no other host. */
function cleanEnvironment() {
  const foreign =
    /^(VSCODE_|ELECTRON_|npm_(package|lifecycle)_|npm_config_local_prefix$|NODE_OPTIONS$|PORT$)/;
  const own = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  return { ...Object.fromEntries(own), EXTENSIONS_GALLERY: '{}' };
}
