import fs from 'node:fs';
import path from 'node:path';
import { crashReason } from '../crashes';
import { installedFolder } from '../home';
import { findPackages, tryLibrary } from '../library';
import { findCompiler, findNpm, type Npm } from './addon';
import { checkPlatform, existingParent, libraryFiles, SetupError, type Machine } from './machine';
import { inWords } from './messages';
import { findPip, findPythonPackage, requirement, type PipSource, type PythonPackage } from './python';

/** Everything that the set-up needs has been found. */
export interface Plan {
  source: PythonPackage | PipSource;
  compiler: string;
  npm: Npm;
  /** What will be done, how large it is, and where it is kept. */
  text: string;
}

/** Bytes of the download and of the two libraries in it: of tensorflow-cpu 2.21 for Linux, others are alike. */
const expected = { wheel: 274e6, libraries: 853e6 };
/** For the sources, what the compiler writes, and a disk that others write on too. */
const spare = 100e6;

/**
 * The library that experiments use already, if there is one.
 *
 * @param searchFrom folders whose own `@tensorflow/tfjs-node` counts
 */
export async function workingLibrary(
  home: string,
  searchFrom: readonly string[],
): Promise<{ folder: string; version: string } | undefined> {
  for (const { folder, binding } of findPackages([...searchFrom, installedFolder(home)])) {
    if (binding === undefined || (await crashReason(home, binding)) !== undefined) continue;
    try {
      return { folder, version: await tryLibrary(folder, binding) };
    } catch {
      // It does not work, so the next one is tried, or a new one is set up.
    }
  }
  return undefined;
}

/**
 * Finds everything that is needed, and changes nothing.
 *
 * @param scratch an empty folder for trials
 * @throws {SetupError} that tells everything that is missing at once
 */
export async function makePlan(
  machine: Machine,
  home: string,
  searchFrom: readonly string[],
  scratch: string,
): Promise<Plan> {
  checkPlatform(machine);
  const missing: string[] = [];
  const collect = async <T>(look: Promise<T>): Promise<T | undefined> => {
    try {
      return await look;
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      missing.push(error.message);
      return undefined;
    }
  };
  const source =
    (await findPythonPackage(machine, searchFrom)) ?? (await collect(findPip(machine, searchFrom)));
  const compiler = await collect(findCompiler(machine, scratch));
  const npm = await collect(findNpm(machine));
  if (!source || compiler === undefined || !npm) throw new SetupError(missing.join('\n'));

  const target = installedFolder(home);
  const { kept, needed } = sizes(machine, source, home);
  const free = machine.freeBytes(target);
  if (free < needed)
    throw new SetupError(
      `There is not enough space on the disk of ${target}: ${inWords(needed)} are needed, and ${inWords(free)} are free. Free some, or set the environment variable DISTILLERY_HOME to a folder on another disk.`,
    );
  return { source, compiler, npm, text: explain(machine, { source, compiler, target, kept, needed }) };
}

function sizes(machine: Machine, source: Plan['source'], home: string): { kept: number; needed: number } {
  if (source.kind === 'download')
    return { kept: expected.libraries, needed: expected.wheel + expected.libraries + spare };
  const library = path.join(source.folder, libraryFiles(machine).library);
  // On the same disk a second name is enough.
  const kept = fs.statSync(library).dev === fs.statSync(existingParent(home)).dev ? 0 : source.bytes;
  return { kept, needed: kept + spare };
}

function explain(
  machine: Machine,
  {
    source,
    compiler,
    target,
    kept,
    needed,
  }: Omit<Plan, 'text' | 'npm'> & { target: string; kept: number; needed: number },
): string {
  const library =
    source.kind === 'installed'
      ? `Takes the library out of the Python package TensorFlow ${source.version} in ${source.folder}${kept === 0 ? ', as a second name of the same files' : ''}.`
      : `Downloads the Python package ${requirement(machine)} with pip, about ${inWords(expected.wheel)}, and takes the library out of it. It is not installed into your Python.`;
  return [
    'Native TensorFlow trains faster than WebAssembly. Setting it up does this:',
    `1. ${library}`,
    '2. Downloads the sources of a small addon from the npm registry, less than 1 MB.',
    `3. Builds the addon with ${compiler} and tries it. Nothing of it is installed before it works.`,
    `4. Keeps all of it in ${target}, for all workspaces: ${kept === 0 ? 'a few MB' : `about ${inWords(kept)}`}. While it works, up to ${inWords(needed)} are used.`,
  ].join('\n');
}
