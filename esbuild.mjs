// Builds the extension host, the language client and server, the trainer and the dashboard page into dist/.
// node esbuild.mjs [--watch] [--development]
import { build, context } from 'esbuild';
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { compileSimd } from './scripts/simd.mjs';

const root = path.dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const watch = process.argv.includes('--watch');
const development = watch || process.argv.includes('--development');
const out = (...parts) => path.join(root, 'dist', ...parts);

/** Kilobytes (1,000 bytes) that a bundle may have; the build fails above. */
const budgets = { 'extension.js': 600, 'languageClient.js': 600, 'webview/dashboard.js': 450 };

/** The language client is two thirds of the host's code and not needed to activate: it is a file of its own, loaded on first use. */
const languageClientApart = {
  name: 'language-client-apart',
  setup(build) {
    build.onResolve({ filter: /\/languageClient$/ }, (args) =>
      args.kind === 'dynamic-import' ? { path: './languageClient.js', external: true } : undefined,
    );
  },
};

const shared = {
  absWorkingDir: root,
  bundle: true,
  minify: !development,
  sourcemap: development ? 'linked' : false,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
};
const node = {
  ...shared,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  mainFields: ['module', 'main'],
  supported: { 'dynamic-import': false },
};

const bundles = [
  {
    ...node,
    entryPoints: ['src/extension.ts'],
    outfile: out('extension.js'),
    external: ['vscode'],
    plugins: [languageClientApart],
  },
  {
    ...node,
    entryPoints: ['src/editor/languageClient.ts'],
    outfile: out('languageClient.js'),
    external: ['vscode'],
  },
  { ...node, entryPoints: ['src/language/server.ts'], outfile: out('server.js') },
  {
    ...node,
    entryPoints: ['src/trainer/main.ts'],
    outfile: out('trainer.js'),
    external: ['@tensorflow/tfjs-node'],
  },
  {
    ...node,
    entryPoints: ['src/trainer/engine/nativeCore.ts'],
    outfile: out('nativeCore.js'),
    mainFields: ['main'],
  },
  { ...node, entryPoints: ['src/native/setup/main.ts'], outfile: out('setupNative.js') },
  {
    ...shared,
    platform: 'browser',
    target: 'es2022',
    format: 'iife',
    entryPoints: ['webview/dashboard.tsx'],
    outfile: out('webview/dashboard.js'),
    jsx: 'automatic',
    jsxImportSource: 'preact',
    tsconfig: 'webview/tsconfig.json',
    loader: { '.ttf': 'file' },
  },
];

fs.rmSync(out(), { recursive: true, force: true });
await copyWasm();
copyNodeHeaders();
if (watch) {
  const contexts = await Promise.all(bundles.map((options) => context(options)));
  await Promise.all(contexts.map((c) => c.watch()));
  await writeSchema();
  console.log('watching');
} else {
  const results = await Promise.all(bundles.map((options) => build(options)));
  await writeSchema();
  report(results.flatMap((r) => Object.entries(r.metafile.outputs)));
}

/** The binaries of the npm-only engine stand beside the trainer: the stock ones and our own kernels. */
async function copyWasm() {
  const from = path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'));
  fs.mkdirSync(out('wasm'), { recursive: true });
  for (const file of ['tfjs-backend-wasm.wasm', 'tfjs-backend-wasm-simd.wasm'])
    fs.copyFileSync(path.join(from, 'dist', file), out('wasm', file));
  for (const file of await compileSimd()) fs.copyFileSync(file, out('wasm', path.basename(file)));
}

/** Node's stable binary interface, for the addon that the set-up of native TensorFlow compiles. */
function copyNodeHeaders() {
  const from = path.dirname(require.resolve('node-api-headers/package.json'));
  fs.cpSync(path.join(from, 'include'), out('node-api'), { recursive: true });
}

/** The JSON Schema for other YAML tools, from the same zod schema that the trainer uses. */
async function writeSchema() {
  const bundled = await build({
    ...node,
    metafile: false,
    minify: false,
    write: false,
    entryPoints: ['src/experiment/jsonSchema.ts'],
  });
  const module = { exports: {} };
  new Function('module', 'exports', 'require', bundled.outputFiles[0].text)(module, module.exports, require);
  fs.writeFileSync(
    out('distill.schema.json'),
    JSON.stringify(module.exports.experimentJsonSchema(), null, 1),
  );
}

function report(outputs) {
  let over = false;
  for (const [file, { bytes }] of outputs) {
    if (file.endsWith('.map')) continue;
    const name = path.relative('dist', file);
    const budget = budgets[name];
    const note = budget && !development ? ` of ${budget} kB` : '';
    console.log(`${name.padEnd(24)} ${(bytes / 1000).toFixed(0).padStart(6)} kB${note}`);
    if (note && bytes > budget * 1000) over = true;
  }
  if (over) {
    console.error('A bundle is over its budget.');
    process.exitCode = 1;
  }
}
