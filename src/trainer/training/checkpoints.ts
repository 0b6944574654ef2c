import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { writeFileAtomic } from '../../runs/atomic';
import { parseObject } from '../../runs/lines';
import { toJson } from '../../runs/numbers';
import { runFiles } from '../../runs/paths';

/** Tensors by name, as 32-bit numbers in row-major order. */
export type NamedArrays = ReadonlyMap<string, { shape: readonly number[]; values: Float32Array }>;

/** Where training stood: what a checkpoint says beside its tensors. */
export interface CheckpointInfo {
  stage: string;
  epoch: number;
  /** Steps of the optimiser that are done in this stage. */
  step: number;
}

/** The file `checkpoints/<owner>.json`: which checkpoint of this role and seed is the newest, and what it hashes to. */
export type CheckpointPointer = CheckpointInfo & { path: string; sha256: string };

/**
 * Writes a checkpoint in the safetensors format (8 bytes of header length, a JSON header, raw little-endian numbers),
 * points `<owner>.json` at it and removes the one before. At no moment is there no whole checkpoint. Every role and seed
 * has a pointer of its own, because several processes may write at once.
 *
 * @param owner role and seed, such as `student-1`.
 * @param state everything else that is needed to go on, as plain JSON; NaN and infinity come back as strings.
 * @returns its path relative to the run directory, and its size.
 */
export function writeCheckpoint(
  directory: string,
  owner: string,
  info: CheckpointInfo,
  arrays: NamedArrays,
  state: unknown,
): { path: string; bytes: number } {
  const folder = path.join(directory, runFiles.checkpoints);
  fs.mkdirSync(folder, { recursive: true });
  const bytes = encodeSafetensors(arrays, {
    stage: info.stage,
    epoch: String(info.epoch),
    step: String(info.step),
    state: toJson(state),
  });
  const stageName = info.stage.slice(info.stage.lastIndexOf('/') + 1).replace(/[^\w-]/g, '_');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  // Two checkpoints of one step may differ (before and after the best weights are brought back), and so do their names.
  const name = `${owner}-${stageName}-step-${String(info.step).padStart(6, '0')}-${sha256.slice(0, 8)}.safetensors`;
  const relative = path.posix.join(runFiles.checkpoints, name);
  writeFileAtomic(path.join(folder, name), bytes);
  const before = readPointer(directory, owner)?.path;
  const pointer: CheckpointPointer = { ...info, path: relative, sha256 };
  writeFileAtomic(pointerFile(directory, owner), JSON.stringify(pointer, null, 1));
  if (before !== undefined && before !== relative) fs.rmSync(path.join(directory, before), { force: true });
  return { path: relative, bytes: bytes.length };
}

export interface Checkpoint {
  info: CheckpointInfo;
  arrays: NamedArrays;
  state: unknown;
}

/** The newest checkpoint of a role and seed: `absent`, or why the one that is there cannot be used. */
export function readCheckpoint(
  directory: string,
  owner: string,
): Checkpoint | 'absent' | { damaged: string } {
  const pointer = readPointer(directory, owner);
  if (!pointer)
    return fs.existsSync(pointerFile(directory, owner)) ? { damaged: 'its pointer is not whole' } : 'absent';
  let bytes: Buffer;
  try {
    bytes = fs.readFileSync(path.join(directory, pointer.path));
  } catch (error) {
    return { damaged: (error as Error).message };
  }
  if (createHash('sha256').update(bytes).digest('hex') !== pointer.sha256)
    return { damaged: 'its checksum differs from the one that was written' };
  const { arrays, metadata } = decodeSafetensors(bytes);
  const { stage, epoch, step } = pointer;
  return { info: { stage, epoch, step }, arrays, state: JSON.parse(metadata['state']!) as unknown };
}

/** Removes all checkpoints, and what a killed process left of one. */
export function clearCheckpoints(directory: string): void {
  fs.rmSync(path.join(directory, runFiles.checkpoints), { recursive: true, force: true });
}

/** Removes files that a killed process was writing, and checkpoints that no pointer names. */
export function sweepCheckpoints(directory: string): void {
  const folder = path.join(directory, runFiles.checkpoints);
  if (!fs.existsSync(folder)) return;
  const names = fs.readdirSync(folder);
  const owners = names.flatMap((name) => (name.endsWith('.json') ? [name.slice(0, -'.json'.length)] : []));
  const named = new Set(owners.map((owner) => path.basename(readPointer(directory, owner)?.path ?? '')));
  for (const name of names)
    if (name.includes('.tmp-') || (name.endsWith('.safetensors') && !named.has(name)))
      fs.rmSync(path.join(folder, name), { force: true });
}

function pointerFile(directory: string, owner: string): string {
  return path.join(directory, runFiles.checkpoints, `${owner}.json`);
}

function readPointer(directory: string, owner: string): CheckpointPointer | null {
  const file = pointerFile(directory, owner);
  if (!fs.existsSync(file)) return null;
  const { stage, epoch, step, path: relative, sha256 } = parseObject(fs.readFileSync(file, 'utf8')) ?? {};
  return typeof stage === 'string' &&
    typeof epoch === 'number' &&
    typeof step === 'number' &&
    typeof relative === 'string' &&
    typeof sha256 === 'string'
    ? { stage, epoch, step, path: relative, sha256 }
    : null;
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

/** Reads what `encodeSafetensors` wrote; the checksum has been compared before. */
function decodeSafetensors(bytes: Buffer): { arrays: NamedArrays; metadata: Record<string, string> } {
  const length = Number(bytes.readBigUInt64LE(0));
  const { __metadata__: metadata, ...entries } = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Record<
    string,
    unknown
  > & { __metadata__: Record<string, string> };
  const tensors = entries as Record<string, { shape: number[]; data_offsets: [number, number] }>;
  const arrays = new Map(
    Object.entries(tensors).map(
      ([
        name,
        {
          shape,
          data_offsets: [from, to],
        },
      ]) => {
        const values = new Float32Array((to - from) / 4);
        bytes.copy(new Uint8Array(values.buffer), 0, 8 + length + from, 8 + length + to);
        return [name, { shape, values }] as const;
      },
    ),
  );
  return { arrays, metadata };
}
