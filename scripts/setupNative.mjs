// npm run setup:native [-- --yes | --uninstall]
//
// Sets up native TensorFlow, or removes it again: dist/setupNative.js, built first, which the editor runs too.
import os from 'node:os';
import path from 'node:path';
import { ensureBuild } from './ensureBuild.mjs';
import { ensureDependencies } from './ensureDependencies.mjs';
import { inForeground, root } from './processes.mjs';

await ensureDependencies();
await ensureBuild();
const setUp = path.join(root, 'dist', 'setupNative.js');
const { code, signal } = await inForeground([setUp, '--search', root, ...process.argv.slice(2)]);
process.exitCode = code ?? 128 + (signal === null ? 0 : os.constants.signals[signal]);
