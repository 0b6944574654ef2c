import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  clearCheckpoints,
  encodeSafetensors,
  readCheckpoint,
  sweepCheckpoints,
  writeCheckpoint as write,
  type CheckpointPointer,
  type NamedArrays,
} from '../../../src/trainer/training/checkpoints';
import { temporaryFolder } from '../../unit/runs/helpers';

const arrays: NamedArrays = new Map([
  ['dense_1/kernel', { shape: [2, 3], values: Float32Array.of(1, -2, 3.5, 1e-20, -1e20, 0.1) }],
  ['dense_1/bias', { shape: [3], values: Float32Array.of(7, 8, 9).subarray(1) }],
  ['scalar', { shape: [], values: Float32Array.of(-0) }],
]);
const info = { stage: 'student/1/distill', epoch: 2, step: 30 };

/** Reads a safetensors file by the description of the format alone. */
function readSafetensors(bytes: Buffer) {
  const length = Number(bytes.readBigUInt64LE(0));
  const text = bytes.toString('utf8', 8, 8 + length);
  expect(text[0]).toBe('{');
  const { __metadata__: metadata, ...entries } = JSON.parse(text) as Record<string, unknown>;
  const tensors = entries as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const data = bytes.subarray(8 + length);
  let end = 0;
  const read = Object.entries(tensors).map(
    ([
      name,
      {
        dtype,
        shape,
        data_offsets: [from, to],
      },
    ]) => {
      expect([name, dtype, from]).toEqual([name, 'F32', end]);
      end = to;
      return [
        name,
        { shape, values: Array.from({ length: (to - from) / 4 }, (_, i) => data.readFloatLE(from + 4 * i)) },
      ];
    },
  );
  expect(data).toHaveLength(end);
  return { metadata, headerLength: length, tensors: Object.fromEntries(read) as Record<string, unknown> };
}

const folderOf = (directory: string) => fs.readdirSync(path.join(directory, 'checkpoints')).sort();
const pointerOf = (directory: string, owner = 'student-1') =>
  JSON.parse(
    fs.readFileSync(path.join(directory, 'checkpoints', `${owner}.json`), 'utf8'),
  ) as CheckpointPointer;
const state = { stage: 1, lowest: Infinity, note: 'ä' };
const writeCheckpoint = (directory: string, owner: string, at: typeof info, values = arrays) =>
  write(directory, owner, at, values, state);

describe('a safetensors file', () => {
  it('is read by an independent reader', () => {
    const { metadata, tensors } = readSafetensors(Buffer.from(encodeSafetensors(arrays, { epoch: '2' })));
    expect(metadata).toEqual({ epoch: '2' });
    expect(tensors).toEqual({
      'dense_1/kernel': { shape: [2, 3], values: [1, -2, 3.5, 1e-20, -1e20, 0.1].map(Math.fround) },
      'dense_1/bias': { shape: [3], values: [8, 9] },
      scalar: { shape: [], values: [-0] },
    });
  });

  it('has its numbers at a multiple of eight bytes, whatever the length of the header', () => {
    for (let letters = 0; letters < 9; letters++) {
      const bytes = Buffer.from(encodeSafetensors(arrays, { note: 'ä'.repeat(letters) }));
      expect(readSafetensors(bytes).headerLength % 8).toBe(0);
    }
  });
});

describe('checkpoints', () => {
  afterEach(() => vi.restoreAllMocks());

  it('are files that the pointer names with their hash', () => {
    const directory = temporaryFolder();
    const written = writeCheckpoint(directory, 'student-1', info, arrays);
    expect(folderOf(directory)).toEqual([path.basename(written.path), 'student-1.json']);
    const bytes = fs.readFileSync(path.join(directory, written.path));
    expect(written.bytes).toBe(bytes.length);
    expect(readSafetensors(bytes).metadata).toEqual({
      stage: 'student/1/distill',
      epoch: '2',
      step: '30',
      state: JSON.stringify({ ...state, lowest: 'Infinity' }),
    });
    expect(pointerOf(directory)).toEqual({
      ...info,
      path: written.path,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    });
    expect(written.path).toMatch(/^checkpoints\/[\w.-]+\.safetensors$/);
  });

  it('replace the one before of the same role and seed, and no other', () => {
    const directory = temporaryFolder();
    const first = writeCheckpoint(directory, 'student-1', info, arrays);
    const other = writeCheckpoint(directory, 'scratch-1', { ...info, stage: 'scratch/1/distill' }, arrays);
    const second = writeCheckpoint(directory, 'student-1', { ...info, epoch: 3, step: 45 }, arrays);
    expect(folderOf(directory)).toEqual(
      [
        ...[other, second].map(({ path: file }) => path.basename(file)),
        'scratch-1.json',
        'student-1.json',
      ].sort(),
    );
    expect(first.path).not.toBe(second.path);
    expect(pointerOf(directory)).toMatchObject({ epoch: 3, step: 45 });
    expect(pointerOf(directory, 'scratch-1')).toMatchObject({ epoch: 2 });
  });

  it('stay when they are written again for the same step', () => {
    const directory = temporaryFolder();
    const first = writeCheckpoint(directory, 'student-1', info, arrays);
    expect(writeCheckpoint(directory, 'student-1', info, arrays)).toEqual(first);
    expect(folderOf(directory)).toEqual([path.basename(first.path), 'student-1.json']);
  });

  it('are whole at every moment: the old one goes when the pointer names the new one', () => {
    const directory = temporaryFolder();
    const first = writeCheckpoint(directory, 'student-1', info, arrays);
    const remove = fs.rmSync;
    let seen: CheckpointPointer | undefined;
    vi.spyOn(fs, 'rmSync').mockImplementation((file, options) => {
      if (file === path.join(directory, first.path)) {
        seen = pointerOf(directory);
        expect(fs.existsSync(path.join(directory, seen.path))).toBe(true);
      }
      remove(file, options);
    });
    const second = writeCheckpoint(directory, 'student-1', { ...info, step: 31 }, arrays);
    expect(seen?.path).toBe(second.path);
  });

  it.each([1, 2])('leave the one before in place when writing fails at file %i', (failing) => {
    const directory = temporaryFolder();
    const first = writeCheckpoint(directory, 'student-1', info, arrays);
    const before = fs.readFileSync(path.join(directory, first.path));
    const sync = fs.fsyncSync;
    let files = 0;
    vi.spyOn(fs, 'fsyncSync').mockImplementation((handle) => {
      if (fs.fstatSync(handle).isFile() && ++files === failing)
        throw new Error('ENOSPC: no space left on device');
      sync(handle);
    });
    expect(() => writeCheckpoint(directory, 'student-1', { ...info, step: 31 }, arrays)).toThrow('ENOSPC');
    vi.restoreAllMocks();
    expect(pointerOf(directory).path).toBe(first.path);
    expect(fs.readFileSync(path.join(directory, first.path))).toEqual(before);
    expect(folderOf(directory).filter((name) => name.includes('.tmp-'))).toEqual([]);
  });

  it('have names that every file system takes, whatever the stage is called', () => {
    const directory = temporaryFolder();
    const { path: file } = writeCheckpoint(
      directory,
      'student-1',
      { ...info, stage: 'student/1/soft: "T\\4"? *ä' },
      arrays,
    );
    expect(path.basename(file)).not.toMatch(/[\\/:*?"<>|]/);
    expect(pointerOf(directory).stage).toBe('student/1/soft: "T\\4"? *ä');
  });

  it('are read as they were written, also when their bytes do not begin at a multiple of four', () => {
    const directory = temporaryFolder();
    writeCheckpoint(directory, 'student-1', info);
    const read = readCheckpoint(directory, 'student-1');
    expect(read).toEqual({
      info,
      arrays: new Map(
        [...arrays].map(([name, { shape, values }]) => [name, { shape, values: Float32Array.from(values) }]),
      ),
      state: { ...state, lowest: 'Infinity' },
    });
    expect(readCheckpoint(directory, 'student-2')).toBe('absent');
  });

  it.each<[string, (file: string, pointer: string) => void]>([
    ['checksum differs', (file) => fs.appendFileSync(file, 'x')],
    ['checksum differs', (file) => fs.truncateSync(file, 40)],
    ['no such file', (file) => fs.rmSync(file)],
    ['pointer is not whole', (_, pointer) => fs.truncateSync(pointer, 20)],
    ['pointer is not whole', (_, pointer) => fs.writeFileSync(pointer, '{"stage": 1}')],
  ])('are not used when they are damaged: %s', (words, damage) => {
    const directory = temporaryFolder();
    const { path: file } = writeCheckpoint(directory, 'student-1', info);
    damage(path.join(directory, file), path.join(directory, 'checkpoints/student-1.json'));
    expect(readCheckpoint(directory, 'student-1')).toEqual({
      damaged: expect.stringContaining(words) as string,
    });
  });

  it('leave nothing of a killed writer behind, and of an earlier run neither', () => {
    const directory = temporaryFolder();
    const { path: file } = writeCheckpoint(directory, 'student-1', info);
    const whole = folderOf(directory);
    for (const name of [
      'student-1-x-step-000031-00.safetensors',
      'student-1.json.tmp-9-1',
      'a.safetensors.tmp-9-2',
    ])
      fs.writeFileSync(path.join(directory, 'checkpoints', name), 'half');
    sweepCheckpoints(directory);
    expect(folderOf(directory)).toEqual(whole);
    expect(fs.existsSync(path.join(directory, file))).toBe(true);
    clearCheckpoints(directory);
    expect(readCheckpoint(directory, 'student-1')).toBe('absent');
    sweepCheckpoints(directory);
  });
});
