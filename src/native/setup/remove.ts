import fs from 'node:fs';
import path from 'node:path';
import { forgetCrashes } from '../crashes';
import { installedFolder, nativeFolder } from '../home';
import { removeEmptyFolders, takeWorkFolder } from './workFolder';

/**
 * Takes away what the set-up installed, and what is remembered of its crashes.
 *
 * @returns what was done, in a sentence
 * @throws {SetupError} while a set-up is at work
 */
export async function removeNative(home: string): Promise<string> {
  const target = installedFolder(home);
  const there = fs.existsSync(target);
  const work = await takeWorkFolder(home);
  // Renamed first: whatever ends this process, nobody finds half a library.
  if (there) fs.renameSync(target, path.join(work.folder, 'old'));
  work.dispose();
  forgetCrashes(home);
  fs.rmSync(path.join(nativeFolder(home), 'in-use'), { recursive: true, force: true });
  fs.rmSync(path.join(nativeFolder(home), 'setup.log'), { force: true });
  removeEmptyFolders(home);
  return there
    ? `Native TensorFlow was removed from ${target}. Experiments run on WebAssembly, unless you have @tensorflow/tfjs-node from elsewhere.`
    : 'Distillery has not set up native TensorFlow here, so there is nothing to remove.';
}
