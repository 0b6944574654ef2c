import { spawn, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { build } from 'esbuild';
import { createTarGzip } from 'nanotar';
import { installFakeNative } from '../../trainer/engine/fakeNative';

// A machine on which every tool of the set-up is a small script of ours: it can be missing, fail in each way, or hang.

const require = createRequire(__filename);

/** What the tools do that do not just work. */
export interface Fakes {
  /** Not on the PATH. */
  missing?: ('python3' | 'g++' | 'npm')[];
  /** `pip`: Python has none. */
  pip?: 'missing' | 'no match' | 'only for 3.11' | 'no network' | 'disk full' | 'hang';
  unpack?: 'damaged' | 'disk full' | 'hang';
  npm?: 'no network' | 'fails' | 'hang';
  compiler?: 'no headers' | 'fails' | 'hang';
  /** JavaScript that runs when the addon is loaded. */
  addon?: string;
  /** A folder that Python says its package of TensorFlow is in. */
  installed?: string;
}

export interface Finished {
  code: number | null;
  signal: NodeJS.Signals | null;
  out: string;
  error: string;
}

export class MachineOfFakes {
  readonly home: string;
  readonly work: string;
  private readonly bin: string;
  private readonly files: string;
  private fakes: Fakes = {};

  private constructor(
    readonly folder: string,
    readonly script: string,
  ) {
    [this.home, this.work, this.bin, this.files] = ['home/distillery', 'my work', 'bin', 'files'].map(
      (name) => path.join(folder, name),
    ) as [string, string, string, string];
    for (const made of [this.work, this.bin, this.files]) fs.mkdirSync(made, { recursive: true });
  }

  /** @param folder an empty one */
  static async create(folder: string): Promise<MachineOfFakes> {
    const machine = new MachineOfFakes(folder, path.join(folder, 'dist', 'setupNative.js'));
    await build({
      entryPoints: [path.resolve(__dirname, '../../../src/native/setup/main.ts')],
      outfile: machine.script,
      bundle: true,
      minify: true,
      platform: 'node',
      target: 'node20',
      format: 'cjs',
      logLevel: 'error',
    });
    const core = JSON.stringify(require.resolve('@tensorflow/tfjs-core'));
    fs.writeFileSync(path.join(folder, 'dist', 'nativeCore.js'), `module.exports = require(${core});`);
    await machine.writePackages();
    return machine;
  }

  use(fakes: Fakes): void {
    this.fakes = fakes;
    fs.rmSync(this.bin, { recursive: true, force: true });
    fs.mkdirSync(this.bin);
    const scripts = { python3: this.python(), 'g++': this.compiler(), npm: this.npm() };
    for (const [name, text] of Object.entries(scripts)) {
      if (fakes.missing?.includes(name as 'npm')) continue;
      fs.writeFileSync(path.join(this.bin, name), `#!${process.execPath}\n${prelude(this.files)}${text}`, {
        mode: 0o755,
      });
    }
  }

  start(args: string[], env: NodeJS.ProcessEnv = {}): { child: ChildProcess; finished: Promise<Finished> } {
    const child = spawn(process.execPath, [this.script, ...args], {
      cwd: this.work,
      env: { PATH: this.bin, HOME: this.folder, DISTILLERY_HOME: this.home, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let out = '';
    let error = '';
    child.stdout.on('data', (data: Buffer) => (out += data.toString()));
    child.stderr.on('data', (data: Buffer) => (error += data.toString()));
    const finished = new Promise<Finished>((resolve) => {
      child.once('close', (code, signal) => resolve({ code, signal, out, error }));
    });
    return { child, finished };
  }

  run(args: string[], env?: NodeJS.ProcessEnv): Promise<Finished> {
    return this.start(args, env).finished;
  }

  /** The process of the tool that hangs, once it does. */
  hanging(): number | undefined {
    const file = path.join(this.files, 'hanging');
    const pid = fs.existsSync(file) ? Number(fs.readFileSync(file, 'utf8')) : 0;
    return pid > 0 ? pid : undefined;
  }

  forgetHanging(): void {
    fs.rmSync(path.join(this.files, 'hanging'), { force: true });
  }

  /** Everything below the home, as paths; empty when there is no home. */
  left(): string[] {
    if (!fs.existsSync(this.home)) return [];
    return fs.readdirSync(this.home, { recursive: true, encoding: 'utf8' });
  }

  /** What npm supplies, packed as in its registry. */
  private async writePackages(): Promise<void> {
    const npm = path.join(this.files, 'npm');
    installFakeNative(npm, { binding: null });
    const folder = path.join(npm, 'node_modules', '@tensorflow', 'tfjs-node');
    const names = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' });
    const entries = names
      .filter((name) => fs.statSync(path.join(folder, name)).isFile())
      .map((name) => ({ name: `package/${name}`, data: fs.readFileSync(path.join(folder, name)) }));
    const binding = ['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) => ({
      name: `package/binding/${name}`,
      data: '//',
    }));
    const extra = { name: 'package/dist/some_test.js', data: 'a test' };
    const outside = { name: 'package/dist/../../../../outside.js', data: 'evil' };
    const pack = async (file: string, content: Parameters<typeof createTarGzip>[0]): Promise<void> =>
      fs.writeFileSync(path.join(this.files, file), await createTarGzip(content));
    await pack('tensorflow-tfjs-node-4.22.0.tgz', [...entries, ...binding, extra, outside]);
    await pack('google-protobuf-3.21.4.tgz', [
      { name: 'package/package.json', data: '{"name":"google-protobuf","main":"google-protobuf.js"}' },
      { name: 'package/google-protobuf.js', data: '' },
    ]);
  }

  private python(): string {
    const { pip, unpack, installed } = this.fakes;
    return `
const wheel = () => {
  const dest = args[args.indexOf('--dest') + 1];
  say('Downloading tensorflow_cpu-9.9.9-py3-none-any.whl (2.0 MB)');
  fs.writeFileSync(path.join(process.env.TMPDIR, 'part'), Buffer.alloc(1e6));
  fs.mkdirSync(dest, { recursive: true });
  fs.writeFileSync(path.join(dest, 'tensorflow_cpu-9.9.9-py3-none-any.whl'), 'wheel');
};
const noMatch = () => fail('ERROR: No matching distribution found for tensorflow-cpu');
if (args[0] === '-c' && args[1].includes('find_spec')) {
  const folder = ${JSON.stringify(installed ?? null)};
  if (folder === null) process.exit(1);
  say(JSON.stringify({ folder, version: '8.8.8' }));
} else if (args[0] === '-c') {
  const [, , , target] = args;
  const write = (name, text) => {
    fs.mkdirSync(path.dirname(path.join(target, name)), { recursive: true });
    fs.writeFileSync(path.join(target, name), text);
  };
  write('tensorflow/libtensorflow_cc.so.2', 'library');
  say('0.5');
  ${does(unpack, { damaged: "fail('zipfile.BadZipFile: File is not a zip file')", 'disk full': "fail('OSError: [Errno 28] No space left on device')" })}
  write('tensorflow/libtensorflow_framework.so.2', 'framework');
  for (const ending of ['', '_cc']) {
    write('tensorflow/libtensorflow' + ending + '.2.dylib', 'library');
    write('tensorflow/libtensorflow_framework.2.dylib', 'framework');
  }
  write('tensorflow/include/tensorflow/c/c_api.h', '//');
} else if (args[2] === '--version') {
  ${pip === 'missing' ? "fail('No module named pip')" : "say('pip 23')"}
} else if (args[2] === 'download') {
  log(args.includes('--python-version') ? args[args.indexOf('--python-version') + 1] : 'own version');
  ${does(pip, {
    'no match': 'noMatch()',
    'only for 3.11': "if (!args.includes('3.11')) noMatch()",
    'no network':
      "fail('WARNING: Retrying after connection broken by NewConnectionError\\\\nERROR: No matching distribution found for tensorflow-cpu')",
    'disk full':
      "fail('ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device')",
    missing: '',
  })}
  wheel();
} else fail('unexpected ' + args.join(' '));
`;
  }

  private compiler(): string {
    const { compiler, addon } = this.fakes;
    return `
const out = args[args.indexOf('-o') + 1];
if (args.some((arg) => arg.endsWith('try.cc'))) {
  ${compiler === 'no headers' ? "fail('try.cc:1:10: fatal error: string: No such file or directory')" : "fs.writeFileSync(out, '')"}
} else {
  ${does(compiler, { 'no headers': '', fails: "fail('tfjs_backend.cc:7:1: error: TF_Tensor was not declared')" })}
  // A folder of that name, because a file that ends in .node would have to be a real library.
  fs.mkdirSync(out);
  fs.writeFileSync(path.join(out, 'index.js'), ${JSON.stringify(`exports.TF_Version = '9.9.9';${addon ?? ''}`)});
}
`;
  }

  private npm(): string {
    return `
if (args[0] === '--version') say('11');
else {
  ${does(this.fakes.npm, { 'no network': "fail('npm error code ENOTFOUND')", fails: "fail('npm error 404 Not Found')" })}
  const to = args[args.indexOf('--pack-destination') + 1];
  for (const file of ['tensorflow-tfjs-node-4.22.0.tgz', 'google-protobuf-3.21.4.tgz'])
    fs.copyFileSync(path.join(files, file), path.join(to, file));
}
`;
  }

  /** The lines that the tools left behind. */
  logged(): string[] {
    const file = path.join(this.files, 'log');
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf8').trim().split('\n') : [];
  }
}

function does(what: string | undefined, actions: Record<string, string>): string {
  if (what === undefined) return '';
  return what === 'hang' ? 'hang()' : actions[what]!;
}

function prelude(files: string): string {
  return `
const fs = require('fs'), path = require('path');
const args = process.argv.slice(2), files = ${JSON.stringify(files)};
const say = (text) => fs.writeSync(1, text + '\\n');
const fail = (text) => { fs.writeSync(2, text + '\\n'); process.exit(1); };
const log = (text) => fs.appendFileSync(path.join(files, 'log'), text + '\\n');
const hang = () => { fs.writeFileSync(path.join(files, 'hanging'), String(process.pid)); for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); };
`;
}
