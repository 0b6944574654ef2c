import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  CacheFile,
  rowsInBytes,
  sizeOf,
  type CacheShape,
} from '../../../src/trainer/training/teacherCacheFile';
import { temporaryFolder } from '../../unit/runs/helpers';

/** Five rows of three numbers: blocks of two rows, two rows and one. */
const shape: CacheShape = { key: 'ab12', dtype: 'float32', classes: 3, rows: 5, rowsPerBlock: 2 };
const blocks = [
  Float32Array.of(1, 2, 3, 4, 5, 6),
  Float32Array.of(-1, -2, -3, -4, -5, -6),
  Float32Array.of(0.1, 1e30, -0),
];
/** Where the second block begins: after the header, and a checksum and six numbers. */
const second = 512 + 32 + 24;
const between = () => Promise.resolve();

let file: string;
beforeEach(() => (file = path.join(temporaryFolder(), 'a.cache')));

function write(numbers = [0, 1, 2], as = shape): void {
  const part = CacheFile.fill(file, as);
  for (const block of numbers) part.write(block, blocks[block]!);
  part.close();
}

async function wholeBlocks(as = shape): Promise<number[] | null> {
  const opened = CacheFile.read(file, as);
  const whole = opened && [...(await opened.check(between))];
  opened?.close();
  return whole;
}

function change(at: number, by: (byte: number) => number): void {
  const bytes = fs.readFileSync(file);
  bytes[at] = by(bytes[at]!);
  fs.writeFileSync(file, bytes);
}

describe('a file of teacher outputs', () => {
  it('is what its description says: a header, then blocks with the SHA-256 of key, number and bytes', () => {
    write();
    const bytes = fs.readFileSync(file);
    expect(bytes).toHaveLength(sizeOf(shape));
    expect(JSON.parse(bytes.toString('utf8', 0, 512))).toMatchObject({ format: 1, ...shape });
    let at = 512;
    blocks.forEach((numbers, block) => {
      const stored = bytes.subarray(at + 32, at + 32 + 4 * numbers.length);
      expect(numbers.map((_, i) => stored.readFloatLE(4 * i))).toEqual(numbers);
      const sum = createHash('sha256').update(`ab12 ${block} `).update(stored).digest();
      expect(bytes.subarray(at, at + 32)).toEqual(sum);
      at += 32 + stored.length;
    });
    expect(at).toBe(bytes.length);
  });

  it('gives out what was written, in whatever order, by block and by row', () => {
    write([2, 0, 1]);
    const opened = CacheFile.read(file, shape)!;
    blocks.forEach((numbers, block) => expect(opened.block(block)).toEqual(numbers));
    expect(opened.rows(3, 1)).toEqual(Float32Array.of(-4, -5, -6));
    expect(opened.rows(4, 1)).toEqual(blocks[2]);
    expect(opened.rows(0, 2)).toEqual(blocks[0]);
    opened.close();
  });

  it('is filled further from the blocks that are there', async () => {
    write([1]);
    const part = CacheFile.fill(file, shape);
    expect([...(await part.check(between))]).toEqual([0, 1, 0]);
    expect(part.block(0)).toBeNull();
    expect(part.block(2)).toBeNull();
    part.write(0, blocks[0]!);
    part.write(2, blocks[2]!);
    part.close();
    expect(await wholeBlocks()).toEqual([1, 1, 1]);
  });

  it('refuses a block of the wrong size', () => {
    const part = CacheFile.fill(file, shape);
    expect(() => part.write(2, blocks[0]!)).toThrow("Block 2 of the teacher's outputs was given 6 numbers.");
    part.close();
  });

  it('tells how many rows a file of some size holds that was filled from its beginning', () => {
    expect(
      [0, 512, second - 1, second, sizeOf(shape) - 1, sizeOf(shape)].map((size) => rowsInBytes(shape, size)),
    ).toEqual([0, 0, 0, 2, 4, 5]);
  });
});

describe('a damaged file', () => {
  it.each([
    ['the checksum of a block', second + 3],
    ['the numbers of a block', second + 32 + 5],
    ['the last number of a block', second + 32 + 23],
  ])('with another bit in %s never gives out that block', async (_name, at) => {
    write();
    change(at, (byte) => byte ^ 1);
    expect(await wholeBlocks()).toEqual([1, 0, 1]);
    const opened = CacheFile.read(file, shape)!;
    expect(opened.block(1)).toBeNull();
    expect(opened.block(0)).toEqual(blocks[0]);
    opened.close();
  });

  it.each([0, 40, 200, 511])(
    'with another byte at %i of its header is not read, and begins anew when filled',
    async (at) => {
      write();
      change(at, (byte) => byte ^ 1);
      expect(await wholeBlocks()).toBeNull();
      const part = CacheFile.fill(file, shape);
      expect([...(await part.check(between))]).toEqual([0, 0, 0]);
      expect(part.size()).toBe(512);
      part.close();
    },
  );

  it('is never read as whole, at whatever byte it was cut; what is whole of it is filled further', async () => {
    write();
    const bytes = fs.readFileSync(file);
    for (let length = 0; length < bytes.length; length++) {
      fs.writeFileSync(file, bytes.subarray(0, length));
      expect(await wholeBlocks()).toBeNull();
      const part = CacheFile.fill(file, shape);
      expect([...(await part.check(between))]).toEqual([
        length >= second ? 1 : 0,
        length >= second + 56 ? 1 : 0,
        0,
      ]);
      part.close();
    }
  });

  it('of zeros, of noise, or with something behind its end is not read', async () => {
    write();
    const bytes = fs.readFileSync(file);
    for (const other of [
      Buffer.alloc(0),
      Buffer.alloc(bytes.length),
      createHash('shake256', { outputLength: bytes.length }).digest(),
      Buffer.concat([bytes, Buffer.of(0)]),
    ]) {
      fs.writeFileSync(file, other);
      expect(await wholeBlocks()).toBeNull();
    }
  });

  it('whose blocks changed places is noticed although every block is what it was', async () => {
    write();
    const bytes = fs.readFileSync(file);
    const first = Buffer.from(bytes.subarray(512, second));
    bytes.copy(bytes, 512, second, second + 56);
    first.copy(bytes, second);
    fs.writeFileSync(file, bytes);
    expect(await wholeBlocks()).toEqual([0, 0, 1]);
  });

  it.each<[string, Partial<CacheShape>]>([
    ['key', { key: 'ab13' }],
    ['type', { dtype: 'float16' }],
    ['number of classes', { classes: 4 }],
    ['number of rows', { rows: 6 }],
    ['size of blocks', { rowsPerBlock: 5 }],
  ])('of another %s is not read', async (_name, changes) => {
    write();
    expect(await wholeBlocks({ ...shape, ...changes })).toBeNull();
  });

  it('with the header of one key and the blocks of another gives nothing out', async () => {
    write();
    const header = fs.readFileSync(file).subarray(0, 512);
    fs.rmSync(file);
    write([0, 1, 2], { ...shape, key: 'cd34' });
    const bytes = fs.readFileSync(file);
    header.copy(bytes);
    fs.writeFileSync(file, bytes);
    expect(await wholeBlocks()).toEqual([0, 0, 0]);
  });
});
