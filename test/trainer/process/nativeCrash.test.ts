import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runsFolder } from '../../../src/runs/paths';
import { readManifest } from '../../../src/runs/reader';
import { installFakeNative } from '../engine/fakeNative';
import { tinyExperiment, writeTinyData } from './tinyData';
import { buildTrainer, contentOf } from './trainerProcess';

// A native library that ends the trainer in the middle of a run, as `npm run distill` sees it.

const root = path.resolve(__dirname, '../../..');
let folder: string;
let workspace: string;

beforeAll(async () => {
  folder = path.dirname(await buildTrainer());
  await build({
    absWorkingDir: root,
    entryPoints: ['src/native/setup/main.ts'],
    outfile: path.join(folder, 'setupNative.js'),
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    logLevel: 'error',
  });
});
afterAll(() => fs.rmSync(folder, { recursive: true }));
beforeEach(() => {
  workspace = fs.mkdtempSync(path.join(os.tmpdir(), 'distillery-crash-'));
  writeTinyData(path.join(workspace, 'data'));
  fs.writeFileSync(path.join(workspace, 'tiny.distill.yaml'), tinyExperiment({ seeds: 'seeds: [1]' }));
  return () => fs.rmSync(workspace, { recursive: true });
});

/** What `npm run distill -- …` runs once dist/ is built. */
function distill(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  const module = pathToFileURL(path.join(root, 'scripts', 'runTrainer.mjs')).href;
  const program = `import(${JSON.stringify(module)}).then(async ({ runTrainer }) => {
    process.exitCode = await runTrainer(${JSON.stringify(folder)}, process.argv.slice(1));
  });`;
  const env = { ...process.env, INIT_CWD: workspace, DISTILLERY_HOME: path.join(workspace, 'home') };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, ['-e', program, '--', ...args], { env }, (_, out, error) =>
      resolve({ code: child.exitCode!, out, error }),
    );
  });
}

/** Newest last. */
async function runs() {
  const names = fs.readdirSync(runsFolder(workspace));
  const contents = await Promise.all(names.map((name) => contentOf(path.join(runsFolder(workspace), name))));
  return contents.sort((a, b) => a.manifest.started.localeCompare(b.manifest.started));
}

/** The library works in the trial and in the self-test, and then ends its process in the first epoch. */
const dies = (how: string, command = 'run') => ({
  write: `if (process.argv[2] === '${command}' && (globalThis.written = (globalThis.written ?? 0) + 1) > 2000) ${how};`,
});

describe.runIf(process.platform !== 'win32')('a run that native TensorFlow takes down', () => {
  it.each([
    ['SIGSEGV', "process.kill(process.pid, 'SIGSEGV')"],
    ['SIGABRT', 'process.abort()'],
  ])(
    'by %s runs again on WebAssembly with a message, and the next one takes that at once',
    async (signal, how) => {
      installFakeNative(workspace, dies(how));
      const first = await distill('run', 'tiny.distill.yaml');
      expect(first.error).toContain(
        `Native TensorFlow crashed (${signal}). The experiment runs again, with WebAssembly.`,
      );
      expect(first.code).toBe(0);
      const [crashed, again] = await runs();
      expect(crashed!.manifest).toMatchObject({ engine: 'tensorflow', state: 'running' });
      expect(again!.manifest).toMatchObject({ engine: 'wasm', state: 'done', exitCode: 0 });

      const second = await distill('run', 'tiny.distill.yaml');
      expect(second).toMatchObject({ code: 0, error: '' });
      const { manifest } = (await runs()).at(-1)!;
      expect(manifest).toMatchObject({ engine: 'wasm', state: 'done' });
      expect(manifest.engineReason).toContain(`It crashed in an earlier run (${signal}).`);
      expect(manifest.engineReason).toContain('npm run setup:native');
    },
  );

  it('is not replaced when native was asked for, but says how to go on', async () => {
    installFakeNative(workspace, dies("process.kill(process.pid, 'SIGSEGV')"));
    const { code, error } = await distill('run', 'tiny.distill.yaml', '--engine', 'native');
    expect(code).toBe(128 + os.constants.signals.SIGSEGV);
    expect(error).toContain('crashed (SIGSEGV). Run the experiment with --engine wasm');
    expect(await runs()).toHaveLength(1);
  });

  it('in a process that trains for it, again and again, fails and says how to go on', async () => {
    fs.writeFileSync(path.join(workspace, 'tiny.distill.yaml'), tinyExperiment());
    installFakeNative(workspace, dies("process.kill(process.pid, 'SIGSEGV')", 'work'));
    const { code } = await distill('run', 'tiny.distill.yaml', '--workers', '2');
    expect(code).toBe(3);
    expect((await runs())[0]!.manifest.message).toContain('Native TensorFlow seems to be at fault.');
    expect((await distill('run', 'tiny.distill.yaml', '--workers', '2')).code).toBe(0);
    expect((await runs()).at(-1)!.manifest).toMatchObject({ engine: 'wasm', state: 'done' });
  });

  it('by kill -9 from outside is nobody’s crash', async () => {
    installFakeNative(workspace, dies("process.kill(process.pid, 'SIGKILL')"));
    const { code, error } = await distill('run', 'tiny.distill.yaml');
    expect(code).toBe(128 + os.constants.signals.SIGKILL);
    expect(error).not.toContain('crashed');
    const [name] = fs.readdirSync(runsFolder(workspace));
    const { engine } = (await readManifest(path.join(runsFolder(workspace), name!)))!;
    expect(engine).toBe('tensorflow');
    expect(fs.readdirSync(path.join(workspace, 'home', 'native', 'in-use'))).toEqual([]);
  });
});
