// Builds dist/ when it is missing or older than the sources.
import fs from 'node:fs';
import path from 'node:path';
import { exitCodeOf, root } from './processes.mjs';

/** Ends the process with a message when the build fails. */
export async function ensureBuild() {
  const built = fs.statSync(path.join(root, 'dist', 'trainer.js'), { throwIfNoEntry: false });
  if (built && newestSource(path.join(root, 'src')) <= built.mtimeMs) return;
  if ((await exitCodeOf(process.execPath, ['esbuild.mjs'], { quiet: true })) === 0) return;
  console.error('The build failed; the reason is above.');
  process.exit(70);
}

/**
 * @param {string} directory
 * @returns {number} the time of the last change below it, in milliseconds
 */
function newestSource(directory) {
  const files = fs.readdirSync(directory, { recursive: true, withFileTypes: true });
  return Math.max(...files.map((file) => fs.statSync(path.join(file.parentPath, file.name)).mtimeMs));
}
