import fs from 'node:fs';
import path from 'node:path';
import { parseObject } from './lines';
import { runFiles } from './paths';
import { isAlive } from './process';
import { RunDirectoryError, asRunDirectoryError } from './runDirectoryError';

interface Owner {
  pid: number;
  processStart: string;
}

/** A lock file without an owner is one that is being written; after this time it is one whose writer died over it. */
const unfinishedMilliseconds = 2000;

/**
 * Makes this process the only writer of a run directory.
 * @returns a function that gives the directory free.
 * @throws {RunDirectoryError} `busy` while another trainer lives that holds it.
 */
export async function takeLock(directory: string, own: Owner): Promise<() => void> {
  const file = path.join(directory, runFiles.lock);
  for (;;) {
    try {
      fs.writeFileSync(file, JSON.stringify(own), { flag: 'wx' });
      return () => fs.rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw asRunDirectoryError(directory, error);
    }
    await refuseLivingOwner(directory, file);
    fs.rmSync(file, { force: true });
  }
}

async function refuseLivingOwner(directory: string, file: string): Promise<void> {
  const owner = readOwner(file);
  const busy = owner ? await isAlive(owner) : age(file) < unfinishedMilliseconds;
  if (!busy) return;
  const who = owner ? ` (process ${owner.pid})` : '';
  throw new RunDirectoryError(
    'busy',
    `Another trainer${who} is writing into ${directory}. Wait until it is done or stop it, or run into another directory with --out.`,
  );
}

function readOwner(file: string): Owner | undefined {
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  const { pid, processStart } = parseObject(text) ?? {};
  return typeof pid === 'number' && typeof processStart === 'string' ? { pid, processStart } : undefined;
}

function age(file: string): number {
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  return stat ? Date.now() - stat.mtimeMs : Infinity;
}
