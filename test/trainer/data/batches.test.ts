import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { epochOrder, inPieces, makeBatch } from '../../../src/trainer/data/batches';
import { randomFor, type Random } from '../../../src/trainer/random';
import { tinyDataset } from '../fixtures/dataset';

describe('the order of an epoch', () => {
  it('has every sample once, and leaves what it was given as it is', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.nat(),
        fc.integer({ min: 1, max: 9 }),
        (count, seed, epoch) => {
          const indices = Uint32Array.from({ length: count }, (_, i) => i * 3 + 1);
          const order = epochOrder(indices, { seed, name: 'distill' }, epoch);
          expect([...order].sort((a, b) => a - b)).toEqual([...indices]);
          expect(indices).toEqual(Uint32Array.from({ length: count }, (_, i) => i * 3 + 1));
        },
      ),
      { numRuns: 50 },
    );
  });

  it('depends on the seed, the stage and the epoch, and on nothing else', () => {
    const indices = Uint32Array.from({ length: 10 }, (_, i) => i);
    const order = (seed: number, name: string, epoch: number) =>
      String(epochOrder(indices, { seed, name }, epoch));
    const orders = [1, 2, 3, 4].map((epoch) => order(1, 'distill', epoch));
    expect(new Set([...orders, order(2, 'distill', 1), order(1, 'second', 1)]).size).toBe(6);
    expect(order(1, 'distill', 3)).toBe(orders[2]);
  });
});

it('cuts what is only looked at into pieces, the last one shorter', () => {
  const pieces = [...inPieces(Uint32Array.of(5, 6, 7, 8, 9), 2)].map((piece) => [...piece]);
  expect(pieces).toEqual([[5, 6], [7, 8], [9]]);
  expect([...inPieces(new Uint32Array(), 2)]).toEqual([]);
});

describe('a batch', () => {
  const dataset = tinyDataset({ train: 6, classes: 3, height: 4, width: 3, channels: 2 });

  it('holds pixels from 0 to 1 and one-hot labels, in the order of the indices', () => {
    const indices = Uint32Array.of(4, 0, 4);
    const { pixels, labels } = makeBatch(dataset, dataset.train, indices);
    expect([...labels]).toEqual([0, 1, 0, 1, 0, 0, 0, 1, 0]);
    const image = (index: number) => [...dataset.train.pixels.subarray(index * 24, (index + 1) * 24)];
    [...image(4), ...image(0), ...image(4)].forEach((byte, i) =>
      expect(pixels[i]).toBeCloseTo(byte / 255, 6),
    );
  });

  it('has memory of its own', () => {
    const indices = Uint32Array.of(1);
    const [first, second] = [
      makeBatch(dataset, dataset.train, indices),
      makeBatch(dataset, dataset.train, indices),
    ];
    expect(first.pixels.buffer).not.toBe(second.pixels.buffer);
    expect(first.labels.buffer).not.toBe(second.labels.buffer);
    expect(first.pixels.byteLength).toBe(first.pixels.buffer.byteLength);
  });

  /** The image as nested rows, moved by cutting and padding instead of by index arithmetic. */
  function moved(image: readonly number[], dx: number, dy: number): number[] {
    const black = [0, 0];
    const rows = Array.from({ length: 4 }, (_, y) =>
      Array.from({ length: 3 }, (_, x) => image.slice((y * 3 + x) * 2, (y * 3 + x) * 2 + 2)),
    );
    const blackRow = () => Array.from({ length: 3 }, () => black);
    const shiftList = <T>(list: T[], by: number, fill: () => T): T[] =>
      by >= 0
        ? [...Array.from({ length: by }, fill), ...list].slice(0, list.length)
        : [...list, ...Array.from({ length: -by }, fill)].slice(-by);
    return shiftList(rows, dy, blackRow)
      .map((row) => shiftList(row, dx, () => black))
      .flat(2);
  }

  /** A source of random numbers that deals out what was laid down. */
  function dealt(numbers: number[]): Random & { asked: [number, number][] } {
    const asked: [number, number][] = [];
    const integer = (from: number, to: number) => {
      asked.push([from, to]);
      return numbers.shift()!;
    };
    return { ...randomFor(0), integer, asked };
  }

  it('moves images by whole pixels in x and y, each on its own, and pads with black', () => {
    for (const dx of [-5, -3, -2, -1, 0, 1, 2, 3, 5])
      for (const dy of [-5, -4, -1, 0, 1, 3, 4]) {
        const random = dealt([dx, dy, 0, 1]);
        const { pixels, labels } = makeBatch(dataset, dataset.train, Uint32Array.of(2, 3), {
          shift: 5,
          random,
        });
        expect(random.asked).toEqual(Array(4).fill([-5, 5]));
        const image = (index: number) => [...dataset.train.pixels.subarray(index * 24, (index + 1) * 24)];
        const expected = [...moved(image(2), dx, dy), ...moved(image(3), 0, 1)];
        expect([...pixels].map((value) => Math.round(value * 255))).toEqual(expected);
        expect([...labels]).toEqual([0, 0, 1, 1, 0, 0]);
      }
  });

  it('draws no random numbers where nothing is moved', () => {
    const random = dealt([]);
    const still = makeBatch(dataset, dataset.train, Uint32Array.of(2), { shift: 0, random });
    expect(random.asked).toEqual([]);
    expect(still.pixels).toEqual(makeBatch(dataset, dataset.train, Uint32Array.of(2)).pixels);
  });

  it('takes test images as well as training images', () => {
    const { pixels } = makeBatch(dataset, dataset.test, Uint32Array.of(1));
    expect(Math.round(pixels[0]! * 255)).toBe(dataset.test.pixels[24]);
  });
});
