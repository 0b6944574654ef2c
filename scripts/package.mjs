// npm run package: builds, and packs the extension into distillery-<version>.vsix, for every platform.
import fs from 'node:fs';
import path from 'node:path';
import { ensureDependencies } from './ensureDependencies.mjs';
import { nodeOrExit, root } from './processes.mjs';
import { zipEntries } from './zipEntries.mjs';

const { name, version } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
const file = `${name}-${version}.vsix`;

/** Everything that may be in the package. What is not listed here got in by accident. */
const expected = [
  /^\[Content_Types\]\.xml$/,
  /^extension\.vsixmanifest$/,
  /^extension\/(package\.json|readme\.md|changelog\.md|LICENSE\.txt)$/i,
  /^extension\/dist\/(extension|languageClient|server|trainer|nativeCore|setupNative)\.js$/,
  /^extension\/dist\/distill\.schema\.json$/,
  /^extension\/dist\/node-api\/\w+\.h$/,
  /^extension\/dist\/wasm\/(tfjs-backend-wasm(-simd)?|distillery-simd(-fma)?)\.wasm$/,
  /^extension\/dist\/webview\/[\w.-]+\.(js|css|ttf)$/,
  /^extension\/media\/[\w./-]+\.(svg|png|md|json|yaml)$/,
  /^extension\/examples\/[\w-]+\.distill\.yaml$/,
];
/** Without these it would install and then fail. */
const required = [
  ...['extension', 'languageClient', 'server', 'trainer', 'nativeCore', 'setupNative'].map(
    (bundle) => `extension/dist/${bundle}.js`,
  ),
  'extension/dist/node-api/node_api.h',
  'extension/dist/distill.schema.json',
  'extension/dist/wasm/tfjs-backend-wasm-simd.wasm',
  'extension/dist/wasm/distillery-simd.wasm',
  'extension/dist/wasm/distillery-simd-fma.wasm',
  'extension/dist/webview/dashboard.js',
  'extension/examples/mnist-few.distill.yaml',
];

await ensureDependencies();
await nodeOrExit('The build', ['esbuild.mjs']);
fs.rmSync(path.join(root, file), { force: true });
const vsce = 'node_modules/@vscode/vsce/vsce';
// Everything that runs is bundled into dist/, so no dependencies are packed; a README may show pictures of this folder.
const options = ['--no-dependencies', '--allow-missing-repository', '--no-rewrite-relative-links'];
await nodeOrExit('Packing', [vsce, 'package', ...options, '--out', file], { quiet: true });
check();

function check() {
  const entries = zipEntries(path.join(root, file)).sort((a, b) => b.bytes - a.bytes);
  for (const { name, bytes } of entries) console.log(`${(bytes / 1000).toFixed(1).padStart(9)} kB  ${name}`);
  const names = entries.map((entry) => entry.name);
  const unexpected = names.filter((entry) => !expected.some((pattern) => pattern.test(entry)));
  const missing = required.filter((entry) => !names.includes(entry));
  for (const entry of unexpected)
    console.error(`${entry} does not belong into the package: see .vscodeignore.`);
  for (const entry of missing) console.error(`${entry} is missing in the package.`);
  if (unexpected.length + missing.length > 0) process.exit(1);
  const size = fs.statSync(path.join(root, file)).size;
  console.log(`${file}: ${entries.length} files, ${(size / 1e6).toFixed(2)} MB, for every platform.`);
}
