import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { crashName, crashReason, forgetCrashes, noteEnd, type ProcessEnd } from '../../../src/native/crashes';
import { nativeCrash } from '../../../src/editor/nativeSetup/nativeCrash';
import { temporaryFolder } from '../runs/helpers';

let driver: string;
let home: string;
let binding: string;

beforeAll(async () => {
  driver = path.join(temporaryFolder(), 'driver.js');
  await build({
    entryPoints: [path.join(__dirname, 'crashDriver.ts')],
    outfile: driver,
    bundle: true,
    platform: 'node',
    logLevel: 'error',
  });
});
beforeEach(() => {
  home = path.join(temporaryFolder(), 'home');
  binding = path.join(temporaryFolder(), 'tfjs_binding.node');
  fs.writeFileSync(binding, '');
});

/** A process that computes with the library and ends by a signal or with an exit code. */
function use(end: NodeJS.Signals | number): Promise<ProcessEnd & { pid: number }> {
  const child = spawn(process.execPath, [driver, home, binding, String(end)], { stdio: 'inherit' });
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ pid: child.pid!, code, signal }));
  });
}
const notes = (): string[] => {
  const folder = path.join(home, 'native', 'in-use');
  return fs.existsSync(folder) ? fs.readdirSync(folder) : [];
};

describe.runIf(process.platform !== 'win32')('a library that a witness saw crash', () => {
  test.each(['SIGSEGV', 'SIGABRT', 'SIGILL', 'SIGBUS', 'SIGFPE'] as const)(
    'by %s is refused',
    async (signal) => {
      const { pid, ...end } = await use(signal);
      expect(end.signal).toBe(signal);
      expect(noteEnd(home, pid, end)).toBe(true);
      const reason = await crashReason(home, binding);
      expect(reason).toContain(`crashed in an earlier run (${signal})`);
      expect(reason).toContain('npm run setup:native');
      expect(reason).toContain('engine "native"');
      expect(notes()).toEqual([]);
    },
  );

  test.each(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP'] as const)('ended by %s is not', async (signal) => {
    for (let i = 0; i < 3; i++) {
      const { pid, ...end } = await use(signal);
      expect(noteEnd(home, pid, end)).toBe(false);
    }
    expect(await crashReason(home, binding)).toBeUndefined();
    expect(notes()).toEqual([]);
  });

  test('is taken again when it was built again, or set up again, or has done a run in good order', async () => {
    const crash = async (): Promise<void> => {
      const { pid, ...end } = await use('SIGSEGV');
      noteEnd(home, pid, end);
      expect(await crashReason(home, binding)).toBeDefined();
    };
    await crash();
    forgetCrashes(home);
    expect(await crashReason(home, binding)).toBeUndefined();
    await crash();
    fs.utimesSync(binding, new Date(), new Date(Date.now() + 5000));
    expect(await crashReason(home, binding)).toBeUndefined();
    await crash();
    await use(0);
    expect(await crashReason(home, binding)).toBeUndefined();
  });

  test('does not concern another library', async () => {
    const { pid, ...end } = await use('SIGSEGV');
    noteEnd(home, pid, end);
    const other = path.join(temporaryFolder(), 'tfjs_binding.node');
    fs.writeFileSync(other, '');
    expect(await crashReason(home, other)).toBeUndefined();
  });
});

describe.runIf(process.platform !== 'win32')('without a witness', () => {
  test('one end without a word is forgiven, the second in a row is not', async () => {
    await use('SIGKILL');
    expect(notes()).toHaveLength(1);
    expect(await crashReason(home, binding)).toBeUndefined();
    expect(notes()).toEqual([]);
    await use('SIGSEGV');
    expect(await crashReason(home, binding)).toContain('last 2 runs with it ended without a word');
  });

  test('a run in good order in between is counted for it, also one that failed', async () => {
    await use('SIGKILL');
    expect(await crashReason(home, binding)).toBeUndefined();
    await use(6);
    await use('SIGKILL');
    expect(await crashReason(home, binding)).toBeUndefined();
  });

  test('a process that still computes is left alone', async () => {
    const note = path.join(home, 'native', 'in-use', `${process.pid}.json`);
    const { processStart } = await import('../../../src/runs/process');
    fs.mkdirSync(path.dirname(note), { recursive: true });
    const own = { pid: process.pid, processStart: await processStart(process.pid), library: 'x' };
    fs.writeFileSync(note, JSON.stringify(own));
    await crashReason(home, binding);
    expect(notes()).toHaveLength(1);
  });
});

test('processes that did not compute natively have no crash of the library', () => {
  expect(noteEnd(home, process.pid, { code: null, signal: 'SIGSEGV' })).toBe(false);
});

test('Windows tells crashes by exit codes', () => {
  expect(crashName({ code: 3221225477, signal: null })).toBe('0xc0000005');
  for (const code of [0, 1, 3, 134, 255]) expect(crashName({ code, signal: null })).toBeUndefined();
});

test.runIf(process.platform !== 'win32')(
  'the editor knows a crash of the library from JavaScript that has no memory left',
  async () => {
    const before = process.env['DISTILLERY_HOME'];
    process.env['DISTILLERY_HOME'] = home;
    try {
      const output = 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory';
      expect(nativeCrash({ ...(await use('SIGABRT')), output })).toBeUndefined();
      expect(nativeCrash({ ...(await use('SIGABRT')), output: '' })).toBe('SIGABRT');
      expect(nativeCrash({ code: null, signal: 'SIGSEGV', output: '' })).toBeUndefined();
    } finally {
      if (before === undefined) delete process.env['DISTILLERY_HOME'];
      else process.env['DISTILLERY_HOME'] = before;
    }
  },
);
