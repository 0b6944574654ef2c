// npm run distill -- run FILE
//
// The trainer's command line (run, resume, validate, probe), built first when its sources are newer. File names count
// from the folder in which npm was started.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ensureDependencies } from './ensureDependencies.mjs';
import { exitCodeOf, root } from './processes.mjs';

const trainer = path.join(root, 'dist', 'trainer.js');

await ensureDependencies();
if (!fs.existsSync(trainer) || newestSource(path.join(root, 'src')) > fs.statSync(trainer).mtimeMs) {
  const code = await exitCodeOf(process.execPath, ['esbuild.mjs'], { quiet: true });
  if (code !== 0) {
    console.error('The build failed; the reason is above.');
    process.exit(70);
  }
}

const child = spawn(process.execPath, [trainer, ...process.argv.slice(2)], {
  cwd: process.env['INIT_CWD'] ?? process.cwd(),
  stdio: 'inherit',
});
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
  // Ctrl-C in a terminal reaches the trainer by itself; we only must not end before it. Others are handed on.
  process.on(signal, () => void (signal !== 'SIGINT' && child.kill(signal)));
child.on('exit', (code, signal) => {
  process.exitCode = code ?? 128 + (signal === null ? 0 : os.constants.signals[signal]);
});

/**
 * @param {string} directory
 * @returns {number} the time of the last change below it, in milliseconds
 */
function newestSource(directory) {
  const files = fs.readdirSync(directory, { recursive: true, withFileTypes: true });
  return Math.max(...files.map((file) => fs.statSync(path.join(file.parentPath, file.name)).mtimeMs));
}
