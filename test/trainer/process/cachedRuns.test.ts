import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readEvents } from '../../../src/runs/reader';
import { buildTrainer, startTrainer } from './trainerProcess';
import { tinyExperiment, writeTinyData } from './tinyData';

let trainer: string;
let workspace: string;
let file: string;

beforeAll(async () => {
  trainer = await buildTrainer();
});
afterAll(() => fs.rmSync(path.dirname(trainer), { recursive: true }));
beforeEach(() => {
  workspace = fs.mkdtempSync(path.join(os.tmpdir(), 'distillery-run-'));
  file = path.join(workspace, 'tiny.distill.yaml');
  writeTinyData(path.join(workspace, 'data'));
  return () => fs.rmSync(workspace, { recursive: true });
});

/** One stage learns from the samples as they are, the second from moved ones. */
function write(precision: string): void {
  const stage = (name: string, more: string) =>
    `  - name: ${name}\n    epochs: 2\n    batch: 20\n    optimizer: {adam: {rate: 0.01}}${more}\n    losses: [{kd: {temperature: 2}}]\n`;
  fs.writeFileSync(
    file,
    tinyExperiment({
      teacher: `teacher:\n  model: {mlp: [32]}\n  train: {epochs: 3, batch: 20, optimizer: {adam: {rate: 0.01}}}\n  cache: ${precision}`,
      distill: `distill:\n${stage('still', '')}${stage('moved', '\n    augment: {shift: 1}')}`,
      rest: '',
    }),
  );
}

/** Runs the experiment. @returns what was told of caches, and every point of the students' curves */
async function run(name: string) {
  const directory = path.join(workspace, '.distillery/runs', name);
  const { code, error } = await startTrainer(trainer, ['run', file, '--out', directory], {
    cwd: workspace,
  }).finished;
  expect(code, error).toBe(0);
  const events = await readEvents(directory);
  return {
    caches: events.flatMap((event) =>
      event.type === 'cache' ? [`${event.stage ?? 'all'} ${event.state} ${event.hits}/${event.rows}`] : [],
    ),
    problems: events.flatMap((event) => (event.type === 'problem' ? [event.code] : [])),
    numbers: events
      .flatMap((event) => (event.type === 'metrics' ? event.points : []))
      .filter(({ role }) => role === 'student')
      .map(({ seed, series, step, value }) => `${seed} ${series} ${step} ${value}`)
      .sort(),
  };
}

/** Two seeds learn from 80 samples each, 138 in all; four batches of 20 in each of two epochs are moved. */
const caches = (state: string, share: (rows: number) => string) => [
  `all ${state} ${share(138)}`,
  `student/1/moved ${state} ${share(160)}`,
  `student/2/moved ${state} ${share(160)}`,
];
const filled = caches('filled', (rows) => `0/${rows}`);
const used = caches('used', (rows) => `${rows}/${rows}`);
const folder = () => path.join(workspace, '.distillery/teacher-outputs');

describe.each(['float32', 'float16'])('runs that keep the outputs of the teacher as %s', (precision) => {
  it('end alike whether they are asked for, read, or damaged and asked for again', async () => {
    write(precision);
    const first = await run('first');
    const second = await run('second');
    expect([first.caches, first.problems]).toEqual([filled, []]);
    expect([second.caches, second.problems]).toEqual([used, []]);
    expect(first.numbers.length).toBeGreaterThan(50);
    expect(second.numbers).toEqual(first.numbers);
    for (const name of fs.readdirSync(folder())) {
      const bytes = fs.readFileSync(path.join(folder(), name));
      bytes[600]! ^= 1;
      fs.writeFileSync(path.join(folder(), name), bytes);
    }
    const third = await run('third');
    const damaged = 'teacher.cache.damaged';
    expect([third.caches, third.problems]).toEqual([filled, [damaged, damaged, damaged]]);
    expect(third.numbers).toEqual(first.numbers);
  });
});
