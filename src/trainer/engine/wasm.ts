import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { setWasmPaths, version_wasm } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { registerKernelPack } from './kernels/kernelPack';
import { startSimd } from './simd/simd';

/**
 * Makes WebAssembly, with our repaired kernels, the active backend.
 *
 * @returns the version of the library, e.g. `TensorFlow.js 4.22.0 with our SIMD kernels (fused multiply-add)`
 * @throws an Error whose message says for people why it cannot be used
 */
export async function openWasm(): Promise<string> {
  const folder = wasmFolder();
  setWasmPaths(folder + path.sep);
  registerKernelPack();
  await withoutNewListeners(async () => {
    if (!(await tf.setBackend('wasm')) || tf.getBackend() !== 'wasm')
      throw new Error(`The WebAssembly binaries in ${folder} cannot be started.`);
  });
  const { roundsOnce } = startSimd(tf.backend(), kernelFolder());
  return `TensorFlow.js ${version_wasm} with our SIMD kernels${roundsOnce ? ' (fused multiply-add)' : ''}`;
}

/** The build puts our kernels beside the trainer, too; where the sources run, `scripts/simd.mjs` keeps them in a cache. */
function kernelFolder(): string {
  const beside = path.join(__dirname, 'wasm');
  if (fs.existsSync(path.join(beside, 'distillery-simd.wasm'))) return beside;
  let folder = __dirname;
  while (!fs.existsSync(path.join(folder, compiledKernels))) {
    if (path.dirname(folder) === folder)
      throw new Error(
        `Our WebAssembly kernels should be in ${beside}. Installing Distillery again brings them back.`,
      );
    folder = path.dirname(folder);
  }
  return path.join(folder, compiledKernels);
}

const compiledKernels = path.join('node_modules', '.cache', 'distillery-simd');

/** The build puts the binaries beside the trainer; where the sources run without a build, they are in the package. */
function wasmFolder(): string {
  const beside = path.join(__dirname, 'wasm');
  if (fs.existsSync(beside)) return beside;
  try {
    const manifest = createRequire(path.join(__dirname, 'any.js')).resolve(
      '@tensorflow/tfjs-backend-wasm/package.json',
    );
    return path.join(path.dirname(manifest), 'dist');
  } catch {
    throw new Error(
      `The WebAssembly binaries should be in ${beside}. Installing Distillery again brings them back.`,
    );
  }
}

/**
 * Emscripten's start code adds handlers that throw every uncaught error again, before ours can report it. They are
 * removed: https://github.com/emscripten-core/emscripten/issues/7855
 */
async function withoutNewListeners(start: () => Promise<void>): Promise<void> {
  const events = ['uncaughtException', 'unhandledRejection'];
  const before = events.map((event) => process.listeners(event as 'uncaughtException'));
  try {
    await start();
  } finally {
    events.forEach((event, index) => {
      for (const listener of process.listeners(event as 'uncaughtException'))
        if (!before[index]!.includes(listener)) process.removeListener(event, listener);
    });
  }
}
