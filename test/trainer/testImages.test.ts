import { describe, expect, it } from 'vitest';
import type { Dataset } from '../../src/trainer/data/sources';
import { chooseTestImages, imagesOf, rowsOf } from '../../src/trainer/testImages';
import { tinyDataset } from './fixtures/dataset';

function withTestLabels(labels: number[], classes: number): Dataset {
  const base = tinyDataset({ test: labels.length, classes });
  return { ...base, test: { ...base.test, labels: Uint8Array.from(labels) } };
}

describe('the test images that are shown', () => {
  it.each([
    [
      'the first of every class, by class',
      [3, 3, 1, 0, 2, 1, 4, 5, 6, 7, 8, 9, 9],
      10,
      [3, 2, 4, 0, 6, 7, 8, 9, 10, 11],
    ],
    [
      'the next ones where there are fewer classes',
      [0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2, 2],
      3,
      [0, 3, 6, 1, 4, 7, 2, 5, 8, 9],
    ],
    ['all where there are fewer than ten', [1, 0, 1], 2, [1, 0, 2]],
    [
      'the first ten classes where there are more',
      Array.from({ length: 12 }, (_, i) => 11 - i),
      12,
      [11, 10, 9, 8, 7, 6, 5, 4, 3, 2],
    ],
    ['others where a class has none', [0, 2, 2, 0], 3, [0, 1, 3, 2]],
  ])('are %s', (_name, labels, classes, expected) => {
    expect([...chooseTestImages(withTestLabels(labels, classes))]).toEqual(expected);
  });

  it('are sent as bytes in base64', () => {
    const dataset = tinyDataset({ test: 3, height: 2, width: 1, channels: 3 });
    dataset.test.pixels.set([1, 2, 3, 4, 5, 6], 12);
    const [image, other] = imagesOf(dataset, Uint32Array.of(2, 0));
    expect(image).toEqual({ index: 2, label: 2, width: 1, height: 2, channels: 3, pixels: 'AQIDBAUG' });
    expect(Buffer.from(other!.pixels, 'base64')).toEqual(Buffer.from(dataset.test.pixels.subarray(0, 6)));
    expect(imagesOf(tinyDataset(), Uint32Array.of(1))[0]).toMatchObject({
      index: 1,
      width: 4,
      height: 6,
      channels: 1,
    });
  });

  it('have rows of logits with five digits, also where they are no numbers', () => {
    const values = Float32Array.of(1.23456789, -98765.4321, 0, NaN, Infinity, 1e-9);
    expect(rowsOf({ classes: 3, values })).toEqual([
      [1.2346, -98765, 0],
      [NaN, Infinity, 1e-9],
    ]);
  });
});
