import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RunEventBody } from '../../../src/runs/events';
import type { Model } from '../../../src/trainer/models/model';
import { openSampleCache } from '../../../src/trainer/training/sampleCache';
import type { CacheSettings } from '../../../src/trainer/training/teacherCache';
import { CacheFile } from '../../../src/trainer/training/teacherCacheFile';
import { CacheFolder } from '../../../src/trainer/training/teacherCacheFolder';
import { logitsOf } from '../../../src/trainer/training/teacherOutputs';
import { temporaryFolder } from '../../unit/runs/helpers';
import { all, cacheFiles, cacheHarness, many, problems, rowsOf, uses } from './cacheHarness';
import { hidden, listen, newModel } from './harness';

let workspace: string;
let model: Model;
beforeEach(() => {
  workspace = temporaryFolder();
  model = newModel(hidden, 2, 'teacher');
});
afterEach(() => vi.restoreAllMocks());

/** Opens the cache of a workspace as a new run would; closes it after reading all rows. */
async function run(changes: Partial<CacheSettings> = {}, samples: Iterable<number> = all, teacher = model) {
  const { settings, events, asked } = cacheHarness(workspace, teacher, changes);
  const progress: number[] = [];
  const outputs = await openSampleCache(settings, samples, (done, total) => progress.push(done / total));
  const rows = await rowsOf(outputs, Uint32Array.from(new Set(samples)).sort());
  outputs.close();
  outputs.close();
  return { rows, events, asked, progress };
}

const live = async (dataset = many) => (await logitsOf(model, dataset, dataset.train, all, listen)).values;
const theCache = () =>
  path.join(
    new CacheFolder(workspace, 0).path,
    cacheFiles(workspace).find((name) => name.endsWith('.cache'))!,
  );
// eslint-disable-next-line @typescript-eslint/unbound-method -- it is called on what it was taken from
const writeBlock = CacheFile.prototype.write;
const size = (bytesPerNumber: number) => 512 + 3 * 32 + 1203 * 3 * bytesPerNumber;

describe('outputs of a teacher for samples', () => {
  it('are asked once in pieces, kept, and read by the next run, bit for bit', async () => {
    const expected = await live();
    const first = await run();
    expect(first.rows).toEqual(expected);
    expect(first.asked).toEqual([500, 500, 203, 32]);
    expect(first.progress).toEqual([500 / 1203, 1000 / 1203, 1, 1]);
    const counted = { rows: 1203, bytes: size(4), dtype: 'float32' };
    expect(uses(first.events)).toEqual([{ ...counted, state: 'filled', hits: 0, misses: 1203, hitRate: 0 }]);

    const second = await run();
    expect(second.rows).toEqual(expected);
    expect(second.asked).toEqual([32]);
    expect(uses(second.events)).toEqual([{ ...counted, state: 'used', hits: 1203, misses: 0, hitRate: 1 }]);
    expect(problems([...first.events, ...second.events])).toEqual([]);
    expect(cacheFiles(workspace)).toHaveLength(1);
  });

  it('are half as large in float16, and rounded alike for the run that asks and the one that reads', async () => {
    const expected = await live();
    const [first, second] = [await run({ precision: 'float16' }), await run({ precision: 'float16' })];
    expect(second.rows).toEqual(first.rows);
    expect(first.rows).not.toEqual(expected);
    first.rows.forEach((value, i) => {
      // Half of the last of ten bits.
      expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(
        Math.abs(expected[i]!) * 2 ** -11 + 2 ** -25,
      );
    });
    expect(uses(second.events)[0]).toMatchObject({ state: 'used', bytes: size(2), dtype: 'float16' });
    expect(second.asked).toEqual([32]);
  });

  it('are read from the file row by row where they are too many for the memory', async () => {
    const limits = { memory: 1203 * 12 - 1, disk: 1e6 };
    await run({ limits });
    const { settings, asked } = cacheHarness(workspace, model, { limits });
    const outputs = await openSampleCache(settings, all, () => undefined);
    expect(cacheFiles(workspace).some((name) => name.endsWith('.use'))).toBe(true);
    const read = vi.spyOn(fs, 'readSync');
    expect(await rowsOf(outputs)).toEqual(await live());
    expect(read).toHaveBeenCalledTimes(1203);
    const shuffled = Uint32Array.of(1202, 3, 500, 499, 3);
    const expected = await live();
    expect([...(await rowsOf(outputs, shuffled))]).toEqual(
      [...shuffled].flatMap((i) => [...expected.subarray(3 * i, 3 * i + 3)]),
    );
    outputs.close();
    expect(cacheFiles(workspace)).toHaveLength(1);
    expect(asked).toEqual([32]);
  });

  it('are asked for when the file breaks while it is read', async () => {
    const limits = { memory: 100, disk: 1e6 };
    await run({ limits });
    const { settings, events, asked } = cacheHarness(workspace, model, { limits });
    const outputs = await openSampleCache(settings, all, () => undefined);
    fs.truncateSync(theCache(), 2000);
    expect(outputs.has(1)).toBe(true);
    await rowsOf(outputs, Uint32Array.of(1, 1200));
    await rowsOf(outputs, Uint32Array.of(1));
    expect([asked, outputs.has(1), problems(events)]).toEqual([[32, 2, 1], false, ['teacher.cache.damaged']]);
    expect(cacheFiles(workspace)).toEqual([]);
    outputs.close();
  });

  it('belong to their samples, whatever their order and however often they are named', async () => {
    const samples = [900, 3, 17, 3, 1202];
    const { rows, asked } = await run({}, samples);
    expect(asked).toEqual([4, 4]);
    const expected = await live();
    [3, 17, 900, 1202].forEach((index, i) =>
      [0, 1, 2].forEach((c) => expect(rows[3 * i + c]).toBeCloseTo(expected[3 * index + c]!, 5)),
    );
    expect((await run({}, [3, 17, 900, 1202])).asked).toEqual([4]);
  });

  it.each<[string, Partial<CacheSettings>, Uint32Array]>([
    ['another teacher', { teacherHash: 'other' }, all],
    ['other data', { dataset: { ...many, hash: 'other' } }, all],
    ['another engine', { engine: 'tensorflow' }, all],
    ['another precision', { precision: 'float16' }, all],
    ['other samples', {}, all.subarray(1)],
  ])('are others for %s', async (_name, changes, samples) => {
    await run();
    expect(uses((await run(changes, samples)).events)[0]).toMatchObject({ state: 'filled' });
    expect(cacheFiles(workspace)).toHaveLength(2);
  });

  it('are held in memory alone when the experiment says so', async () => {
    const { rows, events, asked, progress } = await run({ precision: 'off' });
    expect(rows).toEqual(await live());
    expect([events, asked, fs.readdirSync(workspace)]).toEqual([[], [500, 500, 203], []]);
    expect(progress).toEqual([500 / 1203, 1000 / 1203, 1]);
  });

  it('are asked for at every step when they fit neither on the disk nor into the memory', async () => {
    const { settings, events, asked } = cacheHarness(workspace, model, {
      limits: { memory: 100, disk: 1000 },
    });
    const outputs = await openSampleCache(settings, all, () => undefined);
    expect(outputs.has(1)).toBe(false);
    await rowsOf(outputs, Uint32Array.of(1, 2));
    outputs.close();
    expect(asked).toEqual([2]);
    expect(events).toMatchObject([
      { type: 'problem', severity: 'information', code: 'teacher.cache.too_large' },
    ]);
  });
});

describe('a cache that does not hold what it should', () => {
  const refilled = async (code: string) => {
    const expected = await live();
    const again = await run();
    expect(again.rows).toEqual(expected);
    expect(problems(again.events)).toEqual([code]);
    expect(uses(again.events)).toMatchObject([{ state: 'filled', misses: 1203 }]);
    expect(problems((await run()).events)).toEqual([]);
  };

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ['a changed header', (bytes) => (bytes.writeUInt8(bytes[80]! ^ 4, 80), bytes)],
    ['a changed number', (bytes) => (bytes.writeUInt8(bytes[9000]! ^ 4, 9000), bytes)],
    ['a cut tail', (bytes) => bytes.subarray(0, bytes.length - 7)],
    ['nothing in it', () => Buffer.alloc(0)],
    ['noise', (bytes) => Buffer.from(bytes.map((_, i) => (i * 7919) >> 3))],
  ])('because of %s is made again, with a warning', async (_name, damage) => {
    await run();
    fs.writeFileSync(theCache(), damage(fs.readFileSync(theCache())));
    await refilled('teacher.cache.damaged');
  });

  it.each([1, 500])(
    'because its rows, with right checksums, are those of %i samples before, is noticed',
    async (by) => {
      const turned = { ...many, train: { ...many.train, pixels: many.train.pixels.slice() } };
      turned.train.pixels.set(many.train.pixels.subarray(24 * by));
      turned.train.pixels.set(many.train.pixels.subarray(0, 24 * by), 24 * (1203 - by));
      await run({ dataset: turned });
      await refilled('teacher.cache.mismatch');
    },
  );

  it('because another teacher filled it is noticed', async () => {
    await run({}, all, newModel(hidden, 3, 'teacher'));
    await refilled('teacher.cache.mismatch');
  });

  it('because another teacher filled a part of it is noticed', async () => {
    await stopAfter(1, newModel(hidden, 3, 'teacher'));
    await refilled('teacher.cache.mismatch');
  });

  it('and cannot hold it is given up: outputs are held in memory', async () => {
    vi.spyOn(CacheFile.prototype, 'write').mockImplementation(function (this: CacheFile, block, values) {
      writeBlock.call(
        this,
        block,
        values.map((value) => value + 1),
      );
    });
    const { rows, events, asked } = await run();
    expect(rows).toEqual(await live());
    expect(problems(events)).toEqual(['teacher.cache.mismatch']);
    expect(asked).toEqual([500, 500, 203, 32, 500, 500, 203]);
  });
});

class Stopped extends Error {}

/** A run that is stopped after some pieces. */
async function stopAfter(pieces: number, teacher = model): Promise<void> {
  let heard = 0;
  const between = () => (++heard === pieces ? Promise.reject(new Stopped()) : Promise.resolve());
  await expect(run({ between }, all, teacher)).rejects.toThrow(Stopped);
}

describe('a cache that is not finished', () => {
  it('is filled further by the next run', async () => {
    await stopAfter(2);
    expect(cacheFiles(workspace)).toEqual([expect.stringMatching(/^[0-9a-f]{32}\.part$/)]);
    const { rows, events, asked } = await run();
    expect(rows).toEqual(await live());
    expect(asked).toEqual([32, 203, 32]);
    expect(uses(events)).toMatchObject([
      { state: 'partly', rows: 1203, hits: 1000, misses: 203, hitRate: 1000 / 1203 },
    ]);
    expect(cacheFiles(workspace)).toEqual([expect.stringMatching(/\.cache$/)]);
  });

  it('is filled once by several that want it at once; the others wait', async () => {
    const runs = await Promise.all([run(), run(), run()]);
    const expected = await live();
    for (const { rows, events } of runs) {
      expect(rows).toEqual(expected);
      expect(problems(events)).toEqual([]);
    }
    expect(runs.map(({ asked }) => asked.length).sort()).toEqual([1, 1, 4]);
    expect(cacheFiles(workspace)).toEqual([expect.stringMatching(/\.cache$/)]);
  });
});

describe('a disk that takes nothing', () => {
  const inMemory = (
    { rows, events }: { rows: Float32Array; events: RunEventBody[] },
    expected: Float32Array,
    reason: string,
  ) => {
    expect(rows).toEqual(expected);
    expect(events).toMatchObject([
      { type: 'problem', severity: 'warning', code: 'teacher.cache.unwritable' },
    ]);
    expect(JSON.stringify(events)).toContain(reason);
  };

  it('because it becomes full costs time but nothing else, and the room is given back', async () => {
    const expected = await live();
    const write = fs.writeSync as (...parts: unknown[]) => number;
    let calls = 0;
    vi.spyOn(fs, 'writeSync').mockImplementation((...parts: unknown[]) => {
      if (++calls < 3) return write(...parts);
      throw Object.assign(new Error('no space left'), { code: 'ENOSPC', syscall: 'write' });
    });
    inMemory(await run(), expected, 'the disk is full');
    expect(cacheFiles(workspace)).toEqual([]);
  });

  it('changes no number, also where they would have been rounded', async () => {
    const { rows } = await run({ precision: 'float16' });
    fs.rmSync(workspace, { recursive: true });
    fs.writeFileSync(workspace, '');
    expect((await run({ precision: 'float16' })).rows).toEqual(rows);
  });

  it('because a file is in the way of its folder', async () => {
    fs.writeFileSync(path.join(workspace, '.distillery'), '');
    inMemory(await run(), await live(), 'a part of the path is a file');
  });

  it('in the midst of a block: a short write is gone on with', async () => {
    const write = fs.writeSync as (
      handle: number,
      bytes: Buffer,
      from: number,
      length: number,
      at: number,
    ) => number;
    vi.spyOn(fs, 'writeSync').mockImplementation(((
      handle: number,
      bytes: Buffer,
      from: number,
      length: number,
      at: number,
    ) => write(handle, bytes, from, Math.min(length, 1000), at)) as typeof fs.writeSync);
    const { rows, events } = await run();
    expect(rows).toEqual(await live());
    expect(problems(events)).toEqual([]);
    expect(uses((await run()).events)).toMatchObject([{ state: 'used' }]);
  });
});

describe('another process that fills the same cache', () => {
  it('and was halted is not waited for without end', async () => {
    await stopAfter(1);
    await new CacheFolder(workspace, 1e6).claim(cacheFiles(workspace)[0]!.split('.')[0]!);
    vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] });
    try {
      let done = false;
      const waiting = run().finally(() => (done = true));
      await vi.advanceTimersByTimeAsync(29_000);
      expect(done).toBe(false);
      await vi.advanceTimersByTimeAsync(2000);
      expect((await waiting).rows).toEqual(await live());
    } finally {
      vi.useRealTimers();
    }
  });
});
