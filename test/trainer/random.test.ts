import { expect, it } from 'vitest';
import { derivedSeed, randomFor } from '../../src/trainer/random';

const draw = <T>(count: number, next: () => T): T[] => Array.from({ length: count }, next);

it('gives equal streams for equal seeds and purposes, and others for others', () => {
  const stream = (...purpose: Parameters<typeof randomFor>) => {
    const random = randomFor(...purpose);
    return draw(8, () => random.uniform()).join();
  };
  expect(stream(1, 'order', 'distill')).toBe(stream(1, 'order', 'distill'));
  const streams = [
    stream(1, 'order', 'distill'),
    stream(2, 'order', 'distill'),
    stream(1, 'order'),
    stream(1, 'orderdistill'),
  ];
  expect(new Set(streams).size).toBe(streams.length);
});

it('derives the seed from SHA-256 of the seed and the purpose', () => {
  // The output of `printf '[7,"order",2]' | sha256sum` begins with b008bd3a; the number is little-endian.
  expect(derivedSeed(7, 'order', 2)).toBe(0x3abd08b0);
});

it('draws uniform numbers from 0 up to but not including 1', () => {
  const random = randomFor(3, 'uniform');
  const numbers = draw(20_000, () => random.uniform());
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...numbers)).toBeLessThan(1);
  // Deviations of five standard errors: 1/√12 / √n for the mean, √(np(1−p)) for the count of one tenth.
  expect(Math.abs(numbers.reduce((a, b) => a + b) / 20_000 - 0.5)).toBeLessThan(
    (5 * Math.sqrt(1 / 12)) / Math.sqrt(20_000),
  );
  for (let tenth = 0; tenth < 10; tenth++) {
    const count = numbers.filter((value) => Math.floor(value * 10) === tenth).length;
    expect(Math.abs(count - 2000)).toBeLessThan(5 * Math.sqrt(20_000 * 0.1 * 0.9));
  }
});

it('draws every whole number of a range, ends included, equally often', () => {
  const random = randomFor(3, 'integer');
  const counts = new Map<number, number>();
  for (const value of draw(10_000, () => random.integer(-2, 2)))
    counts.set(value, (counts.get(value) ?? 0) + 1);
  expect([...counts.keys()].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2]);
  for (const count of counts.values())
    expect(Math.abs(count - 2000)).toBeLessThan(5 * Math.sqrt(10_000 * 0.2 * 0.8));
});

it('draws standard normal numbers', () => {
  const random = randomFor(3, 'normal');
  const numbers = draw(20_000, () => random.normal());
  const moment = (power: number) => numbers.reduce((sum, value) => sum + value ** power, 0) / numbers.length;
  // The first four moments are 0, 1, 0 and 3; the variances of their estimates are 1, 2, 15 and 96 over n.
  expect(Math.abs(moment(1))).toBeLessThan(5 * Math.sqrt(1 / 20_000));
  expect(Math.abs(moment(2) - 1)).toBeLessThan(5 * Math.sqrt(2 / 20_000));
  expect(Math.abs(moment(3))).toBeLessThan(5 * Math.sqrt(15 / 20_000));
  expect(Math.abs(moment(4) - 3)).toBeLessThan(5 * Math.sqrt(96 / 20_000));
});

it('shuffles in place, every order equally often', () => {
  const random = randomFor(3, 'shuffle');
  const items = [0, 1, 2];
  expect(random.shuffle(items)).toBe(items);
  const counts = new Map<string, number>();
  for (const order of draw(6000, () => random.shuffle([0, 1, 2]).join('')))
    counts.set(order, (counts.get(order) ?? 0) + 1);
  expect([...counts.keys()].sort()).toEqual(['012', '021', '102', '120', '201', '210']);
  for (const count of counts.values())
    expect(Math.abs(count - 1000)).toBeLessThan(5 * Math.sqrt(6000 * (1 / 6) * (5 / 6)));
});
