import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeRevision, encodeRevision, newNonce } from '../src/revision.js';
import type { WriteRevision } from '../src/state-backend.js';
import { STATUS_KINDS } from '../src/status.js';

const nonce = fc.stringMatching(/^[0-9a-f]{16}$/);
const uint32 = fc.integer({ min: 1, max: 0xffff_ffff });
const time = fc.integer({ min: -8.64e15, max: 8.64e15 });
const revision: fc.Arbitrary<WriteRevision> = fc
  .record({
    version: uint32,
    nonce,
    incarnation: nonce,
    first: fc.boolean(),
    status: fc.constantFrom(...STATUS_KINDS),
    entered: fc.record({ version: uint32, nonce, at: time }),
    createdAt: time,
    hint: fc.option(fc.string({ unit: 'grapheme' }), { nil: undefined }),
  })
  .map(({ hint, ...rest }) => (hint === undefined ? rest : { ...rest, hint }));

describe('a revision', () => {
  it('carries all that it was made of', () => {
    fc.assert(
      fc.property(revision, (r) => {
        expect(decodeRevision(encodeRevision(r))).toEqual(r);
      }),
    );
  });

  it('is one string for one write', () => {
    fc.assert(fc.property(revision, (r) => encodeRevision(r) === encodeRevision({ ...r, entered: { ...r.entered } })));
  });

  it('is refused once any character of it was changed, lost or added', () => {
    fc.assert(
      fc.property(revision, fc.nat(), fc.constantFrom('0', 'z', '.', '-', ''), (r, place, other) => {
        const text = encodeRevision(r);
        const at = place % text.length;
        const changed = text.slice(0, at) + other + text.slice(at + 1);
        fc.pre(changed !== text);
        expect(decodeRevision(changed)).toBeUndefined();
      }),
    );
  });

  it.each(['', 'W/"etag"', '1', '2.1.x', '1.1.cc5f4d6fe0fc3440'])('is not read out of %j', (text) => {
    expect(decodeRevision(text)).toBeUndefined();
  });

  it('draws nonces that do not repeat', () => {
    const nonces = new Set(Array.from({ length: 1000 }, newNonce));
    expect(nonces.size).toBe(1000);
    for (const text of nonces) expect(text).toMatch(/^[0-9a-f]{16}$/);
  });
});
