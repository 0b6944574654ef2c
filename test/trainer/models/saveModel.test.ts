import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEngine } from '../../../src/trainer/engine/engine';
import { buildModel } from '../../../src/trainer/models/buildModel';
import type { Model } from '../../../src/trainer/models/model';
import { loadWeights, saveModel } from '../../../src/trainer/models/saveModel';
import { pattern } from '../fixtures/pattern';
import { architectures, imageShape } from './architectures';

let root: string;

beforeAll(async () => {
  await openEngine('wasm', { searchFrom: [] });
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'models-'));
});
afterAll(() => fs.rmSync(root, { recursive: true, force: true }));

const names = Object.keys(architectures);
const build = (name: string, seed = 1): Model =>
  buildModel(architectures[name]!, { inputShape: imageShape, classes: 3, seed, name: 'student' });

/** Stock TensorFlow.js in a process of its own that knows nothing of us: reads each folder and prints its logits. */
function stockLogits(folders: string[], pixels: number[]): number[][] {
  const program = `
    const fs = require('fs'), path = require('path');
    const tf = require('@tensorflow/tfjs-core'), layers = require('@tensorflow/tfjs-layers');
    require('@tensorflow/tfjs-backend-cpu');
    (async () => {
      const [folders, pixels] = JSON.parse(process.argv[1]);
      const x = tf.tensor(pixels, [3, 9, 7, 2]);
      const logits = [];
      for (const folder of folders) {
        const json = JSON.parse(fs.readFileSync(path.join(folder, 'model.json'), 'utf8'));
        const [{ paths, weights }] = json.weightsManifest;
        const bytes = new Uint8Array(fs.readFileSync(path.join(folder, paths[0])));
        const model = await layers.loadLayersModel(tf.io.fromMemory({ ...json, weightSpecs: weights, weightData: bytes.buffer }));
        logits.push([...model.predict(x).dataSync()]);
      }
      console.log(JSON.stringify(logits));
    })();`;
  const out = execFileSync(process.execPath, ['-e', program, JSON.stringify([folders, pixels])], {
    cwd: path.join(__dirname, '../../..'),
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(out.toString()) as number[][];
}

describe('a saved model', () => {
  it('gives the same logits in stock TensorFlow.js', async () => {
    const pixels = pattern(3 * 9 * 7 * 2, 1);
    const folders = names.map((_name, i) => path.join(root, `stock-${i}`));
    const ours: Float32Array[] = [];
    for (const [i, name] of names.entries()) {
      const model = build(name);
      // A training pass, so that the running statistics are not where they began.
      const x = tf.tensor4d(pixels, [3, 9, 7, 2]);
      tf.tidy(() => model.forward(x));
      const logits = tf.tidy(() => model.predict(x));
      ours.push((await logits.data()) as Float32Array);
      await saveModel(model, folders[i]!);
      tf.dispose([x, logits]);
      model.dispose();
    }
    stockLogits(folders, pixels).forEach((logits, model) => {
      expect(logits.length).toBe(9);
      logits.forEach((value, i) => expect(value, names[model]).toBeCloseTo(ours[model]![i]!, 4));
    });
  });

  it.each(names)('gives back the very weights: %s', async (name) => {
    const folder = path.join(root, 'weights', name);
    const model = build(name);
    await saveModel(model, folder);
    const loaded = loadWeights(folder);
    expect(loaded).toEqual(await model.weights());
    const other = build(name, 2);
    other.setWeights(loaded);
    expect(await other.weights()).toEqual(await model.weights());
    model.dispose();
    other.dispose();
  });

  it('has the size that is told, and the same bytes every time', async () => {
    const [first, second] = [path.join(root, 'first'), path.join(root, 'second')];
    const model = build('a global pool');
    const bytes = await saveModel(model, first);
    await saveModel(model, second);
    const files = fs.readdirSync(first).sort();
    expect(files).toEqual(['model.json', 'weights.bin']);
    expect(files.reduce((sum, file) => sum + fs.statSync(path.join(first, file)).size, 0)).toBe(bytes);
    for (const file of files)
      expect(fs.readFileSync(path.join(second, file))).toEqual(fs.readFileSync(path.join(first, file)));
    model.dispose();
  });

  it('replaces one that is there, and leaves nothing else in the folder above', async () => {
    const parent = path.join(root, 'replaced');
    const folder = path.join(parent, 'student');
    for (const seed of [1, 2]) {
      const model = build('an mlp with dropout', seed);
      await saveModel(model, folder);
      expect(loadWeights(folder)).toEqual(await model.weights());
      model.dispose();
    }
    expect(fs.readdirSync(parent)).toEqual(['student']);
  });

  it('leaves nothing behind when it cannot be written', async () => {
    const parent = path.join(root, 'unwritable');
    fs.mkdirSync(parent);
    fs.writeFileSync(path.join(parent, 'file'), '');
    const model = build('a global pool');
    await expect(saveModel(model, path.join(parent, 'file', 'student'))).rejects.toThrow(/ENOTDIR|EEXIST/);
    expect(fs.readdirSync(parent)).toEqual(['file']);
    model.dispose();
  });
});

describe('a damaged model', () => {
  const damages: [string, (folder: string) => void, RegExp][] = [
    ['a changed weight', (folder) => change(path.join(folder, 'weights.bin'), 5), /checksum/],
    ['missing weights', (folder) => fs.rmSync(path.join(folder, 'weights.bin')), /weights\.bin/],
    ['cut weights', (folder) => fs.truncateSync(path.join(folder, 'weights.bin'), 8), /checksum/],
    [
      'a cut description',
      (folder) => fs.truncateSync(path.join(folder, 'model.json'), 100),
      /model\.json is not whole/,
    ],
    [
      'another description',
      (folder) => {
        const file = path.join(folder, 'model.json');
        fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('"units":6', '"units":7'));
      },
      /checksum/,
    ],
    [
      'a description of nothing',
      (folder) => fs.writeFileSync(path.join(folder, 'model.json'), '{}'),
      /checksum/,
    ],
    [
      'null as its description',
      (folder) => fs.writeFileSync(path.join(folder, 'model.json'), 'null'),
      /model\.json is not whole/,
    ],
  ];
  it.each(damages)('is reported: %s', async (name, damage, message) => {
    const folder = path.join(root, 'damaged', name);
    const model = build('an mlp with dropout');
    await saveModel(model, folder);
    model.dispose();
    damage(folder);
    expect(() => loadWeights(folder)).toThrow(message);
    expect(() => loadWeights(folder)).toThrow(folder);
  });

  function change(file: string, at: number): void {
    const bytes = fs.readFileSync(file);
    bytes[at] = bytes[at]! ^ 1;
    fs.writeFileSync(file, bytes);
  }
});
