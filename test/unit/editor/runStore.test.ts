import fs from 'node:fs';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runDirectory } from '../../../src/runs/paths';
import { processStart } from '../../../src/runs/process';
import { RunWriter } from '../../../src/runs/writer';
import { RunStore } from '../../../src/editor/runs/runStore';
import { newRun, temporaryFolder, until } from '../runs/helpers';
import { manifestOf, progressOf, reportOf } from './models';

let workspace: string;
let store: RunStore;
beforeEach(() => {
  workspace = temporaryFolder();
  store = new RunStore();
});
afterEach(() => store.dispose());

const put = (id: string, manifest: object): string => {
  const directory = runDirectory(workspace, id);
  fs.mkdirSync(directory, { recursive: true });
  fs.writeFileSync(path.join(directory, 'run.json'), JSON.stringify({ ...manifestOf(), id, ...manifest }));
  return directory;
};
const ids = (): string[] => store.runs.map((run) => run.manifest.id);

describe('finding runs', () => {
  test('those that are there, newest first, with their reports', async () => {
    const old = put('old', { started: '2026-01-01T00:00:00.000Z' });
    put('new', { started: '2026-02-01T00:00:00.000Z', state: 'failed' });
    fs.mkdirSync(runDirectory(workspace, 'rubbish'));
    fs.writeFileSync(path.join(old, 'report.json'), JSON.stringify(reportOf({ student: 5 })));
    await store.addWorkspaces([workspace, temporaryFolder()]);
    expect(ids()).toEqual(['new', 'old']);
    expect(store.byId('old')?.report?.roles.student?.errors.mean).toBe(5);
    expect(store.byDirectory(old)?.state).toBe('done');
  });

  test('a run that a terminal starts appears by itself while somebody looks, and is followed', async () => {
    await store.addWorkspaces([workspace]);
    store.watch();
    const writer = await RunWriter.create(runDirectory(workspace, 'r'), newRun);
    await until(() => ids().length === 1);
    expect(store.live).toHaveLength(1);
    writer.emit(progressOf(0.25, 60));
    await until(() => store.byId('r')?.progress?.fraction === 0.25);
    writer.setState('done', undefined, 0);
    writer.close();
    await until(() => store.byId('r')?.state === 'done');
  });

  test('an awaited run is found outside of the known workspaces', async () => {
    const directory = runDirectory(temporaryFolder(), 'r');
    store.awaitRun(directory);
    const writer = await RunWriter.create(directory, newRun);
    await until(() => ids().length === 1);
    writer.close();
  });

  test('a run whose directory was deleted goes', async () => {
    const directory = put('gone', {});
    await store.addWorkspaces([workspace]);
    fs.rmSync(directory, { recursive: true });
    await store.scan();
    expect(ids()).toEqual([]);
  });

  test('a finished run that is taken up again is followed', async () => {
    const directory = put('again', { state: 'stopped' });
    await store.addWorkspaces([workspace]);
    const writer = await RunWriter.create(directory, newRun);
    await store.reread(directory);
    expect(store.byId('again')?.state).toBe('starting');
    writer.setState('done');
    writer.close();
    await until(() => store.byId('again')?.state === 'done');
  });

  test('a stopped run knows how far it came, and is followed once a trainer that was started resumes it', async () => {
    const directory = put('again', { state: 'stopped' });
    const events = [{ ...progressOf(0.25, 60), seq: 1, time: 't' }];
    fs.writeFileSync(path.join(directory, 'events.jsonl'), `${JSON.stringify(events[0])}\n`);
    await store.addWorkspaces([workspace]);
    await until(() => store.byId('again')?.progress?.fraction === 0.25);
    const awaited = store.awaitRun(directory);
    await store.scan();
    expect([store.isAwaited(directory), store.byId('again')?.state]).toEqual([true, 'stopped']);
    const writer = await RunWriter.create(directory, newRun);
    writer.setState('starting');
    await until(() => store.byId('again')?.state === 'starting');
    expect(store.isAwaited(directory)).toBe(false);
    await until(() => store.byId('again')?.progress === undefined);
    const { seq: _seq, time: _time, ...later } = progressOf(0.5, 30);
    writer.emit(later);
    await until(() => store.byId('again')?.progress?.fraction === 0.5);
    writer.setState('done');
    writer.close();
    await until(() => store.byId('again')?.state === 'done');
    awaited.dispose();
  });

  test('the runs of a file', async () => {
    const withReport = put('a', { file: '/x/f.distill.yaml', started: '2026-01-01T00:00:00.000Z' });
    fs.writeFileSync(path.join(withReport, 'report.json'), JSON.stringify(reportOf({ student: 5 })));
    put('b', { file: '/x/f.distill.yaml', started: '2026-01-02T00:00:00.000Z', state: 'failed' });
    put('c', { file: '/y/f.distill.yaml', started: '2026-01-03T00:00:00.000Z' });
    await store.addWorkspaces([workspace]);
    const { latest, withResult } = store.ofFile('/x/../x/f.distill.yaml');
    expect([latest?.manifest.id, withResult?.manifest.id]).toEqual(['b', 'a']);
    expect(store.ofFile('/z')).toEqual({ latest: undefined, withResult: undefined });
  });
});

test('a run whose process is killed shows as lost, with its last events', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  const pid = child.pid ?? 0;
  const directory = put('r', { state: 'running', pid, processStart: await processStart(pid) });
  await store.addWorkspaces([workspace]);
  expect(store.byId('r')?.state).toBe('running');
  const line = JSON.stringify({ ...progressOf(0.5, 9), seq: 1, time: 't' });
  fs.writeFileSync(path.join(directory, 'events.jsonl'), `${line}\n`);
  child.kill('SIGKILL');
  await once(child, 'exit');
  await until(() => store.byId('r')?.state === 'lost');
  expect(store.byId('r')?.progress?.fraction).toBe(0.5);
  expect(store.live).toEqual([]);
});

describe('an open run', () => {
  test('has all events from the first, however late it is opened, and then the new ones', async () => {
    const directory = runDirectory(workspace, 'r');
    const writer = await RunWriter.create(directory, newRun);
    for (let i = 0; i < 100; i++) writer.log('info', String(i));
    await store.addWorkspaces([workspace]);
    const added: number[] = [];
    store.onDidAddEvents(() => added.push(1));
    const open = store.open(directory);
    await open?.loaded;
    expect(open?.events.map((e) => e.seq)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    writer.log('info', 'more');
    await until(() => open?.events.length === 101);
    expect(added.length).toBeGreaterThan(0);
    const second = store.open(directory);
    expect(second?.events).toBe(open?.events);
    open?.dispose();
    open?.dispose();
    writer.log('info', 'still followed for the second');
    await until(() => second?.events.length === 102);
    second?.dispose();
    writer.setState('done');
    writer.close();
    await until(() => store.byId('r')?.state === 'done');
    const later = store.open(directory);
    await later?.loaded;
    expect(later?.events.at(-1)).toMatchObject({ seq: 103, type: 'run', state: 'done' });
    later?.dispose();
  });

  test('is undefined for a directory that is no run', () => {
    expect(store.open('/nowhere')).toBeUndefined();
  });
});
