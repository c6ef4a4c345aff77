// What core asks of a backend, and what it hands to it.

import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  cancel,
  enterStage,
  InstanceId,
  type ListPageOptions,
  newWorkflowState,
  openStateStore,
  type StateStore,
  type StoreEvent,
} from '@workflow-state/core';
import {
  type BackendCall,
  type BackendRecord,
  HEADER_BYTES,
  NotApplied,
  readHeader,
  RevisionConflict,
  type ScanEntry,
  StateStoreError,
} from '@workflow-state/core/backend';
import { fakeBackend } from './fake-backend.js';
import { recordWaits } from './record-waits.js';

afterEach(() => void vi.restoreAllMocks());

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

describe('an entry', () => {
  it.each<[string, ListPageOptions['status'], Partial<ScanEntry>, string | undefined]>([
    ['asked for', 'paused', {}, 'paused'],
    ['asked for, whatever the backend says', 'paused', { status: 'failed' }, 'paused'],
    ['that the backend tells', undefined, { status: 'failed' }, 'failed'],
    ['that nobody tells', undefined, {}, undefined],
  ])('has the status %s', async (_, status, told, expected) => {
    const entry = { id: InstanceId.generate(), statusSince: 5000, ...told };
    const backend = fakeBackend({
      async *scan() {
        yield [entry];
      },
    });
    const { entries } = await (await openStateStore(backend)).listPage({ limit: 5, ...(status && { status }) });
    expect(entries).toEqual([{ instanceId: entry.id, status: expected, statusSince: new Date(5000) }]);
  });
});

describe('states', () => {
  it('end where a load finds the storage closed: that is no fault of an instance', async () => {
    const inner = fakeBackend();
    await (await openStateStore(inner)).save(fresh());
    const closed = new StateStoreError('STORE_CLOSED', 'closed');
    const store = await openStateStore({ ...inner, read: () => Promise.reject(closed) });
    const onError = vi.fn<() => void>();
    await expect(store.states({ onError })[Symbol.asyncIterator]().next()).rejects.toBe(closed);
    expect(onError).not.toHaveBeenCalled();
  });
});

describe('a load', () => {
  it('has the bytes that the event tells of, behind the header', async () => {
    const backend = fakeBackend();
    const events: StoreEvent[] = [];
    const store = await openStateStore(backend, { observe: (event) => events.push(event) });
    const { instanceId } = await store.save(fresh());
    await store.load(instanceId);
    const body = backend.records.get(instanceId)!.envelope.length - HEADER_BYTES;
    expect(events.map(({ bytes }) => bytes)).toEqual([body, body]);
  });

  it('of what is not there says what does not throw', async () => {
    const store = await openStateStore(fakeBackend());
    await expect(store.load(fresh().instanceId)).rejects.toMatchObject({
      code: 'STATE_NOT_FOUND',
      recoveryHints: ['find returns undefined instead'],
    });
  });
});

describe('a listing of a whole status', () => {
  it('leaves out what the index names and is not there', async () => {
    const inner = fakeBackend();
    const store = await openStateStore({
      ...inner,
      async *scan(query, call) {
        for await (const batch of inner.scan(query, call)) yield [{ id: gone }, ...batch];
      },
    });
    const { instanceId } = await store.save({ ...fresh(), status: { kind: 'paused', stage: 's' } });
    const gone = InstanceId.parse('0'.repeat(32));
    const ids: InstanceId[] = [];
    for await (const id of store.listByStatus({ kind: 'paused', stage: 's' })) ids.push(id);
    expect(ids).toEqual([instanceId]);
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

  it.each<[string, (store: StateStore, id: InstanceId) => Promise<unknown>]>([
    ['deleted', (store, id) => store.delete(id)],
    ['created', (store) => store.save(fresh())],
    ['overwritten', (store) => store.save(fresh(), { onConflict: 'overwrite' })],
  ])('that loses every race is given up after five, with longer and longer waits (%s)', async (what, act) => {
    const inner = fakeBackend();
    const { instanceId } = await (await openStateStore(inner)).save(fresh());
    let writes = 0;
    const store = await openStateStore({
      ...inner,
      async write() {
        writes++;
        throw new RevisionConflict();
      },
    });
    const waits = recordWaits();
    await expect(act(store, instanceId)).rejects.toThrow(new RegExp(`was not ${what}: it changed 5 times meanwhile`));
    expect([writes, waits]).toEqual([5, [2, 4, 8, 16]]);
  });

  it('that creates says what it would be over what a backend finds in its place', async () => {
    const inner = fakeBackend();
    let made: BackendRecord | undefined;
    const store = await openStateStore({
      ...inner,
      async write(record, expected) {
        made = record;
        inner.apply(record, expected);
      },
    });
    const { instanceId } = await store.save(fresh());
    const created = made!;
    await store.delete(instanceId);
    const tombstone = made!.revision;
    const { revision, envelope } = created.onto!(tombstone);
    expect(readHeader(envelope)).toMatchObject({
      nonce: created.revision.nonce,
      parent: tombstone.nonce,
      version: 1,
    });
    expect(revision).toMatchObject({ nonce: created.revision.nonce, version: 1 });
  });

  it('that lost is a conflict also where what won cannot be read', async () => {
    const inner = fakeBackend();
    const state = await (await openStateStore(inner)).save(fresh());
    const cause = new Error('EIO');
    const store = await openStateStore({
      ...inner,
      read: () => Promise.reject(cause),
      write: () => Promise.reject(new RevisionConflict()),
    });
    await expect(store.save(state)).rejects.toMatchObject({
      code: 'CHECKPOINT_CONFLICT',
      conflict: { reason: 'changed', expected: 1, actual: undefined },
      cause: { code: 'STORAGE_ERROR', cause },
    });
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

describe('an event', () => {
  it('tells how long the call took', async () => {
    const events: StoreEvent[] = [];
    const store = await openStateStore(fakeBackend(), { observe: (event) => events.push(event) });
    vi.spyOn(performance, 'now').mockReturnValueOnce(1000).mockReturnValueOnce(1030);
    await store.find(fresh().instanceId);
    expect(events.map(({ durationMs }) => durationMs)).toEqual([30]);
  });
});

describe('what the store owns in a state', () => {
  it('is refused when somebody else has changed it, with what it should be', async () => {
    const store = await openStateStore(fakeBackend(), { clock: () => 5000 });
    const state = await store.save({ ...fresh(), createdAt: new Date(1000) });
    await expect(store.save({ ...state, checkpointVersion: 7 })).rejects.toMatchObject({
      code: 'INVALID_STATE',
      message: 'state.checkpointVersion: expected 1, as the revision says, or none, got 7',
      recoveryHints: ['change what save or load returned only by helpers such as enterStage'],
    });
    await expect(store.save({ ...state, createdAt: new Date(2000) })).rejects.toThrow(
      /^state\.createdAt: expected Date 1970-01-01T00:00:01\.000Z, which the first save fixed, got /,
    );
  });
});

describe('a conflict', () => {
  it('says what was expected and what was found, and what to do', async () => {
    const store = await openStateStore(fakeBackend());
    const state = await store.save(fresh());
    const again = await store
      .save(state)
      .then(() => store.save(state))
      .catch((error: unknown) => error);
    const { instanceId } = state;
    expect(again).toMatchObject({
      message: `${instanceId} changed: expected version 1, found 2`,
      recoveryHints: ['load the instance and change what is there now; update does both, with retries'],
    });
    await expect(store.save({ ...fresh(), instanceId })).rejects.toThrow(
      `${instanceId} exists: expected version none, found 2`,
    );
    await store.delete(instanceId);
    await expect(store.save(state)).rejects.toThrow(`${instanceId} missing: expected version 1, found none`);
  });
});

describe('close', () => {
  it('that fails says with what', async () => {
    const cause = new Error('EIO');
    const store = await openStateStore(fakeBackend({ close: () => Promise.reject(cause) }));
    await expect(store.close()).rejects.toMatchObject({ code: 'STORAGE_ERROR', message: 'fake: EIO', cause });
  });
});
