import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newWorkflowState, openStateStore } from '@workflow-state/core';
import { crc32 } from '../src/envelope/crc32.js';
import { type EnvelopeFacts, readHeader, writeHeader } from '../src/envelope/header.js';
import { decodeRevision, encodeRevision, newNonce, type Revision } from '../src/revision.js';
import type { WriteRevision } from '../src/state-backend.js';
import { STATUS_KINDS } from '../src/status.js';
import { fakeBackend } from './fake-backend.js';

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

  it.each(['', '.', 'a.b', '=', '%2E', '"etag"', 'ä'])('carries the hint %j', (hint) => {
    const [some] = fc.sample(revision, 1);
    const text = encodeRevision({ ...some!, hint });
    expect(decodeRevision(text)).toEqual({ ...some!, hint });
    expect(text.split('.')).toHaveLength(12);
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

  it('is never taken for another than it was written as, also under a checksum that fits', () => {
    const part = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('', 'zzzzzzzzzz', '-1', '0', '=%', '=%E0', '=a'),
    );
    fc.assert(
      fc.property(revision, fc.nat(11), part, (r, place, forged) => {
        const parts = encodeRevision(r).split('.').slice(0, -1);
        const body = parts.map((text, at) => (at === place ? forged : text)).join('.');
        const text = `${body}.${crc32(new TextEncoder().encode(body)).toString(36)}`;
        const decoded = decodeRevision(text);
        if (decoded === undefined) return;
        expect(encodeRevision(decoded)).toBe(text);
        const header = { ...decoded, id: '0'.repeat(32), kind: 'live', parent: undefined, updatedAt: 0 } as const;
        const envelope = new Uint8Array(128);
        writeHeader(envelope, header as EnvelopeFacts);
        expect(readHeader(envelope)).toMatchObject({ version: decoded.version, createdAt: decoded.createdAt });
      }),
      { numRuns: 2000 },
    );
  });

  it('under a forged seal is refused by the store as any other that is none', async () => {
    const store = await openStateStore(fakeBackend());
    const saved = await store.save(
      newWorkflowState({ workflowId: 'w', version: { major: 1, minor: 0, patch: 0 }, currentStage: 's' }),
    );
    for (const [place, forged] of [
      [1, 'zzzzzzzzzz'],
      [8, 'zzzzzzzzzzzz'],
      [9, '-zzzzzzzzzzzz'],
      [10, '=%E0'],
      [10, 'x'],
    ] as const) {
      const body = saved.revision.split('.').slice(0, -1).with(place, forged).join('.');
      const revision = `${body}.${crc32(new TextEncoder().encode(body)).toString(36)}` as Revision;
      await expect(store.save({ ...saved, revision })).rejects.toMatchObject({ code: 'INVALID_STATE' });
      await expect(store.delete(saved.instanceId, { revision })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      await expect(store.isCurrent(saved.instanceId, revision)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
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
