import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { MemoryResult } from '../../bench/memory';
import type { StepsResult } from '../../bench/steps';

const root = path.resolve(__dirname, '..', '..');

let folder: string;
beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'distillery-bench-test-'))));
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

it('measures steps of the very networks, keeps the numbers and prints the tables', async () => {
  const { code, out, error, results } = await bench<{ steps: StepsResult; memory: MemoryResult }>(
    ['steps', 'memory', '--cases', 'mlp', '--contenders', 'wasm,torch-1'],
    ['--rounds', '2', '--budget', '0', '--memory-steps', '2'],
  );
  expect(error).toContain(
    'PyTorch (1 thread) does not take part: there is no no-python-here (pip install torch',
  );
  expect(code).toBe(0);
  const { steps, memory } = results;
  // 784·1200 + 1200 + 1200·1200 + 1200 + 1200·10 + 10, and the same with 800.
  expect(steps.parameters).toEqual({ mlp: { teacher: 2_395_210, student: 1_276_810 } });
  expect(steps.measurements.map(({ mode, contender }) => `${contender} ${mode}`)).toEqual([
    'wasm live',
    'wasm cached',
    'wasm teacher',
  ]);
  for (const { milliseconds, steps: count, ofRounds } of steps.measurements) {
    expect(milliseconds).toBeGreaterThan(0);
    expect(count).toBe(4);
    expect(ofRounds).toHaveLength(2);
  }
  const [engine] = memory.engines;
  expect(engine!.tensorsAtEnd).toBe(engine!.tensorsAtStart);
  expect(out).toMatch(/^\| mlp: step, teacher in it +\| +\d/m);
  expect(out).toMatch(/^\| Distillery, npm only \(1 thread\) +\| +\d/m);
});

it('says what can be measured when it is asked for something else', async () => {
  const { code, error } = await bench(['speed'], []);
  expect(code).toBe(2);
  expect(error).toContain('There is no speed.');
  expect(error).toContain('steps    one distillation step');
});

interface Benched<Results> {
  code: number | null;
  out: string;
  error: string;
  results: Results;
}

/** Runs the command as people do, on a machine that has neither Python nor native TensorFlow. */
function bench<Results>(parts: string[], options: string[]): Promise<Benched<Results>> {
  const json = path.join(folder, 'results.json');
  const args = [path.join(root, 'bench', 'run.mjs'), ...parts, ...options, '--json', json];
  const env = { ...process.env, PYTHON: 'no-python-here' };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, args, { env }, (_failure, out, error) => {
      const results = (fs.existsSync(json) ? JSON.parse(fs.readFileSync(json, 'utf8')) : {}) as Results;
      resolve({ code: child.exitCode, out, error, results });
    });
  });
}
