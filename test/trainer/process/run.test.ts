import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RunReport } from '../../../src/runs/report';
import { buildTrainer, contentOf, onlyRun, startTrainer } from './trainerProcess';
import { tinyExperiment, writeTinyData } from './tinyData';

let trainer: string;
let workspace: string;
let file: string;

beforeAll(async () => {
  trainer = await buildTrainer();
});
afterAll(() => fs.rmSync(path.dirname(trainer), { recursive: true }));
beforeEach(() => {
  workspace = fs.mkdtempSync(path.join(os.tmpdir(), 'distillery-run-'));
  file = path.join(workspace, 'tiny.distill.yaml');
  writeTinyData(path.join(workspace, 'data'));
  fs.writeFileSync(file, tinyExperiment());
  return () => fs.rmSync(workspace, { recursive: true });
});

function run(...args: string[]) {
  return startTrainer(trainer, ['run', file, ...args], { cwd: workspace }).finished;
}

/** A report without what differs from run to run. */
function numbers({ roles, comparisons, expect: lines }: RunReport) {
  const withoutTimings = Object.entries(roles).map(([role, { latencyMs: _, ...rest }]) => [role, rest]);
  return { roles: Object.fromEntries(withoutTimings) as unknown, comparisons, lines };
}

describe('a run from the first byte to the report', () => {
  it('leaves a whole run directory', async () => {
    const { code, out, error } = await run();
    expect({ code, error }).toEqual({ code: 0, error: '' });
    const { directory, manifest, events, report } = await onlyRun(workspace);

    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
    expect(manifest).toMatchObject({
      state: 'done',
      exitCode: 0,
      engine: 'wasm',
      name: 'Tiny',
      seeds: [1, 2],
    });
    expect(manifest.roles).toEqual(['teacher', 'student', 'scratch']);
    expect(fs.readFileSync(path.join(directory, 'experiment.distill.yaml'), 'utf8')).toBe(tinyExperiment());
    expect(JSON.parse(fs.readFileSync(path.join(directory, 'resolved.json'), 'utf8'))).toMatchObject({
      hash: manifest.hash,
      student: { model: { layers: [{ kind: 'flatten' }, { kind: 'dense', units: 8 }] } },
    });

    const finished = events.flatMap((event) =>
      event.type === 'stage' && event.state === 'finished' ? [event.stage] : [],
    );
    expect(finished).toEqual([
      'teacher',
      'student/1/distill',
      'scratch/1/distill',
      'student/2/distill',
      'scratch/2/distill',
    ]);
    // Four classes, 8 × 8 pixels: 64 · 8 + 8 + 8 · 4 + 4 weights.
    expect(report!.roles.student).toMatchObject({
      seeds: [1, 2],
      parameters: 556,
      multiplyAdds: 64 * 8 + 8 * 4,
    });
    expect(report!.roles.student!.errors.values).toHaveLength(2);
    expect(report!.roles.teacher!.agreement).toBeUndefined();
    expect(report!.comparisons).toHaveLength(1);
    expect(out).toContain('test errors of 100');

    const tested = events.filter((event) => event.type === 'evaluation' && event.split === 'test');
    expect(tested).toHaveLength(5);
    const images = events.flatMap((event) => (event.type === 'sample' && event.images ? event.images : []));
    expect(images.map(({ label }) => label)).toEqual([0, 1, 2, 3, 0, 1, 2, 3, 0, 1]);
  });

  it('measures what the saved model says, counted by hand from its weights', async () => {
    fs.writeFileSync(file, tinyExperiment({ seeds: 'seeds: [7]', rest: '' }));
    expect((await run()).code).toBe(0);
    const { directory, report } = await onlyRun(workspace);
    const errors = errorsByHand(path.join(directory, 'models/student-seed-7'), path.join(workspace, 'data'));
    expect(report!.roles.student!.errors.values).toEqual([errors]);
    const bytes = fs
      .readdirSync(path.join(directory, 'models/student-seed-7'))
      .reduce((sum, name) => sum + fs.statSync(path.join(directory, 'models/student-seed-7', name)).size, 0);
    expect(report!.roles.student!.bytes).toBe(bytes);
  });

  it('gives identical numbers again, and uses the teacher again', async () => {
    const first = await run('--out', path.join(workspace, 'first'));
    const second = await run('--out', path.join(workspace, 'second'));
    expect([first.code, second.code]).toEqual([0, 0]);
    const [a, b] = [
      await contentOf(path.join(workspace, 'first')),
      await contentOf(path.join(workspace, 'second')),
    ];
    expect(numbers(a.report!)).toEqual(numbers(b.report!));
    const teacherOf = ({ events }: typeof a) =>
      events.flatMap((event) => (event.type === 'stage' && event.role === 'teacher' ? [event.state] : []));
    expect(teacherOf(a)).toEqual(['started', 'finished']);
    expect(teacherOf(b)).toEqual(['reused']);
    const table = (out: string) => out.slice(out.indexOf('test errors'), out.indexOf('Timings'));
    expect(table(first.out)).toBe(table(second.out));
    expect(table(first.out).length).toBeGreaterThan(200);
  });

  it('trains the teacher again when the kept one is damaged, and says so', async () => {
    await run('--out', path.join(workspace, 'first'));
    const teachers = path.join(workspace, '.distillery/teachers');
    const weights = path.join(teachers, fs.readdirSync(teachers)[0]!, 'weights.bin');
    const bytes = fs.readFileSync(weights);
    bytes[100]! ^= 1;
    fs.writeFileSync(weights, bytes);
    const { code, out } = await run('--out', path.join(workspace, 'second'));
    expect(code).toBe(0);
    expect(out).toContain('cannot be used');
    const [a, b] = [
      await contentOf(path.join(workspace, 'first')),
      await contentOf(path.join(workspace, 'second')),
    ];
    expect(numbers(a.report!)).toEqual(numbers(b.report!));
  });

  it('trains convolutions with batch normalisation in two stages, with moved images and a live teacher', async () => {
    fs.writeFileSync(
      file,
      tinyExperiment({
        seeds: 'seeds: [3]',
        teacher:
          'teacher:\n  model: {cnn: [conv 4 norm, pool 2, dense 16]}\n  train: {epochs: 2, batch: 20, augment: {shift: 1}, keep: best, optimizer: {sgd: {rate: 0.05, momentum: 0.9, nesterov: true}}}',
        student:
          'student:\n  model:\n    layers:\n      - conv: {filters: 2, activation: linear}\n      - norm:\n      - activation: relu\n      - max_pool: {size: 2}\n      - dropout: 0.1',
        distill:
          'distill:\n  - name: logits\n    epochs: 2\n    batch: 20\n    augment: {shift: 1}\n    clip_norm: 1\n    losses: [{logit_mse: {}}]\n  - name: labels\n    epochs: 2\n    batch: 20\n    schedule: {cosine: {warmup: 1}}\n    optimizer: {adamw: {}}\n    losses: [{ce: {label_smoothing: 0.1}}, {kd: {}, weight: 0.5}]',
      }),
    );
    const { code, error } = await run();
    expect({ code, error }).toEqual({ code: 0, error: '' });
    const { events } = await onlyRun(workspace);
    const student = events.flatMap((event) =>
      event.type === 'metrics' ? event.points.filter((point) => point.role === 'student') : [],
    );
    const steps = student.filter(({ series }) => series === 'loss').map(({ step }) => step);
    // Two stages of 2 epochs of 4 steps: the count goes on, nothing is missing or doubled.
    expect(steps).toEqual(Array.from({ length: 16 }, (_, i) => i + 1));
    expect(student.some(({ series }) => series === 'loss.logit_mse')).toBe(true);
    const rates = student
      .filter(({ series, step }) => series === 'rate' && step > 8)
      .map(({ value }) => value as number);
    // Warm-up over one epoch of 4 steps to 0.001, then half a cosine over 4 steps.
    const cosine = (t: number) => (0.001 * (1 + Math.cos(Math.PI * t))) / 2;
    const wanted = [0.00025, 0.0005, 0.00075, 0.001, cosine(0), cosine(0.25), cosine(0.5), cosine(0.75)];
    expect(rates).toHaveLength(8);
    rates.forEach((rate, i) => expect(rate).toBeCloseTo(wanted[i]!, 8));
  });

  it('keeps the last whole checkpoint of each model', async () => {
    await run();
    const { directory, events } = await onlyRun(workspace);
    const owners = ['scratch-1', 'scratch-2', 'student-1', 'student-2', 'teacher-1'];
    const last = new Map(
      events.flatMap((event) =>
        event.type === 'checkpoint' ? [[`${event.role}-${event.seed}`, event]] : [],
      ),
    );
    expect([...last.keys()].sort()).toEqual(owners);
    const pointers = owners.map(
      (owner) =>
        JSON.parse(fs.readFileSync(path.join(directory, 'checkpoints', `${owner}.json`), 'utf8')) as {
          path: string;
          sha256: string;
          epoch: number;
        },
    );
    pointers.forEach(({ path: relative, sha256, epoch }, i) => {
      const bytes = fs.readFileSync(path.join(directory, relative));
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
      expect([relative, epoch]).toEqual([last.get(owners[i]!)!.path, owners[i] === 'teacher-1' ? 3 : 4]);
    });
    expect(fs.readdirSync(path.join(directory, 'checkpoints'))).toHaveLength(2 * owners.length);
  });

  it('takes another seed and prints events as JSON when asked', async () => {
    const { code, out } = await run('--seed', '9', '--json');
    expect(code).toBe(0);
    const types = out
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { type: string }).type);
    expect(types).toContain('progress');
    expect((await onlyRun(workspace)).manifest.seeds).toEqual([9]);
  });
});

/** Loads the saved weights by their manifest and classifies the test images in plain JavaScript. */
function errorsByHand(folder: string, data: string): number {
  const { weightsManifest } = JSON.parse(fs.readFileSync(path.join(folder, 'model.json'), 'utf8')) as {
    weightsManifest: { weights: { name: string; shape: number[] }[] }[];
  };
  const bytes = fs.readFileSync(path.join(folder, 'weights.bin'));
  let offset = 0;
  const [k1, b1, k2, b2] = weightsManifest[0]!.weights.map(({ shape }) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const values = Array.from({ length: size }, (_, i) => bytes.readFloatLE(offset + 4 * i));
    offset += 4 * size;
    return { shape, values };
  });
  const dense = (x: number[], kernel: typeof k1, bias: typeof b1) =>
    bias!.values.map((b, j) =>
      x.reduce((sum, xi, i) => sum + xi * kernel!.values[i * bias!.values.length + j]!, b),
    );
  const images = fs.readFileSync(path.join(data, 't10k-images-idx3-ubyte')).subarray(16);
  const labels = fs.readFileSync(path.join(data, 't10k-labels-idx1-ubyte')).subarray(8);
  return [...labels].filter((label, row) => {
    const x = [...images.subarray(row * 64, row * 64 + 64)].map((pixel) => pixel / 255);
    const logits = dense(
      dense(x, k1, b1).map((value) => Math.max(0, value)),
      k2,
      b2,
    );
    return logits.indexOf(Math.max(...logits)) !== label;
  }).length;
}
