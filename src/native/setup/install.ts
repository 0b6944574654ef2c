import fs from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { forgetCrashes } from '../crashes';
import { installedFolder } from '../home';
import { packageName, tryLibrary } from '../library';
import { buildAddon, fetchSources } from './addon';
import { libraryFiles, SetupError, type Machine } from './machine';
import { inWords } from './messages';
import type { Plan } from './plan';
import { diskFull, downloadWheel, noSpace, unpackWheel, type PythonPackage } from './python';
import type { Watch } from './tool';

export interface InstallWatch extends Watch {
  /** A step begins. */
  step: (step: number, of: number, title: string) => void;
}

/** Files of Distillery that become part of what is installed, or of the build. */
export interface Parts {
  /** `nativeCore.js`. */
  core: string;
  /** The folder with `node_api.h`. */
  nodeHeaders: string;
}

/**
 * Makes everything in the work folder, tries it, and only then moves it to its place by renaming, so that whatever
 * happens the place holds the old, the new or nothing.
 *
 * @returns what was done, in a sentence
 * @throws {SetupError}, or the reason of the signal
 */
export async function install(
  machine: Machine,
  home: string,
  plan: Plan,
  parts: Parts,
  work: string,
  watch: InstallWatch,
): Promise<string> {
  const made = path.join(work, 'made');
  const folder = path.join(made, 'node_modules', packageName);
  try {
    const headers = await obtainLibrary(machine, plan, work, folder, watch);
    watch.step(3, 5, 'Downloading the sources of the addon');
    await fetchSources(machine, plan.npm, path.join(work, 'npm'), made, parts.core, watch);
    watch.step(4, 5, `Building the addon with ${plan.compiler}`);
    const build = { headers, nodeHeaders: parts.nodeHeaders, temporary: path.join(work, 'build') };
    const binding = await buildAddon(machine, plan.compiler, folder, build, watch);
    fs.rmSync(path.join(folder, 'binding'), { recursive: true });
    watch.step(5, 5, 'Trying it');
    const version = await tryLibrary(folder, binding, watch.signal);
    watch.signal.throwIfAborted();
    const target = installedFolder(home);
    moveIntoPlace(made, target, path.join(work, 'old'));
    forgetCrashes(home);
    return `TensorFlow ${version} is set up in ${target} (${inWords(bytesOf(target))}). Experiments with the engine "auto" use it from now on.`;
  } catch (error) {
    watch.signal.throwIfAborted();
    if (noSpace.test(String((error as NodeJS.ErrnoException).code))) throw new SetupError(diskFull);
    throw error instanceof SetupError ? error : new SetupError((error as Error).message);
  }
}

/** Puts both libraries into `deps/lib` of the package. @returns the folder of the headers. */
async function obtainLibrary(
  machine: Machine,
  { source }: Plan,
  work: string,
  folder: string,
  watch: InstallWatch,
): Promise<string> {
  const libraries = path.join(folder, 'deps', 'lib');
  fs.mkdirSync(libraries, { recursive: true });
  if (source.kind === 'installed') {
    watch.step(1, 5, `Finding TensorFlow ${source.version}`);
    watch.step(2, 5, 'Taking the library from Python');
    await takeFrom(machine, source, libraries, watch);
    return path.join(source.folder, 'include');
  }
  watch.step(1, 5, 'Downloading TensorFlow with pip');
  const wheel = await downloadWheel(machine, source, work, watch);
  watch.step(2, 5, 'Unpacking the library');
  const unpacked = path.join(work, 'unpacked');
  await unpackWheel(machine, source, wheel, unpacked, watch);
  fs.rmSync(path.dirname(wheel), { recursive: true });
  for (const file of Object.values(libraryFiles(machine))) {
    const from = path.join(unpacked, 'tensorflow', file);
    if (!fs.existsSync(from))
      throw new SetupError(
        `The downloaded package ${path.basename(wheel)} does not hold ${file}, which the addon is built with.`,
      );
    fs.renameSync(from, path.join(libraries, file));
  }
  return path.join(unpacked, 'tensorflow', 'include');
}

/** A second name where the disk is the same: it keeps the file alive when Python's package is changed or removed. */
async function takeFrom(
  machine: Machine,
  source: PythonPackage,
  libraries: string,
  watch: InstallWatch,
): Promise<void> {
  let done = 0;
  for (const file of Object.values(libraryFiles(machine))) {
    const from = fs.realpathSync(path.join(source.folder, file));
    const to = path.join(libraries, file);
    try {
      fs.linkSync(from, to);
    } catch {
      // Another disk, or a file of another user.
      const reading = fs.createReadStream(from, { highWaterMark: 1 << 22 });
      reading.on('data', (piece) => watch.progress((done += piece.length) / source.bytes));
      await pipeline(reading, fs.createWriteStream(to), { signal: watch.signal });
    }
  }
}

/** Two renames, because a folder that is not empty cannot be replaced by one. */
function moveIntoPlace(made: string, target: string, old: string): void {
  if (fs.existsSync(target)) fs.renameSync(target, old);
  try {
    fs.renameSync(made, target);
  } catch (error) {
    if (fs.existsSync(old)) fs.renameSync(old, target);
    throw error;
  }
}

function bytesOf(folder: string): number {
  return fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => fs.lstatSync(path.join(folder, name)))
    .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0);
}
