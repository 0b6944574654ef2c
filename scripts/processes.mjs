// Starting other programs from the scripts: with their output shown, with npm's own program, and with an end to them.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the repository. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/**
 * Runs a program with its output shown and waits for its end.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, quiet?: boolean | undefined}} [options]
 *   `quiet` hides the standard output
 * @returns {Promise<number>} the exit code; 1 when a signal ended it or it could not be started
 */
export function exitCodeOf(command, args, { cwd = root, env = process.env, quiet = false } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env,
      stdio: ['ignore', quiet ? 'ignore' : 'inherit', 'inherit'],
      // Windows starts npm.cmd only through its shell.
      shell: process.platform === 'win32' && command.endsWith('.cmd'),
    });
    child.on('error', () => resolve(1));
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

/**
 * Runs Node on a script in the folder in which npm was started, with this terminal, and waits for its end.
 *
 * @param {string[]} args
 * @returns {Promise<{ pid: number, code: number | null, signal: NodeJS.Signals | null }>}
 */
export function inForeground(args) {
  const cwd = process.env['INIT_CWD'] ?? process.cwd();
  const child = spawn(process.execPath, args, { cwd, stdio: 'inherit' });
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
    // Ctrl-C in a terminal reaches the child by itself; we only must not end before it. Others are handed on.
    process.on(signal, () => void (signal !== 'SIGINT' && child.kill(signal)));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve({ pid: child.pid ?? 0, code, signal }));
  });
}

/**
 * Runs Node on a script of the repository and ends this process with a plain message when it fails.
 *
 * @param {string} what names the step in the message, e.g. `The build`
 * @param {string[]} args
 * @param {{ quiet?: boolean }} [options]
 */
export async function nodeOrExit(what, args, options) {
  const code = await exitCodeOf(process.execPath, args, options);
  if (code === 0) return;
  console.error(`${what} failed; the reason is above.`);
  process.exit(code);
}

/**
 * Runs npm in a folder. The npm that started us is used when there is one, so that both are the same version.
 *
 * @param {string[]} args
 * @param {{ cwd: string, quiet?: boolean }} options
 * @returns {Promise<number>} the exit code
 */
export function npm(args, { cwd, quiet }) {
  const cli = process.env['npm_execpath'];
  const startedByNpm = cli !== undefined && /npm-cli\.c?js$/.test(cli);
  const command = startedByNpm ? process.execPath : process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const all = [...(startedByNpm ? [cli] : []), ...args, '--no-audit', '--no-fund'];
  return exitCodeOf(command, all, { cwd, env: environmentForNpm(), quiet });
}

/**
 * The full path of a program on the PATH, or undefined.
 *
 * @param {string} name
 */
export function onPath(name) {
  const endings = process.platform === 'win32' ? ['.exe', '.cmd', '.bat'] : [''];
  for (const directory of (process.env['PATH'] ?? '').split(path.delimiter))
    for (const ending of endings) {
      const file = path.join(directory, name + ending);
      if (directory !== '' && fs.statSync(file, { throwIfNoEntry: false })?.isFile()) return file;
    }
  return undefined;
}

/** An npm inside an npm script would take the outer script's folder and package for its own. */
function environmentForNpm() {
  const outer = /^npm_(package|lifecycle)_|^npm_config_(local_prefix|prefix|global_prefix)$/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !outer.test(name)));
}
