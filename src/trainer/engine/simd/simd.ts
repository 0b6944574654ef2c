import fs from 'node:fs';
import path from 'node:path';
import v8 from 'node:v8';
import type { KernelBackend, TensorInfo } from '@tensorflow/tfjs-core';
import type { SimdExports } from './exports';

/** Our WebAssembly kernels, which compute on the same memory as TensorFlow.js' own. Addresses are in bytes. */
export interface Simd {
  kernels: SimdExports;
  /** Whether a product and a sum are rounded once, so that results differ in the last bits from those of other machines. */
  roundsOnce: boolean;
  /** Where the numbers of a tensor begin. */
  address: (tensor: TensorInfo) => number;
  /**
   * Memory to work in, one block for each number of bytes, valid until the next call: a kernel calls it once. It may grow
   * the memory and leave views empty.
   *
   * @throws {MemoryExhausted}
   */
  scratch: <const Sizes extends readonly number[]>(...sizes: Sizes) => { [K in keyof Sizes]: number };
  /** Copies numbers between addresses. */
  copy: (to: number, from: number, count: number) => void;
  /** The numbers at an address, valid until the memory grows. */
  view: (at: number, count: number) => Float32Array;
  /** Sets numbers to 0. */
  clear: (at: number, count: number) => void;
}

/** The 4 GB that WebAssembly can address, or those of the machine, are full. Its message is for people. */
export class MemoryExhausted extends Error {
  constructor(bytes: number) {
    super(
      `WebAssembly is out of memory: there is no room for another ${(bytes / 1e6).toFixed(1)} MB. Use a smaller batch or smaller models.`,
    );
    this.name = 'MemoryExhausted';
  }
}

let active: Simd | undefined;
let startedOn: EmscriptenModule | undefined;

/** The kernels on the memory of the running backend. */
export function simd(): Simd {
  if (active === undefined) throw new Error('The WebAssembly kernels are used before they were started.');
  return active;
}

/**
 * Puts our kernels onto the memory of a backend that has started. From then on, an allocation that fails is an error:
 * TensorFlow.js would write over whatever stands at address 0 (https://github.com/tensorflow/tfjs/issues/7646).
 *
 * @param started the library's WebAssembly backend
 * @param folder with the compiled kernels
 */
export function startSimd(started: KernelBackend, folder: string): Simd {
  const backend = started as unknown as HeapBackend;
  const module = backend.wasm;
  if (active !== undefined && startedOn === module) return active;
  startedOn = module;
  // Emscripten's functions replace themselves by the compiled ones at their first call, which would undo ours.
  module._free(module._malloc(1));
  const allocate = module._malloc.bind(module);
  module._malloc = (bytes) => {
    const address = allocate(bytes);
    if (address === 0 && bytes > 0) throw new MemoryExhausted(bytes);
    return address;
  };
  const { memory } = module.asm;
  const kernels = new WebAssembly.Instance(compiled(folder), { env: { memory } })
    .exports as unknown as SimdExports;

  let block = 0;
  let blockBytes = 0;
  active = {
    kernels,
    roundsOnce: kernels.roundsOnce(1 + 2 ** -23, -(1 + 2 ** -22)) === 1,
    address: ({ dataId }) => backend.getMemoryOffset(dataId) >>> 0,
    scratch: (...sizes) => {
      const starts: number[] = [];
      let bytes = alignment;
      for (const size of sizes) {
        starts.push(bytes);
        bytes += Math.ceil(size / alignment) * alignment;
      }
      if (bytes > blockBytes) {
        module._free(block);
        [block, blockBytes] = [0, 0];
        block = module._malloc(bytes) >>> 0;
        blockBytes = bytes;
      }
      const first = block - (block % alignment);
      return starts.map((start) => first + start) as never;
    },
    copy: (to, from, count) => {
      new Uint8Array(memory.buffer).copyWithin(to, from, from + 4 * count);
    },
    view: (at, count) => new Float32Array(memory.buffer, at, count),
    clear: (at, count) => {
      new Uint8Array(memory.buffer, at, 4 * count).fill(0);
    },
  };
  return active;
}

/** Bytes of a cache line: vectors that cross two of them take longer. */
const alignment = 64;

/** What is used of the library's backend. */
interface HeapBackend {
  wasm: EmscriptenModule;
  getMemoryOffset(dataId: TensorInfo['dataId']): number;
}

interface EmscriptenModule {
  _malloc(bytes: number): number;
  _free(address: number): void;
  asm: { memory: WebAssembly.Memory };
}

/** The build that rounds once, where the runtime can: Node 20 has it behind a flag. */
function compiled(folder: string): WebAssembly.Module {
  const fused = fs.readFileSync(path.join(folder, 'distillery-simd-fma.wasm'));
  if (!WebAssembly.validate(fused) && process.versions.node.startsWith('20.'))
    v8.setFlagsFromString('--experimental-wasm-relaxed-simd');
  return new WebAssembly.Module(
    WebAssembly.validate(fused) ? fused : fs.readFileSync(path.join(folder, 'distillery-simd.wasm')),
  );
}
