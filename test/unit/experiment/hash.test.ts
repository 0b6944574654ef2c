import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { contentHash } from '../../../src/experiment/hash';

it('is the SHA-256 of JSON with sorted keys', () => {
  const expected = createHash('sha256').update('{"a":[1,{"x":"é","y":null}],"b":true}').digest('hex');
  expect(contentHash({ b: true, a: [1, { y: null, x: 'é', z: undefined }] })).toBe(expected);
});

it('does not depend on the order of keys, at any depth', () => {
  const reversed = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(reversed);
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, inner]) => [key, reversed(inner)]),
    );
  };
  fc.assert(fc.property(fc.jsonValue(), (value) => contentHash(value) === contentHash(reversed(value))));
});

it('differs when anything else differs', () => {
  const values = [
    {},
    { a: 1 },
    { a: '1' },
    { a: [1] },
    { a: null },
    { b: 1 },
    { a: 1, b: 1 },
    { a: [1, 2] },
    { a: [2, 1] },
  ];
  expect(new Set(values.map(contentHash)).size).toBe(values.length);
});
