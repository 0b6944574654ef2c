import fs from 'node:fs';
import path from 'node:path';
import { isAlive, processStart } from '../../runs/process';
import { nativeFolder } from '../home';
import { SetupError } from './machine';

/** Where everything is made before it is complete. There is one for all set-ups, so that two cannot be in each other's way. */
export interface WorkFolder {
  folder: string;
  /** Takes it away, with what is in it. */
  dispose(): void;
}

/** A folder without its owner's name is one that is being made; after this time its maker died over it. */
const unfinishedMilliseconds = 5000;

/**
 * Makes the work folder. What a set-up left that was killed is removed first.
 *
 * @throws {SetupError} while another set-up is at work
 */
export async function takeWorkFolder(home: string): Promise<WorkFolder> {
  const folder = path.join(nativeFolder(home), '.setting-up');
  const made = fs.mkdirSync(nativeFolder(home), { recursive: true });
  const ownerFile = path.join(folder, 'owner.json');
  for (;;) {
    try {
      fs.mkdirSync(folder);
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    await refuseLivingOwner(folder, ownerFile);
    fs.rmSync(folder, { recursive: true, force: true });
  }
  const owner = { pid: process.pid, processStart: (await processStart(process.pid)) ?? '' };
  fs.writeFileSync(ownerFile, JSON.stringify(owner));
  return {
    folder,
    dispose: () => {
      fs.rmSync(folder, { recursive: true, force: true });
      if (made !== undefined) removeEmptyFolders(home, path.dirname(made));
    },
  };
}

/** Takes away `native`, its parent and so on, as long as they are empty, up to but not including `end`. */
export function removeEmptyFolders(home: string, end: string = path.dirname(home)): void {
  for (let folder = nativeFolder(home); folder.startsWith(end + path.sep); folder = path.dirname(folder))
    try {
      fs.rmdirSync(folder);
    } catch {
      // Not empty: what lies here belongs to somebody.
      return;
    }
}

async function refuseLivingOwner(folder: string, ownerFile: string): Promise<void> {
  const owner = readOwner(ownerFile);
  const age = Date.now() - (fs.statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  if (owner ? !(await isAlive(owner)) : age > unfinishedMilliseconds) return;
  throw new SetupError(
    `Native TensorFlow is being set up already${owner ? `, by process ${owner.pid}` : ''}. Wait until that is done, or end it.`,
  );
}

function readOwner(file: string): { pid: number; processStart: string } | undefined {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8')) as { pid: number; processStart: string };
  } catch {
    return undefined;
  }
}
