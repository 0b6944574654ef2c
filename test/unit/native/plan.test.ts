import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { distilleryHome } from '../../../src/native/home';
import {
  checkPlatform,
  existingParent,
  installCommand,
  SetupError,
  thisMachine,
  type Machine,
} from '../../../src/native/setup/machine';
import { inWords, readSetupMessage } from '../../../src/native/setup/messages';
import { makePlan } from '../../../src/native/setup/plan';
import { TerminalReport } from '../../../src/native/setup/terminalReport';
import { temporaryFolder } from '../runs/helpers';
import { MachineOfFakes } from './machineOfFakes';

const debian: Machine = {
  platform: 'linux',
  arch: 'x64',
  glibc: '2.36',
  env: {},
  freeBytes: () => 1e12,
};

describe('machines', () => {
  test.each([
    ['Debian', debian],
    ['a Mac', { ...debian, platform: 'darwin', arch: 'arm64', glibc: undefined }],
    ['Linux for ARM', { ...debian, arch: 'arm64', glibc: '2.27' }],
  ] as [string, Machine][])('%s can have it', (_name, machine) => {
    expect(() => checkPlatform(machine)).not.toThrow();
  });

  test.each([
    ['Windows', { platform: 'win32' }, /Windows Subsystem for Linux.*Visual Studio Build Tools/],
    ['Alpine', { glibc: undefined }, /another C library.*musl/],
    ['an old Linux', { glibc: '2.17' }, /glibc 2\.27 or later.*has 2\.17/],
    ['FreeBSD', { platform: 'freebsd' }, /no TensorFlow library for freebsd/],
    ['a 32-bit ARM', { arch: 'arm' }, /no TensorFlow library for linux on arm/],
  ] as [string, Partial<Machine>, RegExp][])(
    '%s cannot, which is said with what it has instead',
    (_name, other, words) => {
      const check = (): void => checkPlatform({ ...debian, ...other });
      expect(check).toThrow(SetupError);
      expect(check).toThrow(words);
      expect(check).toThrow(/WebAssembly/);
    },
  );

  test.each([
    ['apt-get', 'compiler', 'sudo apt install g++'],
    ['dnf', 'compiler', 'sudo dnf install gcc-c++'],
    ['pacman', 'python', 'sudo pacman -S python python-pip'],
    ['zypper', 'pip', 'sudo zypper install python3-pip'],
    ['none of them', 'npm', 'sudo apt install npm'],
  ] as const)('with %s the %s is installed by “%s”', (manager, what, command) => {
    const folder = temporaryFolder();
    fs.writeFileSync(path.join(folder, manager), '');
    expect(installCommand({ ...debian, env: { PATH: folder } }, what)).toBe(command);
  });

  test('on a Mac the compiler comes from Apple', () => {
    expect(installCommand({ ...debian, platform: 'darwin' }, 'compiler')).toBe('xcode-select --install');
  });

  test('this one tells its free space, also of a folder that is not there yet', () => {
    const folder = path.join(temporaryFolder(), 'a', 'b');
    expect(thisMachine().freeBytes(folder)).toBeGreaterThan(0);
    expect(existingParent(folder)).toBe(path.dirname(path.dirname(folder)));
  });
});

test.runIf(process.platform !== 'win32')(
  'a disk that is too small is noticed before anything is loaded',
  async () => {
    const fakes = await MachineOfFakes.create(temporaryFolder());
    fakes.use({});
    const small: Machine = {
      ...debian,
      env: { PATH: path.join(fakes.folder, 'bin') },
      freeBytes: () => 600e6,
    };
    const plan = makePlan(small, fakes.home, [], temporaryFolder());
    await expect(plan).rejects.toThrow(SetupError);
    await expect(plan).rejects.toThrow(/not enough space.*1\.2 GB are needed, and 600 MB are free/);
    await expect(plan).rejects.toThrow(/DISTILLERY_HOME/);
    expect(fakes.logged()).toEqual([]);
    expect(
      (await makePlan({ ...small, freeBytes: () => 2e9 }, fakes.home, [], temporaryFolder())).compiler,
    ).toBe('g++');
  },
);

test('the home is moved by DISTILLERY_HOME, and is no folder that would be taken for a workspace', () => {
  const chosen = path.resolve('/data/distillery');
  expect(distilleryHome({ DISTILLERY_HOME: chosen })).toBe(chosen);
  const usual = distilleryHome({});
  expect(usual.startsWith(os.homedir())).toBe(true);
  expect(path.basename(usual)).not.toBe('.distillery');
});

test('sizes are told as people do', () => {
  expect([1, 273_829_956, 999e6, 1_227_000_000].map(inWords)).toEqual(['1 MB', '274 MB', '999 MB', '1.2 GB']);
});

test('messages are read from lines, and other lines are passed over', () => {
  expect(readSetupMessage('{"type":"progress","share":0.5}')).toEqual({ type: 'progress', share: 0.5 });
  for (const line of ['', 'warning', 'null', '7', '{}', '{"type":7}'])
    expect(readSetupMessage(line)).toBeUndefined();
});

describe('in a terminal', () => {
  const shown = (isTTY: boolean): string => {
    let text = '';
    const report = new TerminalReport({ isTTY, write: (piece: string) => (text += piece) });
    report.say({ type: 'step', step: 1, of: 2, title: 'Loading' });
    for (const share of [0.1, 0.101, 0.5]) report.say({ type: 'progress', share });
    report.say({ type: 'step', step: 2, of: 2, title: 'Building' });
    report.say({ type: 'done', text: 'Done.' });
    return text;
  };

  test('the share of a step is written over itself', () => {
    expect(shown(true)).toBe(
      '[1/2] Loading\r[1/2] Loading … 10 %\r[1/2] Loading … 50 %\n[2/2] Building\nDone.\n',
    );
  });

  test('a log has one line for each step', () => {
    expect(shown(false)).toBe('[1/2] Loading\n[2/2] Building\nDone.\n');
  });
});
