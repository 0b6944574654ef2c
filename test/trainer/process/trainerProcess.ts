import { spawn, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import { compileSimd } from '../../../scripts/simd.mjs';
import { readEvents, readManifest, readReport } from '../../../src/runs/reader';
import { runsFolder } from '../../../src/runs/paths';

const root = path.resolve(__dirname, '../../..');

/** Builds the trainer as it is shipped, into a folder of its own outside the repository. @returns path of trainer.js */
export async function buildTrainer(): Promise<string> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'distillery-trainer-'));
  await build({
    absWorkingDir: root,
    entryPoints: ['src/trainer/main.ts'],
    outfile: path.join(folder, 'trainer.js'),
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    mainFields: ['module', 'main'],
    supported: { 'dynamic-import': false },
    external: ['@tensorflow/tfjs-node'],
  });
  const wasm = path.join(root, 'node_modules/@tensorflow/tfjs-backend-wasm/dist');
  fs.mkdirSync(path.join(folder, 'wasm'));
  for (const file of fs.readdirSync(wasm).filter((name) => name.endsWith('.wasm')))
    fs.copyFileSync(path.join(wasm, file), path.join(folder, 'wasm', file));
  for (const file of await compileSimd())
    fs.copyFileSync(file, path.join(folder, 'wasm', path.basename(file)));
  return path.join(folder, 'trainer.js');
}

export interface Finished {
  code: number | null;
  signal: NodeJS.Signals | null;
  out: string;
  error: string;
}

export interface RunningTrainer {
  process: ChildProcess;
  finished: Promise<Finished>;
}

export function startTrainer(
  trainer: string,
  args: string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv; uid?: number },
): RunningTrainer {
  const child = spawn(process.execPath, [trainer, ...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.uid === undefined ? {} : { uid: options.uid }),
  });
  let out = '';
  let error = '';
  child.stdout.on('data', (data: Buffer) => (out += data.toString()));
  child.stderr.on('data', (data: Buffer) => (error += data.toString()));
  const finished = new Promise<Finished>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, out, error }));
  });
  return { process: child, finished };
}

/** Waits until something holds, looking every 20 ms; fails after 60 s with what was waited for. */
export async function until<T>(what: string, look: () => T | Promise<T>): Promise<NonNullable<T>> {
  const end = Date.now() + 60_000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== null && found !== false) return found;
    if (Date.now() > end) throw new Error(`Waited a minute for ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The only run in a workspace. */
export async function onlyRun(workspace: string) {
  const folder = runsFolder(workspace);
  const names = fs.readdirSync(folder);
  if (names.length !== 1) throw new Error(`There are ${names.length} runs in ${folder}.`);
  return contentOf(path.join(folder, names[0]!));
}

/** Everything that a run directory tells. */
export async function contentOf(directory: string) {
  const [manifest, events, report] = [
    await readManifest(directory),
    await readEvents(directory),
    await readReport(directory),
  ];
  return { directory, manifest: manifest!, events, report };
}
