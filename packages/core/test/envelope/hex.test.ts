import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesToHex, hexToBytes, writeHex } from '../../src/envelope/hex.js';

describe('hex', () => {
  it('is what Buffer writes, for any bytes', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => bytesToHex(bytes) === Buffer.from(bytes).toString('hex')));
  });

  it('of a part is that part of the whole', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), fc.nat(), fc.nat(), (bytes, a, b) => {
        const offset = a % bytes.length;
        const length = b % (bytes.length - offset + 1);
        return bytesToHex(bytes, offset, length) === bytesToHex(bytes.slice(offset, offset + length));
      }),
    );
  });

  it('is read as the bytes it was written from', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => assert.deepEqual(hexToBytes(bytesToHex(bytes)), bytes)));
  });

  it('is written into the place named and nowhere else', () => {
    const into = new Uint8Array(6).fill(0xee);
    writeHex('00a1ff', into, 2);
    expect(into).toStrictEqual(Uint8Array.of(0xee, 0xee, 0x00, 0xa1, 0xff, 0xee));
  });

  it.each(['0', 'abc', 'AB', '0g', ' 00', '0x00', '00\n', '٠٠'])('does not take %j', (text) => {
    expect(() => hexToBytes(text)).toThrow(RangeError);
  });
});
