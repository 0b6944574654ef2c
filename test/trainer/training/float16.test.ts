import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asStored, decodeNumbers, encodeNumbers } from '../../../src/trainer/training/float16';

/** Bits that Python's `struct.pack('>e', value)` gives. */
const golden: [number, number][] = [
  [0, 0x0000],
  [-0, 0x8000],
  [1, 0x3c00],
  [-2.5, 0xc100],
  [0.1, 0x2e66],
  [1 / 3, 0x3555],
  [1.00048828125, 0x3c00],
  [1.00146484375, 0x3c02],
  [65504, 0x7bff],
  [65519, 0x7bff],
  [2 ** -24, 0x0001],
  [2 ** -14, 0x0400],
  [3 * 2 ** -26, 0x0001],
  [1e-9, 0x0000],
  [-123.456, 0xd7b7],
];

describe('float16', () => {
  it('rounds to the nearest, ties to even, as Python does', () => {
    const bytes = encodeNumbers(
      Float32Array.from(golden, ([value]) => value),
      'float16',
    );
    expect([...new Uint16Array(bytes.buffer)]).toEqual(golden.map(([, bits]) => bits));
  });

  it('is read by its definition: sign, five bits of exponent, ten of fraction', () => {
    const bits = Uint16Array.from({ length: 0x10000 }, (_, i) => i);
    const values = decodeNumbers(new Uint8Array(bits.buffer), 'float16');
    const byDefinition = Float32Array.from(bits, (word) => {
      const [sign, exponent, fraction] = [word >> 15 ? -1 : 1, (word >> 10) & 31, word & 1023];
      if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
      return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
    });
    expect(values).toEqual(byDefinition);
  });

  it('keeps the largest number in place of an infinity, and real infinities and no-numbers as they are', () => {
    const values = Float32Array.of(65520, -70000, 3e38, Infinity, -Infinity, NaN);
    expect([...asStored(values, 'float16')]).toEqual([65504, -65504, 65504, Infinity, -Infinity, NaN]);
  });
});

describe.each(['float32', 'float16'] as const)('numbers kept as %s', (dtype) => {
  it('stay what they are when they are kept again', () => {
    fc.assert(
      fc.property(fc.float32Array(), (values) => {
        const once = asStored(values, dtype);
        expect(asStored(once, dtype)).toEqual(once);
      }),
    );
  });

  it('have memory of their own', () => {
    const values = Float32Array.of(1, 2, 3);
    const bytes = encodeNumbers(values, dtype);
    const read = decodeNumbers(bytes, dtype);
    values.fill(9);
    bytes.fill(0);
    expect([...read]).toEqual([1, 2, 3]);
  });
});
