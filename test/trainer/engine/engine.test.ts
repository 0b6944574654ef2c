import { execFile } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { EngineProbe } from '../../../src/runs/manifest';
import type { WantedEngine } from '../../../src/trainer/engine/engine';
import { installFakeNative } from './fakeNative';
import { compileSimd } from '../../../scripts/simd.mjs';

// Engines are chosen in processes of their own, from a minified bundle as the extension ships it.

const require = createRequire(__filename);
let root: string;
let driver: string;
let folder: string;
let count = 0;

beforeAll(async () => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'engine-'));
  driver = path.join(root, 'trainer', 'driver.js');
  await build({
    entryPoints: [path.join(__dirname, 'engineDriver.ts')],
    outfile: driver,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    mainFields: ['module', 'main'],
    supported: { 'dynamic-import': false },
    logLevel: 'error',
  });
  const binaries = path.join(
    path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')),
    'dist',
  );
  const beside = path.join(root, 'trainer', 'wasm');
  fs.mkdirSync(beside);
  for (const file of ['tfjs-backend-wasm.wasm', 'tfjs-backend-wasm-simd.wasm'])
    fs.copyFileSync(path.join(binaries, file), path.join(beside, file));
  for (const file of await compileSimd()) fs.copyFileSync(file, path.join(beside, path.basename(file)));
});
afterAll(() => fs.rmSync(root, { recursive: true, force: true }));

beforeEach(() => {
  folder = path.join(root, `workspace ${++count}`);
  fs.mkdirSync(folder);
});

function overwriteEach(binaries: string): void {
  for (const file of fs.readdirSync(binaries)) fs.writeFileSync(path.join(binaries, file), 'no binary');
}

interface Outcome {
  id?: string;
  reason?: string;
  backend?: string;
  listeners?: number;
  tensors?: number;
  refused?: string;
  probes: EngineProbe[];
}

async function open(wanted: WantedEngine | 'probe', env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  const { stdout } = await promisify(execFile)(process.execPath, [driver, wanted, folder], {
    env: { ...process.env, DISTILLERY_HOME: path.join(folder, 'home'), ...env },
  });
  return JSON.parse(stdout) as Outcome;
}

describe('without native TensorFlow', () => {
  it('takes WebAssembly and says why', async () => {
    const engine = await open('auto');
    expect(engine).toMatchObject({
      id: 'wasm',
      backend: 'wasm',
      probes: [
        { id: 'tensorflow', ok: false },
        { id: 'wasm', ok: true },
      ],
    });
    expect(engine.reason).toContain('Native TensorFlow is not set up');
    expect(engine.reason).toContain('Distillery: Set Up Native TensorFlow');
    expect(engine.reason).toContain('npm run setup:native');
    expect(engine.probes[1]!.version).toMatch(
      /^TensorFlow\.js 4\.22\.0 with our SIMD kernels( \(fused multiply-add\))?$/,
    );
  });

  it('leaves no listeners of Emscripten and no tensors behind', async () => {
    expect(await open('wasm')).toMatchObject({ listeners: 0, tensors: 0 });
  });

  it('refuses when native was asked for, with the cure', async () => {
    const { refused } = await open('native');
    expect(refused).toContain('not set up');
    expect(refused).toContain('choose the engine "auto" or "wasm"');
  });

  it('takes plain JavaScript only when it was asked for', async () => {
    expect(await open('cpu')).toMatchObject({ id: 'cpu', backend: 'cpu', probes: [{ id: 'cpu', ok: true }] });
  });

  it('probes every engine that people can choose', async () => {
    const { probes } = await open('probe');
    expect(probes.map(({ id, ok }) => [id, ok])).toEqual([
      ['tensorflow', false],
      ['wasm', true],
    ]);
  });

  it.each([
    ['gone', (binaries: string) => fs.rmSync(binaries, { recursive: true }), 'Installing Distillery again'],
    ['not whole', overwriteEach, 'cannot be started'],
  ])('says where the WebAssembly binaries should be when they are %s', async (_what, damage, words) => {
    const [here, away] = ['wasm', 'elsewhere'].map((name) => path.join(root, 'trainer', name)) as [
      string,
      string,
    ];
    fs.cpSync(here, away, { recursive: true });
    damage(here);
    try {
      const { refused } = await open('auto');
      expect(refused).toContain(here);
      expect(refused).toContain(words);
    } finally {
      fs.rmSync(here, { recursive: true, force: true });
      fs.renameSync(away, here);
    }
  });
});

describe('with @tensorflow/tfjs-node in the workspace', () => {
  it('takes it when it works', async () => {
    installFakeNative(folder);
    const engine = await open('auto');
    expect(engine).toMatchObject({ id: 'tensorflow', backend: 'tensorflow', tensors: 0 });
    expect(engine.probes).toMatchObject([{ id: 'tensorflow', ok: true, version: 'TensorFlow 2.9.1' }]);
  });

  it('finds it in a folder above', async () => {
    installFakeNative(folder);
    folder = path.join(folder, 'deeper');
    fs.mkdirSync(folder);
    expect(await open('native')).toMatchObject({ id: 'tensorflow' });
  });

  it('does not use it when WebAssembly was asked for', async () => {
    installFakeNative(folder, { binding: 'process.abort();' });
    expect(await open('wasm')).toMatchObject({ id: 'wasm', probes: [{ id: 'wasm' }] });
  });

  it('says so when npm left out its library', async () => {
    installFakeNative(folder, { binding: null });
    const engine = await open('auto');
    expect(engine.id).toBe('wasm');
    expect(engine.reason).toContain('its native library is missing');
    expect(engine.reason).toContain('npm rebuild @tensorflow/tfjs-node');
    expect(engine.reason).toContain('npm run setup:native');
  });

  it('tells what the library says when it cannot be loaded', async () => {
    installFakeNative(folder, {
      binding: "throw new Error('libtensorflow.so.2: cannot open shared object file');",
    });
    const engine = await open('auto');
    expect(engine.id).toBe('wasm');
    expect(engine.reason).toContain('libtensorflow.so.2: cannot open shared object file');
  });

  it('survives a library that ends the whole process', async () => {
    installFakeNative(folder, { binding: 'process.abort();' });
    const engine = await open('auto');
    expect(engine.id).toBe('wasm');
    expect(engine.reason).toContain('it crashed (SIGABRT)');
  });

  it('does not trust a library that computes wrong gradients', async () => {
    installFakeNative(folder, {
      kernels: `const { kernelFunc } = tf.getKernel('MaxPoolGrad', 'tensorflow');
        tf.unregisterKernel('MaxPoolGrad', 'tensorflow');
        tf.registerKernel({ kernelName: 'MaxPoolGrad', backendName: 'tensorflow', kernelFunc: (args) => {
          const result = kernelFunc(args);
          args.backend.data.get(result.dataId).values.fill(0);
          return result;
        } });`,
    });
    const engine = await open('auto');
    expect(engine.id).toBe('wasm');
    expect(engine.reason).toMatch(/The self-test differs by \S+ from the right numbers \(gradient of \w+\)/);
    expect(engine.probes[1]).toMatchObject({ id: 'wasm', ok: true });
  });

  it('lends it the functions that newer Node versions removed', async () => {
    installFakeNative(folder, {
      write: 'if (util.isNullOrUndefined(values) || !util.isArray([])) throw new Error("no numbers");',
    });
    const removal = path.join(root, 'newer-node.cjs');
    fs.writeFileSync(
      removal,
      "const util = require('util'); delete util.isNullOrUndefined; delete util.isArray;",
    );
    const engine = await open('auto', { NODE_OPTIONS: `--require "${removal}"` });
    expect(engine.probes[0]).toMatchObject({ id: 'tensorflow', ok: true });
  });

  it('differentiates with our copy of TensorFlow.js, whichever copy the package brings', async () => {
    installFakeNative(folder, {
      kernels: "tf.registerGradient({ kernelName: 'Tanh', gradFunc: (dy) => ({ x: () => tf.mul(dy, 7) }) });",
    });
    expect(await open('auto')).toMatchObject({ id: 'tensorflow' });
  });
});

describe('with what the set-up installed', () => {
  const installed = () => path.join(folder, 'home', 'native', `${process.platform}-${process.arch}`);

  it('takes it when the workspace has none', async () => {
    installFakeNative(installed());
    expect(await open('auto')).toMatchObject({ id: 'tensorflow', backend: 'tensorflow' });
  });

  it('takes it when the one of the workspace does not work', async () => {
    installFakeNative(folder, { binding: null });
    installFakeNative(installed());
    expect(await open('native')).toMatchObject({ id: 'tensorflow' });
  });

  it("prefers the workspace's own, and tells why that one cannot be used when none can", async () => {
    installFakeNative(folder);
    installFakeNative(installed(), { binding: 'process.abort();' });
    expect(await open('auto')).toMatchObject({ id: 'tensorflow' });
    installFakeNative(folder, { binding: "throw new Error('of the workspace');" });
    expect((await open('auto')).reason).toContain('of the workspace');
  });

  it('does not choose it by itself after a crash, but takes it when it is asked for', async () => {
    installFakeNative(installed());
    const binding = path.join(
      installed(),
      'node_modules/@tensorflow/tfjs-node/lib/napi-v8/tfjs_binding.node',
    );
    const memory = {
      [`${fs.realpathSync(binding)} ${Math.round(fs.statSync(binding).mtimeMs)}`]: { signal: 'SIGSEGV' },
    };
    fs.writeFileSync(path.join(folder, 'home', 'native', 'crashes.json'), JSON.stringify(memory));
    const engine = await open('auto');
    expect(engine).toMatchObject({ id: 'wasm', backend: 'wasm' });
    expect(engine.reason).toContain('crashed in an earlier run (SIGSEGV)');
    expect((await open('probe')).probes[0]).toMatchObject({ id: 'tensorflow', ok: false });
    expect(await open('native')).toMatchObject({ id: 'tensorflow' });
  });
});
