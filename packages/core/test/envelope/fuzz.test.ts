import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { decodeCbor, encodeCbor } from '../../src/envelope/cbor.js';
import { EnvelopeError } from '../../src/envelope/envelope-error.js';
import { checkBody, type EnvelopeFacts, HEADER_BYTES, readHeader, writeHeader } from '../../src/envelope/header.js';
import { value } from './values.js';

const facts: EnvelopeFacts = {
  id: '00112233445566778899aabbccddeeff',
  kind: 'live',
  status: 'running',
  version: 7,
  nonce: 'a0a1a2a3a4a5a6a7',
  parent: undefined,
  incarnation: 'c0c1c2c3c4c5c6c7',
  first: false,
  entered: { version: 5, nonce: 'd0d1d2d3d4d5d6d7', at: 0 },
  createdAt: 0,
  updatedAt: 0,
};
const names = Reflect.ownKeys(Object.prototype);

const envelope: fc.Arbitrary<Uint8Array> = value.map((v) => {
  const bytes = encodeCbor(v, HEADER_BYTES);
  writeHeader(bytes, facts);
  return bytes;
});

interface Damage {
  readonly place: number;
  readonly lost: number;
  readonly inserted: Uint8Array;
  readonly flipped: number;
}

const damage: fc.Arbitrary<Damage> = fc.record({
  place: fc.nat(),
  lost: fc.oneof(fc.constant(0), fc.nat(40)),
  inserted: fc.uint8Array({ maxLength: 12 }),
  flipped: fc.nat(7),
});

function damaged(bytes: Uint8Array, damages: readonly Damage[]): Uint8Array {
  let result = bytes;
  for (const { place, lost, inserted, flipped } of damages) {
    const at = place % (result.length + 1);
    result = Uint8Array.of(...result.subarray(0, at), ...inserted, ...result.subarray(at + lost));
    if (at < result.length) result[at]! ^= 1 << flipped;
  }
  return result;
}

/** Reads, and lets only the declared errors pass for a refusal: `undefined`. */
function read(bytes: Uint8Array, how: (bytes: Uint8Array) => unknown): unknown {
  const before = bytes.slice();
  try {
    return how(bytes);
  } catch (error) {
    if (!(error instanceof EnvelopeError)) throw error;
    assert.ok(error.offset >= 0 && error.offset <= bytes.length, `offset ${error.offset}`);
    assert.notEqual(error.message, '');
    return undefined;
  } finally {
    assert.deepEqual(bytes, before);
    assert.deepEqual(Reflect.ownKeys(Object.prototype), names);
  }
}

const readEnvelope = (bytes: Uint8Array): unknown => {
  checkBody(bytes, readHeader(bytes));
  return decodeCbor(bytes, HEADER_BYTES);
};

describe('any bytes are read or refused, never anything else:', () => {
  it('random bytes as a body; what is read is written as the same bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const v = read(bytes, decodeCbor);
        if (v !== undefined) assert.deepEqual(encodeCbor(v as never).sort(), bytes.slice().sort());
      }),
      { numRuns: 5_000 },
    );
  });

  it('random bytes as an envelope', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, magic) => {
        if (magic) bytes.set([0x57, 0x46, 0x53, 0x54, 1].slice(0, bytes.length));
        assert.equal(read(bytes, readEnvelope), undefined);
      }),
    );
  });

  it('bodies that were damaged; what is read is written as the same bytes, but for the order of keys', () => {
    fc.assert(
      fc.property(value, fc.array(damage, { minLength: 1, maxLength: 4 }), (v, damages) => {
        const bytes = damaged(encodeCbor(v), damages);
        const found = read(bytes, decodeCbor);
        if (found !== undefined) assert.deepEqual(encodeCbor(found as never).sort(), bytes.slice().sort());
      }),
      { numRuns: 2_000 },
    );
  });

  it('envelopes that were damaged, all of them refused', () => {
    fc.assert(
      fc.property(envelope, fc.array(damage, { minLength: 1, maxLength: 3 }), (bytes, damages) => {
        const found = damaged(bytes, damages);
        fc.pre(Buffer.compare(found, bytes) !== 0);
        assert.equal(read(found, readEnvelope), undefined);
      }),
      { numRuns: 1_000 },
    );
  });

  it('envelopes spliced from two', () => {
    fc.assert(
      fc.property(envelope, envelope, fc.nat(), (a, b, place) => {
        const at = place % a.length;
        const spliced = Uint8Array.of(...a.subarray(0, at), ...b.subarray(at));
        fc.pre(Buffer.compare(spliced, a) !== 0 && Buffer.compare(spliced, b) !== 0);
        assert.equal(read(spliced, readEnvelope), undefined);
      }),
    );
  });
});
