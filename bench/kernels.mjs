// Prints how long the stock kernels of the WebAssembly backend take against ours, as medians on this machine, and what our
// two ways to multiply matrices take: node bench/kernels.mjs
import path from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { compileSimd } from '../scripts/simd.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
await compileSimd();
const ours = await bundled();
const { tf } = ours;
ours.setWasmPaths(
  path.join(path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist') + path.sep,
);
await tf.setBackend('wasm');

const image = (size, channels) => tf.randomNormal([64, size, size, channels]);
const [x1, x16, x32] = [image(28, 1), image(14, 16), image(14, 32)];
const [large32, half64] = [image(28, 32), image(7, 64)];
const filter = (...shape) => tf.randomNormal(shape);
const [first, middle, same] = [filter(3, 3, 1, 32), filter(3, 3, 16, 32), filter(3, 3, 32, 32)];
const [strided, depthwise] = [filter(3, 3, 64, 128), filter(3, 3, 32, 1)];
const rows = tf.randomNormal([100, 800]);
const zeroed = tf.relu(rows);
const weights = tf.randomNormal([800, 800]);
const pooled = tf.randomNormal([64, 7, 7, 32]);
const ofChannels = Array.from({ length: 4 }, () => tf.randomUniform([32], 0.5, 1.5));

const variable = tf.variable(tf.randomNormal([1_270_000]));
const gradient = tf.randomNormal([1_270_000]);
const stockAdam = tf.train.adam(1e-3);
const adam = { kind: 'adam', rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 };
const ownAdam = ours.createOptimizer(adam);

const cases = {
  'matrix product 100×800 · 800×800': () => tf.matMul(rows, weights),
  'the same, half of the left is 0 (behind a ReLU)': () => tf.matMul(zeroed, weights),
  'the same, left transposed (gradient of the weights)': () => tf.matMul(rows, rows, true, false),
  'the same, right transposed (gradient of the input)': () => tf.matMul(rows, weights, false, true),
  'convolution 3×3, 1→32, 28×28': () => tf.conv2d(x1, first, 1, 'same'),
  'convolution 3×3, 32→32, 28×28': () => tf.conv2d(large32, same, 1, 'same'),
  'convolution 3×3, 64→128, 7×7, stride 2': () => tf.conv2d(half64, strided, 2, 'same'),
  'convolution 3×3, 16→32, 14×14, gradient of the filter': () =>
    tf.grad((f) => tf.conv2d(x16, f, 1, 'same'))(middle, x32),
  'convolution 3×3, 16→32, 14×14, gradient of the input': () =>
    tf.grad((x) => tf.conv2d(x, middle, 1, 'same'))(x16, x32),
  'depthwise convolution 3×3, 32, 14×14': () => tf.depthwiseConv2d(x32, depthwise, 1, 'same'),
  'depthwise convolution 3×3, 32, 14×14, both gradients': () =>
    tf.grads((x, f) => tf.depthwiseConv2d(x, f, 1, 'same'))([x32, depthwise], x32),
  'max-pooling 2×2, 32, 14×14, gradient': () => tf.grad((x) => tf.maxPool(x, 2, 2, 'valid'))(x32, pooled),
  'ReLU, 32, 28×28, gradient': () => tf.grad((x) => tf.relu(x))(large32, large32),
  'sum over all positions, 32, 28×28 (gradient of a bias)': () => tf.sum(large32, [0, 1, 2]),
  'batch normalisation, 32, 28×28': () => tf.batchNorm(large32, ...ofChannels),
  'batch normalisation, 32, 14×14, all gradients': () =>
    tf.grads((x, ...statistics) => tf.batchNorm(x, ...statistics))([x32, ...ofChannels], x32),
};

const stock = await measureAll();
stock.adam = await median(() => {
  stockAdam.applyGradients([{ name: variable.name, tensor: gradient }]);
  return [];
});
ours.registerKernelPack();
ours.registerGradientRepairs();
// The pack replaces what is called from now on; the memory stays that of the backend that has started.
const simd = ours.startSimd(tf.backend(), path.join(root, 'node_modules/.cache/distillery-simd'));
const repaired = await measureAll();
repaired.adam = await median(() => {
  const named = [{ name: 'weights', variable, decays: true }];
  ownAdam.apply(new Map([['weights', gradient]]), named, 1e-3);
  return [];
});

console.log(
  '   stock      ours  ratio   (batch 64, or 100 for matrix products; gradients with the forward pass)',
);
for (const name of [...Object.keys(cases), 'adam']) {
  const ratio = stock[name] === null ? '    –' : (stock[name] / repaired[name]).toFixed(1).padStart(5);
  const title = name === 'adam' ? 'Adam, 1.27 million weights' : name;
  console.log(`${show(stock[name])} ${show(repaired[name])}  ${ratio}   ${title}`);
}
console.log(
  `\nmatrix product 100×800 · 800×800 by our two ways (multiply-adds rounded once: ${simd.roundsOnce})`,
);
const output = tf.zeros([100, 800]);
for (const way of ['multiplyTiles', 'multiplyLists'])
  for (const [left, title] of [
    [rows, 'nothing is 0'],
    [zeroed, 'half of the left is 0'],
  ]) {
    // prettier-ignore
    const product = {
      a: { address: simd.address(left), rowStride: 800, columnStride: 1 },
      b: { address: simd.address(weights), rowStride: 800, columnStride: 1 },
      ...{ c: simd.address(output), rows: 100, inner: 800, columns: 800 },
      ...{ bias: 0, minimum: -Infinity, maximum: Infinity },
    };
    const time = await median(() => (ours[way](simd, product), []));
    console.log(`${show(time)}  ${way}, ${title}`);
  }

async function measureAll() {
  const medians = {};
  for (const [name, run] of Object.entries(cases)) medians[name] = await median(run);
  return medians;
}

/** Milliseconds, or null when the kernel does not exist. */
async function median(run) {
  const times = [];
  try {
    for (let i = 0; i < 25; i++) {
      const start = performance.now();
      tf.dispose(tf.tidy(run));
      times.push(performance.now() - start);
    }
  } catch {
    return null;
  }
  return times.slice(4).sort((a, b) => a - b)[10];
}

function show(milliseconds) {
  return milliseconds === null ? '  absent' : `${milliseconds.toFixed(2).padStart(6)} ms`;
}

/** The kernels with their own copy of TensorFlow.js, bundled in memory. */
async function bundled() {
  const contents = `
    export * as tf from '@tensorflow/tfjs-core';
    import '@tensorflow/tfjs-layers';
    export { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
    export { registerKernelPack, registerGradientRepairs } from './src/trainer/engine/kernels/kernelPack';
    export { multiplyLists, multiplyTiles } from './src/trainer/engine/simd/matrixProduct';
    export { startSimd } from './src/trainer/engine/simd/simd';
    export { createOptimizer } from './src/trainer/training/optimizers';`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root, loader: 'ts' },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    mainFields: ['module', 'main'],
    logLevel: 'error',
  });
  const module = { exports: {} };
  // TensorFlow.js looks for its own folder when it starts; any will do.
  new Function('module', 'exports', 'require', '__dirname', '__filename', outputFiles[0].text)(
    module,
    module.exports,
    require,
    root,
    path.join(root, 'bundle.js'),
  );
  return module.exports;
}
