// node test/workbench/runInHost.mjs SUITE RESULTS: bundles one suite and runs it inside a real VS Code's extension host.
//
// VSCODE_EXECUTABLE names the desktop's executable; the word `download` lets @vscode/test-electron download it.
import { build } from 'esbuild';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runTests } from '@vscode/test-electron';
import { writeWorkspace } from './workspace.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, '..', '..');
const [suite, results] = process.argv.slice(2);
if (suite === undefined || results === undefined) throw new Error('usage: runInHost.mjs SUITE RESULTS');

fs.rmSync(results, { force: true });
const workspace = fs.mkdtempSync(path.join(os.tmpdir(), `distillery-${suite}-`));
if (suite === 'experiments') writeWorkspace(workspace);
else fs.writeFileSync(path.join(workspace, 'notes.txt'), 'Nothing to distil here.\n');

process.exitCode = await run();
fs.rmSync(workspace, { recursive: true, force: true });

async function run() {
  const executable = process.env['VSCODE_EXECUTABLE'] ?? path.join(here, 'code.mjs');
  try {
    return await runTests({
      ...(executable === 'download' ? {} : { vscodeExecutablePath: executable }),
      extensionDevelopmentPath: root,
      extensionTestsPath: await bundle(),
      launchArgs: [workspace, '--disable-extensions'],
      extensionTestsEnv: {
        DISTILLERY_TEST_RESULTS: path.resolve(results ?? ''),
        // What this user has set up is not to be seen.
        DISTILLERY_HOME: path.join(workspace, '.home'),
      },
    });
  } catch {
    return 1;
  } finally {
    printResults();
  }
}

/** @returns {Promise<string>} the module that VS Code calls */
async function bundle() {
  const sources = path.join(here, 'inHost');
  const outdir = path.join(root, 'out', suite ?? '');
  const tests = fs.readdirSync(path.join(sources, suite ?? '')).filter((file) => file.endsWith('.test.ts'));
  fs.rmSync(outdir, { recursive: true, force: true });
  await build({
    entryPoints: [
      path.join(sources, 'index.ts'),
      ...tests.map((file) => path.join(sources, suite ?? '', file)),
    ],
    outdir,
    entryNames: '[name]',
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    sourcemap: 'inline',
    external: ['vscode', 'mocha'],
    logLevel: 'warning',
  });
  return path.join(outdir, 'index.js');
}

/** The extension host's own output does not reach every terminal; what the suite has written down does. */
function printResults() {
  if (!fs.existsSync(results ?? '')) {
    console.error(`The suite ${suite} wrote no results: VS Code did not come as far as the tests.`);
    return;
  }
  const tests = JSON.parse(fs.readFileSync(results ?? '', 'utf8'));
  for (const { title, state, milliseconds, error, notes } of tests) {
    const sign = { passed: '✓', failed: '✗', pending: '–' }[/** @type {'passed'} */ (state)];
    console.log(` ${sign} ${title} (${milliseconds} ms)`);
    for (const note of notes) console.log(`     ${note}`);
    if (error !== undefined) console.log(error.replace(/^/gm, '     '));
  }
}
