import fs from 'node:fs';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { compileSimd } from '../../../scripts/simd.mjs';
import { openEngine } from '../../../src/trainer/engine/engine';
import { MemoryExhausted, simd } from '../../../src/trainer/engine/simd/simd';
import { pattern } from '../fixtures/pattern';

// Our own matrix kernels against double precision, where they change their way of working: at the edges of tiles, of blocks
// and of what counts as sparse.

let version: string | undefined;

beforeAll(async () => {
  version = (await openEngine('wasm', { searchFrom: [] })).probes.at(-1)?.version;
});

type Sizes = [rows: number, inner: number, columns: number];

const sizes: Sizes[] = [
  [1, 1, 1],
  [6, 1, 8],
  [7, 3, 9],
  [5, 513, 7],
  [13, 97, 47],
  [12, 193, 48],
  [97, 20, 49],
  [100, 30, 96],
  [2, 5000, 33],
];
const shares = [1, 0.5, 0.05, 0];

describe('a matrix product', () => {
  const cases = sizes.flatMap((size) => shares.map((share) => [size, share] as const));

  it.each(cases)('is right, however it is stored: %s, %d of the left not 0', (size, share) => {
    const [rows, inner, columns] = size;
    const a = thinned(rows * inner, share);
    const b = pattern(inner * columns, 2);
    const expected = product(a, b, size);
    for (const transposeA of [false, true])
      for (const transposeB of [false, true]) {
        const computed = tf.tidy(() => {
          const left = tf.tensor2d(a, [rows, inner]);
          const right = tf.tensor2d(b, [inner, columns]);
          return tf
            .matMul(
              transposeA ? tf.transpose(left) : left,
              transposeB ? tf.transpose(right) : right,
              transposeA,
              transposeB,
            )
            .dataSync();
        });
        expect(error(computed, expected, inner)).toBeLessThan(1e-6);
      }
  });

  it.each(cases)('adds a bias and clamps at the end: %s, %d of the left not 0', (size, share) => {
    const [rows, inner, columns] = size;
    const a = thinned(rows * inner, share);
    const b = pattern(inner * columns, 2);
    const bias = pattern(columns, 3);
    const sums = product(a, b, size).map((sum, i) => sum + bias[i % columns]!);
    for (const activation of ['linear', 'relu', 'relu6', 'elu'] as const) {
      const computed = tf.tidy(() =>
        tf.fused
          .matMul({
            a: tf.tensor2d(a, [rows, inner]),
            b: tf.tensor2d(b, [inner, columns]),
            bias: tf.tensor1d(bias),
            activation,
          })
          .dataSync(),
      );
      expect(error(computed, sums.map(nonlinear[activation]), inner)).toBeLessThan(1e-6);
    }
  });

  it('repeats both batches where they are 1', () => {
    const [a, b] = [pattern(2 * 3 * 4, 1), pattern(3 * 4 * 5, 2)];
    const computed = tf.tidy(() => tf.matMul(tf.tensor4d(a, [2, 1, 3, 4]), tf.tensor4d(b, [1, 3, 4, 5])));
    expect(computed.shape).toEqual([2, 3, 3, 5]);
    const expected = [0, 1].flatMap((i) =>
      [0, 1, 2].flatMap((j) =>
        product(a.slice(12 * i, 12 * i + 12), b.slice(20 * j, 20 * j + 20), [3, 4, 5]),
      ),
    );
    expect(error(computed.dataSync(), expected, 4)).toBeLessThan(1e-6);
    computed.dispose();
  });

  it('keeps what is not a number, also through a ReLU', () => {
    const computed = tf.tidy(() => {
      const a = tf.tensor2d([[NaN, 1], [1, 2]]); // prettier-ignore
      return tf.fused.matMul({ a, b: tf.ones([2, 9]), activation: 'relu' }).arraySync() as number[][];
    });
    expect(computed[0]!.every(Number.isNaN)).toBe(true);
    expect(computed[1]).toEqual(Array(9).fill(3));
  });

  it('gives the same bits every time, with and without other work in between', () => {
    const a = tf.tensor2d(thinned(70 * 300, 0.6), [70, 300]);
    const b = tf.tensor2d(pattern(300 * 50, 2), [300, 50]);
    const run = () => tf.tidy(() => tf.matMul(a, b).dataSync());
    const first = run();
    tf.tidy(() => tf.matMul(tf.ones([200, 900]), tf.ones([900, 300])));
    expect(run()).toEqual(first);
    tf.dispose([a, b]);
  });
});

describe('the compiled kernels', () => {
  it('say which of the two they are', () => {
    expect(version).toBe(
      `TensorFlow.js 4.22.0 with our SIMD kernels${simd().roundsOnce ? ' (fused multiply-add)' : ''}`,
    );
  });

  it('bring no data of their own, which would lie on top of the numbers of TensorFlow.js', async () => {
    for (const file of await compileSimd()) {
      const bytes = fs.readFileSync(file);
      const sections: number[] = [];
      for (let at = 8; at < bytes.length;) {
        sections.push(bytes[at]!);
        let [length, shift] = [0, 0];
        do {
          at++;
          length += (bytes[at]! & 127) * 2 ** shift;
          shift += 7;
        } while (bytes[at]! > 127);
        at += length + 1;
      }
      const [importSection, memorySection, startSection, dataSection] = [2, 5, 8, 11];
      expect(sections).toContain(importSection);
      expect(sections).not.toContain(memorySection);
      expect(sections).not.toContain(startSection);
      expect(sections).not.toContain(dataSection);
    }
  });

  it('agree with each other to rounding', async () => {
    const results = (await compileSimd()).map((file) => {
      const memory = new WebAssembly.Memory({ initial: 4 });
      const module = new WebAssembly.Module(fs.readFileSync(file));
      const kernels = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as ReturnType<
        typeof simd
      >['kernels'];
      const [a, b, c, packed, tile, from, to, run] = [1024, 8192, 65536, 98304, 512, 131072, 135168, 139264];
      new Float32Array(memory.buffer, a, 12 * 50).set(pattern(600, 1));
      new Float32Array(memory.buffer, b, 50 * 20).set(pattern(1000, 2));
      kernels.fillAddresses(from, a, 200, 12);
      kernels.fillAddresses(to, c, 80, 12);
      kernels.fillAddresses(run, 0, 0, 1);
      kernels.packColumns(b, 20, 1, 50, 20, packed);
      kernels.multiplyRows(tile, from, 0, to, 12, run, 1, 50, packed, 20, 0, -Infinity, Infinity);
      return [...new Float32Array(memory.buffer, c, 240)];
    });
    const expected = product(pattern(600, 1), pattern(1000, 2), [12, 50, 20]);
    for (const computed of results) expect(error(computed, expected, 50)).toBeLessThan(1e-6);
  });
});

describe('memory', () => {
  it('that is exhausted is an error, not numbers in the wrong place', () => {
    const backend = tf.backend() as unknown as Pick<BackendWasm, 'makeOutput' | 'disposeData'>;
    // No 2 GB blocks fit into 4 GB twice beside what is there already.
    const blocks: tf.TensorInfo[] = [];
    const fill = () => {
      for (let i = 0; i < 3; i++) blocks.push(backend.makeOutput([500_000_000], 'float32'));
    };
    expect(fill).toThrow(MemoryExhausted);
    expect(fill).toThrow(/out of memory/);
    for (const { dataId } of blocks) backend.disposeData(dataId);
    expect(tf.tidy(() => tf.matMul(tf.ones([2, 3]), tf.ones([3, 2])).dataSync())).toEqual(
      Float32Array.of(3, 3, 3, 3),
    );
  });
});

/** Of `share` of the numbers; the others are 0. */
function thinned(size: number, share: number): number[] {
  return pattern(size, 1).map((value, i) => ((i * 7919) % 1000 < share * 1000 ? value : 0));
}

function product(a: readonly number[], b: readonly number[], [rows, inner, columns]: Sizes): number[] {
  const result = new Array<number>(rows * columns).fill(0);
  for (let i = 0; i < rows; i++)
    for (let k = 0; k < inner; k++)
      for (let j = 0; j < columns; j++) result[i * columns + j]! += a[i * inner + k]! * b[k * columns + j]!;
  return result;
}

const nonlinear = {
  linear: (x: number) => x,
  relu: (x: number) => Math.max(0, x),
  relu6: (x: number) => Math.min(6, Math.max(0, x)),
  elu: (x: number) => (x > 0 ? x : Math.expm1(x)),
};

/** The largest difference, relative to sums of `inner` products of numbers of size 1. */
function error(computed: ArrayLike<number>, expected: readonly number[], inner: number): number {
  expect(computed.length).toBe(expected.length);
  return Math.max(...expected.map((value, i) => Math.abs(value - computed[i]!))) / inner;
}
