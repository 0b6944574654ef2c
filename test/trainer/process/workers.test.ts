import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { appendCommand } from '../../../src/runs/commands';
import { temporaryFolder } from '../../unit/runs/helpers';
import { outcomeOf } from './outcome';
import { tinyExperiment, writeTinyData } from './tinyData';
import { buildTrainer, contentOf, startTrainer, until, type RunningTrainer } from './trainerProcess';

let trainer: string;
beforeAll(async () => {
  trainer = await buildTrainer();
});

let workspace: string;
let directory: string;
beforeEach(() => {
  workspace = temporaryFolder();
  directory = path.join(workspace, '.distillery/runs/this');
  writeTinyData(path.join(workspace, 'data'));
});

const long = 'epochs: 4000\n  batch: 20\n  optimizer: {adam: {rate: 0.01}}';
const distill = (keys: string) => `distill:\n  ${keys}\n  losses:\n    - kd: {temperature: 2}`;

function start(text: string, workers: number, out = directory): RunningTrainer {
  fs.writeFileSync(path.join(workspace, 'tiny.distill.yaml'), text);
  const args = ['run', 'tiny.distill.yaml', '--engine', 'wasm', '--out', out, '--workers', String(workers)];
  return startTrainer(trainer, args, { cwd: workspace });
}

const eventsOf = async () => (await contentOf(directory)).events;
/** Waits until so many students have begun to learn. */
const learning = (students: number) =>
  until(`${students} students that learn`, async () => {
    if (!fs.existsSync(path.join(directory, 'run.json'))) return false;
    const points = (await eventsOf()).flatMap((event) => (event.type === 'metrics' ? event.points : []));
    return (
      new Set(points.flatMap(({ role, seed }) => (role === 'teacher' ? [] : [`${role}/${seed}`]))).size >=
      students
    );
  });

/** The next run trains and asks its teacher itself. */
function forget(): void {
  for (const kept of ['teachers', 'teacher-outputs'])
    fs.rmSync(path.join(workspace, '.distillery', kept), { recursive: true });
}

/** The processes that a process has started; only Linux tells so simply. */
function childrenOf({ process: { pid } }: RunningTrainer): number[] {
  const text = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.trim().split(' ').filter(Boolean).map(Number);
}
const gone = (pid: number) => !fs.existsSync(`/proc/${pid}`);
const onLinux = process.platform === 'linux';
if (!onLinux)
  console.log(
    'Tests that end worker processes are skipped: they find them through /proc, which is Linux only.',
  );

describe('students that are trained at once', () => {
  it('stop together when asked, each with a checkpoint', async () => {
    const running = start(tinyExperiment({ distill: distill(long) }), 2);
    await learning(2);
    appendCommand(directory, 'stop-after-epoch', new Date());
    expect(await running.finished).toMatchObject({ code: 0, error: '' });
    const { manifest, events } = await contentOf(directory);
    expect(manifest).toMatchObject({ state: 'stopped', message: 'Stopped after an epoch, as you asked.' });
    const checkpoints = events.filter((event) => event.type === 'checkpoint' && event.role !== 'teacher');
    expect(new Set(checkpoints.map((event) => event.type === 'checkpoint' && event.role))).toEqual(
      new Set(['student', 'scratch']),
    );
  });

  it('end the run when one of them diverges, at its line', async () => {
    const wild = distill('epochs: 400\n  batch: 20\n  optimizer: {sgd: {rate: 1.0e+30}}');
    const finished = await start(tinyExperiment({ distill: wild }), 2).finished;
    expect(finished.code).toBe(4);
    const problem = (await eventsOf()).find((event) => event.type === 'problem');
    expect(problem).toMatchObject({ code: 'training.diverged', line: 16 });
  });

  it.runIf(onLinux)('leave no process behind when the one that leads is killed', async () => {
    const running = start(tinyExperiment({ distill: distill(long) }), 2);
    await learning(2);
    const workers = childrenOf(running);
    expect(workers).toHaveLength(2);
    running.process.kill('SIGKILL');
    await running.finished;
    await until('the end of the workers', () => workers.every(gone));
  });

  it.runIf(onLinux)('go on from the checkpoint of one whose process died', async () => {
    const text = tinyExperiment({ distill: distill('epochs: 600\n  batch: 20') });
    expect((await start(text, 1, path.join(workspace, '.distillery/runs/whole')).finished).code).toBe(0);
    forget();
    const running = start(text, 2);
    await learning(2);
    process.kill(childrenOf(running)[0]!, 'SIGKILL');
    expect((await running.finished).code).toBe(0);
    const problems = (await eventsOf()).filter((event) => event.type === 'problem');
    expect(problems).toMatchObject([{ severity: 'warning', code: 'worker.lost' }]);
    expect(await outcomeOf(directory)).toEqual(
      await outcomeOf(path.join(workspace, '.distillery/runs/whole')),
    );
  });
});

describe('a teacher that is asked ahead in another process', () => {
  const text = (epochs: number) =>
    tinyExperiment({
      seeds: 'seeds: [1]',
      rest: '',
      distill: distill(`epochs: ${epochs}\n  batch: 20\n  augment: {shift: 1}`),
    });
  const logs = async () =>
    (await eventsOf()).flatMap((event) => (event.type === 'log' ? [event.message] : []));

  it('gives the same student', async () => {
    const whole = path.join(workspace, '.distillery/runs/whole');
    expect((await start(text(30), 1, whole).finished).code).toBe(0);
    forget();
    expect((await start(text(30), 2).finished).code).toBe(0);
    expect(await logs()).toContainEqual(expect.stringContaining('A second process asks the teacher'));
    expect(await outcomeOf(directory)).toEqual(await outcomeOf(whole));
  });

  it.runIf(onLinux)('is asked here when that process dies, and the student is still the same', async () => {
    const whole = path.join(workspace, '.distillery/runs/whole');
    expect((await start(text(300), 1, whole).finished).code).toBe(0);
    forget();
    const running = start(text(300), 2);
    await learning(1);
    process.kill(childrenOf(running)[0]!, 'SIGKILL');
    expect((await running.finished).code).toBe(0);
    expect(await logs()).toContainEqual(expect.stringContaining('ended (SIGKILL)'));
    expect(await outcomeOf(directory)).toEqual(await outcomeOf(whole));
  });
});
