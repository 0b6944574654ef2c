import fs from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readIdx } from '../../../src/trainer/data/idx';
import { DataFailure } from '../../../src/trainer/failures';
import { temporaryFolder } from '../../unit/runs/helpers';

/** Two images of 2×3, byte by byte as the format is described. */
const images = [
  ...[0, 0, 0x08, 3],
  ...[0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3],
  ...[1, 2, 3, 4, 5, 6],
  ...[7, 8, 9, 10, 11, 255],
];
const labels = [0, 0, 0x08, 1, 0, 0, 0, 2, 7, 3];

function file(content: Iterable<number>): string {
  const name = path.join(temporaryFolder(), 'some-idx-ubyte');
  fs.writeFileSync(name, Uint8Array.from(content));
  return name;
}

function failure(name: string, dimensions: number[]): DataFailure {
  try {
    readIdx(name, dimensions);
  } catch (error) {
    if (error instanceof DataFailure) return error;
    throw error;
  }
  throw new Error('The file was read without a complaint.');
}

describe('IDX files', () => {
  it.each([
    ['images', images, [2, 2, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255]],
    ['labels', labels, [2], [7, 3]],
    ['packed images', gzipSync(Uint8Array.from(images)), [2, 2, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255]],
    ['packed labels', gzipSync(Uint8Array.from(labels)), [2], [7, 3]],
  ])('reads %s', (_name, content, shape, values) => {
    const read = readIdx(file(content), [shape.length]);
    expect(read.shape).toEqual(shape);
    expect([...read.values]).toEqual(values);
  });

  it('reads lengths of more than one byte', () => {
    const read = readIdx(file([0, 0, 0x08, 1, 0, 0, 1, 4, ...new Uint8Array(260).fill(9)]), [1]);
    expect(read.shape).toEqual([260]);
    expect(read.values).toHaveLength(260);
  });

  it.each<[string, Iterable<number>, number[], string, RegExp]>([
    ['an empty file', [], [3], 'data.idx.truncated', /has only 0 bytes: it is empty or cut off/],
    ['three bytes', images.slice(0, 3), [3], 'data.idx.truncated', /has only 3 bytes/],
    ['a cut header', images.slice(0, 15), [3], 'data.idx.truncated', /ends inside its header/],
    [
      'a missing byte',
      images.slice(0, -1),
      [3],
      'data.idx.truncated',
      /2 × 2 × 3 bytes, which is 28 with its header, but it has 27: it is cut off/,
    ],
    [
      'a byte too many',
      [...images, 0],
      [3],
      'data.idx.size',
      /but it has 29: there is something behind the data/,
    ],
    [
      'numbers of another type',
      [0, 0, 0x0d, ...images.slice(3)],
      [3],
      'data.idx.magic',
      /begins with 0x00000d03, and 0x00000803 was expected/,
    ],
    [
      'a text',
      Buffer.from('<html>not found'),
      [1],
      'data.idx.magic',
      /begins with 0x3c68746d, and 0x00000801 was expected/,
    ],
    [
      'labels for images',
      labels,
      [3, 4],
      'data.idx.magic',
      /has 1 dimension where 3 or 4 are expected: are images and labels swapped\?/,
    ],
    ['images for labels', images, [1], 'data.idx.magic', /has 3 dimensions where 1 is expected/],
    [
      'a cut gzip',
      gzipSync(Uint8Array.from(images)).subarray(0, -9),
      [3],
      'data.idx.truncated',
      /gzipped but damaged or cut off/,
    ],
    [
      'a cut file in a whole gzip',
      gzipSync(Uint8Array.from(images.slice(0, 20))),
      [3],
      'data.idx.truncated',
      /but it has 20: it is cut off/,
    ],
  ])('refuses %s', (_name, content, dimensions, code, message) => {
    const name = file(content);
    const found = failure(name, dimensions);
    expect(found.message).toMatch(message);
    expect(found.message).toContain(path.basename(name));
    expect(found).toMatchObject({ code, exitCode: 2, path: ['data', 'source'] });
  });

  it('says what is wrong with something that is no readable file', () => {
    const folder = temporaryFolder();
    expect(failure(folder, [1]).message).toBe(`${folder} cannot be read: it is a folder.`);
    expect(failure(path.join(folder, 'none'), [1])).toMatchObject({ code: 'data.file.unreadable' });
  });
});
