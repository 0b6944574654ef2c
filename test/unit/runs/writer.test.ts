import fs from 'node:fs';
import path from 'node:path';
import { execFileSync } from 'node:child_process';
import { build } from 'esbuild';
import { beforeAll, describe, expect, test } from 'vitest';
import type { MetricPoint, RunEvent } from '../../../src/runs/events';
import { numberOf } from '../../../src/runs/numbers';
import { readEvents, readManifest } from '../../../src/runs/reader';
import { RunDirectoryError } from '../../../src/runs/runDirectoryError';
import { RunWriter } from '../../../src/runs/writer';
import { newRun, temporaryFolder, until } from './helpers';

const point = (step: number, value: number): MetricPoint => ({
  role: 'student',
  seed: 1,
  series: 'loss',
  step,
  epoch: step / 10,
  value,
});
const metrics = (...points: MetricPoint[]): { type: 'metrics'; points: MetricPoint[] } => ({
  type: 'metrics',
  points,
});
const directoryIn = (folder: string): string => path.join(folder, '.distillery', 'runs', 'r1');
const linesOf = (directory: string): string => fs.readFileSync(path.join(directory, 'events.jsonl'), 'utf8');
const stepsOf = (events: RunEvent[]): number[] =>
  events.flatMap((e) => (e.type === 'metrics' ? e.points.map((p) => p.step) : []));

test('a new directory has a manifest, numbered events and is ignored by git', async () => {
  const folder = temporaryFolder();
  const directory = directoryIn(folder);
  const writer = await RunWriter.create(directory, newRun);
  writer.setState('running');
  writer.log('info', 'Hello');
  writer.setState('done', 'All well.', 0);
  writer.close();

  expect(fs.readFileSync(path.join(folder, '.distillery', '.gitignore'), 'utf8')).toBe('*\n');
  expect(fs.readdirSync(directory).sort()).toEqual(['events.jsonl', 'run.json']);
  const manifest = await readManifest(directory);
  expect(manifest).toMatchObject({
    version: 1,
    id: 'r1',
    name: 'A test',
    state: 'done',
    message: 'All well.',
    exitCode: 0,
    pid: process.pid,
    engines: [],
  });
  expect(Date.parse(manifest?.finished ?? '')).toBeGreaterThanOrEqual(Date.parse(manifest?.started ?? ''));
  const events = await readEvents(directory);
  expect(events.map(({ seq, type }) => [seq, type])).toEqual([
    [1, 'run'],
    [2, 'log'],
    [3, 'run'],
  ]);
});

test('not-a-number and the infinities are written as strings and read back', async () => {
  const directory = directoryIn(temporaryFolder());
  const writer = await RunWriter.create(directory, newRun);
  writer.emit(metrics(point(1, NaN), point(2, Infinity), point(3, -Infinity), point(4, -0.5)));
  writer.close();
  expect(linesOf(directory)).toContain('"value":"NaN"');
  expect(linesOf(directory)).not.toContain('null');
  const [event] = await readEvents(directory);
  expect(event?.type === 'metrics' && event.points.map((p) => numberOf(p.value))).toEqual([
    NaN,
    Infinity,
    -Infinity,
    -0.5,
  ]);
});

test('points are gathered, and stand before any later event', async () => {
  const directory = directoryIn(temporaryFolder());
  const writer = await RunWriter.create(directory, newRun);
  const begin = performance.now();
  for (let step = 1; step <= 500; step++) writer.emit(metrics(point(step, step)));
  writer.log('info', 'between');
  writer.emit(metrics(point(501, 1)));
  writer.flush();
  const seconds = (performance.now() - begin) / 1000;
  const events = await readEvents(directory);
  expect(stepsOf(events)).toEqual(Array.from({ length: 501 }, (_, i) => i + 1));
  const log = events.findIndex((e) => e.type === 'log');
  expect(stepsOf(events.slice(0, log))).toHaveLength(500);
  // Ten a second, and one each that the log and the end force out, and the first.
  expect(events.length).toBeLessThanOrEqual(10 * seconds + 4);
  writer.close();
});

test('gathered points are written without another call', async () => {
  const directory = directoryIn(temporaryFolder());
  const writer = await RunWriter.create(directory, newRun);
  writer.emit(metrics(point(1, 1)));
  writer.emit(metrics(point(2, 1)));
  await until(async () => stepsOf(await readEvents(directory)).length === 2);
  writer.close();
});

describe('opening a directory again', () => {
  test('goes on after the last whole line and keeps the time of the start', async () => {
    const directory = directoryIn(temporaryFolder());
    const first = await RunWriter.create(directory, newRun);
    first.log('info', 'one');
    first.close();
    const started = first.manifest.started;
    fs.appendFileSync(path.join(directory, 'events.jsonl'), '{"seq":2,"time":"2026-01-01T00:00:00Z","ty');
    const second = await RunWriter.create(directory, newRun);
    second.log('info', 'two');
    second.close();
    expect(second.manifest.started).toBe(started);
    expect((await readEvents(directory)).map((e) => [e.seq, e.type === 'log' && e.message])).toEqual([
      [1, 'one'],
      [2, 'two'],
    ]);
  });

  test('works whichever byte the file was cut at', async () => {
    const whole = directoryIn(temporaryFolder());
    const writer = await RunWriter.create(whole, newRun);
    for (const message of ['plain', 'größer – 蒸留 🧪', 'last']) writer.log('info', message);
    writer.close();
    const bytes = fs.readFileSync(path.join(whole, 'events.jsonl'));
    const folder = temporaryFolder();
    for (let cut = 0; cut <= bytes.length; cut++) {
      const directory = path.join(folder, String(cut));
      fs.mkdirSync(directory);
      fs.writeFileSync(path.join(directory, 'events.jsonl'), bytes.subarray(0, cut));
      const kept = (await readEvents(directory)).length;
      const again = await RunWriter.create(directory, newRun);
      again.log('info', 'after');
      again.close();
      const events = await readEvents(directory);
      expect(events.map((e) => e.seq)).toEqual(Array.from({ length: kept + 1 }, (_, i) => i + 1));
      expect(events.at(-1)).toMatchObject({ message: 'after' });
    }
  });
});

describe('one writer a directory', () => {
  test('a second one is refused while the first lives, and let in after it closed', async () => {
    const directory = directoryIn(temporaryFolder());
    const first = await RunWriter.create(directory, newRun);
    await expect(RunWriter.create(directory, newRun)).rejects.toMatchObject({ reason: 'busy' });
    first.log('info', 'still fine');
    first.close();
    (await RunWriter.create(directory, newRun)).close();
    expect(await readEvents(directory)).toHaveLength(1);
  });

  test.each([
    ['a dead process', JSON.stringify({ pid: 2 ** 22 + 1, processStart: 'x' })],
    ['a process whose number was given away', JSON.stringify({ pid: process.pid, processStart: 'earlier' })],
  ])('the lock of %s does not count', async (_, lock) => {
    const directory = directoryIn(temporaryFolder());
    fs.mkdirSync(directory, { recursive: true });
    fs.writeFileSync(path.join(directory, 'writer.lock'), lock);
    (await RunWriter.create(directory, newRun)).close();
    expect(fs.existsSync(path.join(directory, 'writer.lock'))).toBe(false);
  });

  test('an empty lock counts only while it is fresh', async () => {
    const directory = directoryIn(temporaryFolder());
    fs.mkdirSync(directory, { recursive: true });
    const lock = path.join(directory, 'writer.lock');
    fs.writeFileSync(lock, '');
    await expect(RunWriter.create(directory, newRun)).rejects.toMatchObject({ reason: 'busy' });
    fs.utimesSync(lock, 0, 0);
    (await RunWriter.create(directory, newRun)).close();
  });
});

describe('a disk that does not take it', () => {
  const onDeviceFull = test.runIf(fs.existsSync('/dev/full'));

  onDeviceFull('a full disk is told in plain words, and closing does not fail over it', async () => {
    const directory = directoryIn(temporaryFolder());
    fs.mkdirSync(directory, { recursive: true });
    fs.symlinkSync('/dev/full', path.join(directory, 'events.jsonl'));
    const writer = await RunWriter.create(directory, newRun);
    const failure = (): unknown => {
      try {
        writer.log('info', 'x');
      } catch (error) {
        return error;
      }
      return undefined;
    };
    expect(failure()).toBeInstanceOf(RunDirectoryError);
    expect(failure()).toMatchObject({
      reason: 'full',
      message: expect.stringContaining('Free some space') as string,
    });
    expect(() => writer.emit(metrics(point(1, 1)))).toThrow(RunDirectoryError);
    expect(() => writer.close()).not.toThrow();
  });

  test('a directory that cannot be made names the cause and the cure', async () => {
    const folder = temporaryFolder();
    fs.writeFileSync(path.join(folder, 'file'), '');
    const creating = RunWriter.create(path.join(folder, 'file', 'run'), newRun);
    await expect(creating).rejects.toMatchObject({
      reason: 'unwritable',
      message: expect.stringMatching(/a part of the path is a file.*--out/) as string,
    });
  });

  test('a manifest that cannot be replaced leaves the old one and no rubbish', async () => {
    const directory = directoryIn(temporaryFolder());
    const writer = await RunWriter.create(directory, newRun);
    fs.mkdirSync(path.join(directory, 'report.json', 'inside'), { recursive: true });
    expect(() => writer.write('report.json', '{}')).toThrow(RunDirectoryError);
    writer.close();
    expect(fs.readdirSync(directory).filter((name) => name.includes('.tmp-'))).toEqual([]);
  });
});

describe('in a process of its own', () => {
  let script: string;
  beforeAll(async () => {
    script = path.join(temporaryFolder(), 'child.cjs');
    await build({
      stdin: {
        contents: `
          import { RunWriter } from './src/runs/writer';
          void RunWriter.create(process.argv[2], ${JSON.stringify(newRun)}).then((writer) => {
            for (let step = 1; step <= 50; step++)
              writer.emit({ type: 'metrics', points: [{ role: 'student', seed: 1, series: 'loss', step, epoch: 0, value: 1 }] });
            process.exit(0);
          });`,
        resolveDir: process.cwd(),
        loader: 'ts',
      },
      bundle: true,
      platform: 'node',
      outfile: script,
    });
  });

  test('nothing is lost when the process exits right after emit, and the directory is free', async () => {
    const directory = directoryIn(temporaryFolder());
    execFileSync(process.execPath, [script, directory]);
    expect(stepsOf(await readEvents(directory))).toHaveLength(50);
    expect(fs.existsSync(path.join(directory, 'writer.lock'))).toBe(false);
  });
});
