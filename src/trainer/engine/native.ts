import { execFile } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';

const packageName = '@tensorflow/tfjs-node';

/**
 * Loads native TensorFlow from the user's `@tensorflow/tfjs-node` and makes it the active backend. Nothing of that
 * package is bundled: it is looked for at run time from each folder, then from the trainer itself.
 *
 * A library that does not fit the machine can end the whole process, so a child process tries it first.
 *
 * @returns the version of the library, e.g. `TensorFlow 2.9.1`
 * @throws an Error whose message says for people why it cannot be used
 */
export async function openNative(searchFrom: readonly string[]): Promise<string> {
  const folder = findPackage([...searchFrom, __dirname]);
  if (folder === undefined)
    throw new Error(
      `The package ${packageName} is not installed. To train faster, run "npm install ${packageName}" in this folder.`,
    );
  const binding = findBinding(folder);
  if (binding === undefined)
    throw new Error(
      `${packageName} is installed in ${folder}, but its native library is missing. ` +
        `"npm rebuild ${packageName}" downloads it when npm may run its install script.`,
    );
  // Only errors of the library reach the log; its notes on the processor are of no use to people here.
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  await tryInChild(folder, binding);

  const gradients = ownGradients();
  const backend = loadNativeBackend(createRequire(path.join(folder, 'package.json')), folder, binding);
  restoreGradients(gradients);
  tf.registerBackend('tensorflow', backend.create, 3);
  if (!(await tf.setBackend('tensorflow')) || tf.getBackend() !== 'tensorflow')
    throw new Error(`The library of ${packageName} loads but does not start.`);
  return `TensorFlow ${backend.version}`;
}

interface NativeBackend {
  create: () => tf.KernelBackend;
  version: string;
}

/**
 * Loads the parts of the package one by one instead of its index, which hides why it fails.
 *
 * The child process runs the source of this function, so it may use nothing but its arguments.
 */
export function loadNativeBackend(load: NodeJS.Require, folder: string, binding: string): NativeBackend {
  // Node 23 removed two functions that the package calls: https://github.com/tensorflow/tfjs/issues/8609
  const util = load('node:util') as Record<string, unknown>;
  util['isNullOrUndefined'] ??= (value: unknown) => value === null || value === undefined;
  util['isArray'] ??= Array.isArray;
  load(`${folder}/dist/register_all_kernels`);
  const { NodeJSKernelBackend } = load(`${folder}/dist/nodejs_kernel_backend`) as {
    NodeJSKernelBackend: new (binding: unknown, name: string) => tf.KernelBackend;
  };
  const library = load(binding) as { TF_Version: string };
  return {
    create: () => new NodeJSKernelBackend(library, '@tensorflow/tfjs-node'),
    version: library.TF_Version,
  };
}

function findPackage(folders: readonly string[]): string | undefined {
  for (const folder of folders) {
    try {
      const manifest = createRequire(path.join(folder, 'any.js')).resolve(`${packageName}/package.json`);
      return path.dirname(fs.realpathSync(manifest));
    } catch {
      // Not there: the next folder may have it.
    }
  }
  return undefined;
}

/** The addon is stored by the version of Node's binary interface, `lib/napi-v8/`; a newer Node runs every older one. */
function findBinding(folder: string): string | undefined {
  const library = path.join(folder, 'lib');
  if (!fs.existsSync(library)) return undefined;
  return fs
    .readdirSync(library)
    .map((name) => ({ name, version: Number(/^napi-v(\d+)$/.exec(name)?.[1]) }))
    .filter(({ version }) => version <= Number(process.versions['napi']))
    .sort((a, b) => b.version - a.version)
    .map(({ name }) => path.join(library, name, 'tfjs_binding.node'))
    .find((file) => fs.existsSync(file));
}

/** Trains one tiny step in a child process: a library that crashes takes only the child with it. */
function tryInChild(folder: string, binding: string): Promise<void> {
  const load = "require('node:module').createRequire(process.argv[1] + '/package.json')";
  const program = `(${trial.toString()})(${load}, ${loadNativeBackend.toString()}, process.argv[1], process.argv[2])`;
  const env = { ...process.env, ELECTRON_RUN_AS_NODE: '1' };
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      ['-e', program, folder, binding],
      { env, timeout: 60_000 },
      (error, _stdout, stderr) => {
        if (error === null) {
          resolve();
          return;
        }
        reject(
          new Error(`The library of ${packageName} in ${folder} cannot be loaded: ${causeOf(error, stderr)}`),
        );
      },
    );
  });
}

/** Runs in the child process from its source, so it may use nothing but its arguments. */
function trial(
  load: NodeJS.Require,
  loadBackend: typeof loadNativeBackend,
  folder: string,
  binding: string,
): void {
  try {
    const core = load('@tensorflow/tfjs') as typeof tf;
    const { create } = loadBackend(load, folder, binding);
    core.registerBackend('tensorflow', create, 3);
    void core.setBackend('tensorflow');
    const image = core.ones<tf.Rank.R4>([3, 4, 4, 2]);
    const loss = (filter: tf.Tensor) =>
      core.sum(core.maxPool(core.conv2d(image, filter as tf.Tensor4D, 1, 'same'), 2, 2, 'valid'));
    core
      .grad(loss)(core.ones([3, 3, 2, 2]))
      .dataSync();
  } catch (error) {
    process.stderr.write(`\n${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}

function causeOf(
  error: Error & { signal?: NodeJS.Signals | null; killed?: boolean },
  stderr: string,
): string {
  if (error.killed === true) return 'it did not answer within a minute.';
  if (error.signal) return `it crashed (${error.signal}).`;
  const lines = stderr.split('\n').map((line) => line.trim());
  const last = lines.filter((line) => line !== '').at(-1) ?? 'it ended without a message';
  return last.endsWith('.') ? last : `${last}.`;
}

type Gradients = Map<string, tf.GradConfig>;

/**
 * The package brings its own copy of tfjs-core, perhaps of another version. All copies share one registry, and the
 * last to register a gradient wins; ours are put back, so that every engine differentiates in the same way.
 */
function ownGradients(): Gradients {
  return new Map(gradientRegistry());
}

function restoreGradients(gradients: Gradients): void {
  for (const [kernel, gradient] of gradients) gradientRegistry().set(kernel, gradient);
}

function gradientRegistry(): Gradients {
  const shared = (globalThis as unknown as { _tfGlobals: Map<string, Gradients> })._tfGlobals;
  return shared.get('gradRegistry')!;
}
