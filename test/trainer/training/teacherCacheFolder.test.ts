import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { processStart } from '../../../src/runs/process';
import { CacheFolder } from '../../../src/trainer/training/teacherCacheFolder';
import { temporaryFolder } from '../../unit/runs/helpers';

const [a, b, c] = ['a', 'b', 'c'].map((letter) => letter.repeat(64)) as [string, string, string];
const name = (key: string) => key.slice(0, 32);

let folder: CacheFolder;
beforeEach(async () => {
  folder = new CacheFolder(temporaryFolder(), 1000);
  await folder.makeRoom(0, a);
});

const others: ChildProcess[] = [];
afterEach(async () => {
  for (const other of others.splice(0)) await end(other);
});

/** Another process, and how the names of its files say that they are its own. */
async function startOther(): Promise<{ other: ChildProcess; owner: string }> {
  const other = spawn(process.execPath, ['-e', 'process.stdin.resume()']);
  others.push(other);
  const start = Buffer.from((await processStart(other.pid!))!).toString('base64url');
  return { other, owner: `${other.pid}~${start}~00000000` };
}

async function end(other: ChildProcess): Promise<void> {
  if (other.exitCode !== null || other.signalCode !== null) return;
  const gone = once(other, 'exit');
  other.kill('SIGKILL');
  await gone;
}

const put = (file: string, bytes = 10, modified = 1_000_000) => {
  const whole = path.join(folder.path, file);
  fs.writeFileSync(whole, Buffer.alloc(bytes, file));
  fs.utimesSync(whole, modified, modified);
  return whole;
};
const files = () => fs.readdirSync(folder.path).sort();

async function claimed(key: string, although = false): Promise<string> {
  const claim = await folder.claim(key, although);
  if (!claim || !('part' in claim)) throw new Error(`It is finished, or filled by ${claim?.filledBy}.`);
  return claim.part;
}

describe('the folder of caches', () => {
  it('lies in .distillery, which git does not see', () => {
    expect(folder.path.split(path.sep).slice(-2)).toEqual(['.distillery', 'teacher-outputs']);
    expect(fs.readFileSync(path.join(folder.path, '../.gitignore'), 'utf8')).toBe('*\n');
  });

  it('turns a part into the cache of its key', async () => {
    const part = await claimed(a);
    expect(fs.statSync(part).size).toBe(0);
    fs.writeFileSync(part, 'rows');
    put(`${name(a)}.part`);
    folder.finish(a, part);
    expect(files()).toEqual([`${name(a)}.cache`]);
    expect(fs.readFileSync(folder.finished(a), 'utf8')).toBe('rows');
  });

  it('lets one process fill a cache, and another one other caches', async () => {
    const { owner } = await startOther();
    const theirs = put(`${name(a)}.${owner}.part`);
    expect(await folder.claim(a)).toEqual({ filledBy: theirs });
    expect(fs.existsSync(await claimed(b))).toBe(true);
    expect(fs.existsSync(theirs)).toBe(true);
  });

  it('gives what a dead process filled to one that asks', async () => {
    const { other, owner } = await startOther();
    const theirs = put(`${name(a)}.${owner}.part`);
    await end(other);
    const part = await claimed(a);
    expect(fs.readFileSync(part, 'utf8').slice(0, 10)).toBe(path.basename(theirs).slice(0, 10));
    expect(files()).toEqual([path.basename(part)]);
  });

  it('knows a process that has the number of a dead one by when it started', async () => {
    const { other } = await startOther();
    const start = Buffer.from('long ago').toString('base64url');
    put(`${name(a)}.${other.pid}~${start}~00000000.part`);
    expect(fs.statSync(await claimed(a)).size).toBe(10);
  });

  it('gives what was left to the next one', async () => {
    const part = await claimed(a);
    fs.writeFileSync(part, 'rows');
    folder.release(a, part);
    expect(files()).toEqual([`${name(a)}.part`]);
    expect(fs.readFileSync(await claimed(a), 'utf8')).toBe('rows');
  });

  it('lets a cache be filled twice where the first one does not get on', async () => {
    const { owner } = await startOther();
    const theirs = put(`${name(a)}.${owner}.part`);
    const part = await claimed(a, true);
    fs.writeFileSync(part, 'rows');
    folder.finish(a, part);
    expect(files()).toEqual([path.basename(theirs), `${name(a)}.cache`].sort());
  });

  it('lets exactly one of many go on that begin in the same moment', async () => {
    put(`${name(a)}.part`);
    const claims = await Promise.all(Array.from({ length: 20 }, () => folder.claim(a)));
    const parts = claims.flatMap((claim) => (claim && 'part' in claim ? [claim.part] : []));
    expect(parts).toHaveLength(1);
    expect(files()).toContain(path.basename(parts[0]!));
  });

  it('has nothing to fill where another process finished it meanwhile', async () => {
    put(`${name(a)}.cache`);
    expect(await folder.claim(a)).toBeNull();
    expect(files()).toEqual([`${name(a)}.cache`]);
  });
});

describe('room for caches', () => {
  it('is made by removing those that were not used for the longest time', async () => {
    put(`${name(a)}.cache`, 400, 3_000_000);
    put(`${name(b)}.cache`, 400, 1_000_000);
    put(`${name(c)}.part`, 150, 2_000_000);
    await folder.makeRoom(50, 'd'.repeat(64));
    expect(files()).toEqual([`${name(a)}.cache`, `${name(b)}.cache`, `${name(c)}.part`]);
    await folder.makeRoom(51, 'd'.repeat(64));
    expect(files()).toEqual([`${name(a)}.cache`, `${name(c)}.part`]);
    await folder.makeRoom(601, 'd'.repeat(64));
    expect(files()).toEqual([]);
  });

  it('is not made of a cache that this process uses, until it does no longer', async () => {
    put(`${name(a)}.cache`, 900);
    const release = await folder.use(a);
    await folder.makeRoom(900, b);
    expect(files()).toContain(`${name(a)}.cache`);
    release();
    expect(files()).toEqual([`${name(a)}.cache`]);
    await folder.makeRoom(900, b);
    expect(files()).toEqual([]);
  });

  it('counts the use of a cache as new', async () => {
    put(`${name(a)}.cache`, 500, 1_000_000);
    put(`${name(b)}.cache`, 500, 2_000_000);
    (await folder.use(a))();
    await folder.makeRoom(1, c);
    expect(files()).toEqual([`${name(a)}.cache`]);
  });

  it('is not made of what another living process uses or fills, but of what dead ones left', async () => {
    const { other, owner } = await startOther();
    put(`${name(a)}.cache`, 900);
    put(`${name(a)}.${owner}.use`, 0);
    put(`${name(b)}.${owner}.part`, 900);
    await folder.makeRoom(900, c);
    expect(files()).toHaveLength(3);
    await end(other);
    await folder.makeRoom(900, c);
    expect(files()).toEqual([]);
  });

  it('never costs a cache its own part', async () => {
    put(`${name(a)}.part`, 900);
    await folder.makeRoom(900, a);
    expect(files()).toEqual([`${name(a)}.part`]);
  });
});
