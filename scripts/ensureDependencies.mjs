// Installs the npm packages when they are missing or are not those of package-lock.json.
import fs from 'node:fs';
import path from 'node:path';
import { npm, root } from './processes.mjs';

/** Ends the process with a message when the packages cannot be installed. */
export async function ensureDependencies() {
  const reason = whyInstall();
  if (reason === undefined) return;
  console.log(`Installing the npm packages, because ${reason}. This takes a minute or two the first time.`);
  const started = performance.now();
  const code = await npm(['ci', '--loglevel=error'], { cwd: root });
  if (code !== 0) {
    console.error(
      'npm ci failed; the reason is above. Distillery needs the npm registry once, and Node 20 or later.',
    );
    process.exit(1);
  }
  console.log(`Installed in ${((performance.now() - started) / 1000).toFixed(0)} s.`);
}

/**
 * npm writes down what it has installed in `node_modules/.package-lock.json`, as the last thing it does. Optional packages
 * may be missing there: they are for other systems, or their download failed.
 *
 * @returns {string | undefined} the reason as half a sentence, or undefined when everything is there
 */
function whyInstall() {
  const installedFile = path.join(root, 'node_modules', '.package-lock.json');
  if (!fs.existsSync(installedFile)) return 'there is no node_modules folder yet';
  const wanted = packagesOf(path.join(root, 'package-lock.json'));
  const installed = packagesOf(installedFile);
  const different = Object.entries(wanted).find(
    ([name, { version, optional }]) =>
      name !== '' && optional !== true && installed[name]?.version !== version,
  );
  return (
    different &&
    `package-lock.json asks for ${different[0].replace(/^node_modules\//, '')} ${different[1].version}`
  );
}

/**
 * @param {string} lockFile
 * @returns {Record<string, { version: string, optional?: boolean }>}
 */
function packagesOf(lockFile) {
  return JSON.parse(fs.readFileSync(lockFile, 'utf8')).packages;
}
