import { execFile } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

export const packageName = '@tensorflow/tfjs-node';

/** A folder of `@tensorflow/tfjs-node`, whoever put it there. */
export interface NativePackage {
  folder: string;
  /** The addon for Node; undefined where npm left it out. */
  binding: string | undefined;
}

export interface NativeBackend {
  /** Makes the `KernelBackend` of TensorFlow.js. */
  create: () => unknown;
  /** Of the library, e.g. `2.21.0`. */
  version: string;
}

/** The packages that Node finds from these folders, in their order, each once. */
export function findPackages(folders: readonly string[]): NativePackage[] {
  const found = new Map<string, NativePackage>();
  for (const from of folders) {
    try {
      const manifest = createRequire(path.join(from, 'any.js')).resolve(`${packageName}/package.json`);
      const folder = path.dirname(fs.realpathSync(manifest));
      found.set(folder, { folder, binding: findBinding(folder) });
    } catch {
      // Not there: the next folder may have it.
    }
  }
  return [...found.values()];
}

/**
 * Loads the parts of the package one by one instead of its index, which hides why it fails.
 *
 * The child process of `tryLibrary` runs the source of this function, so it may use nothing but its arguments.
 */
export function loadNativeBackend(load: NodeJS.Require, folder: string, binding: string): NativeBackend {
  // Node 23 removed two functions that the package calls: https://github.com/tensorflow/tfjs/issues/8609
  const util = load('node:util') as Record<string, unknown>;
  util['isNullOrUndefined'] ??= (value: unknown) => value === null || value === undefined;
  util['isArray'] ??= Array.isArray;
  load(`${folder}/dist/register_all_kernels`);
  const { NodeJSKernelBackend } = load(`${folder}/dist/nodejs_kernel_backend`) as {
    NodeJSKernelBackend: new (binding: unknown, name: string) => unknown;
  };
  const library = load(binding) as { TF_Version: string };
  return {
    create: () => new NodeJSKernelBackend(library, '@tensorflow/tfjs-node'),
    version: library.TF_Version,
  };
}

/**
 * Computes a tiny step of training in a child process: a library that crashes takes only the child with it.
 *
 * @returns the version of the library, e.g. `2.21.0`
 * @throws an Error whose message says why it cannot be used
 */
export function tryLibrary(folder: string, binding: string, signal?: AbortSignal): Promise<string> {
  const load = "require('node:module').createRequire(process.argv[1] + '/package.json')";
  const program = `(${trial.toString()})(${load}, ${loadNativeBackend.toString()}, process.argv[1], process.argv[2])`;
  // Its notes on the processor would only hide what it says when it fails.
  const env = { TF_CPP_MIN_LOG_LEVEL: '2', ...process.env, ELECTRON_RUN_AS_NODE: '1' };
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      ['-e', program, folder, binding],
      { env, timeout: 60_000, windowsHide: true, ...(signal && { signal }) },
      (error, stdout, stderr) => {
        if (error === null) resolve(/\S+\s*$/.exec(stdout)?.[0].trim() ?? '');
        else if (signal?.aborted === true) reject(signal.reason as Error);
        else
          reject(
            new Error(
              `The library of ${packageName} in ${folder} cannot be loaded: ${causeOf(error, stderr)}`,
            ),
          );
      },
    );
  });
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

interface Tensor {
  dataSync(): unknown;
}

/** What the trial needs of TensorFlow.js, whose types do not belong into this room. */
interface TrialCore {
  registerBackend(name: string, create: () => unknown, priority: number): void;
  setBackend(name: string): Promise<boolean>;
  ones(shape: number[]): Tensor;
  conv2d(image: Tensor, filter: Tensor, stride: number, padding: string): Tensor;
  maxPool(image: Tensor, window: number, stride: number, padding: string): Tensor;
  engine(): { runKernel(name: string, inputs: object, attributes: object): Tensor };
}

/** Runs in the child process from its source, so it may use nothing but its arguments. */
function trial(
  load: NodeJS.Require,
  loadBackend: typeof loadNativeBackend,
  folder: string,
  binding: string,
): void {
  try {
    const core = load('@tensorflow/tfjs') as TrialCore;
    const { create, version } = loadBackend(load, folder, binding);
    core.registerBackend('tensorflow', create, 3);
    void core.setBackend('tensorflow');
    const image = core.ones([3, 4, 4, 2]);
    const features = core.conv2d(image, core.ones([3, 3, 2, 2]), 1, 'same');
    const pooled = core.maxPool(features, 2, 2, 'valid');
    const dy = core
      .engine()
      .runKernel(
        'MaxPoolGrad',
        { dy: core.ones([3, 2, 2, 2]), input: features, output: pooled },
        { filterSize: [2, 2], strides: [2, 2], pad: 'valid' },
      );
    core
      .engine()
      .runKernel(
        'Conv2DBackpropFilter',
        { x: image, dy },
        { strides: [1, 1], pad: 'same', dataFormat: 'NHWC', filterShape: [3, 3, 2, 2] },
      )
      .dataSync();
    process.stdout.write(`\n${version}\n`);
  } catch (error) {
    // Node adds a list of files to what it says about a module that is missing.
    process.stderr.write(`\n${(error as Error).message.split('\n', 1).join()}\n`);
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
  const last = lines.findLast((line) => line !== '') ?? 'it ended without a message';
  return last.endsWith('.') ? last : `${last}.`;
}
