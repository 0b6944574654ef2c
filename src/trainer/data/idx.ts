import fs from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { DataFailure } from '../failures';

/** The content of an IDX file: 8-bit numbers in `shape`, row-major. */
export interface IdxArray {
  shape: number[];
  values: Uint8Array;
}

/**
 * Reads an IDX file of unsigned bytes, plain or gzipped (told by its content, not by its name).
 *
 * Format: two zero bytes, the type (0x08 unsigned byte), the number of dimensions, each dimension as a 32-bit
 * big-endian number, then the values. See http://yann.lecun.com/exdb/mnist.
 *
 * @param dimensions how many there must be: 1 for labels, 3 for grey images, 4 for images with channels.
 * @throws {DataFailure} naming the file and what is wrong with it.
 */
export function readIdx(file: string, dimensions: readonly number[]): IdxArray {
  const bytes = readBytes(file);
  const name = path.basename(file);
  if (bytes.length < 4)
    throw new DataFailure(
      'data.idx.truncated',
      `${file} has only ${bytes.length} bytes: it is empty or cut off.`,
    );
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const type = view.getUint8(2);
  const rank = view.getUint8(3);
  if (view.getUint16(0) !== 0 || type !== 0x08)
    throw new DataFailure(
      'data.idx.magic',
      `${file} is not an IDX file of bytes: it begins with 0x${hex(view.getUint32(0))}, and 0x000008${hex(dimensions[0]!, 2)} was expected.`,
    );
  if (!dimensions.includes(rank))
    throw new DataFailure(
      'data.idx.magic',
      `${name} has ${rank} dimension${rank === 1 ? '' : 's'} where ${dimensions.join(' or ')} ${dimensions.length > 1 || dimensions[0] !== 1 ? 'are' : 'is'} expected: are images and labels swapped?`,
    );
  const header = 4 + 4 * rank;
  if (bytes.length < header)
    throw new DataFailure('data.idx.truncated', `${file} ends inside its header: it is cut off.`);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const size = shape.reduce((product, length) => product * length, 1);
  if (bytes.length !== header + size) {
    const longer = bytes.length > header + size;
    throw new DataFailure(
      longer ? 'data.idx.size' : 'data.idx.truncated',
      `${file} says it holds ${shape.join(' × ')} bytes, which is ${header + size} with its header, but it has ${bytes.length}: ${longer ? 'there is something behind the data' : 'it is cut off'}. Copy or download it again.`,
    );
  }
  return { shape, values: bytes.subarray(header) };
}

/** The bytes of a file, unpacked when it is gzipped. @throws {DataFailure} */
function readBytes(file: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = fs.readFileSync(file);
  } catch (error) {
    throw new DataFailure('data.file.unreadable', `${file} cannot be read: ${reason(error)}.`);
  }
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes);
  } catch {
    throw new DataFailure(
      'data.idx.truncated',
      `${file} is gzipped but damaged or cut off: copy or download it again.`,
    );
  }
}

function reason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'EACCES' || code === 'EPERM') return 'you have no permission to read it';
  if (code === 'EISDIR') return 'it is a folder';
  return (error as Error).message;
}

function hex(value: number, digits = 8): string {
  return value.toString(16).padStart(digits, '0');
}
