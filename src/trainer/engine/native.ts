import { createRequire } from 'node:module';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { crashReason, guardNative } from '../../native/crashes';
import { distilleryHome, installedFolder, setUpCure } from '../../native/home';
import {
  findPackages,
  loadNativeBackend,
  packageName,
  tryLibrary,
  type NativePackage,
} from '../../native/library';

export interface NativeOptions {
  /** Folders from which `@tensorflow/tfjs-node` is looked for, in order, before the one that the set-up installed. */
  searchFrom: readonly string[];
  /** A library that crashed in an earlier run is taken all the same, because a person asked for it by name. */
  evenIfCrashed: boolean;
  /** This process is going to train with it: should it crash, that is remembered. */
  guarded: boolean;
}

/**
 * Loads native TensorFlow and makes it the active backend. Nothing of `@tensorflow/tfjs-node` is bundled: the user's own
 * comes first, then what `npm run setup:native` installed, then one beside the trainer.
 *
 * A library that does not fit the machine can end the whole process, so a child process tries it first.
 *
 * @returns the version of the library, e.g. `TensorFlow 2.21.0`
 * @throws an Error whose message says for people why none can be used: the reason of the first that was found
 */
export async function openNative(options: NativeOptions): Promise<string> {
  const home = distilleryHome();
  const packages = findPackages([...options.searchFrom, installedFolder(home), __dirname]);
  if (packages.length === 0)
    throw new Error(`Native TensorFlow is not set up. To train faster, ${setUpCure}.`);
  // Only errors of the library reach the log; its notes on the processor are of no use to people here.
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  const reasons: string[] = [];
  for (const { folder, binding } of packages) {
    const reason = await whyNot(home, { folder, binding }, options.evenIfCrashed);
    if (reason !== undefined) reasons.push(reason);
    else return start(home, folder, binding!, options.guarded);
  }
  throw new Error(reasons[0]);
}

async function whyNot(
  home: string,
  { folder, binding }: NativePackage,
  evenIfCrashed: boolean,
): Promise<string | undefined> {
  if (binding === undefined)
    return (
      `${packageName} is installed in ${folder}, but its native library is missing. ` +
      `"npm rebuild ${packageName}" downloads it when npm may run its install script; or ${setUpCure}.`
    );
  const crashed = evenIfCrashed ? undefined : await crashReason(home, binding);
  if (crashed !== undefined) return crashed;
  try {
    await tryLibrary(folder, binding);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

async function start(home: string, folder: string, binding: string, guarded: boolean): Promise<string> {
  const gradients = ownGradients();
  const backend = loadNativeBackend(createRequire(path.join(folder, 'package.json')), folder, binding);
  restoreGradients(gradients);
  tf.registerBackend('tensorflow', () => backend.create() as tf.KernelBackend, 3);
  if (guarded) await guardNative(home, binding);
  if (!(await tf.setBackend('tensorflow')) || tf.getBackend() !== 'tensorflow')
    throw new Error(`The library of ${packageName} loads but does not start.`);
  return `TensorFlow ${backend.version}`;
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
