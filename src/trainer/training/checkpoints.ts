import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { writeFileAtomic } from '../../runs/atomic';
import { runFiles } from '../../runs/paths';

/** Tensors by name, as 32-bit numbers in row-major order. */
export type NamedArrays = ReadonlyMap<string, { shape: readonly number[]; values: Float32Array }>;

/** What a checkpoint file says beside its tensors. */
export interface CheckpointInfo {
  stage: string;
  epoch: number;
  /** Steps of the optimiser that are done in this stage. */
  step: number;
}

/**
 * The file `checkpoints/latest.json`: which checkpoint is the newest of each role and seed, and what it must hash to.
 */
export type CheckpointPointer = Record<string, CheckpointInfo & { path: string; sha256: string }>;

/**
 * Writes a checkpoint in the safetensors format (8 bytes of header length, a JSON header, raw little-endian numbers),
 * points `latest.json` at it and removes the one before. At no moment is there no whole checkpoint.
 *
 * @param owner role and seed, such as `student-1`.
 * @returns its path relative to the run directory, and its size.
 */
export function writeCheckpoint(
  directory: string,
  owner: string,
  info: CheckpointInfo,
  arrays: NamedArrays,
): { path: string; bytes: number } {
  const folder = path.join(directory, runFiles.checkpoints);
  fs.mkdirSync(folder, { recursive: true });
  const bytes = encodeSafetensors(arrays, {
    stage: info.stage,
    epoch: String(info.epoch),
    step: String(info.step),
  });
  const stageName = info.stage.slice(info.stage.lastIndexOf('/') + 1).replace(/[^\w-]/g, '_');
  const name = `${owner}-${stageName}-step-${String(info.step).padStart(6, '0')}.safetensors`;
  const relative = path.posix.join(runFiles.checkpoints, name);
  writeFileAtomic(path.join(folder, name), bytes);
  const pointerFile = path.join(folder, 'latest.json');
  const pointer = readPointer(pointerFile);
  const before = pointer[owner]?.path;
  pointer[owner] = { ...info, path: relative, sha256: createHash('sha256').update(bytes).digest('hex') };
  writeFileAtomic(pointerFile, JSON.stringify(pointer, null, 1));
  if (before !== undefined && before !== relative) fs.rmSync(path.join(directory, before), { force: true });
  return { path: relative, bytes: bytes.length };
}

function readPointer(file: string): CheckpointPointer {
  return fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, 'utf8')) as CheckpointPointer) : {};
}

/** The bytes of a safetensors file. Every tensor is F32; the header is padded so that numbers start at a multiple of 8. */
export function encodeSafetensors(arrays: NamedArrays, metadata: Record<string, string>): Uint8Array {
  let offset = 0;
  const entries: Record<string, unknown> = { __metadata__: metadata };
  for (const [name, { shape, values }] of arrays) {
    entries[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + values.byteLength] };
    offset += values.byteLength;
  }
  const json = JSON.stringify(entries);
  const header = Buffer.from(json.padEnd(json.length + ((8 - (Buffer.byteLength(json) % 8)) % 8)));
  const bytes = Buffer.alloc(8 + header.length + offset);
  bytes.writeBigUInt64LE(BigInt(header.length));
  header.copy(bytes, 8);
  let position = 8 + header.length;
  for (const { values } of arrays.values()) {
    Buffer.from(values.buffer, values.byteOffset, values.byteLength).copy(bytes, position);
    position += values.byteLength;
  }
  return bytes;
}
