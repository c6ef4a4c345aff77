import { complete, enterStage, fail, newWorkflowState, openStateStore, type WorkflowState } from '@workflow-state/core';
import { copyStore } from '@workflow-state/core/maintenance';
import { memoryBackend, MemorySpace } from '@workflow-state/memory';
import { describe, expect, it } from 'vitest';
import { type LruCacheOptions, withLruCache } from '../src/index.js';
import { copyState, ownBytes, sharedBytes } from '../src/copy-state.js';
import { sizeOf } from '../src/state-size.js';
import { ControlledStore, settled, stateOf } from './support/controlled-store.js';

const NEVER: LruCacheOptions = { max: 100, revalidate: 'never' };

function fresh(bytes = 100): ReturnType<typeof newWorkflowState> {
  return newWorkflowState({
    workflowId: 'w',
    version: { major: 1, minor: 0, patch: 0 },
    currentStage: 's',
    input: { ['__proto__']: Uint8Array.of(1), '': new Uint8Array(0) },
    state: { big: new Uint8Array(bytes).fill(7) },
  });
}

const full = (state: WorkflowState): WorkflowState => ({
  ...state,
  metrics: {
    stagesExecuted: 1,
    retryCount: 2,
    errorCount: 3,
    stageDurations: { a: 0.5 },
    custom: { x: Number.NaN, y: -0 },
  },
  retryAttempts: { a: 1 },
});

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe('copies', () => {
  const input = { ...fresh(), revision: 'r1' as WorkflowState['revision'] };
  const kinds: readonly WorkflowState[] = [
    full(input),
    full(enterStage(input, 'next')),
    full(complete(input, { output: { result: Uint8Array.of(1, 2) }, metrics: full(input).metrics })),
    full(fail(input, { message: 'no', recoveryHints: ['try'], trace: 'here' })),
  ];

  it('are equal, and share nothing that can be changed', () => {
    for (const state of kinds) {
      const copy = copyState(state, ownBytes);
      expect(copy).toStrictEqual(state);
      expect(Object.keys(copy.input)).toEqual(Object.keys(state.input));
      const mine = parts(state);
      for (const part of parts(copy)) expect(mine.has(part)).toBe(false);
    }
  });

  it('with shared bytes share the byte arrays and nothing else', () => {
    for (const state of kinds) {
      const mine = parts(state);
      for (const part of parts(copyState(state, sharedBytes))) {
        expect(mine.has(part)).toBe(part instanceof Uint8Array || part instanceof ArrayBuffer);
      }
    }
  });

  it('hold plain byte arrays, also of a Buffer', () => {
    const [value] = Object.values(copyState({ ...input, state: { b: Buffer.from('abc') } }, ownBytes).state);
    expect(value).toStrictEqual(new TextEncoder().encode('abc'));
  });

  function parts(value: unknown, into: Set<unknown> = new Set()): Set<unknown> {
    if (typeof value !== 'object' || value === null) return into;
    into.add(value);
    if (value instanceof Uint8Array) into.add(value.buffer);
    else for (const key of Reflect.ownKeys(value)) parts(Reflect.get(value, key), into);
    return into;
  }
});

describe('isolation', () => {
  it('nothing done to a loaded or saved state, or to the one that was passed in, reaches the cache', async () => {
    const store = withLruCache(await openStateStore(memoryBackend()), NEVER);
    const passed = fresh();
    const saved = await store.save(passed);
    const expected = structuredClone(saved);
    const spoil = (state: typeof passed): void => {
      state.state['big']?.fill(0);
      (state.state as Record<string, Uint8Array>)['more'] = Uint8Array.of(1);
      state.createdAt.setTime(0);
      (state.version as { major: number }).major = 99;
    };
    spoil(passed);
    spoil(saved);
    spoil(await store.load(passed.instanceId));
    expect(await store.load(passed.instanceId)).toStrictEqual(expected);
    expect(store.stats()).toMatchObject({ hits: 2, misses: 0 });
  });

  it("with share: 'bytes' byte arrays are handed out as they are, and everything else is copied", async () => {
    const store = withLruCache(await openStateStore(memoryBackend()), { ...NEVER, share: 'bytes' });
    const { instanceId } = await store.save(fresh());
    const [one, two] = [await store.load(instanceId), await store.load(instanceId)];
    expect(one).not.toBe(two);
    expect(one.state).not.toBe(two.state);
    expect(one.state['big']).toBe(two.state['big']);
    expect(one.state['big']).toStrictEqual(fresh().state['big']);
  });

  it('a state that is changed while its save is under way is cached as it was stored', async () => {
    const store = withLruCache(await openStateStore(memoryBackend()), NEVER);
    const state = fresh();
    const saving = store.save(state);
    state.state['big']?.fill(0);
    const saved = await saving;
    expect(saved.state['big']?.[0]).toBe(7);
    expect(await store.load(state.instanceId)).toStrictEqual(saved);
  });
});

describe('a store with a cache', () => {
  it('says of what is not there what its store would say', async () => {
    const store = withLruCache(await openStateStore(memoryBackend()), {
      max: 100,
      revalidate: 'never',
      cacheAbsence: true,
    });
    const { instanceId } = fresh();
    for (let time = 0; time < 2; time++)
      await expect(store.load(instanceId)).rejects.toMatchObject({
        code: 'STATE_NOT_FOUND',
        message: `there is no instance ${instanceId}`,
        instanceId,
        recoveryHints: ['find returns undefined instead', 'it may have been deleted or cleaned up'],
      });
  });

  it('is verified, copied and diagnosed as the store that it is around', async () => {
    const inner = await openStateStore(memoryBackend());
    const store = withLruCache(inner, NEVER);
    const { instanceId } = await store.save(fresh());
    const copies = await openStateStore(memoryBackend());
    const outcomes: unknown[] = [];
    for await (const { outcome } of copyStore(store, copies)) outcomes.push(outcome);
    expect([outcomes, (await copies.load(instanceId)).checkpointVersion]).toEqual([['copied'], 1]);
  });
});

describe('bounds', () => {
  it('max: the least recently used entry goes first', async () => {
    const store = withLruCache(await openStateStore(memoryBackend()), { max: 2, revalidate: 'never' });
    const [a, b, c] = [await store.save(fresh()), await store.save(fresh()), fresh()];
    await store.load(a.instanceId);
    await store.save(c);
    await store.load(a.instanceId);
    await store.load(c.instanceId);
    await store.load(b.instanceId);
    expect(store.stats()).toMatchObject({ hits: 3, misses: 1, entries: 2 });
  });

  it('maxSize: entries leave as bytes need room, and what is larger than all of it is not cached', async () => {
    const store = withLruCache(await openStateStore(memoryBackend()), { maxSize: 20_000, revalidate: 'never' });
    for (let i = 0; i < 10; i++) await store.save(fresh(5_000));
    const { entries, size } = store.stats();
    expect(entries).toBeGreaterThan(1);
    expect(entries).toBeLessThan(4);
    expect(size).toBeLessThanOrEqual(20_000);
    const huge = await store.save(fresh(30_000));
    expect(await store.load(huge.instanceId)).toStrictEqual(huge);
    expect(store.stats().misses).toBe(1);
    expect(sizeOf(huge)).toBeGreaterThan(30_000);
  });

  it('a save that no longer fits drops what was there', async () => {
    const store = withLruCache(await openStateStore(memoryBackend()), { maxSize: 20_000, revalidate: 'never' });
    const saved = await store.save(fresh(100));
    const grown = await store.save({ ...saved, state: { big: new Uint8Array(30_000) } });
    expect(await store.load(saved.instanceId)).toStrictEqual(grown);
  });

  it('ttl: counts from when the load began, and purgeStale lets go', async () => {
    let now = 0;
    const inner = new ControlledStore();
    const { instanceId } = inner.writeElsewhere();
    const store = withLruCache(inner, { ...NEVER, ttl: 100, clock: () => now });
    const loading = store.load(instanceId);
    await settled();
    now = 60;
    inner.the('find').answer();
    await loading;
    now = 100;
    await store.load(instanceId);
    expect(inner.callsOf('find')).toBe(1);
    expect(store.purgeStale()).toBe(0);
    now = 101;
    expect(store.purgeStale()).toBe(1);
    const again = store.load(instanceId);
    await settled();
    inner.the('find').answer();
    await again;
    now = 202;
    const third = store.load(instanceId);
    await settled();
    inner.the('find').answer();
    await third;
    expect(inner.callsOf('find')).toBe(3);
  });
});

describe('capabilities', () => {
  it('always: those of the store; never: reads may be stale, and nothing else is given up', async () => {
    const inner = await openStateStore(memoryBackend());
    expect(withLruCache(inner, { max: 1, revalidate: 'always' }).capabilities).toEqual(inner.capabilities);
    const { capabilities } = withLruCache(inner, NEVER);
    expect(capabilities).toEqual({ ...inner.capabilities, reads: 'may-be-stale' });
    expect(Object.isFrozen(capabilities)).toBe(true);
  });

  it('never: a stale state that is saved is refused', async () => {
    const space = new MemorySpace();
    const store = withLruCache(await openStateStore(memoryBackend({ space })), NEVER);
    const other = await openStateStore(memoryBackend({ space }));
    const { instanceId } = await store.save(fresh());
    const newer = await other.save(await other.load(instanceId));
    const stale = await store.load(instanceId);
    expect(stale.revision).not.toBe(newer.revision);
    await expect(store.save(stale)).rejects.toMatchObject({ code: 'CHECKPOINT_CONFLICT' });
    expect(await store.load(instanceId)).toStrictEqual(newer);
  });

  it('never: update decides on what is stored, not on what is cached', async () => {
    const space = new MemorySpace();
    const store = withLruCache(await openStateStore(memoryBackend({ space })), NEVER);
    const other = await openStateStore(memoryBackend({ space }));
    const { instanceId } = await store.save(fresh());
    await other.update(instanceId, (state) => enterStage(state, 'elsewhere'));
    await store.update(instanceId, (state) => {
      expect(state.currentStage).toBe('elsewhere');
      return undefined;
    });
  });
});

describe('calls that the cache does not answer', () => {
  it('listings pass through, and fill nothing', async () => {
    const space = new MemorySpace();
    const other = await openStateStore(memoryBackend({ space }));
    const store = withLruCache(await openStateStore(memoryBackend({ space })), NEVER);
    const ids = [(await other.save(fresh())).instanceId, (await other.save(fresh())).instanceId].sort();
    const found: string[] = [];
    for await (const { instanceId } of store.states()) found.push(instanceId);
    expect(found).toEqual(ids);
    expect(await collect(store.list())).toEqual(ids);
    expect(await collect(store.listByStatus('initializing'))).toEqual(ids);
    expect((await store.listPage({ limit: 10 })).entries.map(({ instanceId }) => instanceId)).toEqual(ids);
    expect(await store.count()).toBe(2);
    expect(store.stats().entries).toBe(0);
  });

  it.each(['never', 'always'] as const)(
    '%s: options and ids that are wrong are refused, hit or not',
    async (revalidate) => {
      const store = withLruCache(await openStateStore(memoryBackend()), { max: 10, revalidate });
      const { instanceId } = await store.save(fresh());
      for (const options of [{ sginal: 1 }, { signal: 'no' }, 5, null]) {
        await expect(store.load(instanceId, options as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
        await expect(store.find(instanceId, options as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      }
      await expect(store.find('nope' as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      await expect(store.save(null as never)).rejects.toMatchObject({ code: 'INVALID_STATE' });
      await expect(store.update(instanceId, 5 as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    },
  );
});

describe('close', () => {
  it('closes the store, and every call is refused from then on, hits included', async () => {
    for (const closeIt of ['wrapper', 'inner'] as const) {
      const inner = await openStateStore(memoryBackend());
      const store = withLruCache(inner, NEVER);
      const { instanceId } = await store.save(fresh());
      const listing = store.list()[Symbol.asyncIterator]();
      await listing.next();
      await (closeIt === 'wrapper' ? store : inner).close();
      expect([store.closed, inner.closed]).toEqual([true, true]);
      await expect(store.load(instanceId)).rejects.toMatchObject({ code: 'STORE_CLOSED' });
      await expect(listing.next()).rejects.toMatchObject({ code: 'STORE_CLOSED' });
      await store.close();
    }
  });

  it('waits for calls that need another request', async () => {
    const inner = new ControlledStore();
    const { instanceId, revision } = inner.writeElsewhere();
    const store = withLruCache(inner, { max: 10, revalidate: 'always' });
    const loading = [store.load(instanceId), store.load(instanceId)];
    await settled();
    const closing = store.close();
    inner.the('find').answer();
    await settled();
    expect(inner.closed).toBe(false);
    inner.the('isCurrent').answer();
    expect((await Promise.all(loading)).map((state) => state.revision)).toEqual([revision, revision]);
    await closing;
    expect(inner.closed).toBe(true);
  });

  it('is what `await using` does', async () => {
    const inner = await openStateStore(memoryBackend());
    await withLruCache(inner, NEVER)[Symbol.asyncDispose]();
    expect(inner.closed).toBe(true);
  });
});

it('may be put around a store that is cached already', async () => {
  const store = withLruCache(withLruCache(await openStateStore(memoryBackend()), NEVER), {
    max: 1,
    revalidate: 'always',
  });
  expect(store.capabilities.reads).toBe('may-be-stale');
  const saved = await store.save(stateOf());
  expect(await store.load(saved.instanceId)).toStrictEqual(saved);
});
