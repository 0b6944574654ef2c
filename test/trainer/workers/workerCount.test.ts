import { describe, expect, it } from 'vitest';
import { parseExperiment } from '../../../src/experiment/parse';
import { bytesOfWorker, workerCount } from '../../../src/trainer/workers/workerCount';
import { tinyDataset } from '../fixtures/dataset';
import { tinyExperiment } from '../process/tinyData';

const dataset = tinyDataset({ train: 400, classes: 4 });
const indices = Uint32Array.from({ length: 300 }, (_, i) => i);

/** An experiment whose students cost as much as so many epochs. */
function prepared(epochs: number, changes: Parameters<typeof tinyExperiment>[0] = {}, keys = '') {
  const distill = `distill:\n  epochs: ${epochs}\n  batch: 20\n${keys}  losses: [{kd: {}}]`;
  const { experiment } = parseExperiment(tinyExperiment({ distill, ...changes }), { fileName: 'tiny' });
  const split = { training: indices, validation: Uint32Array.of(399) };
  const transferSets = new Map(experiment!.seeds.map((seed) => [seed, indices]));
  return { experiment: experiment!, dataset, split, transferSets };
}
const machine = { processors: 2, freeBytes: 8e9 };
const long = prepared(100_000);

describe('how many students are trained at once', () => {
  it('is what was asked for, but not more than there are', () => {
    expect(workerCount(1, long, 'wasm', machine).count).toBe(1);
    expect(workerCount(3, long, 'tensorflow', machine).count).toBe(3);
    // Two seeds, each with its comparison.
    expect(workerCount(64, prepared(1), 'wasm', machine).count).toBe(4);
  });

  it('is by itself what processors, students and memory allow', () => {
    expect(workerCount('auto', long, 'wasm', machine).count).toBe(2);
    expect(workerCount('auto', long, 'wasm', { ...machine, processors: 16 }).count).toBe(4);
    expect(workerCount('auto', long, 'wasm', { ...machine, processors: 1 }).count).toBe(1);
    const each = bytesOfWorker(long);
    const room = (workers: number) => ({ processors: 16, freeBytes: (each * (workers + 0.5)) / 0.8 });
    expect(workerCount('auto', long, 'wasm', room(3))).toMatchObject({
      count: 3,
      reason: expect.stringContaining('do not fit into the free memory') as string,
    });
    expect(workerCount('auto', long, 'wasm', { processors: 16, freeBytes: 0 }).count).toBe(1);
  });

  it('is one where more would not be faster', () => {
    expect(workerCount('auto', prepared(1), 'wasm', machine).count).toBe(1);
    expect(workerCount('auto', long, 'tensorflow', machine).count).toBe(1);
    expect(
      workerCount('auto', prepared(100_000, { seeds: 'seeds: [1]', rest: '' }), 'wasm', machine).count,
    ).toBe(1);
  });

  it('grows with what a process holds', () => {
    const larger = prepared(1, { student: 'student:\n  model: {mlp: [3000, 3000]}' });
    expect(bytesOfWorker(larger)).toBeGreaterThan(bytesOfWorker(long) + 4 * 9e6);
  });
});

describe('a process that asks the teacher ahead', () => {
  const one = { seeds: 'seeds: [1]', rest: '' };
  const moved = '  augment: {shift: 1}\n';
  const asksAhead = (...given: Parameters<typeof workerCount>) => workerCount(...given).asksAhead;

  it('is started where one student is trained at a time, with images that are moved', () => {
    expect(asksAhead('auto', prepared(100_000, one, moved), 'wasm', machine)).toBe(true);
    expect(asksAhead(2, prepared(1, one, moved), 'wasm', machine)).toBe(true);
  });

  it('is not started where it would be of no use', () => {
    expect(asksAhead('auto', prepared(100_000, one), 'wasm', machine)).toBe(false);
    expect(asksAhead('auto', prepared(100_000, {}, moved), 'wasm', machine)).toBe(false);
    expect(asksAhead('auto', prepared(1, one, moved), 'wasm', machine)).toBe(false);
    expect(asksAhead('auto', prepared(100_000, one, moved), 'tensorflow', machine)).toBe(false);
    expect(asksAhead(1, prepared(100_000, one, moved), 'wasm', machine)).toBe(false);
    expect(asksAhead('auto', prepared(100_000, one, moved), 'wasm', { ...machine, processors: 1 })).toBe(
      false,
    );
  });
});

it('counts only students as work', () => {
  const heavy = prepared(1, { teacher: 'teacher:\n  model: {mlp: [3000]}\n  train: {epochs: 90000}' });
  expect(workerCount('auto', heavy, 'wasm', machine).count).toBe(1);
});
