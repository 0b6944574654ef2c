// npm run bench [-- PART…] [OPTIONS]: builds the product, puts the measurements beside a copy of it and starts them. What
// there is to measure and to choose: npm run bench -- --help
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { ensureBuild } from '../scripts/ensureBuild.mjs';
import { root } from '../scripts/processes.mjs';

const folder = path.join(root, 'out', 'bench');

await ensureBuild();
fs.rmSync(folder, { recursive: true, force: true });
fs.cpSync(path.join(root, 'dist'), folder, { recursive: true });
await build({
  absWorkingDir: root,
  entryPoints: { benchMain: 'bench/main.ts', benchEngine: 'bench/engine.ts' },
  outdir: folder,
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  mainFields: ['module', 'main'],
  supported: { 'dynamic-import': false },
  external: ['@tensorflow/tfjs-node'],
  logLevel: 'warning',
});
const child = spawn(process.execPath, [path.join(folder, 'benchMain.js'), ...process.argv.slice(2)], {
  stdio: 'inherit',
});
child.on('exit', (code) => (process.exitCode = code ?? 1));
