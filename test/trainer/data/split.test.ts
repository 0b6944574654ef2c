import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ResolvedData } from '../../../src/experiment/resolved';
import { holdOut, transferSet } from '../../../src/trainer/data/split';
import type { Dataset } from '../../../src/trainer/data/sources';
import { DataFailure } from '../../../src/trainer/failures';
import { tinyDataset } from '../fixtures/dataset';

const data = (changes: Partial<ResolvedData> = {}): ResolvedData => ({
  source: { kind: 'mnist' },
  validation: 20,
  transfer: 'all',
  exclude: [],
  ...changes,
});
const dataset = tinyDataset({ train: 100, classes: 5 });

/** As `dataset`, but with these labels instead of equally many of each. */
function labelled(labels: number[], classes: number): Dataset {
  const base = tinyDataset({ train: labels.length, classes });
  return { ...base, train: { ...base.train, labels: Uint8Array.from(labels) } };
}

const ascending = (indices: Uint32Array) => [...indices].sort((a, b) => a - b);
const countsOf = ({ train, classes }: Dataset, indices: Uint32Array) =>
  Array.from(
    { length: classes },
    (_, label) => indices.filter((index) => train.labels[index] === label).length,
  );

function failure(act: () => unknown): DataFailure {
  try {
    act();
  } catch (error) {
    if (error instanceof DataFailure) return error;
    throw error;
  }
  throw new Error('The split was made without a complaint.');
}

describe('the validation samples', () => {
  it('and the training samples are all samples, each once, in ascending order', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 99 }), fc.nat(), (validation, seed) => {
        const split = holdOut(dataset, data({ validation }), seed);
        expect(split.validation).toHaveLength(validation);
        expect([...split.validation]).toEqual(ascending(split.validation));
        expect([...split.training]).toEqual(ascending(split.training));
        const all = [...split.training, ...split.validation].sort((a, b) => a - b);
        expect(all).toEqual(Array.from({ length: 100 }, (_, i) => i));
      }),
      { numRuns: 50 },
    );
  });

  it('depend on the seed alone, and are drawn from everywhere', () => {
    expect(holdOut(dataset, data(), 7)).toEqual(holdOut(dataset, data({ transfer: 10, exclude: [1] }), 7));
    expect(holdOut(dataset, data(), 7).validation).not.toEqual(holdOut(dataset, data(), 8).validation);
    // Of 100 seeds, each sample is held out by 20 on average; five standard deviations are 20.
    const counts = new Uint32Array(100);
    for (let seed = 0; seed < 100; seed++)
      for (const index of holdOut(dataset, data(), seed).validation) counts[index]!++;
    expect(Math.min(...counts)).toBeGreaterThan(0);
    expect(Math.max(...counts)).toBeLessThan(40);
  });

  it.each([100, 101])('cannot be %i of 100', (validation) => {
    const found = failure(() => holdOut(dataset, data({ validation }), 1));
    expect(found).toMatchObject({ code: 'data.validation.size', path: ['data', 'validation'], exitCode: 2 });
    expect(found.message).toContain(`validation: ${validation} leaves nothing to train on: the data has 100`);
  });
});

describe('the transfer set', () => {
  const split = holdOut(dataset, data(), 1);

  it('is the whole training set unless the file says otherwise', () => {
    expect(transferSet(dataset, split, data(), 1)).toEqual(split.training);
  });

  it('takes equally many of every class, each sample once, from the training samples', () => {
    for (const transfer of [5, 23, 40]) {
      const drawn = transferSet(dataset, split, data({ transfer }), 3);
      const counts = countsOf(dataset, drawn);
      expect(drawn).toHaveLength(transfer);
      expect(Math.max(...counts) - Math.min(...counts)).toBe(transfer % 5 === 0 ? 0 : 1);
      expect(new Set(drawn).size).toBe(transfer);
      expect(drawn.every((index) => split.training.includes(index))).toBe(true);
      expect([...drawn]).toEqual(ascending(drawn));
    }
  });

  it('takes more of the others when a class has too few', () => {
    const uneven = labelled([0, ...Array<number>(3).fill(1), ...Array<number>(20).fill(2)], 3);
    const everything = {
      training: Uint32Array.from({ length: 24 }, (_, i) => i),
      validation: new Uint32Array(),
    };
    expect(countsOf(uneven, transferSet(uneven, everything, data({ transfer: 12 }), 1))).toEqual([1, 3, 8]);
    expect(countsOf(uneven, transferSet(uneven, everything, data({ transfer: 24 }), 1))).toEqual([1, 3, 20]);
  });

  it('differs between seeds and is the same for equal ones', () => {
    const draw = (seed: number) => transferSet(dataset, split, data({ transfer: 20 }), seed);
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  it('lacks the excluded classes and nothing else', () => {
    const all = transferSet(dataset, split, data({ exclude: [1, 4] }), 1);
    const expected = split.training.filter((index) => ![1, 4].includes(dataset.train.labels[index]!));
    expect(all).toEqual(expected);
    const drawn = transferSet(dataset, split, data({ exclude: [1, 4], transfer: 12 }), 1);
    expect(countsOf(dataset, drawn)).toEqual([4, 0, 4, 4, 0]);
  });

  it.each([
    [
      { exclude: [5] },
      'data.exclude.unknown',
      'exclude',
      /no class 5 to exclude: the data has classes 0 to 4/,
    ],
    [{ exclude: [0, 1, 2, 3, 4] }, 'data.exclude.all', 'exclude', /Every class is excluded/],
    [
      { transfer: 81 },
      'data.transfer.size',
      'transfer',
      /81 is more than the 80 training samples that are left without the validation samples\./,
    ],
    [
      { transfer: 80, exclude: [0] },
      'data.transfer.size',
      'transfer',
      /samples that are left without the validation samples and the excluded classes/,
    ],
  ])('cannot be made with %j', (changes, code, key, message) => {
    const found = failure(() => transferSet(dataset, split, data(changes), 1));
    expect(found).toMatchObject({ code, path: ['data', key], exitCode: 2 });
    expect(found.message).toMatch(message);
  });
});
