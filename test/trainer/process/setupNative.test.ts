import { execFile, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { EngineProbe } from '../../../src/runs/manifest';
import { onlyRun } from './trainerProcess';
import { tinyExperiment, writeTinyData } from './tinyData';

// The real thing, as a person does it: `npm run setup:native`, then probe and run. It loads 270 MB where pip has an index.

const root = path.resolve(__dirname, '../../..');
const reason = whyNot();
if (reason !== undefined) console.log(`Native TensorFlow is not set up for real here: ${reason}`);

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'distillery-native-'));
const env = { ...process.env, DISTILLERY_HOME: path.join(folder, 'home'), INIT_CWD: folder };
afterAll(() => fs.rmSync(folder, { recursive: true }));

function script(name: string, ...args: string[]): Promise<{ code: number; out: string; error: string }> {
  return new Promise((resolve) => {
    const file = path.join(root, 'scripts', name);
    const child = execFile(process.execPath, [file, ...args], { env, cwd: root }, (_, out, error) =>
      resolve({ code: child.exitCode!, out, error }),
    );
  });
}

async function probe(): Promise<EngineProbe> {
  const { out } = await script('distill.mjs', 'probe');
  return (JSON.parse(out) as { engines: EngineProbe[] }).engines[0]!;
}

describe.runIf(reason === undefined)('native TensorFlow, for real', () => {
  it('is set up by one command, which says before what it takes', { timeout: 600_000 }, async () => {
    expect((await probe()).reason).toContain('npm run setup:native');
    const started = performance.now();
    const { code, out, error } = await script('setupNative.mjs', '--yes');
    console.log(`${out.trim()}\nIt took ${((performance.now() - started) / 1000).toFixed(0)} s.`);
    expect({ code, error }).toEqual({ code: 0, error: '' });
    const [, real] = /is set up in .+ \((\d+) MB\)/.exec(out) ?? [];
    const [, told] = /Keeps all of it in .+ about (\d+) MB/.exec(out) ?? [];
    if (told !== undefined) expect(Math.abs(Number(real) / Number(told) - 1)).toBeLessThan(0.1);
    expect(fs.readdirSync(path.join(folder, 'home', 'native'))).toEqual([
      `${process.platform}-${process.arch}`,
    ]);
  });

  it('is what probe finds, with its version and a self-test that it passes', async () => {
    const { ok, version, reason: refused } = await probe();
    expect({ ok, refused }).toEqual({ ok: true, refused: undefined });
    expect(version).toMatch(/^TensorFlow 2\.\d+\.\d+/);
  });

  it('trains an experiment to the numbers of WebAssembly, and is what “auto” takes', async () => {
    writeTinyData(path.join(folder, 'data'));
    fs.writeFileSync(path.join(folder, 'tiny.distill.yaml'), tinyExperiment({ seeds: 'seeds: [1]' }));
    const run = async (...engine: string[]) => {
      const { code, error } = await script('distill.mjs', 'run', 'tiny.distill.yaml', ...engine);
      expect(code, error).toBe(0);
      const content = await onlyRun(folder);
      fs.rmSync(path.join(folder, '.distillery'), { recursive: true });
      return content;
    };
    const native = await run('--engine', 'native');
    expect(native.manifest).toMatchObject({ engine: 'tensorflow', state: 'done' });
    const { roles } = (await run('--engine', 'wasm')).report!;
    for (const role of ['teacher', 'student'] as const) {
      const difference = native.report!.roles[role]!.errors.mean - roles[role]!.errors.mean;
      expect(Math.abs(difference), role).toBeLessThanOrEqual(2);
    }
    expect((await run()).manifest.engineReason).toContain('passed its self-test');
  });

  it('goes away without a trace', async () => {
    expect((await script('setupNative.mjs', '--uninstall')).code).toBe(0);
    expect(fs.existsSync(path.join(folder, 'home'))).toBe(false);
    expect(await probe()).toMatchObject({ ok: false });
  });
});

/** Undefined where the set-up can be done for real. */
function whyNot(): string | undefined {
  if (process.platform !== 'linux' && process.platform !== 'darwin')
    return `there is none for ${process.platform}.`;
  const works = (command: string, ...args: string[]): boolean =>
    spawnSync(command, args, { stdio: 'ignore', timeout: 60_000 }).status === 0;
  if (!['g++', 'clang++', 'c++'].some((compiler) => works(compiler, '--version')))
    return 'there is no C++ compiler.';
  const python = ['python3', 'python'].find((name) => works(name, '-m', 'pip', '--version'));
  if (python === undefined) return 'there is no Python with pip.';
  const name = process.platform === 'linux' && process.arch === 'x64' ? 'tensorflow-cpu' : 'tensorflow';
  if (!works(python, '-m', 'pip', 'index', 'versions', name, '--retries', '0'))
    return `pip's index does not offer ${name}.`;
  const free = fs.statfsSync(os.tmpdir());
  if (free.bavail * free.bsize < 2e9) return `there are less than 2 GB free in ${os.tmpdir()}.`;
  return undefined;
}
