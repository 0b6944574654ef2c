import fs from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parseTar } from 'nanotar';
import { installCommand, libraryFiles, SetupError, type Machine } from './machine';
import { diskFull, noNetwork, noSpace } from './python';
import { essence, runTool, type Watch } from './tool';

/** How npm is started. */
export interface Npm {
  command: string;
  args: string[];
}

/** From npm: the sources of the addon with their JavaScript, and the one package that this JavaScript loads. */
const sourcePackages = [
  {
    name: '@tensorflow/tfjs-node',
    version: '4.22.0',
    wanted: /^dist\/(?!.*_test\.js).*\.js$|^binding\/|^package\.json$/,
  },
  { name: 'google-protobuf', version: '3.21.4', wanted: /^(google-protobuf\.js|package\.json|LICENSE.*)$/ },
] as const;

/** The version of Node's binary interface that the sources use; every Node and every VS Code of today has it. */
const nodeApi = 8;

/**
 * A compiler that can build a library, tried on a few lines of C++.
 *
 * @param folder an empty one to work in
 * @throws {SetupError} with what to install
 */
export async function findCompiler(machine: Machine, folder: string): Promise<string> {
  const source = path.join(folder, 'try.cc');
  fs.writeFileSync(
    source,
    '#include <string>\n#include <vector>\nextern "C" int distillery(int n) { return static_cast<int>(std::string(n, 0).size()); }\n',
  );
  const chosen = machine.env['CXX'];
  let complaint = '';
  for (const compiler of [...(chosen ? [chosen] : []), 'g++', 'clang++', 'c++']) {
    const out = path.join(folder, 'try.so');
    const { code, found, output } = await runTool(compiler, [...compilerOptions, source, '-o', out], {
      env: { ...machine.env, TMPDIR: folder },
    });
    if (code === 0 && fs.existsSync(out)) return compiler;
    if (found) complaint ||= `${compiler} is here, but cannot build a small library: ${essence(output)}`;
  }
  throw new SetupError(
    `${complaint === '' ? 'A C++ compiler is missing, which builds the small addon between Node and TensorFlow.' : complaint} Install it: ${installCommand(machine, 'compiler')}`,
  );
}

/** @throws {SetupError} with what to install */
export async function findNpm(machine: Machine): Promise<Npm> {
  const cli = machine.env['npm_execpath'];
  if (cli !== undefined && /npm-cli\.c?js$/.test(cli)) return { command: process.execPath, args: [cli] };
  const { code } = await runTool('npm', ['--version'], { env: machine.env });
  if (code === 0) return { command: 'npm', args: [] };
  throw new SetupError(
    `npm is missing, which supplies the sources of the addon. Install it: ${installCommand(machine, 'npm')}`,
  );
}

/**
 * Gets the sources of the addon from the npm registry, without running anything of them, and lays them out as an
 * installed package.
 *
 * @param work an empty folder to work in
 * @param target gets `node_modules`
 * @param core the file that is TensorFlow.js for the addon
 * @throws {SetupError}
 */
export async function fetchSources(
  machine: Machine,
  npm: Npm,
  work: string,
  target: string,
  core: string,
  { signal, log }: Watch,
): Promise<void> {
  fs.mkdirSync(work, { recursive: true });
  const specs = sourcePackages.map(({ name, version }) => `${name}@${version}`);
  const { code, output } = await runTool(
    npm.command,
    [...npm.args, 'pack', ...specs, '--pack-destination', work, '--loglevel=error', '--ignore-scripts'],
    { env: withoutOuterNpm(machine.env), cwd: work, signal, onOutput: log },
  );
  if (noSpace.test(output)) throw new SetupError(diskFull);
  if (code !== 0)
    throw new SetupError(
      noNetwork.test(output)
        ? 'npm cannot reach its registry, so the sources of the addon were not downloaded. Check the connection and the proxy, and what "npm config get registry" names.'
        : `npm could not download the sources of the addon: ${essence(output)}`,
    );
  for (const { name, version, wanted } of sourcePackages) {
    const file = path.join(work, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`);
    unpack(file, path.join(target, 'node_modules', name), wanted);
  }
  // The JavaScript of the addon asks for both names.
  for (const name of ['tfjs', 'tfjs-core']) {
    const folder = path.join(target, 'node_modules', '@tensorflow', name);
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(
      path.join(folder, 'package.json'),
      `${JSON.stringify({ name: `@tensorflow/${name}`, main: 'index.js' })}\n`,
    );
    if (name === 'tfjs') fs.copyFileSync(core, path.join(folder, 'index.js'));
    else fs.writeFileSync(path.join(folder, 'index.js'), "module.exports = require('@tensorflow/tfjs');\n");
  }
}

/**
 * Compiles the addon against the libraries in `deps/lib` of the package, beside which it finds them again.
 *
 * One call of the compiler does it. node-gyp would want make, and the headers of Node from the network.
 *
 * @param folder of `@tensorflow/tfjs-node`
 * @param headers of TensorFlow's C interface
 * @param nodeHeaders of Node's binary interface
 * @returns the addon
 * @throws {SetupError}
 */
export async function buildAddon(
  machine: Machine,
  compiler: string,
  folder: string,
  { headers, nodeHeaders, temporary }: { headers: string; nodeHeaders: string; temporary: string },
  { signal, log }: Watch,
): Promise<string> {
  const binding = path.join(folder, 'lib', `napi-v${nodeApi}`, 'tfjs_binding.node');
  fs.mkdirSync(path.dirname(binding), { recursive: true });
  fs.mkdirSync(temporary, { recursive: true });
  const { library, framework } = libraryFiles(machine);
  const origin = machine.platform === 'darwin' ? '@loader_path' : '$ORIGIN';
  const { code, output } = await runTool(
    compiler,
    [
      ...compilerOptions,
      `-DNAPI_VERSION=${nodeApi}`,
      ...[nodeHeaders, headers].map((include) => `-I${include}`),
      ...['tfjs_backend.cc', 'tfjs_binding.cc'].map((file) => path.join(folder, 'binding', file)),
      ...['-o', binding],
      ...[library, framework].map((file) => path.join(folder, 'deps', 'lib', file)),
      `-Wl,-rpath,${origin}/../../deps/lib`,
      // Node itself supplies what is missing when it loads the addon.
      ...(machine.platform === 'darwin' ? ['-undefined', 'dynamic_lookup'] : []),
    ],
    { env: { ...machine.env, TMPDIR: temporary }, signal, onOutput: log },
  );
  if (noSpace.test(output)) throw new SetupError(diskFull);
  if (code !== 0 || !fs.existsSync(binding))
    throw new SetupError(`${compiler} could not build the addon: ${essence(output)}`);
  return binding;
}

const compilerOptions = ['-std=c++17', '-O2', '-shared', '-fPIC'];

function unpack(archive: string, target: string, wanted: RegExp): void {
  if (!fs.existsSync(archive))
    throw new SetupError(`npm said that it downloaded ${path.basename(archive)}, but the file is not there.`);
  for (const { name, type, data } of parseTar(gunzipSync(fs.readFileSync(archive)))) {
    // All files lie below one folder, whatever its name.
    const inside = name.slice(name.indexOf('/') + 1);
    if (type !== 'file' || !data || !wanted.test(inside) || inside.split('/').includes('..')) continue;
    const file = path.join(target, inside);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, data);
  }
}

/** An npm inside an npm script would take the outer script's folder and package for its own. */
function withoutOuterNpm(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const outer = /^npm_(package|lifecycle)_|^npm_config_(local_prefix|prefix|global_prefix)$/i;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !outer.test(name)));
}
