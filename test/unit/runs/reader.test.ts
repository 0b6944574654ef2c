import fs from 'node:fs';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { CommandReader, appendCommand } from '../../../src/runs/commands';
import { isAlive, processStart } from '../../../src/runs/process';
import { listRuns, parseEventLines, readManifest, readReport, readRun } from '../../../src/runs/reader';
import { temporaryFolder, until } from './helpers';

const manifest = (changes: object): string =>
  JSON.stringify({
    version: 1,
    id: 'r',
    name: 'r',
    state: 'done',
    file: '/f',
    hash: 'h',
    pid: 1,
    processStart: '',
    started: '2026-01-01T00:00:00.000Z',
    engines: [],
    seeds: [],
    roles: [],
    classNames: [],
    versions: {},
    ...changes,
  });

describe('event lines', () => {
  const line = (seq: number, more = ''): string => `{"seq":${seq},"time":"t","type":"log"${more}}`;

  test('torn, foreign and doubled lines are passed over', () => {
    const text = [
      line(1),
      '{"seq":2,"ti',
      'null',
      '[1]',
      '{"seq":"2"}',
      '',
      line(2),
      line(1),
      line(3).slice(0, 9),
    ];
    expect(parseEventLines(text.join('\n')).map((e) => e.seq)).toEqual([1, 2]);
  });

  test('unknown types and fields are handed on', () => {
    const events = parseEventLines(`${line(1, ',"new":7')}\n{"seq":2,"time":"t","type":"from-the-future"}`);
    expect(events).toEqual([
      { seq: 1, time: 't', type: 'log', new: 7 },
      { seq: 2, time: 't', type: 'from-the-future' },
    ]);
  });

  test('a last line without its break counts once it is whole', () => {
    const text = line(1);
    for (let cut = 0; cut < text.length; cut++) expect(parseEventLines(text.slice(0, cut))).toEqual([]);
    expect(parseEventLines(text)).toHaveLength(1);
  });
});

describe('manifests and reports', () => {
  test('unreadable ones are null, missing lists are empty', async () => {
    const folder = temporaryFolder();
    expect(await readManifest(folder)).toBeNull();
    expect(await readReport(folder)).toBeNull();
    for (const text of [
      '',
      '{',
      '[]',
      '7',
      '{"state":"done"}',
      manifest({ state: 'melting' }),
      manifest({ pid: '1' }),
    ]) {
      fs.writeFileSync(path.join(folder, 'run.json'), text);
      expect(await readManifest(folder)).toBeNull();
    }
    fs.writeFileSync(path.join(folder, 'run.json'), manifest({ engines: undefined, seeds: 3 }));
    expect(await readManifest(folder)).toMatchObject({ id: 'r', engines: [], seeds: [] });
    fs.writeFileSync(path.join(folder, 'report.json'), '{"roles":{}}');
    expect(await readReport(folder)).toBeNull();
  });

  test('runs are listed newest first, whatever else lies in the folder', async () => {
    const folder = temporaryFolder();
    const runs = path.join(folder, '.distillery', 'runs');
    expect(await listRuns(folder)).toEqual([]);
    const put = (name: string, text: string): void => {
      fs.mkdirSync(path.join(runs, name), { recursive: true });
      fs.writeFileSync(path.join(runs, name, 'run.json'), text);
    };
    put('a', manifest({ id: 'a', started: '2026-01-01T00:00:00.000Z' }));
    put('b', manifest({ id: 'b', started: '2026-01-03T00:00:00.000Z' }));
    put('c', manifest({ id: 'c', started: '2026-01-02T00:00:00.000Z' }));
    put('broken', '{"id":');
    fs.mkdirSync(path.join(runs, 'empty'));
    fs.writeFileSync(path.join(runs, 'file'), 'x');
    expect((await listRuns(folder)).map((run) => run.manifest.id)).toEqual(['b', 'c', 'a']);
  });
});

describe('processes', () => {
  const sleeper = (): ReturnType<typeof spawn> =>
    spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });

  test('this process lives, and a wrong start time is another process', async () => {
    const start = (await processStart(process.pid)) ?? '';
    expect(start).not.toBe('');
    expect(await processStart(process.pid)).toBe(start);
    expect(await isAlive({ pid: process.pid, processStart: start })).toBe(true);
    expect(await isAlive({ pid: process.pid, processStart: `${start}0` })).toBe(false);
    expect(await isAlive({ pid: 2 ** 22 + 1, processStart: start })).toBe(false);
    expect(await isAlive({ pid: 0, processStart: start })).toBe(false);
  });

  test('a run is shown as lost when its process was killed, and not before', async () => {
    const directory = temporaryFolder();
    const child = sleeper();
    const pid = child.pid ?? 0;
    const start = (await processStart(pid)) ?? '';
    fs.writeFileSync(
      path.join(directory, 'run.json'),
      manifest({ state: 'running', pid, processStart: start }),
    );
    expect((await readRun(directory))?.state).toBe('running');
    child.kill('SIGKILL');
    await once(child, 'exit');
    await until(async () => (await readRun(directory))?.state === 'lost');
    fs.writeFileSync(
      path.join(directory, 'run.json'),
      manifest({ state: 'failed', pid, processStart: start }),
    );
    expect((await readRun(directory))?.state).toBe('failed');
  });
});

describe('commands', () => {
  const now = new Date('2026-11-23T17:45:01Z');

  test('each is read once, in order, those from before the first look included', () => {
    const directory = temporaryFolder();
    appendCommand(directory, 'stop-after-epoch', now);
    const reader = new CommandReader(directory);
    expect(reader.read()).toEqual([{ command: 'stop-after-epoch', time: '2026-11-23T17:45:01.000Z' }]);
    expect(reader.read()).toEqual([]);
    appendCommand(directory, 'checkpoint', now);
    appendCommand(directory, 'stop-now', now);
    expect(reader.read().map((c) => c.command)).toEqual(['checkpoint', 'stop-now']);
  });

  test('torn and unknown lines are passed over', () => {
    const directory = temporaryFolder();
    const file = path.join(directory, 'commands.jsonl');
    const reader = new CommandReader(directory);
    expect(reader.read()).toEqual([]);
    fs.writeFileSync(file, '{"command":"dance","time":"t"}\n{"command":"stop-n');
    expect(reader.read()).toEqual([]);
    appendCommand(directory, 'stop-now', now);
    expect(reader.read().map((c) => c.command)).toEqual(['stop-now']);
  });
});
