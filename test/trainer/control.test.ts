import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appendCommand } from '../../src/runs/commands';
import type { RunCommand } from '../../src/runs/events';
import { CommandControl, RunControl, StopRequested } from '../../src/trainer/control';
import { temporaryFolder, until } from '../unit/runs/helpers';

let directory: string;
let control: CommandControl;
let signalsBefore: NodeJS.SignalsListener[][];

beforeEach(() => {
  signalsBefore = [process.listeners('SIGINT'), process.listeners('SIGTERM')];
  directory = temporaryFolder();
  control = new CommandControl(directory);
});
afterEach(() => {
  control.dispose();
  expect([process.listeners('SIGINT'), process.listeners('SIGTERM')]).toEqual(signalsBefore);
});

const ask = (command: RunCommand['command']) => appendCommand(directory, command, new Date());
const stops = () => ({ now: control.stopsNow, afterEpoch: control.stopsAfterEpoch });

/** What was asked for is heard when the checkpoint is wanted that was asked for after it. */
async function hear(...commands: RunCommand['command'][]): Promise<void> {
  for (const command of [...commands, 'checkpoint' as const]) ask(command);
  await until(async () => {
    await control.listen();
    return control.takeCheckpointWish();
  });
}

describe('what people ask of a run', () => {
  it('is nothing at first', async () => {
    await control.listen();
    await control.listenOrStop();
    control.throwIfStopping();
    expect(stops()).toEqual({ now: false, afterEpoch: false });
    expect(control.takeCheckpointWish()).toBe(false);
  });

  it('counts when it was written before the run listened', async () => {
    ask('stop-after-epoch');
    await control.listen();
    expect(stops()).toEqual({ now: false, afterEpoch: true });
  });

  it.each<[RunCommand['command'][], ReturnType<typeof stops>]>([
    [['stop-after-epoch'], { now: false, afterEpoch: true }],
    [['stop-now'], { now: true, afterEpoch: true }],
    [['stop-after-epoch', 'stop-now'], { now: true, afterEpoch: true }],
    [['stop-now', 'stop-after-epoch'], { now: true, afterEpoch: true }],
  ])('%j: stopping now beats stopping after the epoch', async (commands, expected) => {
    await hear(...commands);
    expect(stops()).toEqual(expected);
    // The same when they are heard one by one.
    control.dispose();
    directory = temporaryFolder();
    control = new CommandControl(directory);
    for (const command of commands) await hear(command);
    expect(stops()).toEqual(expected);
  });

  it('ends a pass without steps at once only when it should stop now', async () => {
    await hear('stop-after-epoch');
    await control.listenOrStop();
    expect(() => control.throwIfStopping()).toThrow(new StopRequested('after-epoch'));
    await hear('stop-now');
    await expect(control.listenOrStop()).rejects.toThrow(new StopRequested('now'));
    expect(() => control.throwIfStopping()).toThrow('Stopped at once, as you asked.');
  });

  it('wants a checkpoint once each time, and goes on', async () => {
    ask('checkpoint');
    ask('checkpoint');
    await control.listen();
    expect([control.takeCheckpointWish(), control.takeCheckpointWish()]).toEqual([true, false]);
    expect(stops()).toEqual({ now: false, afterEpoch: false });
  });

  it('passes over what it does not understand', async () => {
    fs.appendFileSync(path.join(directory, 'commands.jsonl'), '{"command":"dance"}\nnot JSON\n');
    await hear('stop-after-epoch');
    expect(stops()).toEqual({ now: false, afterEpoch: true });
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('is to stop now after %s', (signal) => {
    const added = process.listeners(signal).filter((listener) => !signalsBefore.flat().includes(listener));
    expect(added).toHaveLength(1);
    added[0]!(signal);
    expect(stops()).toEqual({ now: true, afterEpoch: true });
  });

  it('lets timers run between steps', async () => {
    let ran = false;
    setImmediate(() => (ran = true));
    await control.listen();
    expect(ran).toBe(true);
  });
});

it('passes over what an earlier process of a resumed run was asked', async () => {
  ask('stop-now');
  control.dispose();
  control = new CommandControl(directory, 'resumed');
  await hear();
  expect(stops()).toEqual({ now: false, afterEpoch: false });
  await hear('stop-after-epoch');
  expect(stops()).toEqual({ now: false, afterEpoch: true });
});

it('is asked directly in a process that trains for another', async () => {
  const worker = new RunControl();
  await worker.listenOrStop();
  worker.ask('checkpoint');
  expect([worker.takeCheckpointWish(), worker.takeCheckpointWish()]).toEqual([true, false]);
  worker.ask('stop-after-epoch');
  await worker.listenOrStop();
  expect(() => worker.throwIfStopping()).toThrow(new StopRequested('after-epoch'));
  worker.ask('stop-now');
  await expect(worker.listenOrStop()).rejects.toThrow(new StopRequested('now'));
});
