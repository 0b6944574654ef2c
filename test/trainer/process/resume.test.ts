import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { randomFor } from '../../../src/trainer/random';
import { temporaryFolder } from '../../unit/runs/helpers';
import { outcomeOf } from './outcome';
import { tinyExperiment, writeTinyData } from './tinyData';
import { buildTrainer, contentOf, startTrainer, until, type Finished } from './trainerProcess';

let trainer: string;
beforeAll(async () => {
  trainer = await buildTrainer();
});

/** Everything that remembers something between steps: two stages, moved images, dropout, an average, schedules. */
const experiment = tinyExperiment({
  teacher:
    'teacher:\n  model: {mlp: [24], dropout: [0.1, 0.2]}\n  train: {epochs: 5, batch: 20, augment: {shift: 1}, optimizer: {adam: {rate: 0.01}}}',
  student:
    'student:\n  model: {layers: [{conv: {filters: 3}}, {norm: {}}, {dropout: 0.2}, {dense: {units: 8}}]}',
  distill: `distill:
  - name: moved
    epochs: 12
    batch: 10
    accumulate: 2
    augment: {shift: 1}
    ema: {decay: 0.9}
    early_stop: {patience: 4, metric: loss}
    optimizer: {adamw: {rate: {from: 0.01, to: 0.001, how: cosine}}}
    losses:
      - kd: {temperature: {from: 8, to: 2, how: linear}}
        weight: 0.9
      - ce: {}
        weight: 0.1
  - name: sharp
    epochs: 4
    batch: 20
    keep: best
    optimizer: {sgd: {rate: 0.05, momentum: 0.9, nesterov: true}}
    losses:
      - kd: {temperature: 2}
      - ce: {}`,
});

function newWorkspace(): string {
  const workspace = temporaryFolder();
  writeTinyData(path.join(workspace, 'data'), { train: 400, test: 100 });
  fs.writeFileSync(path.join(workspace, 'tiny.distill.yaml'), experiment);
  return workspace;
}

const commandLine = (directory: string, workers: number, first: boolean) =>
  first
    ? ['run', 'tiny.distill.yaml', '--engine', 'wasm', '--out', directory, '--workers', String(workers)]
    : ['resume', directory, '--workers', String(workers)];

async function uninterrupted(workers: number) {
  const workspace = newWorkspace();
  const directory = path.join(workspace, '.distillery/runs/whole');
  const started = performance.now();
  const finished = await startTrainer(trainer, commandLine(directory, workers, true), { cwd: workspace })
    .finished;
  expect([finished.error, finished.code]).toEqual(['', 0]);
  return { outcome: await outcomeOf(directory), milliseconds: performance.now() - started };
}

describe('a run that is killed', () => {
  let whole: Awaited<ReturnType<typeof uninterrupted>>;
  beforeAll(async () => {
    whole = await uninterrupted(1);
  });

  it('has the same numbers with two workers as with one', async () => {
    expect((await uninterrupted(2)).outcome).toEqual(whole.outcome);
  });

  it('ends as if nothing had happened, after fifty kills at any moment', { timeout: 400_000 }, async () => {
    const random = randomFor(20_150_309, 'moments');
    let kills = 0;
    for (let round = 0; kills < 50; round++) {
      const workspace = newWorkspace();
      const directory = path.join(workspace, '.distillery/runs/killed');
      const workers = 1 + (round % 2);
      let first = true;
      let last: Finished;
      do {
        const args = commandLine(directory, workers, first);
        const running = startTrainer(trainer, args, { cwd: workspace });
        // Before the manifest there is nothing to go on with.
        await until('the run directory', () =>
          fs.existsSync(path.join(directory, 'experiment.distill.yaml')),
        );
        const timer = setTimeout(
          () => running.process.kill('SIGKILL'),
          random.uniform() * whole.milliseconds,
        );
        last = await running.finished;
        clearTimeout(timer);
        if (last.signal === 'SIGKILL') kills++;
        else expect(last).toMatchObject({ code: 0, error: '' });
        first = false;
      } while (last.signal === 'SIGKILL');
      expect(await outcomeOf(directory)).toEqual(whole.outcome);
      const { events } = await contentOf(directory);
      expect(events.filter((event) => event.type === 'problem')).toEqual([]);
    }
    expect(kills).toBeGreaterThanOrEqual(50);
  });
});
