import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesToHex, hexAt, hexToBytes, setHex } from '../../src/envelope/hex.js';

const groups = fc
  .array(fc.uint8Array({ minLength: 8, maxLength: 8 }), { maxLength: 4 })
  .map((parts) => Uint8Array.from(parts.flatMap((part) => [...part])));

describe('hex', () => {
  it('is what Buffer writes, for any groups of eight bytes, wherever they are in their buffer', () => {
    fc.assert(
      fc.property(groups, fc.nat(20), (bytes, offset) => {
        const pool = new Uint8Array(offset + bytes.length + 3).fill(0xee);
        pool.set(bytes, offset);
        return bytesToHex(pool.subarray(offset, offset + bytes.length)) === Buffer.from(bytes).toString('hex');
      }),
    );
  });

  it('is read as the bytes it was written from', () => {
    fc.assert(fc.property(groups, (bytes) => assert.deepEqual(hexToBytes(bytesToHex(bytes)), bytes)));
  });

  it('is put into the place named and nowhere else, and found there', () => {
    const into = new Uint8Array(12).fill(0xee);
    const view = new DataView(into.buffer);
    setHex(view, 2, '00a1ff0000000001');
    expect(into).toStrictEqual(Uint8Array.of(0xee, 0xee, 0x00, 0xa1, 0xff, 0, 0, 0, 0, 1, 0xee, 0xee));
    expect(hexAt(view, 2)).toBe('00a1ff0000000001');
  });

  it.each([
    '',
    '0',
    '0'.repeat(15),
    '0'.repeat(17),
    'A'.repeat(16),
    `${'0'.repeat(15)}g`,
    ` ${'0'.repeat(15)}`,
    `0x${'0'.repeat(14)}`,
    `${'0'.repeat(16)}\n`,
    '٠'.repeat(16),
  ])('does not take %j', (text) => {
    expect(() => setHex(new DataView(new ArrayBuffer(8)), 0, text)).toThrow(RangeError);
  });
});
