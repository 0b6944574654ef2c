import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { distilleryFolder, ignoreInGit } from '../../runs/paths';
import { isAlive, processStart } from '../../runs/process';

/**
 * The caches of a workspace: `<key>.cache` is finished, `<key>.<owner>.part` is being filled by its owner alone,
 * `<key>.part` was left and may be filled further, `<key>.<owner>.use` says that the owner reads. An owner is a process,
 * so that what a dead one left is told apart. Nobody writes a file that carries another's name: a part changes hands by
 * a rename, which only one can win, and a part becomes a cache by a rename once it is whole and durable. Should two
 * nevertheless fill the same cache, the last one replaces the first by the same rows.
 */
export class CacheFolder {
  readonly path: string;

  constructor(
    workspace: string,
    /** Bytes that all caches of the workspace together may take. */
    private readonly limit: number,
  ) {
    this.path = path.join(workspace, distilleryFolder, 'teacher-outputs');
  }

  /** The finished file of a key, which may not exist. */
  finished(key: string): string {
    return path.join(this.path, `${stem(key)}.cache`);
  }

  /** Says that this process reads a cache, so that nobody removes it for want of room. @returns how to end that. */
  async use(key: string): Promise<() => void> {
    const mark = await this.ownName(key, 'use');
    fs.writeFileSync(mark, '');
    const now = new Date();
    if (fs.existsSync(this.finished(key))) fs.utimesSync(this.finished(key), now, now);
    return () => fs.rmSync(mark, { force: true });
  }

  /**
   * Takes the right to fill a cache, and whatever was filled before by a process that is gone. A process puts up its own
   * part, then looks for those of others: of any two, the later one to put up its part sees the other's.
   *
   * @param although it is being filled by another that does not get on.
   * @returns the file to fill; or the file that another process is filling; or nothing where it was finished meanwhile.
   * @throws the error of the file system
   */
  async claim(key: string, although = false): Promise<{ part: string } | { filledBy: string } | null> {
    const before = await this.parts(key);
    const busy = before.find(({ alive }) => alive);
    if (busy && !although) return { filledBy: busy.file };
    const part = await this.ownName(key, 'part');
    const adopted = this.adopt(before, part);
    if (!adopted) fs.writeFileSync(part, '', { flag: 'wx' });
    const rival = although ? undefined : await this.rivalOf(key, part);
    const finished = fs.existsSync(this.finished(key));
    if (!rival && !finished) return { part };
    if (adopted && !finished) this.release(key, part);
    else fs.rmSync(part);
    return finished || !rival ? null : { filledBy: rival };
  }

  /** Turns a whole and durable part into the cache; what others left of it goes. @throws the error of the file system */
  finish(key: string, part: string): void {
    fs.rmSync(this.left(key), { force: true });
    try {
      fs.renameSync(part, this.finished(key));
    } catch (error) {
      fs.rmSync(part, { force: true });
      // Windows does not replace a file that another process has open: that one holds the same rows.
      if (!fs.existsSync(this.finished(key))) throw error;
    }
  }

  /** Leaves a part to whoever wants to fill it further. @throws the error of the file system */
  release(key: string, part: string): void {
    fs.renameSync(part, this.left(key));
  }

  /**
   * Makes the folder where it is missing, and removes the caches that were not used for the longest time until so many
   * bytes fit, but none that is in use.
   *
   * @throws the error of the file system
   */
  async makeRoom(bytes: number, forKey: string): Promise<void> {
    fs.mkdirSync(this.path, { recursive: true });
    ignoreInGit(path.join(this.path, stem(forKey)));
    const caches = await this.list();
    caches.delete(stem(forKey));
    let total = bytes + [...caches.values()].reduce((sum, { size }) => sum + size, 0);
    const oldestFirst = [...caches.values()].filter(({ inUse }) => !inUse).sort((a, b) => a.used - b.used);
    for (const { files, size } of oldestFirst) {
      if (total <= this.limit) return;
      if (files.every(remove)) total -= size;
    }
  }

  /**
   * The part of another living process, if there is one. Those that put up theirs in the same moment see each other:
   * all give way but the one whose name comes first, which waits until they have.
   */
  private async rivalOf(key: string, part: string): Promise<string | undefined> {
    for (let look = 1; ; look++) {
      const rivals = (await this.parts(key)).filter(({ file, alive }) => alive && file !== part);
      const first = rivals[0]?.file;
      if (first === undefined || first < part || look === rivalLooks) return first;
      await new Promise((resolve) => setTimeout(resolve, rivalMilliseconds));
    }
  }

  private left(key: string): string {
    return path.join(this.path, `${stem(key)}.part`);
  }

  private adopt(parts: readonly Part[], own: string): boolean {
    let adopted = false;
    for (const { file, alive } of parts) {
      if (alive) continue;
      try {
        if (adopted) fs.rmSync(file, { force: true });
        else fs.renameSync(file, own);
        adopted = true;
      } catch {
        // Another process was faster.
      }
    }
    return adopted;
  }

  private async parts(key: string): Promise<Part[]> {
    const names = fs.readdirSync(this.path).filter((name) => name.startsWith(`${stem(key)}.`));
    const parts = names.filter((name) => name.endsWith('.part')).sort();
    return Promise.all(
      parts.map(async (name) => ({ file: path.join(this.path, name), alive: await ownerLives(name) })),
    );
  }

  /** Everything that lies here, by the beginning of its name. Marks of processes that are gone are removed. */
  private async list(): Promise<Map<string, Cache>> {
    const caches = new Map<string, Cache>();
    for (const name of fs.readdirSync(this.path)) {
      const file = path.join(this.path, name);
      const alive = await ownerLives(name);
      if (name.endsWith('.use') && !alive) {
        fs.rmSync(file, { force: true });
        continue;
      }
      const stat = fs.statSync(file, { throwIfNoEntry: false });
      if (!stat?.isFile()) continue;
      const own = name.split('.', 1)[0]!;
      const cache = caches.get(own) ?? { files: [], size: 0, used: 0, inUse: false };
      cache.files.push(file);
      cache.size += stat.size;
      cache.used = Math.max(cache.used, stat.mtimeMs);
      cache.inUse ||= alive;
      caches.set(own, cache);
    }
    return caches;
  }

  private async ownName(key: string, kind: 'part' | 'use'): Promise<string> {
    ownStart ??= (await processStart(process.pid)) ?? '';
    const start = Buffer.from(ownStart).toString('base64url');
    const name = `${stem(key)}.${process.pid}~${start}~${randomBytes(4).toString('hex')}.${kind}`;
    return path.join(this.path, name);
  }
}

interface Part {
  file: string;
  /** Whether the process that fills it lives. */
  alive: boolean;
}

interface Cache {
  files: string[];
  size: number;
  /** Milliseconds since 1970. */
  used: number;
  inUse: boolean;
}

/** A process that gives way does so at once; one that is still there after so many looks was first. */
const rivalLooks = 20;
const rivalMilliseconds = 10;

/** Asking the system for it is slow in places, and it does not change. */
let ownStart: string | undefined;

/** @returns whether it is gone. Windows keeps a file that a virus scanner reads; the next run tries again. */
function remove(file: string): boolean {
  try {
    fs.rmSync(file, { force: true });
    return true;
  } catch {
    return false;
  }
}

function stem(key: string): string {
  return key.slice(0, 32);
}

/** Whether a file's name tells of a process that lives. */
async function ownerLives(name: string): Promise<boolean> {
  const [pid, start] = name.split('.')[1]?.split('~') ?? [];
  if (start === undefined) return false;
  return isAlive({ pid: Number(pid), processStart: Buffer.from(start, 'base64url').toString() });
}
