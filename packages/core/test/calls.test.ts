// Lifecycle of calls: close, abort, options, events.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { newWorkflowState, openStateStore, type StoreEvent } from '@workflow-state/core';
import { NotApplied, StateStoreError } from '@workflow-state/core/backend';
import { fakeBackend } from './fake-backend.js';

const fresh = newWorkflowState({ workflowId: 'w', version: { major: 1, minor: 0, patch: 0 }, currentStage: 's' });

afterEach(() => void vi.unstubAllGlobals());

function gate(): { readonly promise: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const promise = new Promise<void>((resolve) => (open = resolve));
  return { promise, open: () => open() };
}

describe('close', () => {
  it('waits for the calls in flight, then closes the backend once', async () => {
    const inner = fakeBackend();
    const write = gate();
    const log: string[] = [];
    const store = await openStateStore({
      ...inner,
      async write(rec, expected) {
        await write.promise;
        inner.apply(rec, expected);
        log.push('written');
      },
      async close() {
        log.push('closed');
      },
    });
    const saving = store.save(fresh);
    const closing = Promise.all([store.close(), store.close()]);
    expect(store.closed).toBe(true);
    await expect(store.load(fresh.instanceId)).rejects.toMatchObject({ code: 'STORE_CLOSED' });
    expect(log).toEqual([]);
    write.open();
    await closing;
    expect((await saving).checkpointVersion).toBe(1);
    expect(log).toEqual(['written', 'closed']);
  });

  it('does not wait for an idle iterator, whose next step then rejects', async () => {
    const store = await openStateStore(fakeBackend());
    for (let i = 0; i < 3; i++)
      await store.save(newWorkflowState({ workflowId: 'w', version: fresh.version, currentStage: 's' }));
    const ids = store.list()[Symbol.asyncIterator]();
    expect((await ids.next()).done).toBe(false);
    await store.close();
    await expect(ids.next()).rejects.toMatchObject({ code: 'STORE_CLOSED' });
  });

  it('waits for what an idle iterator has loaded ahead', async () => {
    const inner = fakeBackend();
    const reads = gate();
    let started = 0;
    let underWay = 0;
    const atClose: number[] = [];
    const store = await openStateStore({
      ...inner,
      async read(instance, call) {
        underWay++;
        if (++started > 1) await reads.promise;
        underWay--;
        return inner.read(instance, call);
      },
      async close() {
        atClose.push(underWay);
      },
    });
    for (let i = 0; i < 3; i++)
      await store.save(newWorkflowState({ workflowId: 'w', version: fresh.version, currentStage: 's' }));
    const states = store.states()[Symbol.asyncIterator]();
    await states.next();
    expect(underWay).toBe(2);
    const closing = store.close();
    reads.open();
    await closing;
    expect(atClose).toEqual([0]);
  });

  it('waits for what a step in flight begins to load after it was called', async () => {
    const inner = fakeBackend();
    const index = gate();
    let underWay = 0;
    const atClose: number[] = [];
    const store = await openStateStore({
      ...inner,
      async *scan(query, call) {
        await index.promise;
        yield* inner.scan(query, call);
      },
      async read(instance, call) {
        const slow = underWay++ > 0;
        if (slow) await new Promise((resolve) => setTimeout(resolve, 20));
        const stored = await inner.read(instance, call);
        underWay--;
        return stored;
      },
      async close() {
        atClose.push(underWay);
      },
    });
    for (let i = 0; i < 3; i++)
      await store.save(newWorkflowState({ workflowId: 'w', version: fresh.version, currentStage: 's' }));
    const step = store.states()[Symbol.asyncIterator]().next();
    const closing = store.close();
    index.open();
    expect((await step).done).toBe(false);
    await closing;
    expect(atClose).toEqual([0]);
  });

  it('is what leaving an `await using` block does', async () => {
    const store = await openStateStore(fakeBackend());
    await store[Symbol.asyncDispose]();
    expect(store.closed).toBe(true);
  });
});

describe('abort', () => {
  const reason = new Error('enough');

  it('before the call: the reason, and nothing asked of the backend', async () => {
    const never = async (): Promise<never> => expect.unreachable();
    const store = await openStateStore({ ...fakeBackend(), read: never, write: never });
    const signal = AbortSignal.abort(reason);
    await expect(store.save(fresh, { signal })).rejects.toBe(reason);
    await expect(store.load(fresh.instanceId, { signal })).rejects.toBe(reason);
    await expect(store.list({ signal })[Symbol.asyncIterator]().next()).rejects.toBe(reason);
    await expect(store.cleanup(0, { signal })).rejects.toBe(reason);
  });

  it('while the backend proves that it wrote nothing: the reason', async () => {
    const controller = new AbortController();
    const store = await openStateStore({
      ...fakeBackend(),
      async write(_record, _expected, call) {
        controller.abort(reason);
        throw new NotApplied(call.signal?.reason);
      },
    });
    await expect(store.save(fresh, { signal: controller.signal })).rejects.toBe(reason);
  });

  it('after a commit that the backend completed: the truth', async () => {
    const controller = new AbortController();
    const inner = fakeBackend();
    const store = await openStateStore({
      ...inner,
      async write(rec, expected) {
        inner.apply(rec, expected);
        controller.abort(reason);
      },
    });
    expect((await store.save(fresh, { signal: controller.signal })).checkpointVersion).toBe(1);
  });

  it('in a listing: the next step rejects with the reason', async () => {
    const controller = new AbortController();
    const store = await openStateStore(fakeBackend());
    for (let i = 0; i < 3; i++)
      await store.save(newWorkflowState({ workflowId: 'w', version: fresh.version, currentStage: 's' }));
    const ids = store.list({ signal: controller.signal })[Symbol.asyncIterator]();
    await ids.next();
    controller.abort(reason);
    await expect(ids.next()).rejects.toBe(reason);
  });
});

describe('options', () => {
  it.each([
    { maxBodyBytes: 0 },
    { maxBodyBytes: 1.5 },
    { tombstoneGrace: 1000 },
    { clock: 5 },
    { observe: 'x' },
    { clok: Date.now },
  ])('of the store: %j is refused', async (options) => {
    await expect(openStateStore(fakeBackend(), options as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('that no call takes are refused by name, and nothing is written', async () => {
    const backend = fakeBackend();
    const store = await openStateStore(backend);
    await expect(store.save(fresh, { onConflct: 'overwrite' } as never)).rejects.toThrow(
      'options.onConflct: expected no such property (known: signal, onConflict)',
    );
    await expect(store.save(fresh, { onConflict: 'ignore' } as never)).rejects.toThrow(
      'one of fail, overwrite, got "ignore"',
    );
    await expect(store.save(fresh, { signal: {} } as never)).rejects.toThrow('an AbortSignal');
    await expect(store.listPage({ limit: 0 })).rejects.toThrow(
      'options.limit: expected an integer from 1 to 10000, got 0',
    );
    await expect(store.listPage({} as never)).rejects.toThrow('options.limit');
    await expect(store.listPage({ limit: 1, after: 'x' } as never)).rejects.toThrow(
      'options.after: expected 32 lowercase hex digits',
    );
    await expect(store.listPage({ limit: 1, status: 'done' } as never)).rejects.toThrow('options.status');
    await expect(store.count('done' as never)).rejects.toThrow('kind: expected one of initializing');
    await expect(store.update(fresh.instanceId, (s) => s, { attempts: 0 })).rejects.toThrow('options.attempts');
    await expect(store.cleanup(0, { limit: -1 })).rejects.toThrow('options.limit');
    await expect(store.load('x' as never)).rejects.toThrow('got "x"');
    await expect(store.delete(fresh.instanceId, { revision: 'x' as never })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    expect(backend.records.size).toBe(0);
  });

  it('of open reach the backend, and what it refuses with reaches the caller', async () => {
    const opened: unknown[] = [];
    const open = async (options: unknown): Promise<void> => void opened.push(options);
    await openStateStore(fakeBackend({ open }), { create: false });
    await openStateStore(fakeBackend({ open }));
    expect(opened).toEqual([{ create: false }, { create: undefined }]);
    await openStateStore(fakeBackend({ open }), { create: true });

    const cause = new Error('EROFS');
    await expect(openStateStore(fakeBackend({ open: () => Promise.reject(cause) }))).rejects.toMatchObject({
      code: 'STORAGE_ERROR',
      message: 'fake: EROFS',
      retryable: true,
      cause,
    });
    const told = new StateStoreError('NOT_SUPPORTED', 'no conditions here');
    await expect(openStateStore(fakeBackend({ open: () => Promise.reject(told) }))).rejects.toBe(told);
  });

  it('take a state of exactly so many bytes, and none of one more', async () => {
    let body = 0;
    await (await openStateStore(fakeBackend(), { observe: ({ bytes = 0 }) => (body = bytes) })).save(fresh);
    await (await openStateStore(fakeBackend(), { maxBodyBytes: body })).save(fresh);
    const tight = await openStateStore(fakeBackend(), { maxBodyBytes: body - 1 });
    await expect(tight.save(fresh)).rejects.toThrow(`at most ${body - 1} bytes`);
  });

  it('take a backend, or say what one is', async () => {
    await expect(openStateStore({} as never)).rejects.toThrow('backend.read: expected a function, got undefined');
    await expect(openStateStore(undefined as never)).rejects.toThrow(
      'backend.read: expected a function, got undefined',
    );
  });
});

describe('a clock', () => {
  it('decides updatedAt, to the millisecond, and may go back', async () => {
    let now = 5000.9;
    const store = await openStateStore(fakeBackend(), { clock: () => now });
    const state = await store.save(fresh);
    expect(state.updatedAt.getTime()).toBe(5000);
    now = 4000;
    expect((await store.save(state)).updatedAt.getTime()).toBe(4000);
  });

  it('that tells no time is refused before anything is written', async () => {
    const backend = fakeBackend();
    const store = await openStateStore(backend, { clock: () => Number.NaN });
    await expect(store.save(fresh)).rejects.toThrow('options.clock');
    expect(backend.records.size).toBe(0);
  });
});

describe('observe', () => {
  it('gets one event per finished call', async () => {
    const events: StoreEvent[] = [];
    const store = await openStateStore(fakeBackend(), { observe: (event) => events.push(event) });
    const state = await store.save(fresh);
    await store.update(state.instanceId, (s) => ({ ...s, currentStage: 't' }));
    await store.save(state).catch(() => undefined);
    for await (const _ of store.list()) break;
    await store.update(state.instanceId, () => Promise.reject(new Error('mine'))).catch(() => undefined);
    expect(events.map(({ op, outcome, checkpointVersion }) => [op, outcome, checkpointVersion])).toEqual([
      ['save', 'ok', 1],
      ['update', 'ok', 2],
      ['save', 'CHECKPOINT_CONFLICT', undefined],
      ['list', 'ok', undefined],
      ['update', 'error', 2],
    ]);
    for (const { durationMs } of events) expect(durationMs).toBeGreaterThanOrEqual(0);
    expect(events[0]).toMatchObject({
      instanceId: state.instanceId,
      status: 'initializing',
      bytes: expect.any(Number) as number,
    });
  });

  it('tells what each kind of call found', async () => {
    const events: StoreEvent[] = [];
    const store = await openStateStore(fakeBackend(), { observe: (event) => events.push(event) });
    const { instanceId, revision } = await store.save(fresh);
    events.length = 0;
    await store.load(instanceId);
    await store.find(instanceId);
    await store.head(instanceId);
    await store.isCurrent(instanceId, revision);
    await store.listPage({ limit: 1 });
    await store.count();
    for await (const _ of store.listByStatus('initializing')) break;
    for await (const _ of store.states()) break;
    await store.delete(instanceId);
    await store.cleanup(0);
    const found = { status: 'initializing', checkpointVersion: 1 };
    expect(
      events.map(({ op, status, checkpointVersion }) => [op, ...(status ? [{ status, checkpointVersion }] : [])]),
    ).toEqual([
      ['load', found],
      ['find', found],
      ['head', found],
      ['isCurrent'],
      ['listPage'],
      ['count'],
      ['listByStatus'],
      ['states'],
      ['delete'],
      ['cleanup'],
    ]);
  });

  it('cannot change what a call answers by throwing', async () => {
    const thrown = new Error('observer');
    const outside: (() => void)[] = [];
    vi.stubGlobal('queueMicrotask', (task: () => void) => void outside.push(task));
    const store = await openStateStore(fakeBackend(), {
      observe: () => {
        throw thrown;
      },
    });
    expect((await store.save(fresh)).checkpointVersion).toBe(1);
    expect(outside).toHaveLength(1);
    expect(() => outside[0]?.()).toThrow(thrown);
  });
});
