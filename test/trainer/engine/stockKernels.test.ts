import * as wasm from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { createRequire } from 'node:module';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { runSelfTest } from '../../../src/trainer/engine/selfTest';

// The WebAssembly backend as it comes from upstream, without our repairs. When one of these tests fails, upstream has
// repaired something, and the file in src/trainer/engine/kernels with its reason can go.

beforeAll(async () => {
  const manifest = createRequire(__filename).resolve('@tensorflow/tfjs-backend-wasm/package.json');
  wasm.setWasmPaths(path.join(path.dirname(manifest), 'dist') + path.sep);
  await tf.setBackend('wasm');
});

describe('stock kernels of the WebAssembly backend', () => {
  it('have no gradient of a convolution for its filter', () => {
    expect(tf.getKernel('Conv2DBackpropFilter', 'wasm')).toBeUndefined();
  });

  it('lose the gradient of max-pooling over negative numbers', async () => {
    const gradient = tf.tidy(() =>
      tf.grad((x: tf.Tensor) => tf.maxPool(x as tf.Tensor4D, 2, 2, 'valid'))(
        tf.tensor4d([-4, -3, -1, -2], [1, 2, 2, 1]),
      ),
    );
    expect([...(await gradient.data())]).not.toEqual([0, 0, 1, 0]);
    gradient.dispose();
  });

  it.each(['greater', 'less', 'lessEqual', 'equal', 'notEqual'] as const)(
    'cannot differentiate where(%s(x, 0), …)',
    (name) => {
      const loss = (x: tf.Tensor) => tf.sum(tf.where(tf[name](x, 0), tf.mul(x, 2), x));
      expect(() => tf.tidy(() => tf.grad(loss)(tf.tensor1d([-1, 0, 3])))).toThrow(
        /gradient function not found/,
      );
    },
  );

  it('do not pass the self-test that every engine must pass', async () => {
    await expect(runSelfTest()).rejects.toThrow(/Conv2DBackpropFilter/);
  });
});
