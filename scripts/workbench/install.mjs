// Installs a lean VS Code that runs in a browser (code-server, from the npm registry) into .vscode-test/.
//
// The package as published wants Node 24, compiles native modules with system libraries, and downloads tools for its AI
// agents. None of that is needed to edit files and run an extension, so it is installed without install scripts, without
// those parts, and with a Node 24 of its own beside it.
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { npm, root } from '../processes.mjs';
import { loggerShim, watchdogShim } from './shims.mjs';

export const codeServerVersion = '4.139.1';
const nodeVersion = '24.21.0';

/** Run-time packages of VS Code's server that serve AI agents, tunnels, Windows, Kerberos proxies or telemetry experiments. */
const droppedPackages = [
  '@devcontainers/cli',
  '@github/copilot-sdk',
  '@microsoft/mxc-sdk',
  '@vscode/copilot-api',
  '@vscode/fs-copyfile',
  '@vscode/native-watchdog',
  '@vscode/sandbox-runtime',
  '@vscode/spdlog',
  '@vscode/sqlite3',
  '@vscode/vscode-languagedetection',
  '@vscode/windows-process-tree',
  '@vscode/windows-registry',
  'kerberos',
  'ssh2',
  'tar',
  'tas-client',
  'zod',
];

/**
 * Built-in extensions that are large, call other hosts or need a dropped package. The ones that the web workbench names
 * itself (github-authentication, typescript-language-features) must stay: it would ask for them in vain.
 */
const droppedExtensions = [
  'copilot',
  'git',
  'github',
  'mermaid-markdown-features',
  'microsoft-authentication',
  'ms-vscode.js-debug',
  'ms-vscode.js-debug-companion',
  'ms-vscode.vscode-js-profile-table',
  'tunnel-forwarding',
];

/**
 * Installs on the first call, finds the installation on later ones. Several processes may call it at the same time: each
 * installs into a folder of its own name, and the first one that is ready is renamed to the final name.
 *
 * @param {string} [cache] the folder to install into
 * @returns {Promise<{ node: string, entry: string }>} the Node and the script that start it
 * @throws {Error} with a sentence for people when it cannot be installed
 */
export async function installWorkbench(cache = path.join(root, '.vscode-test')) {
  if (process.platform === 'win32')
    throw new Error(
      'The web workbench runs on Linux and macOS. On Windows install VS Code, so that the command code exists.',
    );
  const directory = path.join(cache, `code-server-${codeServerVersion}-${recipeHash()}`);
  const result = {
    node: path.join(directory, 'node_modules', nodePackage(), 'bin', 'node'),
    entry: path.join(directory, 'node_modules', 'code-server', 'out', 'node', 'entry.js'),
  };
  if (fs.existsSync(directory)) return result;
  console.log(
    'Installing VS Code for the browser into .vscode-test/, once (about 170 MB from the npm registry).',
  );
  const started = performance.now();
  const building = `${directory}.${process.pid}`;
  fs.rmSync(building, { recursive: true, force: true });
  await installInto(building);
  try {
    fs.renameSync(building, directory);
  } catch (error) {
    if (!fs.existsSync(directory)) throw error;
    fs.rmSync(building, { recursive: true, force: true });
  }
  console.log(`Installed in ${((performance.now() - started) / 1000).toFixed(0)} s.`);
  return result;
}

/** @param {string} directory */
async function installInto(directory) {
  fs.mkdirSync(directory, { recursive: true });
  fs.writeFileSync(path.join(directory, 'package.json'), JSON.stringify({ private: true }));
  await install(directory, [`code-server@${codeServerVersion}`, `${nodePackage()}@${nodeVersion}`]);

  const vscode = path.join(directory, 'node_modules', 'code-server', 'lib', 'vscode');
  const manifestFile = path.join(vscode, 'package.json');
  const manifest = JSON.parse(fs.readFileSync(manifestFile, 'utf8'));
  for (const name of droppedPackages) delete manifest.dependencies[name];
  delete manifest.overrides;
  delete manifest.allowScripts;
  fs.writeFileSync(manifestFile, JSON.stringify(manifest, null, 2));
  // npm-shrinkwrap.json beside it keeps the versions of what is left.
  await install(vscode, []);

  for (const name of droppedExtensions)
    fs.rmSync(path.join(vscode, 'extensions', name), { recursive: true, force: true });
  writePackage(vscode, '@vscode/spdlog', loggerShim);
  writePackage(vscode, '@vscode/native-watchdog', watchdogShim);
  const modules = path.join(vscode, 'node_modules');
  keepOnlyThisPlatform(path.join(modules, '@vscode', 'ripgrep-universal', 'bin'));
  keepOnlyThisPlatform(path.join(modules, 'node-pty', 'prebuilds'));
}

/**
 * @param {string} directory
 * @param {string[]} packages
 */
async function install(directory, packages) {
  const options = ['--omit=dev', '--ignore-scripts', '--engine-strict=false', '--loglevel=error'];
  const code = await npm(['install', ...packages, ...options, '--prefix', directory], {
    cwd: directory,
    quiet: true,
  });
  if (code !== 0)
    throw new Error(
      'VS Code for the browser could not be installed from the npm registry; the reason is above.',
    );
}

/**
 * @param {string} vscode
 * @param {string} name
 * @param {string} source
 */
function writePackage(vscode, name, source) {
  const directory = path.join(vscode, 'node_modules', ...name.split('/'));
  fs.rmSync(directory, { recursive: true, force: true });
  fs.mkdirSync(directory, { recursive: true });
  fs.writeFileSync(
    path.join(directory, 'package.json'),
    JSON.stringify({ name, version: '0.0.0', main: 'index.js' }),
  );
  fs.writeFileSync(path.join(directory, 'index.js'), source);
}

/**
 * Removes the binaries of other systems.
 *
 * @param {string} directory with one entry for each platform and processor
 */
function keepOnlyThisPlatform(directory) {
  if (!fs.existsSync(directory)) return;
  for (const name of fs.readdirSync(directory))
    if (!name.includes(`${process.platform}-${process.arch}`))
      fs.rmSync(path.join(directory, name), { recursive: true, force: true });
}

/** Another recipe is another installation. */
function recipeHash() {
  const recipe = JSON.stringify([
    nodePackage(),
    nodeVersion,
    droppedPackages,
    droppedExtensions,
    loggerShim,
    watchdogShim,
  ]);
  return crypto.createHash('sha256').update(recipe).digest('hex').slice(0, 8);
}

function nodePackage() {
  return `node-${process.platform}-${process.arch}`;
}
