import assert from 'node:assert/strict';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkBody, type EnvelopeFacts, HEADER_BYTES, readHeader, writeHeader } from '../../src/envelope/header.js';
import { EnvelopeError } from '../../src/envelope/envelope-error.js';
import { STATUS_KINDS } from '../../src/status.js';

const facts: EnvelopeFacts = {
  id: '00112233445566778899aabbccddeeff',
  kind: 'live',
  status: 'waiting',
  version: 7,
  nonce: 'a0a1a2a3a4a5a6a7',
  parent: 'b0b1b2b3b4b5b6b7',
  incarnation: 'c0c1c2c3c4c5c6c7',
  first: true,
  entered: { version: 5, nonce: 'd0d1d2d3d4d5d6d7', at: 1_700_000_000_000 },
  createdAt: 1_600_000_000_000,
  updatedAt: -1,
};
const tombstone: EnvelopeFacts = { ...facts, kind: 'tombstone', status: undefined, entered: undefined };

function sealed(of: EnvelopeFacts, body: Uint8Array): Uint8Array {
  const envelope = new Uint8Array(HEADER_BYTES + body.length).fill(0xee);
  envelope.set(body, HEADER_BYTES);
  writeHeader(envelope, of);
  return envelope;
}

/** `envelope` with `change` made and its header checksum put right: what another writer would have written. */
function resealed(envelope: Uint8Array, change: (view: DataView) => void): Uint8Array {
  const copy = envelope.slice();
  const view = new DataView(copy.buffer);
  change(view);
  view.setUint32(124, crc32(copy.subarray(0, 124)));
  return copy;
}

function failure(run: () => unknown): Pick<EnvelopeError, 'reason' | 'offset' | 'message'> {
  try {
    run();
  } catch (error) {
    if (!(error instanceof EnvelopeError)) throw error;
    const { reason, offset, message } = error;
    return { reason, offset, message };
  }
  throw new assert.AssertionError({ message: 'was read without complaint' });
}

const body = Uint8Array.of(0x82, 1, 2);
const live = sealed(facts, body);
const dead = sealed(tombstone, new Uint8Array());

const nonce = fc.stringMatching(/^[0-9a-f]{15}[1-9a-f]$/);
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const time = fc.integer({ min: -8.64e15, max: 8.64e15 });
const common = {
  id: fc.stringMatching(/^[0-9a-f]{32}$/),
  version: uint32,
  nonce,
  parent: fc.option(nonce, { nil: undefined }),
  incarnation: nonce,
  first: fc.boolean(),
  createdAt: time,
  updatedAt: time,
};
const anyFacts: fc.Arbitrary<EnvelopeFacts> = fc.oneof(
  fc.record({
    ...common,
    kind: fc.constant('live' as const),
    status: fc.constantFrom(...STATUS_KINDS),
    entered: fc.record({ version: uint32, nonce, at: time }, { noNullPrototype: true }),
  }),
  fc.record({
    ...common,
    kind: fc.constantFrom('tombstone' as const, 'condemned' as const),
    status: fc.constant(undefined),
    entered: fc.constant(undefined),
  }),
);

describe('a header', () => {
  it('says what it was written from, and what the body is', () => {
    fc.assert(
      fc.property(anyFacts, fc.uint8Array(), (of, bytes) => {
        const content = of.kind === 'live' ? bytes : new Uint8Array();
        const envelope = sealed(of, content);
        const header = readHeader(envelope);
        assert.deepEqual(header, { ...of, bodyBytes: content.length, bodyCrc: crc32(content) });
        checkBody(envelope, header);
      }),
    );
  });

  it('is in the places that format 1 gives it', () => {
    expect(
      Buffer.from(live)
        .toString('hex')
        .match(/.{1,16}/g),
    ).toStrictEqual([
      '5746535401010304', // WFST, format 1, CBOR, the third status, first
      '0011223344556677', // id
      '8899aabbccddeeff',
      '0000000700000003', // version, length of the body
      'a0a1a2a3a4a5a6a7', // nonce
      'b0b1b2b3b4b5b6b7', // parent
      'c0c1c2c3c4c5c6c7', // incarnation
      'd0d1d2d3d4d5d6d7', // entered: nonce
      `00000005${crc32(body).toString(16).padStart(8, '0')}`, // entered: version; CRC of the body
      '4278bcfe56800000', // entered: time
      '42774876e8000000', // createdAt
      'bff0000000000000', // updatedAt
      '0000000000000000',
      '0000000000000000',
      '0000000000000000',
      `00000000${crc32(live.subarray(0, 124)).toString(16).padStart(8, '0')}`,
      '820102',
    ]);
  });

  it.each([
    ['live', false, 0],
    ['live', true, 4],
    ['tombstone', false, 1],
    ['tombstone', true, 5],
    ['condemned', false, 3],
    ['condemned', true, 7],
  ] as const)('of a %s record, first %s, has the flags %d', (kind, first, flags) => {
    expect(
      kind === 'live'
        ? sealed({ ...facts, first }, body)[7]
        : sealed({ ...tombstone, kind, first }, new Uint8Array())[7],
    ).toBe(flags);
  });

  it.each(STATUS_KINDS.map((status, i) => [status, i + 1] as const))(
    'of a %s instance has status %d',
    (status, code) => {
      expect(sealed({ ...facts, status }, body)[6]).toBe(code);
    },
  );

  it('needs no body to be read', () => {
    expect(readHeader(live.subarray(0, HEADER_BYTES))).toStrictEqual(readHeader(live));
  });

  it('is read in the middle of a Buffer', () => {
    const pool = Buffer.alloc(500, 0xff);
    pool.set(live, 33);
    const envelope = pool.subarray(33, 33 + live.length);
    const header = readHeader(envelope);
    expect(header).toStrictEqual(readHeader(live));
    checkBody(envelope, header);
  });

  const LIVE = 'a live instance has status, entry and body, a tombstone none';
  it.each([
    ['an id of 31 digits', { ...facts, id: '0'.repeat(31) }, 'is not 16 lowercase hex digits'],
    ['an id in upper case', { ...facts, id: 'A'.repeat(32) }, 'AAAAAAAAAAAAAAAA'],
    ['a nonce of 18 digits', { ...facts, nonce: '0'.repeat(18) }, 'is not 16 lowercase hex digits'],
    ['an empty parent', { ...facts, parent: '' }, 'is not 16 lowercase hex digits'],
    ['a negative version', { ...facts, version: -1 }, '-1 has no place here'],
    ['a version beyond 32 bits', { ...facts, version: 2 ** 32 }, '4294967296 has no place here'],
    ['half a version', { ...facts, version: 0.5 }, '0.5 has no place here'],
    ['no time', { ...facts, updatedAt: Number.NaN }, 'NaN has no place here'],
    ['half a millisecond', { ...facts, createdAt: 0.5 }, '0.5 has no place here'],
    ['a time that no Date has', { ...facts, createdAt: 8.64e15 + 1 }, '8640000000000001 has no place here'],
    ['a status that is none', { ...facts, status: 'sleeping' as never }, LIVE],
    ['a live instance without status', { ...facts, status: undefined }, LIVE],
    ['a live instance that entered nothing', { ...facts, entered: undefined }, LIVE],
    ['a tombstone with a status', { ...tombstone, status: 'running' }, LIVE],
    ['a tombstone with a body', tombstone, LIVE],
  ] as [string, EnvelopeFacts, string][])('is not written for %s', (_, of, message) => {
    expect(() => sealed(of, body)).toThrow(RangeError);
    expect(() => sealed(of, body)).toThrow(message);
  });
});

describe('damage is found:', () => {
  it('any bit of a header flipped', () => {
    for (const envelope of [live, dead]) {
      for (let bit = 0; bit < 8 * HEADER_BYTES; bit++) {
        const damaged = envelope.slice();
        damaged[bit >> 3]! ^= 1 << (bit & 7);
        const { reason } = failure(() => readHeader(damaged));
        // The byte of the format is believed before the checksum: nothing is known of what a later one checks.
        expect(reason, `bit ${bit}`).toBe(bit >> 3 === 4 && damaged[4] !== 0 ? 'unsupported' : 'corrupt');
      }
    }
  });

  it('any bit of a body flipped', () => {
    const envelope = sealed(
      facts,
      Uint8Array.from({ length: 300 }, (_, i) => i),
    );
    const header = readHeader(envelope);
    for (let bit = 8 * HEADER_BYTES; bit < 8 * envelope.length; bit++) {
      const damaged = envelope.slice();
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      expect(failure(() => checkBody(damaged, header)).message).toMatch(
        /^byte 128: body checksum is [0-9a-f]+, computed [0-9a-f]+$/,
      );
    }
  });

  it('a checksum, which is told', () => {
    const damaged = live.map((byte, at) => (at === 127 ? byte ^ 1 : byte));
    expect(failure(() => readHeader(damaged)).message).toMatch(/^byte 124: header checksum is \w+, computed \w+$/);
  });

  it('any number of bytes lost at the end', () => {
    const header = readHeader(live);
    for (let length = 0; length < live.length; length++) {
      const cut = live.subarray(0, length);
      expect(failure(() => (readHeader(cut), checkBody(cut, header)))).toMatchObject({
        reason: 'corrupt',
        offset: length,
      });
    }
    expect(failure(() => readHeader(live.subarray(0, 17))).message).toBe(
      'byte 17: 17 bytes long, less than the header',
    );
    expect(failure(() => checkBody(live.subarray(0, 130), header)).message).toBe(
      'byte 130: the body has 2 bytes, not 3',
    );
  });

  it('bytes added at the end', () => {
    const longer = Uint8Array.of(...live, 0);
    expect(failure(() => checkBody(longer, readHeader(longer)))).toStrictEqual({
      reason: 'corrupt',
      offset: 131,
      message: 'byte 131: the body has 4 bytes, not 3',
    });
  });

  it.each([
    ['zeros', new Uint8Array(200), 0, 'byte 0: magic is 0, not WFST'],
    ['another file', new TextEncoder().encode('{"a":1}'.repeat(30)), 0, 'byte 0: magic is 7b226122, not WFST'],
    ['format 0', resealed(live, (v) => v.setUint8(4, 0)), 4, 'byte 4: there is no format 0'],
    [
      'a live record with status 0',
      resealed(live, (v) => v.setUint8(6, 0)),
      6,
      'byte 6: a live instance without status',
    ],
    [
      'a tombstone with a status',
      resealed(dead, (v) => v.setUint8(6, 2)),
      6,
      'byte 6: a tombstone with a status or a body',
    ],
    ['condemned but live', resealed(live, (v) => v.setUint8(7, 2)), 7, 'byte 7: condemned, but not a tombstone'],
    [
      'a tombstone with a body',
      resealed(dead, (v) => v.setUint32(28, 3)),
      31,
      'byte 31: a tombstone with a status or a body',
    ],
    ['half a millisecond', resealed(live, (v) => v.setFloat64(80, 0.5)), 80, 'byte 80: 0.5 has no place here'],
    ['a time of −0', resealed(live, (v) => v.setFloat64(88, -0)), 88, 'byte 88: 0 has no place here'],
    ['no time', resealed(live, (v) => v.setFloat64(72, Number.NaN)), 72, 'byte 72: NaN has no place here'],
  ])('%s', (_, envelope, offset, message) => {
    expect(failure(() => readHeader(envelope))).toStrictEqual({ reason: 'corrupt', offset, message });
  });

  it('a tombstone that entered a status', () => {
    for (const at of [56, 63, 64, 68, 72, 79]) {
      const { reason, offset } = failure(() => readHeader(resealed(dead, (v) => v.setUint8(at, 1))));
      expect({ reason, offset }).toStrictEqual({ reason: 'corrupt', offset: at });
    }
  });
});

describe('what a later library wrote is told from damage:', () => {
  it.each([
    [
      'a later format, whatever follows',
      live.map((byte, i) => (i === 4 ? 2 : i > 4 ? 0x55 : byte)),
      4,
      'byte 4: format 2 is unknown',
    ],
    ['another codec', resealed(live, (v) => v.setUint8(5, 2)), 5, 'byte 5: codec 2 is unknown'],
    ['a status added', resealed(live, (v) => v.setUint8(6, 8)), 6, 'byte 6: status 8 is unknown'],
    ['a flag added', resealed(live, (v) => v.setUint8(7, 0x0c)), 7, 'byte 7: flags 12 is unknown'],
    ['only a flag added', resealed(live, (v) => v.setUint8(7, 0x08)), 7, 'byte 7: flags 8 is unknown'],
    ['the first reserved byte', resealed(live, (v) => v.setUint8(96, 1)), 96, 'byte 96: reserved 1 is unknown'],
    ['the last reserved byte', resealed(live, (v) => v.setUint8(123, 1)), 123, 'byte 123: reserved 1 is unknown'],
  ])('%s', (_, envelope, offset, message) => {
    expect(failure(() => readHeader(envelope))).toStrictEqual({ reason: 'unsupported', offset, message });
  });
});

it('what is wrong has a name of its own in traces', () => {
  expect(() => readHeader(new Uint8Array())).toThrow(expect.objectContaining({ name: 'EnvelopeError' }));
});
