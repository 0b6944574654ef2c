import { Float16Array } from '@petamoriken/float16';

/** How teacher outputs are kept. `float16` halves the bytes; a logit then keeps about three decimal digits. */
export type CacheDtype = 'float32' | 'float16';

export const bytesPerNumber: Readonly<Record<CacheDtype, number>> = { float32: 4, float16: 2 };

/**
 * The bytes of numbers, in the byte order of this machine, in memory of their own. Finite numbers beyond the largest of
 * float16 become ±65504: as an infinity, one logit would make the whole loss infinite.
 */
export function encodeNumbers(values: Float32Array, dtype: CacheDtype): Uint8Array {
  if (dtype === 'float32') return new Uint8Array(values.slice().buffer);
  const bits = new Uint16Array(new Float16Array(values).buffer);
  for (let i = 0; i < bits.length; i++)
    if ((bits[i]! & 0x7fff) === infinityBits && Number.isFinite(values[i])) bits[i]! -= 1;
  return new Uint8Array(bits.buffer);
}

/** The numbers that `encodeNumbers` was given, rounded to the type; in memory of their own. */
export function decodeNumbers(bytes: Uint8Array, dtype: CacheDtype): Float32Array {
  // The slice of a Buffer is no copy.
  const own = new Uint8Array(bytes).buffer;
  if (dtype === 'float32') return new Float32Array(own);
  decoded ??= new Float32Array(new Float16Array(Uint16Array.from({ length: 0x10000 }, (_, i) => i).buffer));
  const bits = new Uint16Array(own);
  const values = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) values[i] = decoded[bits[i]!]!;
  return values;
}

/** The numbers as a reader of the cache would get them, so that a run that fills it teaches what later runs teach. */
export function asStored(values: Float32Array, dtype: CacheDtype): Float32Array {
  return dtype === 'float32' ? values : decodeNumbers(encodeNumbers(values, dtype), dtype);
}

const infinityBits = 0x7c00;

/** Every float16 there is, by its bits: looking them up is far faster than the library's arrays, which are proxies. */
let decoded: Float32Array | undefined;
