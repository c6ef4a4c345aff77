import assert from 'node:assert/strict';
import { Encoder } from 'cbor-x';
import * as cborg from 'cborg';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CborValue, decodeCbor, encodeCbor } from '../../src/envelope/cbor.js';
import { edgeNumbers, hex, hostileKeys, mapOf, number, value, valueWith } from './values.js';

describe('a value written and read', () => {
  it('comes back equal, whatever it is', () => {
    fc.assert(fc.property(value, (v) => assert.deepEqual(decodeCbor(encodeCbor(v)), v)));
  });

  it.each(edgeNumbers)('keeps the number %d to the bit', (n) => {
    const read = decodeCbor(encodeCbor([n, { n }]));
    expect(read).toStrictEqual([n, { n }]);
  });

  it('keeps every double to the bit', () => {
    fc.assert(fc.property(number, (n) => Object.is(decodeCbor(encodeCbor(n)), n)));
  });

  it.each(hostileKeys)('keeps the key %j as an own property', (key) => {
    const map = mapOf([
      ['before', 1],
      [key, 2],
      ['after', 3],
    ]);
    const read = decodeCbor(encodeCbor(map)) as Record<string, number>;
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect(Object.getOwnPropertyDescriptor(read, key)).toStrictEqual({
      value: 2,
      writable: true,
      enumerable: true,
      configurable: true,
    });
    expect(Object.entries(read)).toStrictEqual(Object.entries(map));
  });

  it('takes keys that every object inherits when Object.prototype is frozen', () => {
    const inherited = Reflect.ownKeys(Object.prototype).filter((key) => typeof key === 'string');
    const map = mapOf(inherited.map((key) => [key, 1] as const));
    const bytes = encodeCbor(map);
    const descriptors = Object.getOwnPropertyDescriptors(Object.prototype);
    const frozen = Object.fromEntries(
      inherited.map((key) => [key, 'value' in descriptors[key]! ? { writable: false } : {}]),
    );
    Object.defineProperties(Object.prototype, frozen);
    try {
      expect(Object.entries(decodeCbor(bytes))).toStrictEqual(Object.entries(map));
    } finally {
      Object.defineProperties(Object.prototype, descriptors);
    }
  });

  it('keeps the order of keys as far as objects do', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ maxLength: 4 })), (keys) => {
        const map = mapOf(keys.map((key, i) => [key, i] as const));
        expect(Object.keys(decodeCbor(encodeCbor(map)))).toStrictEqual(Object.keys(map));
      }),
    );
  });

  it('leaves Object.prototype as it was', () => {
    const before = Reflect.ownKeys(Object.prototype);
    decodeCbor(encodeCbor(mapOf([['__proto__', mapOf([['polluted', 1]])]])));
    expect(Reflect.ownKeys(Object.prototype)).toStrictEqual(before);
    expect('polluted' in {}).toBe(false);
  });
});

describe('byte strings that were read', () => {
  const source = Buffer.from(encodeCbor({ a: Uint8Array.of(1, 2, 3), b: new Uint8Array(0), c: Uint8Array.of(4) }));

  it('are plain, also when they come from a Buffer', () => {
    for (const bytes of Object.values(decodeCbor(source)) as Uint8Array[]) {
      expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
    }
  });

  it('share no memory with the input', () => {
    const input = Buffer.from(source);
    const { a } = decodeCbor(input) as { a: Uint8Array };
    a[0] = 99;
    expect(input).toStrictEqual(source);
    input.fill(0);
    expect(a).toStrictEqual(Uint8Array.of(99, 2, 3));
  });

  it('share no memory with another reading of the same bytes', () => {
    const one = decodeCbor(source) as { a: Uint8Array };
    const other = decodeCbor(source) as { a: Uint8Array };
    expect(one.a.buffer).not.toBe(other.a.buffer);
  });

  it('do not overlap one another', () => {
    const read = decodeCbor(source) as { a: Uint8Array; c: Uint8Array };
    read.a.fill(0);
    expect(read.c).toStrictEqual(Uint8Array.of(4));
  });
});

describe('the encoding', () => {
  it.each([
    [0, '00'],
    [23, '17'],
    [24, '18 18'],
    [255, '18 ff'],
    [256, '19 0100'],
    [65_536, '1a 00010000'],
    [2 ** 32, '1b 0000000100000000'],
    [Number.MAX_SAFE_INTEGER, '1b 001fffffffffffff'],
    [-1, '20'],
    [-25, '38 18'],
    [Number.MIN_SAFE_INTEGER, '3b 001ffffffffffffe'],
    [-0, 'fb 8000000000000000'],
    [1.5, 'fb 3ff8000000000000'],
    [2 ** 53, 'fb 4340000000000000'],
    [Number.NaN, 'fb 7ff8000000000000'],
    ['', '60'],
    ['é', '62 c3a9'],
    ['é'.repeat(12), `78 18 ${'c3a9'.repeat(12)}`],
    [Uint8Array.of(1, 2), '42 0102'],
    [[1, [2]], '82 01 81 02'],
    [{ b: 1, a: '' }, 'a2 61 62 01 61 61 60'],
  ] satisfies [CborValue, string][])('of %j is %s', (v, digits) => {
    expect(encodeCbor(v)).toStrictEqual(hex(digits));
  });

  it('has one NaN, whatever the bits of the one given', () => {
    const odd = new Float64Array(new BigUint64Array([0xfff8_0000_dead_beefn]).buffer)[0]!;
    expect(encodeCbor(odd)).toStrictEqual(hex('fb 7ff8000000000000'));
  });

  it('is the same each time', () => {
    fc.assert(fc.property(value, (v) => assert.deepEqual(encodeCbor(v), encodeCbor(v))));
  });

  it('is all that its array holds, and belongs to the caller', () => {
    const first = encodeCbor(['first']);
    const second = encodeCbor(['second']);
    expect(first.buffer.byteLength).toBe(first.length);
    expect(first.buffer).not.toBe(second.buffer);
    expect(decodeCbor(first)).toStrictEqual(['first']);
  });

  it('leaves as many bytes in front as were reserved', () => {
    fc.assert(
      fc.property(value, fc.integer({ min: 0, max: 40_000 }), (v, reserve) => {
        assert.deepEqual(encodeCbor(v, reserve).subarray(reserve), encodeCbor(v));
      }),
    );
  });

  it('leaves nothing there of what was written before', () => {
    encodeCbor(new Uint8Array(200).fill(0xff));
    expect(encodeCbor(1, 128)).toStrictEqual(Uint8Array.of(...new Uint8Array(128), 1));
  });

  it('grows past any size it was begun with', () => {
    const large = { text: 'ü'.repeat(400_000), bytes: new Uint8Array(3_000_000).fill(7), tail: 'end' };
    assert.deepEqual(decodeCbor(encodeCbor(large)), large);
  });

  it('is not disturbed by a getter that encodes too', () => {
    const map = {
      a: 'before',
      get b() {
        encodeCbor({ x: 'y'.repeat(500) });
        return 'between';
      },
      c: 'after',
    };
    expect(decodeCbor(encodeCbor(map))).toStrictEqual({ a: 'before', b: 'between', c: 'after' });
  });

  it.each([
    ['a leading surrogate alone', '\uD800'],
    ['a trailing surrogate alone', 'a\uDC00b'],
    ['surrogates in the wrong order', `${'x'.repeat(60)}\uDC00\uD800`],
  ])('does not exist for text with %s', (_, text) => {
    expect(() => encodeCbor(text)).toThrow(' has no encoding');
    expect(() => encodeCbor({ [text]: 1 }, 128)).toThrow(RangeError);
  });

  it.each([[undefined], [null], [true], [1n], [Symbol('s')], [() => 0]])('does not exist for %s', (odd) => {
    expect(() => encodeCbor([odd] as never)).toThrow(RangeError);
  });

  it('does not exist for more than eight levels, a cycle included', () => {
    const cycle: CborValue[] = [];
    cycle.push(cycle);
    expect(() => encodeCbor(cycle)).toThrow('more than 8 maps and arrays in one another');
    expect(() => encodeCbor(nested(9))).toThrow(RangeError);
    expect(decodeCbor(encodeCbor(nested(8)))).toStrictEqual(nested(8));
    const maps = (depth: number): CborValue => (depth === 0 ? 0 : { a: maps(depth - 1) });
    expect(() => encodeCbor(maps(9))).toThrow(RangeError);
    expect(decodeCbor(encodeCbor(maps(8)))).toStrictEqual(maps(8));
  });

  it('is written as before after one that failed', () => {
    expect(() => encodeCbor(['x', null] as never)).toThrow(RangeError);
    expect(encodeCbor(1)).toStrictEqual(hex('01'));
  });
});

describe('against other implementations', () => {
  // Each in the part of the subset that it keeps: cborg writes −0 as 0; cbor-x renames __proto__, writes integers of
  // more than 32 bits as floats, and reads some of them as bigint.
  const cborX = new Encoder({ useRecords: false, mapsAsObjects: true, tagUint8Array: false, variableMapSize: true });
  const plainKey = fc.string({ unit: 'grapheme', maxLength: 30 }).filter((key) => key !== '__proto__');
  const common = valueWith(plainKey, number);
  const commonWritten = valueWith(plainKey, fc.oneof(fc.integer(), fc.double({ noInteger: true })));
  const plain = (v: unknown): unknown => {
    if (typeof v === 'bigint') return Number(v);
    if (v instanceof Uint8Array) return Uint8Array.from(v);
    if (Array.isArray(v)) return v.map(plain);
    if (typeof v !== 'object' || v === null) return v;
    return Object.fromEntries(Object.entries(v).map(([key, item]) => [key, plain(item)]));
  };

  it('cborg reads what is written here', () => {
    fc.assert(fc.property(common, (v) => assert.deepEqual(cborg.decode(encodeCbor(v)), v)));
  });

  it('what cborg writes is read here', () => {
    fc.assert(
      fc.property(commonWritten, (v) => {
        assert.deepEqual(decodeCbor(cborg.encode(v, { float64: true })), v);
      }),
    );
  });

  it('cborg writes the same bytes, keys in the order given', () => {
    fc.assert(
      fc.property(commonWritten, (v) => {
        assert.deepEqual(encodeCbor(v), Uint8Array.from(cborg.encode(v, { float64: true, mapSorter: () => 0 })));
      }),
    );
  });

  it('cbor-x reads what is written here', () => {
    fc.assert(fc.property(common, (v) => assert.deepEqual(plain(cborX.decode(encodeCbor(v))), v)));
  });

  it('what cbor-x writes is read here', () => {
    fc.assert(fc.property(commonWritten, (v) => assert.deepEqual(decodeCbor(cborX.encode(v)), v)));
  });
});

function nested(levels: number): CborValue {
  let v: CborValue = 1;
  for (let i = 0; i < levels; i++) v = i % 2 === 0 ? [v] : { k: v };
  return v;
}
