import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

/** What the set-up needs to know of the machine that it runs on. Tests describe other ones. */
export interface Machine {
  platform: NodeJS.Platform;
  arch: string;
  /** The version of glibc, e.g. `2.36`; undefined where the C library is another one. */
  glibc: string | undefined;
  env: NodeJS.ProcessEnv;
  /** Bytes that are free in a folder, or where it is going to be. */
  freeBytes(folder: string): number;
}

/** Something is missing or failed. The message is for people: what, and the cure. */
export class SetupError extends Error {}

export function thisMachine(): Machine {
  return {
    platform: process.platform,
    arch: process.arch,
    glibc: glibcVersion(),
    env: process.env,
    freeBytes: (folder) => {
      const { bavail, bsize } = fs.statfsSync(existingParent(folder));
      return bavail * bsize;
    },
  };
}

/** Names of the two libraries inside a Python package of TensorFlow. */
export function libraryFiles({ platform }: Machine): { library: string; framework: string } {
  return platform === 'darwin'
    ? { library: 'libtensorflow_cc.2.dylib', framework: 'libtensorflow_framework.2.dylib' }
    : { library: 'libtensorflow_cc.so.2', framework: 'libtensorflow_framework.so.2' };
}

/** @throws {SetupError} where Python packages of TensorFlow hold no library that the addon could be built with */
export function checkPlatform({ platform, arch, glibc }: Machine): void {
  if (platform === 'win32')
    throw new SetupError(
      'On Windows this set-up is not possible, because the Python package of TensorFlow holds no library there that an addon can be built with. ' +
        'Use the Windows Subsystem for Linux, or install Visual Studio Build Tools and run "npm install @tensorflow/tfjs-node" in the folder of your experiments. ' +
        'Without native TensorFlow, experiments run on WebAssembly.',
    );
  if (!(platform === 'linux' || platform === 'darwin') || !(arch === 'x64' || arch === 'arm64'))
    throw new SetupError(
      `There is no TensorFlow library for ${platform} on ${arch}. Experiments run on WebAssembly here.`,
    );
  if (platform === 'darwin') return;
  if (glibc === undefined)
    throw new SetupError(
      'TensorFlow needs glibc, and this Linux uses another C library (Alpine uses musl). Experiments run on WebAssembly here; a Debian, Ubuntu or Fedora system or container can use native TensorFlow.',
    );
  const [major = 0, minor = 0] = glibc.split('.').map(Number);
  if (major < 2 || (major === 2 && minor < 27))
    throw new SetupError(
      `TensorFlow needs glibc 2.27 or later, and this Linux has ${glibc}. Experiments run on WebAssembly here; a newer system can use native TensorFlow.`,
    );
}

/** How a program is installed here, as a command that people can copy. */
export function installCommand(machine: Machine, what: 'compiler' | 'python' | 'pip' | 'npm'): string {
  if (machine.platform === 'darwin')
    return {
      compiler: 'xcode-select --install',
      python: 'brew install python',
      pip: 'python3 -m ensurepip --upgrade',
      npm: 'brew install node',
    }[what];
  const known = [
    { manager: 'apt-get', install: 'sudo apt install', compiler: 'g++' },
    { manager: 'dnf', install: 'sudo dnf install', compiler: 'gcc-c++' },
    { manager: 'zypper', install: 'sudo zypper install', compiler: 'gcc-c++' },
    { manager: 'pacman', install: 'sudo pacman -S', compiler: 'gcc' },
  ];
  const { manager, install, compiler } = known.find((one) => onPath(machine.env, one.manager)) ?? known[0]!;
  const arch = manager === 'pacman';
  const names = {
    compiler,
    python: arch ? 'python python-pip' : 'python3 python3-pip',
    pip: arch ? 'python-pip' : 'python3-pip',
    npm: 'npm',
  };
  return `${install} ${names[what]}`;
}

/** The nearest folder above, or the folder itself, that is there. */
export function existingParent(folder: string): string {
  let there = path.resolve(folder);
  while (!fs.existsSync(there)) there = path.dirname(there);
  return there;
}

function onPath(env: NodeJS.ProcessEnv, name: string): boolean {
  return (env['PATH'] ?? '')
    .split(path.delimiter)
    .some((folder) => folder !== '' && fs.existsSync(path.join(folder, name)));
}

/** The report of the process tells it. The Node inside VS Code may have none: glibc brings a program that tells it, too. */
function glibcVersion(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  const report = process.report as (NodeJS.ProcessReport & { excludeNetwork?: boolean }) | undefined;
  // Looking up the network would make the report slow.
  if (report) report.excludeNetwork = true;
  const { header } = (report?.getReport() ?? {}) as { header?: { glibcVersionRuntime?: string } };
  if (header?.glibcVersionRuntime !== undefined) return header.glibcVersionRuntime;
  const { stdout } = spawnSync('getconf', ['GNU_LIBC_VERSION'], { encoding: 'utf8' });
  return /^glibc (\d+\.\d+)/.exec(stdout)?.[1];
}
