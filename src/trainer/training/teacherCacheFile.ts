import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import { bytesPerNumber, decodeNumbers, encodeNumbers, type CacheDtype } from './float16';

/** What decides how a cache file is laid out, and whose outputs it holds. */
export interface CacheShape {
  /** Content hash of everything that decides the rows. */
  key: string;
  dtype: CacheDtype;
  classes: number;
  rows: number;
  /** Every block has so many rows, the last one maybe fewer. */
  rowsPerBlock: number;
}

/** Counts changes of the format: files of another version are not read. */
export const cacheFormat = 1;

/**
 * A file of teacher outputs: a header that is the same for the same shape, then blocks at fixed places, each a SHA-256
 * of its key, number and bytes, followed by the bytes. A block that was not written, was torn, was changed, or belongs
 * to another file or place does not have its checksum, and is never given out.
 */
export class CacheFile {
  private constructor(
    readonly path: string,
    readonly shape: CacheShape,
    private readonly handle: number,
  ) {}

  /** Opens a file to go on filling it; one that does not begin with the right header begins anew, empty. @throws the error of the file system */
  static fill(path: string, shape: CacheShape): CacheFile {
    const file = new CacheFile(path, shape, fs.openSync(path, fs.constants.O_RDWR | fs.constants.O_CREAT));
    try {
      if (!file.hasHeader() || file.size() > sizeOf(shape)) file.empty();
      return file;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Opens a finished file. @returns null when the header or the size is wrong. @throws the error of the file system */
  static read(path: string, shape: CacheShape): CacheFile | null {
    const file = new CacheFile(path, shape, fs.openSync(path, 'r'));
    try {
      if (file.hasHeader() && file.size() === sizeOf(shape)) return file;
    } catch (error) {
      file.close();
      throw error;
    }
    file.close();
    return null;
  }

  /** Whether each block is there and whole. Reads the file once, `between` blocks others may work. */
  async check(between: () => Promise<void>): Promise<Uint8Array> {
    const whole = new Uint8Array(blockCount(this.shape));
    const last = Math.min(whole.length, Math.ceil((this.size() - headerBytes) / strideOf(this.shape)));
    let unheard = 0;
    for (let block = 0; block < last; block++) {
      whole[block] = this.bytesOf(block) ? 1 : 0;
      unheard += strideOf(this.shape);
      if (unheard < pauseBytes) continue;
      unheard = 0;
      await between();
    }
    return whole;
  }

  /** The numbers of a block, `rows × classes`, or null where it is not there or not whole. */
  block(block: number): Float32Array | null {
    const bytes = this.bytesOf(block);
    return bytes && decodeNumbers(bytes, this.shape.dtype);
  }

  /** Consecutive rows of one block, straight from their place: for files that were checked. @throws an Error when they are not there */
  rows(first: number, count: number): Float32Array {
    const { rowsPerBlock, dtype } = this.shape;
    const size = rowBytes(this.shape);
    const bytes = Buffer.alloc(count * size);
    const block = positionOf(this.shape, Math.floor(first / rowsPerBlock));
    const position = block + checksumBytes + (first % rowsPerBlock) * size;
    if (fs.readSync(this.handle, bytes, 0, bytes.length, position) !== bytes.length)
      throw Object.assign(new Error(`${this.path} became shorter while it was read.`), { syscall: 'read' });
    return decodeNumbers(bytes, dtype);
  }

  /** @param values `rows × classes` of this block. @throws the error of the file system, which may have torn the block. */
  write(block: number, values: Float32Array): void {
    const bytes = encodeNumbers(values, this.shape.dtype);
    if (bytes.length !== rowsIn(this.shape, block) * rowBytes(this.shape))
      throw new Error(`Block ${block} of the teacher's outputs was given ${values.length} numbers.`);
    const whole = Buffer.concat([checksumOf(this.shape, block, bytes), bytes]);
    const position = positionOf(this.shape, block);
    // A disk that becomes full takes a part and says so only when asked for the rest.
    for (let done = 0; done < whole.length;)
      done += fs.writeSync(this.handle, whole, done, whole.length - done, position + done);
  }

  /** Begins anew. @throws the error of the file system */
  empty(): void {
    fs.ftruncateSync(this.handle);
    fs.writeSync(this.handle, headerOf(this.shape), 0, headerBytes, 0);
  }

  /** Makes what was written durable, so that a finished name never stands for less than the whole. */
  sync(): void {
    fs.fsyncSync(this.handle);
  }

  size(): number {
    return fs.fstatSync(this.handle).size;
  }

  close(): void {
    fs.closeSync(this.handle);
  }

  private hasHeader(): boolean {
    const header = Buffer.alloc(headerBytes);
    return (
      fs.readSync(this.handle, header, 0, headerBytes, 0) === headerBytes &&
      header.equals(headerOf(this.shape))
    );
  }

  private bytesOf(block: number): Uint8Array | null {
    const whole = Buffer.alloc(checksumBytes + rowsIn(this.shape, block) * rowBytes(this.shape));
    const read = fs.readSync(this.handle, whole, 0, whole.length, positionOf(this.shape, block));
    if (read !== whole.length) return null;
    const bytes = whole.subarray(checksumBytes);
    return checksumOf(this.shape, block, bytes).equals(whole.subarray(0, checksumBytes)) ? bytes : null;
  }
}

export function blockCount({ rows, rowsPerBlock }: CacheShape): number {
  return Math.ceil(rows / rowsPerBlock);
}

export function rowsIn({ rows, rowsPerBlock }: CacheShape, block: number): number {
  return Math.min(rowsPerBlock, rows - block * rowsPerBlock);
}

/** Bytes of the finished file. */
export function sizeOf(shape: CacheShape): number {
  return headerBytes + blockCount(shape) * checksumBytes + shape.rows * rowBytes(shape);
}

/** Rows that a file of this size, filled from its beginning, holds. */
export function rowsInBytes(shape: CacheShape, bytes: number): number {
  const blocks = Math.floor((bytes - headerBytes) / strideOf(shape));
  return bytes >= sizeOf(shape) ? shape.rows : Math.max(0, blocks) * shape.rowsPerBlock;
}

const headerBytes = 512;
const checksumBytes = 32;
const pauseBytes = 16 * 1024 ** 2;

function rowBytes({ classes, dtype }: CacheShape): number {
  return classes * bytesPerNumber[dtype];
}

function strideOf(shape: CacheShape): number {
  return checksumBytes + shape.rowsPerBlock * rowBytes(shape);
}

function positionOf(shape: CacheShape, block: number): number {
  return headerBytes + block * strideOf(shape);
}

/** Readable with any text viewer. The byte order belongs to it: numbers are written as this machine holds them. */
function headerOf({ key, dtype, classes, rows, rowsPerBlock }: CacheShape): Buffer {
  const text = JSON.stringify({
    content: 'Distillery teacher outputs',
    format: cacheFormat,
    byteOrder: os.endianness(),
    key,
    dtype,
    classes,
    rows,
    rowsPerBlock,
  });
  return Buffer.from(`${text.padEnd(headerBytes - 1)}\n`);
}

function checksumOf({ key }: CacheShape, block: number, bytes: Uint8Array): Buffer {
  return createHash('sha256').update(`${key} ${block} `).update(bytes).digest();
}
