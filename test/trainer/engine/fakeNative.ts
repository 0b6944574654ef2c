import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(__filename);
const core = JSON.stringify(require.resolve('@tensorflow/tfjs-core'));
const layers = JSON.stringify(require.resolve('@tensorflow/tfjs-layers'));
const cpu = JSON.stringify(require.resolve('@tensorflow/tfjs-backend-cpu'));

/** What a stand-in for `@tensorflow/tfjs-node` does beyond working; each is JavaScript that runs at that point. */
export interface FakeNative {
  /** When the binary is loaded; null leaves it out. */
  binding?: string | null;
  /** After the kernels are registered; `tf` is at hand. */
  kernels?: string;
  /** When the backend gets numbers; `util` is at hand. */
  write?: string;
}

/**
 * Writes a package that has the files of `@tensorflow/tfjs-node`, as npm would install it into a folder. Its backend is
 * the plain JavaScript one under the name `tensorflow`, with its own copy of tfjs-core, as in the real package.
 */
export function installFakeNative(folder: string, fake: FakeNative = {}): void {
  const write = (file: string, text: string) => {
    const full = path.join(folder, 'node_modules/@tensorflow', file);
    fs.mkdirSync(path.dirname(full), { recursive: true });
    fs.writeFileSync(full, text);
  };
  write('tfjs/package.json', '{"name":"@tensorflow/tfjs","version":"4.22.0","main":"index.js"}');
  write('tfjs/index.js', `require(${layers}); module.exports = require(${core});`);
  write('tfjs-node/package.json', '{"name":"@tensorflow/tfjs-node","version":"4.22.0"}');
  write(
    'tfjs-node/dist/register_all_kernels.js',
    `const tf = require('@tensorflow/tfjs'); require(${cpu}); tf.copyRegisteredKernels('cpu', 'tensorflow'); ${fake.kernels ?? ''}`,
  );
  write(
    'tfjs-node/dist/nodejs_kernel_backend.js',
    `const util = require('util'); const { MathBackendCPU } = require(${cpu});
     exports.NodeJSKernelBackend = class extends MathBackendCPU {
       write(...values) { ${fake.write ?? ''} return super.write(...values); }
     };`,
  );
  // A folder of that name, because a file that ends in .node would have to be a real library.
  if (fake.binding !== null)
    write(
      'tfjs-node/lib/napi-v8/tfjs_binding.node/index.js',
      `exports.TF_Version = '2.9.1'; ${fake.binding ?? ''}`,
    );
}
