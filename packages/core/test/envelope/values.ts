// Values that the CBOR subset can hold, for properties.

import fc from 'fast-check';
import type { CborValue } from '../../src/envelope/cbor.js';

export const edgeNumbers: readonly number[] = [
  0,
  -0,
  1,
  -1,
  23,
  24,
  -24,
  -25,
  255,
  256,
  -256,
  -257,
  65_535,
  65_536,
  2 ** 32 - 1,
  2 ** 32,
  -(2 ** 32),
  -(2 ** 32) - 1,
  Number.MAX_SAFE_INTEGER,
  Number.MIN_SAFE_INTEGER,
  2 ** 53,
  -(2 ** 53),
  2 ** 64,
  0.1,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.MIN_VALUE,
  -Number.MIN_VALUE,
  2.225073858507201e-308,
  Number.MAX_VALUE,
  Number.EPSILON,
];

export const hostileKeys: readonly string[] = [
  '',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '\uFEFFkey',
  '\uFEFF',
  '\0',
  '0',
  '10',
  '4294967295',
  'é',
  '🙂'.repeat(9),
  'k'.repeat(23),
  'k'.repeat(24),
  'k'.repeat(40),
  'k'.repeat(41),
  'k'.repeat(300),
];

export const number: fc.Arbitrary<number> = fc.oneof(fc.constantFrom(...edgeNumbers), fc.maxSafeInteger(), fc.double());

export const text: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary-ascii', maxLength: 60 }),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.nat(300).map((length) => 'x'.repeat(length)),
);

export const key: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...hostileKeys),
  fc.constantFrom('a', 'b', 'stage-1', 'stage-2'),
  fc.string({ unit: 'binary', maxLength: 30 }),
);

export const bytes: fc.Arbitrary<Uint8Array> = fc.uint8Array({ maxLength: 80 });

/** An object of which every key is an own property, `__proto__` too. */
export function mapOf<T>(entries: Iterable<readonly [string, T]>): Record<string, T> {
  return Object.fromEntries(entries);
}

/** At most five containers in one another. */
export function valueWith(keys: fc.Arbitrary<string>, numbers: fc.Arbitrary<number>): fc.Arbitrary<CborValue> {
  const leaf: fc.Arbitrary<CborValue> = fc.oneof(numbers, text, bytes);
  const node = (levels: number): fc.Arbitrary<CborValue> => {
    if (levels === 0) return leaf;
    const inner = node(levels - 1);
    return fc.oneof(
      leaf,
      fc.array(inner, { maxLength: 5 }),
      fc.array(fc.tuple(keys, inner), { maxLength: 6 }).map(mapOf),
    );
  };
  return node(5);
}

export const value: fc.Arbitrary<CborValue> = valueWith(key, number);

/** The bytes of groups of hex digits. */
export function hex(digits: string): Uint8Array {
  return Uint8Array.from(digits.replaceAll(' ', '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
