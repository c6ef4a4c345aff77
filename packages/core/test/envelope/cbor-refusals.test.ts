import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCbor, encodeCbor } from '../../src/envelope/cbor.js';
import { EnvelopeError } from '../../src/envelope/envelope-error.js';
import { hex, key, mapOf } from './values.js';

function refusal(bytes: Uint8Array): [offset: number, message: string] {
  try {
    const value = decodeCbor(bytes);
    return [-1, `read as ${JSON.stringify(value)}`];
  } catch (error) {
    if (!(error instanceof EnvelopeError)) throw error;
    return [error.offset, error.message.replace(`byte ${error.offset}: `, '')];
  }
}

const outside: [what: string, digits: string, offset: number, message: string][] = [
  ['nothing', '', 0, 'at least 1 bytes expected, 0 left'],
  ['a tag', '82 01 c1 00', 2, 'no item begins with 0xc1 here'],
  ['a bignum', 'c2 42 0100', 0, 'no item begins with 0xc2 here'],
  ['false', '81 f4', 1, 'no item begins with 0xf4 here'],
  ['true', '81 f5', 1, 'no item begins with 0xf5 here'],
  ['null', '81 f6', 1, 'no item begins with 0xf6 here'],
  ['undefined', '81 f7', 1, 'no item begins with 0xf7 here'],
  ['a simple value of two bytes', 'f8 ff', 0, 'no item begins with 0xf8 here'],
  ['a half-precision float', '82 00 f9 3e00', 2, 'no item begins with 0xf9 here'],
  ['a single-precision float', 'fa 3fc00000', 0, 'no item begins with 0xfa here'],
  ['a break', '81 ff', 1, 'no item begins with 0xff here'],
  ['bytes of indefinite length', '5f 41 01 ff', 0, 'no item begins with 0x5f here'],
  ['text of indefinite length', '7f 61 61 ff', 0, 'no item begins with 0x7f here'],
  ['an array of indefinite length', '81 9f 01 ff', 1, 'no item begins with 0x9f here'],
  ['a map of indefinite length', 'bf ff', 0, 'no item begins with 0xbf here'],
  ['a key of indefinite length', 'a1 7f 61 61 ff 01', 1, 'no item begins with 0x7f here'],
  ['a reserved length', '1c', 0, 'no item begins with 0x1c here'],
  ['an integer in one byte too many', '82 00 18 17', 2, 'not the one encoding of 23'],
  ['an integer in two bytes for one', '19 00ff', 0, 'not the one encoding of 255'],
  ['an integer in four bytes for two', '1a 0000ffff', 0, 'not the one encoding of 65535'],
  ['an integer in eight bytes for four', '1b 00000000ffffffff', 0, 'not the one encoding of 4294967295'],
  ['a negative integer in one byte too many', '38 00', 0, 'not the one encoding of 0'],
  ['a length in one byte too many', '58 01 00', 0, 'not the one encoding of 1'],
  ['a text length in one byte too many', 'a1 78 01 61 00', 1, 'not the one encoding of 1'],
  ['a count in one byte too many', '98 01 00', 0, 'not the one encoding of 1'],
  ['2^53 as an integer', '1b 0020000000000000', 0, 'integer or length beyond 2^53-1'],
  ['2^64-1 as an integer', '1b ffffffffffffffff', 0, 'integer or length beyond 2^53-1'],
  ['-2^53 as an integer', '3b 001fffffffffffff', 0, 'integer or length beyond 2^53-1'],
  ['an integer as a float', '81 fb 3ff0000000000000', 1, 'not the one encoding of 1'],
  ['zero as a float', 'fb 0000000000000000', 0, 'not the one encoding of 0'],
  ['2^53-1 as a float', 'fb 433fffffffffffff', 0, 'not the one encoding of 9007199254740991'],
  ['a NaN with a payload', 'fb 7ff8000000000001', 0, 'not the one encoding of NaN'],
  ['a NaN with a sign', 'fb fff8000000000000', 0, 'not the one encoding of NaN'],
  ['a signalling NaN', 'fb 7ff0000000000001', 0, 'not the one encoding of NaN'],
  ['a key twice', 'a2 61 61 01 61 61 02', 4, 'key "a" is in this map twice'],
  ['an empty key twice', 'a2 60 01 60 02', 3, 'key "" is in this map twice'],
  ['a key that is a number', 'a1 01 02', 1, 'a key that is not text'],
  ['a key of bytes', '81 a1 41 61 02', 2, 'a key that is not text'],
  ['a second value', '01 02', 1, 'bytes follow the value'],
  ['bytes after a map', 'a0 00 00 00', 1, 'bytes follow the value'],
  ['an integer cut short', '1a 0001', 0, 'at least 5 bytes expected, 3 left'],
  ['a float cut short', '81 fb 3ff8', 1, 'at least 9 bytes expected, 3 left'],
  ['text cut short', '63 6161', 0, 'at least 3 bytes expected, 2 left'],
  ['a key cut short', 'a1 63 6161', 1, 'at least 3 bytes expected, 2 left'],
  ['bytes cut short', '81 43 6161', 1, 'at least 3 bytes expected, 2 left'],
  ['an array cut short', '82 01', 0, 'at least 2 bytes expected, 1 left'],
  ['a map cut short', 'a1 60', 0, 'at least 2 bytes expected, 1 left'],
  ['a value missing at the end', '82 61 61', 3, 'at least 1 bytes expected, 0 left'],
  ['a key missing at the end', 'a2 62 6161 62 6161', 7, 'at least 1 bytes expected, 0 left'],
  ['bytes that claim 2^53-1', '5b 001fffffffffffff 00', 0, 'at least 9007199254740991 bytes expected, 1 left'],
  ['text that claims 4 GiB', '7a ffffffff 00', 0, 'at least 4294967295 bytes expected, 1 left'],
  ['an array that claims 2^32', '9b 0000000100000000 00', 0, 'at least 4294967296 bytes expected, 1 left'],
  ['a map that claims 2^53-1', 'bb 001fffffffffffff 00', 0, 'at least 18014398509481982 bytes expected, 1 left'],
  ['UTF-8 with a stray byte', '81 61 80', 1, 'text that is not well-formed UTF-8'],
  ['UTF-8 cut short', '62 61c3', 0, 'text that is not well-formed UTF-8'],
  ['an overlong form', '62 c080', 0, 'text that is not well-formed UTF-8'],
  ['an encoded surrogate', '63 eda080', 0, 'text that is not well-formed UTF-8'],
  ['a code point beyond U+10FFFF', '64 f4908080', 0, 'text that is not well-formed UTF-8'],
  ['a key that is not UTF-8', 'a1 61 ff 01', 1, 'text that is not well-formed UTF-8'],
  ['long text that is not UTF-8', `78 32 ${'61'.repeat(49)} ff`, 0, 'text that is not well-formed UTF-8'],
  ['nine arrays in one another', '81 81 81 81 81 81 81 81 81 00', 8, 'more than 8 maps and arrays in one another'],
  ['nine maps in one another', `${'a1 60 '.repeat(9)} 00`, 16, 'more than 8 maps and arrays in one another'],
];

describe('the decoder refuses, naming the byte,', () => {
  it.each(outside)('%s', (_, digits, offset, message) => {
    expect(refusal(hex(digits))).toStrictEqual([offset, message]);
  });

  it('a million arrays in one another, without running out of stack', () => {
    expect(refusal(new Uint8Array(1_000_000).fill(0x81))[0]).toBe(8);
  });

  it('every value cut short anywhere', () => {
    const whole = encodeCbor({ a: [1, -500, 1.5], b: 'text', c: Uint8Array.of(1, 2, 3), d: { e: 'x'.repeat(100) } });
    for (let length = 0; length < whole.length; length++) {
      const [offset] = refusal(whole.subarray(0, length));
      expect(offset).toBeGreaterThanOrEqual(0);
      expect(offset).toBeLessThanOrEqual(length);
    }
  });
});

describe('a text that is remembered', () => {
  it('is never found by bytes that are not its own', () => {
    // Its Latin-1 bytes have the units of the text, but are not UTF-8. Some of these are looked for where the text is.
    for (let i = 0; i < 8_192; i++) {
      const text = String.fromCharCode(0x80 + (i & 63), 0x80 + (i >> 6), 0xff);
      expect(decodeCbor(encodeCbor(text))).toBe(text);
      const latin1 = Uint8Array.of(0x63, ...Buffer.from(text, 'latin1'));
      expect(refusal(latin1)).toStrictEqual([0, 'text that is not well-formed UTF-8']);
    }
  });
});

describe('a key twice in one map', () => {
  // Maps put together from their parts, so that keys come twice, near and far, before and after inner maps that have
  // them too: the check that spares looking most keys up must not lose one.
  type Entry = readonly [key: string, inner: readonly string[]];
  const map = (entries: readonly (readonly [string, Uint8Array])[]): Uint8Array => {
    const parts: Uint8Array[] = [Uint8Array.of(0xb9, entries.length >> 8, entries.length & 255)];
    if (entries.length < 24) parts[0] = Uint8Array.of(0xa0 | entries.length);
    else if (entries.length < 256) parts[0] = Uint8Array.of(0xb8, entries.length);
    for (const [name, bytes] of entries) parts.push(encodeCbor(name), bytes);
    return Uint8Array.from(Buffer.concat(parts));
  };
  const keys = fc.oneof(
    key,
    fc.constantFrom('a', 'b', 'c', 'd'),
    fc.nat(5_000).map((i) => `key-${i}`),
  );
  const entry: fc.Arbitrary<Entry> = fc.tuple(keys, fc.uniqueArray(keys, { maxLength: 4 }));

  it('is found wherever it is, and no other is taken for one', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 40 }), (entries) => {
        const bytes = map(entries.map(([name, inner]) => [name, map(inner.map((k) => [k, Uint8Array.of(1)]))]));
        const names = entries.map(([name]) => name);
        const twice = new Set(names).size < names.length;
        expect(refusal(bytes)[1]).toMatch(twice ? /^key ".* is in this map twice$/s : /^read as/);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is found in maps with more keys than are remembered', () => {
    const names = Array.from({ length: 9_000 }, (_, i) => `key-${i}`);
    const one = Uint8Array.of(1);
    expect(decodeCbor(map(names.map((name) => [name, one])))).toStrictEqual(mapOf(names.map((name) => [name, 1])));
    for (const again of ['key-0', 'key-4500', 'key-8999']) {
      const [, message] = refusal(map([...names, again].map((name) => [name, one])));
      expect(message).toBe(`key "${again}" is in this map twice`);
    }
  });

  it('is found when texts between the two made it forgotten', () => {
    const texts = Array.from({ length: 20_000 }, (_, i) => `value-${i}`);
    const again = map([
      ['key', encodeCbor(0)],
      ['texts', encodeCbor(texts)],
      ['key', encodeCbor(0)],
    ]);
    expect(refusal(again)[1]).toBe('key "key" is in this map twice');
  });
});
