import fs from 'node:fs';
import path from 'node:path';

let count = 0;

/**
 * Replaces a file so that a reader, or a machine that loses power, sees the old or the new content and nothing between.
 * @throws the error of the file system; the temporary file is then gone.
 */
export function writeFileAtomic(file: string, data: string | Uint8Array): void {
  count += 1;
  const temporary = `${file}.tmp-${process.pid}-${count}`;
  try {
    const handle = fs.openSync(temporary, 'wx');
    try {
      fs.writeFileSync(handle, data);
      fs.fsyncSync(handle);
    } finally {
      fs.closeSync(handle);
    }
    renameWithPatience(temporary, file);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
  syncDirectory(path.dirname(file));
}

/** On Windows a virus scanner or a reader may hold the old file for a moment: rename then fails and works soon after. */
function renameWithPatience(from: string, to: string): void {
  for (let attempt = 1; ; attempt++) {
    try {
      fs.renameSync(from, to);
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (attempt === 6 || (code !== 'EPERM' && code !== 'EBUSY' && code !== 'EACCES')) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10 * 2 ** attempt);
    }
  }
}

/** Makes the new name itself durable. Windows cannot open a directory and does not need it. */
function syncDirectory(directory: string): void {
  if (process.platform === 'win32') return;
  const handle = fs.openSync(directory, 'r');
  try {
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
}
