// The trainer in a terminal, with somebody beside it who notices when native TensorFlow takes it down.
import { spawnSync } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { inForeground } from './processes.mjs';

/**
 * Runs the trainer. A run that native TensorFlow took down with it runs again on WebAssembly, unless the engine was asked
 * for by name.
 *
 * @param {string} folder with trainer.js and setupNative.js
 * @param {string[]} args of the trainer
 * @returns {Promise<number>} the exit code
 */
export async function runTrainer(folder, args) {
  const trainer = path.join(folder, 'trainer.js');
  let end = await inForeground([trainer, ...args]);
  if (crashedNatively(path.join(folder, 'setupNative.js'), end)) {
    const what = `Native TensorFlow crashed (${end.signal}).`;
    if (mayChooseEngine(args)) {
      console.error(`${what} The experiment runs again, with WebAssembly.`);
      end = await inForeground([trainer, ...args, '--engine', 'wasm']);
    } else console.error(`${what} Run the experiment with --engine wasm to train without it.`);
  }
  return end.code ?? 128 + (end.signal === null ? 0 : os.constants.signals[end.signal]);
}

/**
 * Has the crash remembered, too, so that the next run takes WebAssembly at once.
 *
 * @param {string} setUp
 * @param {{ pid: number, signal: NodeJS.Signals | null }} end
 */
function crashedNatively(setUp, { pid, signal }) {
  return (
    signal !== null &&
    spawnSync(process.execPath, [setUp, 'crashed', String(pid), signal], { stdio: 'ignore' }).status === 0
  );
}

/**
 * @param {string[]} args
 * @returns {boolean} whether it is a run, and which engine it takes was left to the trainer
 */
function mayChooseEngine(args) {
  const named = args.flatMap((arg, index) =>
    arg === '--engine' ? [args[index + 1]] : arg.startsWith('--engine=') ? [arg.slice(9)] : [],
  );
  return args[0] === 'run' && (named.at(-1) ?? 'auto') === 'auto';
}
