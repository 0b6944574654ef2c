import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RunEventBody } from '../../../src/runs/events';
import { CacheFolder } from '../../../src/trainer/training/teacherCacheFolder';
import { temporaryFolder } from '../../unit/runs/helpers';
import { startTrainer, type Finished } from './trainerProcess';

let filler: string;
beforeAll(async () => {
  filler = path.join(temporaryFolder(), 'filler.js');
  await build({
    entryPoints: [path.join(__dirname, 'cacheFiller.ts')],
    outfile: filler,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    mainFields: ['module', 'main'],
  });
});

interface Result {
  /** Hash of everything that the student was given. */
  rows: string;
  /** Samples that the teacher was asked about. */
  asked: number;
  events: RunEventBody[];
}

/** Starts a process that fills or reads a cache. @param dieAt the operation on files at which it kills itself */
function start(workspace: string, kind: string, dieAt = 0): Promise<Finished> {
  return startTrainer(filler, [workspace, kind, String(dieAt)], { cwd: workspace }).finished;
}

async function finish(workspace: string, kind: string): Promise<Result> {
  const { out, error, code } = await start(workspace, kind);
  expect(code, error).toBe(0);
  return JSON.parse(out) as Result;
}

const folder = (workspace: string) => new CacheFolder(workspace, 0).path;
/** Names and contents of all that lies there. */
const contents = (workspace: string) =>
  fs.readdirSync(folder(workspace)).map((name) => [
    name,
    createHash('sha256')
      .update(fs.readFileSync(path.join(folder(workspace), name)))
      .digest('hex'),
  ]);

describe.each([
  // Beginning, blocks of 500 samples or batches of 650, making durable, renaming.
  { kind: 'samples', operations: 1 + 6 + 1 + 1 },
  { kind: 'batches', operations: 1 + 8 + 1 + 1 },
])('a process that fills a cache of $kind', ({ kind, operations }) => {
  it('may be killed at any operation on files, also in the midst of a write: the next ends the same', async () => {
    const undisturbed = temporaryFolder();
    const expected = await finish(undisturbed, kind);
    for (let dieAt = 1; dieAt <= operations; dieAt++) {
      const workspace = temporaryFolder();
      expect((await start(workspace, kind, dieAt)).signal).toBe('SIGKILL');
      const next = await finish(workspace, kind);
      expect(next.rows).toBe(expected.rows);
      expect(next.events).toMatchObject([{ type: 'cache' }]);
      expect(contents(workspace)).toEqual(contents(undisturbed));
    }
    const reader = await finish(undisturbed, kind);
    expect(reader).toMatchObject({
      rows: expected.rows,
      asked: 32,
      events: [{ type: 'cache', state: 'used' }],
    });
  });

  it('may be killed again and again: every one goes on where the last one was', async () => {
    const workspace = temporaryFolder();
    let deaths = 0;
    // Dies in the midst of the third block that it writes, and once between the last block and the end.
    while ((await start(workspace, kind, 4)).signal === 'SIGKILL') expect(++deaths).toBeLessThan(20);
    expect(deaths).toBeGreaterThan(2);
    const { rows, asked } = await finish(workspace, kind);
    expect(asked).toBe(32);
    expect(rows).toBe((await finish(temporaryFolder(), kind)).rows);
  });

  it('leaves to the next one what was whole, but not the block that was torn', async () => {
    const workspace = temporaryFolder();
    // After the beginning and two blocks, in the midst of the third.
    await start(workspace, kind, 4);
    const { events } = await finish(workspace, kind);
    const kept = kind === 'samples' ? 2 * 500 : 2 * 650;
    expect(events).toMatchObject([{ type: 'cache', state: 'partly', hits: kept }]);
  });

  it('and others that do the same at the same time end with the same rows and one file', async () => {
    const workspace = temporaryFolder();
    const results = await Promise.all([1, 2, 3].map(() => finish(workspace, kind)));
    expect(new Set(results.map(({ rows }) => rows)).size).toBe(1);
    expect(results.flatMap(({ events }) => events.filter(({ type }) => type === 'problem'))).toEqual([]);
    expect(contents(workspace).map(([name]) => name)).toEqual([expect.stringMatching(/\.cache$/)]);
  });
});

it('a process that waits for one that is killed fills the cache itself', async () => {
  const workspace = temporaryFolder();
  const expected = await finish(temporaryFolder(), 'samples');
  const results = await Promise.all([
    start(workspace, 'samples', 6),
    start(workspace, 'samples'),
    start(workspace, 'samples'),
  ]);
  for (const { out, signal } of results)
    if (signal === null) expect((JSON.parse(out) as Result).rows).toBe(expected.rows);
  expect(results.filter(({ signal }) => signal === null).length).toBeGreaterThanOrEqual(2);
});
