import fs from 'node:fs';
import path from 'node:path';
import { installCommand, libraryFiles, SetupError, type Machine } from './machine';
import { essence, runTool, type Watch } from './tool';

/** A Python package of TensorFlow that is installed on this machine. */
export interface PythonPackage {
  kind: 'installed';
  /** Its folder `tensorflow`. */
  folder: string;
  version: string;
  /** Of both libraries. */
  bytes: number;
}

/** A Python with pip, to download the package with. */
export interface PipSource {
  kind: 'download';
  python: string;
}

/** The TensorFlow that is already there: in a virtual environment of the workspace, or of the Python on the PATH. */
export async function findPythonPackage(
  machine: Machine,
  searchFrom: readonly string[],
): Promise<PythonPackage | undefined> {
  for (const python of pythons(machine, searchFrom)) {
    const { code, stdout } = await runTool(python, ['-c', findPackageProgram], {
      env: machine.env,
      // Python looks for packages in the folder that it is started from; nobody's work lies here.
      cwd: path.parse(process.cwd()).root,
    });
    if (code !== 0) continue;
    const found = asPackage(stdout, machine);
    if (found) return found;
  }
  return undefined;
}

/** @throws {SetupError} without Python, or with one that lacks pip */
export async function findPip(machine: Machine, searchFrom: readonly string[]): Promise<PipSource> {
  let pythonFound = false;
  for (const python of pythons(machine, searchFrom)) {
    const { found, code } = await runTool(python, ['-m', 'pip', '--version'], { env: machine.env });
    if (code === 0) return { kind: 'download', python };
    pythonFound ||= found;
  }
  throw new SetupError(
    pythonFound
      ? `Python is here, but without pip, which downloads TensorFlow. Install it: ${installCommand(machine, 'pip')}`
      : `Python is missing; its pip downloads TensorFlow. Install it: ${installCommand(machine, 'python')}`,
  );
}

/** The package whose wheel is downloaded. On Linux for x64 there is one without the code for graphics cards. */
export function requirement({ platform, arch }: Machine): string {
  return platform === 'linux' && arch === 'x64' ? 'tensorflow-cpu' : 'tensorflow';
}

/**
 * Downloads the wheel with pip into a folder. `progress` is told the share that has arrived.
 *
 * @returns the file
 * @throws {SetupError}
 */
export async function downloadWheel(
  machine: Machine,
  { python }: PipSource,
  folder: string,
  watch: Watch,
): Promise<string> {
  const temporary = path.join(folder, 'pip');
  const wheels = path.join(folder, 'wheel');
  fs.mkdirSync(temporary, { recursive: true });
  const name = requirement(machine);
  // A Python for which TensorFlow has no wheel yet can still download one for another Python: only its library is used.
  for (const other of ['', ...(machine.platform === 'linux' ? ['3.13', '3.12', '3.11', '3.10'] : [])]) {
    let total = 0;
    const { code, output } = await withProgress(
      temporary,
      () => total,
      watch.progress,
      () =>
        runTool(python, [...downloadArguments, ...forPython(machine, other), '--dest', wheels, name], {
          // pip leaves what it has loaded so far in the folder for temporary files, which is how we know its progress.
          env: { ...machine.env, TMPDIR: temporary, PYTHONUNBUFFERED: '1' },
          signal: watch.signal,
          onOutput: (text) => {
            watch.log(text);
            total = announcedBytes(text) ?? total;
          },
        }),
    );
    const file = fs.existsSync(wheels) && fs.readdirSync(wheels).find((entry) => entry.endsWith('.whl'));
    if (code === 0 && file) return path.join(wheels, file);
    if (noSpace.test(output)) throw new SetupError(diskFull);
    if (!noMatch.test(output) || noNetwork.test(output)) throw downloadFailed(name, output);
  }
  throw new SetupError(
    `pip's index has no ${name} for this machine (${machine.platform} ${machine.arch}). If pip uses an index of your own, add ${name} to it.`,
  );
}

/**
 * Takes the two libraries and the headers of the C interface out of a wheel.
 *
 * @param folder gets `tensorflow/…` as in the wheel
 * @throws {SetupError}
 */
export async function unpackWheel(
  machine: Machine,
  { python }: PipSource,
  wheel: string,
  folder: string,
  watch: Watch,
): Promise<void> {
  const { code, output } = await runTool(python, ['-c', unpackProgram, wheel, folder], {
    env: { ...machine.env, PYTHONUNBUFFERED: '1' },
    signal: watch.signal,
    onOutput: (text) => {
      const share = Number(text.trim().split('\n').at(-1));
      if (Number.isFinite(share)) watch.progress(share);
      else watch.log(text);
    },
  });
  if (noSpace.test(output)) throw new SetupError(diskFull);
  if (code !== 0)
    throw new SetupError(`The downloaded package cannot be unpacked: ${essence(output)} Try again.`);
}

export const diskFull = 'The disk became full, so nothing was installed. Free some space and try again.';
export const noSpace = /No space left on device|ENOSPC|disk quota exceeded/i;
export const noNetwork =
  /connection broken|NewConnectionError|Temporary failure in name resolution|Name or service not known|ProxyError|Could not fetch URL|SSLError|timed out|Network is unreachable|ENOTFOUND|ECONNREFUSED|ECONNRESET|EAI_AGAIN|ETIMEDOUT/i;
const noMatch = /No matching distribution found/;

const downloadArguments = [
  ...['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--no-cache-dir', '--no-input'],
  ...['--disable-pip-version-check', '--progress-bar', 'off', '--retries', '2'],
];

/** Virtual environments of the workspace first, then the one that is active, then the PATH. */
function pythons({ env }: Machine, searchFrom: readonly string[]): string[] {
  const environments = [
    ...searchFrom.flatMap((folder) => ['.venv', 'venv', 'env'].map((name) => path.join(folder, name))),
    ...['VIRTUAL_ENV', 'CONDA_PREFIX'].flatMap((name) => env[name] ?? []),
  ];
  const inEnvironments = environments
    .map((folder) => path.join(folder, 'bin', 'python'))
    .filter((file) => fs.existsSync(file));
  return [...new Set([...inEnvironments, 'python3', 'python'])];
}

function asPackage(printed: string, machine: Machine): PythonPackage | undefined {
  try {
    const { folder, version } = JSON.parse(printed) as { folder: string; version: string };
    const { library, framework } = libraryFiles(machine);
    const sizes = [library, framework].map((file) => fs.statSync(path.join(folder, file)).size);
    if (!fs.existsSync(path.join(folder, 'include', 'tensorflow', 'c', 'c_api.h'))) return undefined;
    return { kind: 'installed', folder, version, bytes: sizes.reduce((sum, size) => sum + size, 0) };
  } catch {
    // Not there, too old to have the library, or built without it.
    return undefined;
  }
}

/** TensorFlow itself is not imported: that takes seconds, and only its files are wanted. */
const findPackageProgram = `
import importlib.metadata as metadata, importlib.util as util, json
spec = util.find_spec("tensorflow")
def version():
    for name in ("tensorflow", "tensorflow-cpu", "tensorflow-macos", "tensorflow-cpu-aws", "tf-nightly"):
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            pass
    return "of unknown version"
print(json.dumps({"folder": list(spec.submodule_search_locations)[0], "version": version()}))
`;

/** The package also holds a whole Python program; of its fifteen thousand files fewer than a hundred are wanted. */
const unpackProgram = `
import os, re, sys, zipfile
wheel, target = sys.argv[1:]
wanted = re.compile(r"tensorflow/(libtensorflow_(cc|framework)\\.[\\w.]+$|include/(tensorflow/c|tensorflow/core/platform|tsl/platform|xla/tsl/c)/)")
with zipfile.ZipFile(wheel) as archive:
    entries = [entry for entry in archive.infolist() if wanted.match(entry.filename) and not entry.is_dir()]
    total = sum(entry.file_size for entry in entries) or 1
    done = 0
    for entry in entries:
        file = os.path.join(target, entry.filename)
        os.makedirs(os.path.dirname(file), exist_ok=True)
        with archive.open(entry) as source, open(file, "wb") as to:
            while piece := source.read(1 << 24):
                to.write(piece)
                done += len(piece)
                print(done / total)
`;

function forPython({ arch, glibc = '2.27' }: Machine, version: string): string[] {
  if (version === '') return [];
  const machine = arch === 'arm64' ? 'aarch64' : 'x86_64';
  const minor = Number(glibc.split('.')[1]);
  const tags = Array.from({ length: minor - 16 }, (_, index) => `manylinux_2_${17 + index}_${machine}`);
  const platforms = [...tags, `manylinux2014_${machine}`].flatMap((tag) => ['--platform', tag]);
  const abi = `cp${version.replace('.', '')}`;
  return ['--python-version', version, '--implementation', 'cp', '--abi', abi, ...platforms];
}

/** pip says how large a file is before it loads it: `Downloading …whl (261.1 MB)`. */
function announcedBytes(text: string): number | undefined {
  const [, amount, unit] = /Downloading .+\((\d+(?:\.\d+)?) (kB|MB|GB)\)/.exec(text) ?? [];
  return amount === undefined ? undefined : Number(amount) * { kB: 1e3, MB: 1e6, GB: 1e9 }[unit as 'MB'];
}

async function withProgress<T>(
  folder: string,
  total: () => number,
  progress: (share: number) => void,
  work: () => Promise<T>,
): Promise<T> {
  const timer = setInterval(() => {
    if (total() > 0) progress(Math.min(1, bytesIn(folder) / total()));
  }, 500);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

function bytesIn(folder: string): number {
  try {
    const names = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' });
    return names
      .map((name) => fs.statSync(path.join(folder, name)))
      .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0);
  } catch {
    // pip took a file away between both looks.
    return 0;
  }
}

function downloadFailed(name: string, output: string): SetupError {
  return noNetwork.test(output)
    ? new SetupError(
        `pip cannot reach its index, so ${name} was not downloaded. Check the connection and the proxy; where an index of your own is used, set it with "pip config set global.index-url ADDRESS".`,
      )
    : new SetupError(`pip could not download ${name}: ${essence(output)}`);
}
