import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findPackages, tryLibrary } from '../../../src/native/library';
import { installFakeNative } from '../../trainer/engine/fakeNative';
import { temporaryFolder, until } from '../runs/helpers';
import { MachineOfFakes, type Fakes } from './machineOfFakes';

// The whole set-up as a process, with tools that are scripts of ours. Windows cannot be set up, which planning tests say.

const posix = process.platform === 'linux' || process.platform === 'darwin';
if (!posix)
  console.log(`The set-up of native TensorFlow is not tested on ${process.platform}: there is none.`);

let machine: MachineOfFakes;
beforeAll(async () => {
  machine = await MachineOfFakes.create(temporaryFolder());
});
beforeEach(() => {
  fs.rmSync(machine.home, { recursive: true, force: true });
  machine.forgetHanging();
  machine.use({});
});

const target = (): string =>
  path.join(machine.home, 'native', `${process.platform}-${process.arch}`, 'node_modules', '@tensorflow');
const messages = (out: string): Record<string, unknown>[] =>
  out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe.runIf(posix)('with everything at hand', () => {
  test('it explains itself, installs a library that works, and leaves nothing else', async () => {
    const { code, out } = await machine.run(['--yes']);
    expect(code, out).toBe(0);
    expect(out).toMatch(/Downloads the Python package \S+ with pip, about \d+ MB/);
    expect(out).toContain(target().replace(/\/node_modules.*/, ''));
    expect(out).toContain('[5/5] Trying it');
    expect(out).toContain('TensorFlow 9.9.9 is set up');
    expect(machine.left().sort().slice(0, 2)).toEqual([
      'native',
      `native/${process.platform}-${process.arch}`,
    ]);
    expect(fs.readdirSync(path.join(machine.home, 'native'))).toHaveLength(1);

    const [found] = findPackages([path.join(target(), '..', '..')]);
    expect(await tryLibrary(found!.folder, found!.binding!)).toBe('9.9.9');
    const files = fs.readdirSync(found!.folder, { recursive: true, encoding: 'utf8' });
    expect(files.filter((name) => /\.cc$|_test|\.h$/.test(name))).toEqual([]);
    expect(fs.readdirSync(path.join(found!.folder, 'deps', 'lib'))).toHaveLength(2);
    expect(fs.existsSync(path.join(machine.home, '..', 'outside.js'))).toBe(false);
  });

  test('it has nothing to do the second time', async () => {
    await machine.run(['--yes']);
    machine.use({ missing: ['python3', 'g++', 'npm'] });
    const { code, out } = await machine.run(['--yes']);
    expect(code).toBe(0);
    expect(out).toContain('works already: TensorFlow 9.9.9');
  });

  test("it has nothing to do where the workspace's own package works", async () => {
    const workspace = temporaryFolder();
    installFakeNative(workspace);
    const { code, out } = await machine.run(['--yes', '--search', workspace]);
    expect(code).toBe(0);
    expect(out).toContain(`works already: TensorFlow 2.9.1 of ${fs.realpathSync(workspace)}`);
    expect(machine.left()).toEqual([]);
  });

  test('it tells the editor its plan, then steps and shares', async () => {
    const plan = machine.start(['--json']);
    expect(messages((await plan.finished).out)).toMatchObject([{ type: 'plan' }]);
    expect(machine.left()).toEqual([]);
    const { out } = await machine.run(['--json', '--yes']);
    const steps = messages(out).filter(({ type }) => type === 'step');
    expect(steps.map(({ step, of }) => [step, of])).toEqual([1, 2, 3, 4, 5].map((step) => [step, 5]));
    expect(messages(out)).toContainEqual({ type: 'progress', share: 0.5 });
    expect(messages(out).at(-1)).toMatchObject({ type: 'done' });
  });

  test('it does nothing where nobody can answer', async () => {
    const { child, finished } = machine.start([]);
    child.stdin!.end();
    const { code, out } = await finished;
    expect(code).toBe(1);
    expect(out).toContain('Add --yes to agree');
    expect(machine.left()).toEqual([]);
  });

  test('it is removed again without a trace', async () => {
    await machine.run(['--yes']);
    const { code, out } = await machine.run(['--uninstall']);
    expect(code).toBe(0);
    expect(out).toContain('was removed from');
    expect(machine.left()).toEqual([]);
    expect(fs.existsSync(machine.home)).toBe(false);
    expect((await machine.run(['--uninstall'])).out).toContain('nothing to remove');
  });

  test('a Python package that is installed is used, as a second name of the same file', async () => {
    const folder = path.join(machine.folder, 'site-packages', 'tensorflow');
    fs.mkdirSync(path.join(folder, 'include', 'tensorflow', 'c'), { recursive: true });
    fs.writeFileSync(path.join(folder, 'include', 'tensorflow', 'c', 'c_api.h'), '');
    const libraries = ['libtensorflow_cc', 'libtensorflow_framework'].map((name) =>
      process.platform === 'darwin' ? `${name}.2.dylib` : `${name}.so.2`,
    );
    for (const name of libraries) fs.writeFileSync(path.join(folder, name), name);
    machine.use({ installed: folder, pip: 'missing' });
    const { code, out } = await machine.run(['--yes']);
    expect(code, out).toBe(0);
    expect(out).toContain(`TensorFlow 8.8.8 in ${folder}`);
    for (const name of libraries) {
      const own = fs.statSync(path.join(target(), 'tfjs-node', 'deps', 'lib', name));
      expect(own.ino).toBe(fs.statSync(path.join(folder, name)).ino);
    }
  });

  test('a Python package without the library is passed over', async () => {
    machine.use({ installed: temporaryFolder() });
    expect((await machine.run(['--yes'])).out).toContain('Downloads the Python package');
  });

  test.runIf(process.platform === 'linux')('a Python that is too new downloads for another one', async () => {
    machine.use({ pip: 'only for 3.11' });
    const { code } = await machine.run(['--yes']);
    expect(code).toBe(0);
    expect(machine.logged().slice(-4)).toEqual(['own version', '3.13', '3.12', '3.11']);
  });
});

describe.runIf(posix)('what is missing is named with its cure, and nothing is left', () => {
  test.each<[string, Fakes, RegExp[]]>([
    [
      'no compiler',
      { missing: ['g++'] },
      [/C\+\+ compiler is missing/, /Install it: (sudo \S+ \S+ \S+|xcode-select --install)/],
    ],
    [
      'a compiler without its library',
      { compiler: 'no headers' },
      [/g\+\+ is here, but/, /string: No such file/, /Install it:/],
    ],
    ['no Python', { missing: ['python3'] }, [/Python is missing/, /Install it:/]],
    ['no pip', { pip: 'missing' }, [/without pip/, /Install it:/]],
    ['no npm', { missing: ['npm'] }, [/npm is missing/, /Install it:/]],
    [
      'nothing at all',
      { missing: ['python3', 'g++', 'npm'] },
      [/Python is missing/, /compiler is missing/, /npm is missing/],
    ],
  ])('%s', async (_what, fakes, words) => {
    machine.use(fakes);
    const { code, out, error } = await machine.run(['--yes']);
    expect({ code, error }).toEqual({ code: 1, error: '' });
    for (const word of words) expect(out).toMatch(word);
    expect(machine.left()).toEqual([]);
  });
});

describe.runIf(posix)('a step that fails says why, and leaves only its log', () => {
  test.each<[string, Fakes, RegExp]>([
    ['pip without a network', { pip: 'no network' }, /pip cannot reach its index/],
    ['an index without TensorFlow', { pip: 'no match' }, /pip's index has no tensorflow/],
    ['a disk that is full at the download', { pip: 'disk full' }, /The disk became full/],
    ['a wheel that is damaged', { unpack: 'damaged' }, /cannot be unpacked: .*not a zip file/],
    ['a disk that is full at the unpacking', { unpack: 'disk full' }, /The disk became full/],
    ['npm without a network', { npm: 'no network' }, /npm cannot reach its registry/],
    ['npm that fails', { npm: 'fails' }, /could not download the sources.*404/],
    [
      'a compiler that fails',
      { compiler: 'fails' },
      /g\+\+ could not build the addon.*TF_Tensor was not declared/,
    ],
    ['a library that crashes', { addon: 'process.abort();' }, /it crashed \(SIGABRT\)/],
    ['a library that cannot be loaded', { addon: "throw new Error('no such symbol');" }, /no such symbol/],
  ])('%s', async (_what, fakes, words) => {
    machine.use(fakes);
    const { code, out, error } = await machine.run(['--yes']);
    expect({ code, error }).toEqual({ code: 1, error: '' });
    expect(out).toMatch(words);
    expect(out).not.toMatch(/\n\s+at /);
    const log = path.join(machine.home, 'native', 'setup.log');
    expect(out).toContain(log);
    expect(machine.left().sort()).toEqual(['native', 'native/setup.log']);
  });

  test('what was installed before stays as it was', async () => {
    await machine.run(['--yes']);
    const binding = path.join(target(), 'tfjs-node', 'lib', 'napi-v8', 'tfjs_binding.node', 'index.js');
    fs.writeFileSync(binding, "throw new Error('damaged');");
    machine.use({ compiler: 'fails' });
    expect((await machine.run(['--yes'])).code).toBe(1);
    expect(fs.readFileSync(binding, 'utf8')).toContain('damaged');
    machine.use({});
    expect((await machine.run(['--yes'])).code).toBe(0);
    expect(fs.readFileSync(binding, 'utf8')).toContain('9.9.9');
    expect(fs.readdirSync(path.join(machine.home, 'native'))).toEqual([
      `${process.platform}-${process.arch}`,
    ]);
  });
});

describe.runIf(posix)('ended in the middle', () => {
  const hanging = [
    ['the download', { pip: 'hang' }],
    ['the unpacking', { unpack: 'hang' }],
    ['npm', { npm: 'hang' }],
    ['the compiler', { compiler: 'hang' }],
  ] as const;
  const startHanging = async (fakes: Fakes, args = ['--yes']) => {
    machine.use(fakes);
    const running = machine.start(args);
    await until(() => machine.hanging() !== undefined);
    return { ...running, tool: machine.hanging()! };
  };
  const alive = (pid: number): boolean => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  };

  test.each(hanging)('during %s by a signal, it ends the tool and leaves nothing', async (_what, fakes) => {
    const { child, finished, tool } = await startHanging(fakes);
    child.kill('SIGINT');
    const { code, out } = await finished;
    expect(code).toBe(130);
    expect(out).toContain('Nothing was installed');
    await until(() => !alive(tool));
    expect(machine.left()).toEqual([]);
  });

  test('by the editor, which closes the pipe', async () => {
    const { child, finished, tool } = await startHanging({ pip: 'hang' }, ['--json', '--yes']);
    child.stdin!.end();
    expect((await finished).code).toBe(130);
    await until(() => !alive(tool));
    expect(machine.left()).toEqual([]);
  });

  test('by kill -9: the next start clears up', async () => {
    const { child, finished, tool } = await startHanging({ compiler: 'hang' });
    child.kill('SIGKILL');
    await finished;
    process.kill(tool, 'SIGKILL');
    expect(machine.left()).toContain('native/.setting-up');
    machine.use({});
    expect((await machine.run(['--yes'])).code).toBe(0);
    expect(fs.readdirSync(path.join(machine.home, 'native'))).toEqual([
      `${process.platform}-${process.arch}`,
    ]);
  });

  test('a second set-up does not get in the way of the first', async () => {
    const { child, finished } = await startHanging({ pip: 'hang' });
    for (const args of [['--yes'], ['--uninstall']]) {
      const second = await machine.run(args);
      expect(second.code).toBe(1);
      expect(second.out).toContain(`set up already, by process ${child.pid}`);
    }
    child.kill('SIGTERM');
    expect((await finished).code).toBe(130);
  });
});

test.runIf(posix)('what it is asked for wrongly, it explains', async () => {
  const { code, error } = await machine.run(['--unknown']);
  expect(code).toBe(2);
  expect(error).toContain('--uninstall');
  expect((await machine.run(['--help'])).out).toContain('DISTILLERY_HOME');
});
