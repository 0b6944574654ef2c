// Prints how long the stock kernels of the WebAssembly backend take against our repaired ones, as medians on this
// machine: node bench/kernels.mjs
import path from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const { tf, setWasmPaths, registerKernelPack, registerGradientRepairs } = await bundled();
setWasmPaths(
  path.join(path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist') + path.sep,
);
await tf.setBackend('wasm');

const image = (channels) => tf.randomNormal([64, 14, 14, channels]);
const x16 = image(16);
const x32 = image(32);
const filter = tf.randomNormal([3, 3, 16, 32]);
const rows = tf.randomNormal([128, 784]);
const gradients = tf.randomNormal([128, 1200]);
const weights = tf.randomNormal([784, 1200]);
const pooled = tf.randomNormal([64, 7, 7, 32]);
const ofChannels = Array.from({ length: 4 }, () => tf.randomUniform([32], 0.5, 1.5));

const cases = {
  'matrix product, left transposed (dense layer 784→1200, gradient of the weights)': () =>
    tf.matMul(rows, gradients, true, false),
  'matrix product, right transposed (dense layer 784→1200, gradient of the input)': () =>
    tf.matMul(gradients, weights, false, true),
  'convolution 3×3, 16→32 channels, 14×14, gradient of the filter': () =>
    tf.grad((f) => tf.conv2d(x16, f, 1, 'same'))(filter, x32),
  'convolution 3×3, 16→32 channels, 14×14, gradient of the input': () =>
    tf.grad((x) => tf.conv2d(x, filter, 1, 'same'))(x16, x32),
  'max-pooling 2×2, 32 channels, 14×14, gradient': () =>
    tf.grad((x) => tf.maxPool(x, 2, 2, 'valid'))(x32, pooled),
  'batch normalisation, 32 channels, 14×14, all gradients': () =>
    tf.grads((x, ...statistics) => tf.batchNorm(x, ...statistics))([x32, ...ofChannels], x32),
};

const stock = await measureAll();
registerKernelPack();
registerGradientRepairs();
const repaired = await measureAll();

console.log('   stock  repaired  ratio   (batch 64; 128 for matrix products; forward pass included)');
for (const name of Object.keys(cases)) {
  const ratio = stock[name] === null ? '    –' : (stock[name] / repaired[name]).toFixed(1).padStart(5);
  console.log(`${show(stock[name])} ${show(repaired[name])}  ${ratio}   ${name}`);
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
    for (let i = 0; i < 12; i++) {
      const start = performance.now();
      tf.dispose(tf.tidy(run));
      times.push(performance.now() - start);
    }
  } catch {
    return null;
  }
  return times.slice(2).sort((a, b) => a - b)[5];
}

function show(milliseconds) {
  return milliseconds === null ? '  absent' : `${milliseconds.toFixed(1).padStart(5)} ms`;
}

/** The repairs with their own copy of TensorFlow.js, bundled in memory. */
async function bundled() {
  const contents = `
    export * as tf from '@tensorflow/tfjs-core';
    import '@tensorflow/tfjs-layers';
    export { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
    export { registerKernelPack, registerGradientRepairs } from './src/trainer/engine/kernels/kernelPack';`;
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
