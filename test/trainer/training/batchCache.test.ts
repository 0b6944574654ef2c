import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ResolvedTraining } from '../../../src/experiment/resolved';
import type { Model } from '../../../src/trainer/models/model';
import { openBatchCache } from '../../../src/trainer/training/batchCache';
import type { CacheSettings } from '../../../src/trainer/training/teacherCache';
import { CacheFile } from '../../../src/trainer/training/teacherCacheFile';
import { CacheFolder } from '../../../src/trainer/training/teacherCacheFolder';
import { liveTeacher } from '../../../src/trainer/training/teacherOutputs';
import { temporaryFolder } from '../../unit/runs/helpers';
import { cacheFiles, cacheHarness, problems, uses } from './cacheHarness';
import { dataset, hashOf, hidden, indices, kd, newModel, train, training, withState } from './harness';

let workspace: string;
let teacher: Model;
beforeEach(() => {
  workspace = temporaryFolder();
  teacher = newModel(withState, 2, 'teacher');
});
afterEach(() => vi.restoreAllMocks());

const moved: Partial<ResolvedTraining> = { augment: { shift: 2 }, keep: 'last' };

interface Run extends Partial<CacheSettings> {
  name?: string;
  seed?: number;
  trained?: Partial<ResolvedTraining>;
  /** Stops the run after so many steps. */
  until?: number;
  by?: Model;
}

/** Trains a student for three epochs of six batches of four, as a run would, with its teacher's outputs kept. */
async function run({ name = 'distill', seed = 1, trained, until, by = teacher, ...changes }: Run = {}) {
  const { settings, events, asked } = cacheHarness(workspace, by, { dataset, ...changes });
  const spec = training({ ...moved, ...trained });
  const stage = { id: `student/${seed}/${name}`, name, seed, training: spec, indices };
  const outputs = await openBatchCache(settings, stage, liveTeacher(settings.teacher));
  const opened = asked.splice(0);
  const held = [1, 18].map((number) => outputs.has(number));
  const student = newModel(hidden);
  const { steps } = await train(student, {
    ...spec,
    name,
    seed,
    teacher: outputs,
    losses: [kd],
    observer: { onStep: ({ step }) => Promise.resolve(step === until ? 'stop' : 'continue') },
  });
  outputs.close();
  outputs.close();
  return {
    losses: steps.map(({ loss }) => loss),
    student: await hashOf(student),
    events,
    opened,
    asked,
    held,
  };
}

// eslint-disable-next-line @typescript-eslint/unbound-method -- it is called on what it was taken from
const write = CacheFile.prototype.write;
const fours = (count: number) => Array.from({ length: count }, () => 4);
const file = () => path.join(new CacheFolder(workspace, 0).path, cacheFiles(workspace)[0]!);

describe.each(['float32', 'float16'] as const)(
  'outputs of a teacher for moved images, kept as %s',
  (precision) => {
    const bytes = 512 + 18 * (32 + 12 * (precision === 'float32' ? 4 : 2));

    it('teach in the run that asks for them what they teach in the one that reads them, bit for bit', async () => {
      const first = await run({ precision });
      expect([first.opened, first.asked, first.held]).toEqual([[], fours(18), [false, false]]);
      const second = await run({ precision });
      expect([second.opened, second.asked, second.held]).toEqual([[32], [], [true, true]]);
      expect(second.losses).toEqual(first.losses);
      expect(second.student).toBe(first.student);
      const whose = { stage: 'student/1/distill', seed: 1, rows: 72, bytes, dtype: precision };
      expect(uses(first.events)).toEqual([{ ...whose, state: 'filled', hits: 0, misses: 72, hitRate: 0 }]);
      expect(uses(second.events)).toEqual([{ ...whose, state: 'used', hits: 72, misses: 0, hitRate: 1 }]);
      expect(problems([...first.events, ...second.events])).toEqual([]);
      expect(fs.statSync(file()).size).toBe(bytes);
    });

    it('are read as far as a stopped run came, and kept from there', async () => {
      await run({ precision, until: 7 });
      expect(cacheFiles(workspace)).toEqual([expect.stringMatching(/^[0-9a-f]{32}\.part$/)]);
      const second = await run({ precision });
      expect([second.opened, second.asked, second.held]).toEqual([[28], fours(11), [true, false]]);
      expect(uses(second.events)).toMatchObject([
        { state: 'partly', rows: 72, hits: 28, misses: 44, hitRate: 28 / 72 },
      ]);
      const third = await run({ precision });
      expect(third.asked).toEqual([]);
      expect(third.losses).toEqual(second.losses);
      fs.rmSync(workspace, { recursive: true });
      expect((await run({ precision })).losses).toEqual(second.losses);
    });

    it('teach the same where nothing can be kept', async () => {
      const { losses } = await run({ precision });
      fs.rmSync(workspace, { recursive: true });
      fs.writeFileSync(workspace, '');
      const second = await run({ precision });
      expect(second.losses).toEqual(losses);
      expect(second.events).toMatchObject([
        { type: 'problem', severity: 'warning', code: 'teacher.cache.unwritable' },
      ]);
    });
  },
);

describe('outputs of a teacher for moved images', () => {
  it.each<[string, Run]>([
    ['another seed', { seed: 2 }],
    ['another stage', { name: 'second' }],
    ['another batch size', { trained: { batch: 2 } }],
    ['another number of epochs', { trained: { epochs: 2 } }],
    ['gradients added up over batches', { trained: { accumulate: 2 } }],
    ['another shift', { trained: { augment: { shift: 1 } } }],
    ['another teacher', { teacherHash: 'other' }],
  ])('are others for %s, and both are kept', async (_name, changes) => {
    const first = await run();
    const other = await run(changes);
    expect(uses(other.events)).toMatchObject([{ state: 'filled', hits: 0 }]);
    expect(cacheFiles(workspace)).toHaveLength(2);
    expect((await run(changes)).asked).toEqual([]);
    const again = await run();
    expect([again.asked, again.losses]).toEqual([[], first.losses]);
    expect(problems(again.events)).toEqual([]);
  });

  it('are asked for by another process that trains the same at the same time', async () => {
    await run({ until: 3 });
    const folder = new CacheFolder(workspace, 1e9);
    const claim = await folder.claim(cacheFiles(workspace)[0]!.split('.')[0]!);
    const second = await run({ precision: 'float32' });
    expect([second.asked, second.events]).toEqual([fours(18), []]);
    expect(claim && 'part' in claim && fs.existsSync(claim.part)).toBe(true);
  });

  it('are not kept when the experiment says so', async () => {
    const { losses } = await run();
    fs.rmSync(workspace, { recursive: true });
    const off = await run({ precision: 'off' });
    expect([off.losses, off.asked, off.events, fs.existsSync(workspace)]).toEqual([
      losses,
      fours(18),
      [],
      false,
    ]);
  });
});

describe('a cache of batches that does not hold what it should', () => {
  it.each<[string, (bytes: Buffer) => Buffer]>([
    ['a changed number', (bytes) => (bytes.writeUInt8(bytes[700]! ^ 4, 700), bytes)],
    ['a cut tail', (bytes) => bytes.subarray(0, 900)],
  ])('because of %s is made again, with a warning', async (_name, damage) => {
    const { losses } = await run();
    fs.writeFileSync(file(), damage(fs.readFileSync(file())));
    const again = await run();
    expect(problems(again.events)).toEqual(['teacher.cache.damaged']);
    expect([again.asked, again.losses]).toEqual([fours(18), losses]);
    expect((await run()).asked).toEqual([]);
  });

  it('because its batches are in the wrong order is noticed', async () => {
    const { losses } = await run();
    fs.rmSync(file());
    // The same rows with right checksums, but every batch's are those of the one before.
    const filled = vi.spyOn(CacheFile.prototype, 'write');
    filled.mockImplementation(function (this: CacheFile, block, values) {
      write.call(this, (block + 1) % 18, values);
    });
    await run();
    filled.mockRestore();
    const again = await run();
    expect(problems(again.events)).toEqual(['teacher.cache.mismatch']);
    expect([again.asked, again.losses]).toEqual([fours(18), losses]);
  });

  it('because another teacher filled a part of it is noticed', async () => {
    const { losses } = await run();
    fs.rmSync(file());
    await run({ by: newModel(hidden, 3, 'teacher'), until: 4 });
    const again = await run();
    expect(problems(again.events)).toEqual(['teacher.cache.mismatch']);
    expect([again.asked, again.losses]).toEqual([fours(18), losses]);
  });

  it('and is damaged while it is read costs the rest of it alone', async () => {
    const { losses } = await run();
    const read = fs.readSync as (...parts: unknown[]) => number;
    let reads = 0;
    vi.spyOn(fs, 'readSync').mockImplementation((...parts: unknown[]) => {
      const count = read(...parts);
      // The header, every block once, and the 32 rows that are compared come before.
      if (++reads === 1 + 18 + 32 + 6) (parts[1] as Buffer)[40]! ^= 1;
      return count;
    });
    const again = await run();
    expect(problems(again.events)).toEqual(['teacher.cache.damaged']);
    expect([again.asked, again.losses]).toEqual([fours(13), losses]);
    expect(cacheFiles(workspace)).toEqual([]);
  });
});

it('a disk that becomes full in the midst of a stage costs time but nothing else', async () => {
  const { losses } = await run();
  fs.rmSync(file());
  const original = fs.writeSync as (...parts: unknown[]) => number;
  let writes = 0;
  vi.spyOn(fs, 'writeSync').mockImplementation((...parts: unknown[]) => {
    if (++writes < 6) return original(...parts);
    throw Object.assign(new Error('no space left'), { code: 'ENOSPC', syscall: 'write' });
  });
  const again = await run();
  expect(again.losses).toEqual(losses);
  expect(problems(again.events)).toEqual(['teacher.cache.unwritable']);
  expect(cacheFiles(workspace)).toEqual([]);
});
