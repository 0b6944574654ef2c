// Compiles our WebAssembly kernels (src/trainer/engine/simd/assembly) and says where they lie. The result is kept in
// node_modules/.cache, so only a changed source costs time.
import fs from 'node:fs';
import path from 'node:path';
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const sources = path.join(root, 'src/trainer/engine/simd/assembly');
const require = createRequire(import.meta.url);

/** Two builds of one source: the second rounds a product and a sum once, where the runtime can. */
const builds = { 'distillery-simd.wasm': [], 'distillery-simd-fma.wasm': ['--enable', 'relaxed-simd'] };

/**
 * Several processes may compile at once: each writes files of its own and renames them, and the stamp says which files
 * belong to which sources.
 *
 * @returns {Promise<string[]>} the compiled files
 */
export async function compileSimd() {
  const files = fs.readdirSync(sources).sort();
  const read = [fileURLToPath(import.meta.url), ...files.map((file) => path.join(sources, file))];
  const wanted = `${require('assemblyscript/package.json').version} ${checksum(read)}`;
  const folder = path.join(root, 'node_modules/.cache/distillery-simd');
  const stamp = path.join(folder, 'stamp');
  const outputs = Object.keys(builds).map((name) => path.join(folder, name));
  if (fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === `${wanted} ${checksum(outputs)}`)
    return outputs;

  // Loaded only here: the compiler takes longer to load than everything else.
  // The type checker must not follow this name: the package declares arrays for the whole program in which no element is
  // ever undefined.
  const compiler = /** @type {string} */ ('assemblyscript/asc');
  const { default: asc } = await import(compiler);
  fs.mkdirSync(folder, { recursive: true });
  const temporary = fs.mkdtempSync(path.join(folder, 'build-'));
  for (const [name, features] of Object.entries(builds)) {
    const output = path.join(temporary, name);
    const { error, stderr } = await asc.main([
      'index.ts',
      ...['--baseDir', sources, '--outFile', path.relative(sources, output)],
      ...['--enable', 'simd', ...features],
      ...['-O3', '--runtime', 'stub', '--importMemory', '--noAssert'],
    ]);
    if (error) throw new Error(`The kernels in ${sources} do not compile.\n${stderr.toString()}`);
  }
  const compiled = Object.keys(builds).map((name) => path.join(temporary, name));
  fs.writeFileSync(path.join(temporary, 'stamp'), `${wanted} ${checksum(compiled)}`);
  for (const name of [...Object.keys(builds), 'stamp'])
    fs.renameSync(path.join(temporary, name), path.join(folder, name));
  fs.rmdirSync(temporary);
  return outputs;
}

/** @param {string[]} files */
function checksum(files) {
  const hash = createHash('sha256');
  for (const file of files)
    hash.update(path.basename(file)).update(fs.existsSync(file) ? fs.readFileSync(file) : '');
  return hash.digest('hex');
}
