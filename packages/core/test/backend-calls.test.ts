// What core asks of a backend, and what it hands to it.

import { describe, expect, it } from 'vitest';
import { cancel, enterStage, newWorkflowState, openStateStore, type StoreEvent } from '@workflow-state/core';
import { type BackendCall, HEADER_BYTES, NotApplied, RevisionConflict } from '@workflow-state/core/backend';
import { fakeBackend } from './fake-backend.js';

const DAY = 86_400_000;
const fresh = () => newWorkflowState({ workflowId: 'w', version: { major: 1, minor: 0, patch: 0 }, currentStage: 's' });

describe('isCurrent', () => {
  it('asks a backend that can tell, and reads nothing', async () => {
    let asked = 0;
    const inner = fakeBackend();
    const store = await openStateStore({
      ...inner,
      read: () => Promise.reject(new Error('read')),
      async isCurrent(id, { nonce }) {
        asked++;
        return inner.records.get(id)?.revision.nonce === nonce;
      },
    });
    const { instanceId, revision } = await store.save(fresh());
    expect([await store.isCurrent(instanceId, revision), asked]).toEqual([true, 1]);
  });

  it('looks at the header of one that cannot', async () => {
    const store = await openStateStore(fakeBackend());
    const first = await store.save(fresh());
    const { instanceId } = first;
    const second = await store.save(enterStage(first, 'a'));
    expect(await store.isCurrent(instanceId, first.revision)).toBe(false);
    expect(await store.isCurrent(instanceId, second.revision)).toBe(true);
    expect(await store.isCurrent(fresh().instanceId, second.revision)).toBe(false);
  });
});

describe('a page', () => {
  it('asks for one more than it gives, and keeps an entry whose age the backend does not know', async () => {
    const limits: (number | undefined)[] = [];
    const inner = fakeBackend();
    const store = await openStateStore({
      ...inner,
      scan(query, call) {
        limits.push(query.limit);
        return inner.scan(query, call);
      },
    });
    const { instanceId } = await store.save(fresh());
    const { entries, next } = await store.listPage({ limit: 3 });
    expect(limits).toEqual([4]);
    expect([entries, next]).toEqual([[{ instanceId, status: undefined, statusSince: undefined }], undefined]);
  });
});

describe('a sweep', () => {
  it.each([
    [undefined, 7 * DAY],
    [30 * DAY, 30 * DAY],
  ])('is told the time of the store, and which tombstones are old (%s)', async (tombstoneGrace, grace) => {
    const now = 1000 * DAY;
    const told: (readonly [number, number | undefined])[] = [];
    const backend = fakeBackend({
      async sweep(before, call: BackendCall & { readonly now?: number }) {
        told.push([before, call.now]);
        return { removed: 0, failures: [] };
      },
    });
    await (await openStateStore(backend, { clock: () => now, tombstoneGrace })).cleanup(0);
    expect(told).toEqual([[now - grace, now]]);
  });

  it('that a backend does not have is none', async () => {
    const store = await openStateStore(fakeBackend());
    expect((await store.cleanup(0)).failures).toEqual([]);
  });
});

describe('a write', () => {
  it('has the bytes that the event tells of, behind the header, and never those of an earlier attempt', async () => {
    const inner = fakeBackend();
    const offered: Uint8Array[] = [];
    const events: StoreEvent[] = [];
    const store = await openStateStore(
      {
        ...inner,
        async write(record, expected) {
          offered.push(record.envelope);
          if (offered.length < 3) throw new NotApplied(new Error('fenced'), { comeAgain: {} });
          inner.apply(record, expected);
        },
      },
      { observe: (event) => events.push(event) },
    );
    await store.save(fresh());
    expect(new Set(offered.map(({ buffer }) => buffer)).size).toBe(3);
    expect(events.map(({ bytes }) => bytes)).toEqual([offered[0]!.length - HEADER_BYTES]);
  });

  it('that loses every race is given up, in words', async () => {
    const inner = fakeBackend();
    const { instanceId } = await (await openStateStore(inner)).save(fresh());
    const store = await openStateStore({ ...inner, write: () => Promise.reject(new RevisionConflict()) });
    await expect(store.delete(instanceId)).rejects.toThrow(/was not deleted: it changed 5 times/);
  });
});

describe('what a caller gave', () => {
  it('is named where it is refused', async () => {
    const store = await openStateStore(fakeBackend());
    const { instanceId } = await store.save(cancel(fresh()));
    await expect(store.isCurrent(instanceId, 'x' as never)).rejects.toThrow(/^revision: /);
    await expect(store.update(instanceId, 'x' as never)).rejects.toThrow(/^change: /);
    await expect(store.delete(instanceId, { revision: 'x' as never })).rejects.toThrow(/^options\.revision: /);
    await expect(
      store
        .listByStatus('x' as never)
        [Symbol.asyncIterator]()
        .next(),
    ).rejects.toThrow(/^status: /);
    await expect(
      store
        .states({ status: 'x' as never })
        [Symbol.asyncIterator]()
        .next(),
    ).rejects.toThrow(/^options\.status: /);
  });
});

describe('close', () => {
  it('that fails says with what', async () => {
    const cause = new Error('EIO');
    const store = await openStateStore(fakeBackend({ close: () => Promise.reject(cause) }));
    await expect(store.close()).rejects.toMatchObject({ code: 'STORAGE_ERROR', message: 'fake: EIO', cause });
  });
});
