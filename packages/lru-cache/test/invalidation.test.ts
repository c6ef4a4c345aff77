// One test per way in which an entry could outlive its truth. The store beneath does each thing when the test says so.

import { isStateStoreError, type InstanceId, type StateStore, type WorkflowState } from '@workflow-state/core';
import { describe, expect, it } from 'vitest';
import { type CachedStateStore, type LruCacheOptions, withLruCache } from '../src/index.js';
import { ControlledStore, settled, stateOf } from './support/controlled-store.js';

const ID = stateOf().instanceId;
const COMPLETED = stateOf({
  status: { kind: 'completed', result: { output: {}, durationMs: 1, metrics: stateOf().metrics } },
});

async function cached(options: LruCacheOptions = { max: 10, revalidate: 'never' }, state = stateOf()) {
  const inner = new ControlledStore();
  const first = inner.writeElsewhere(state);
  const store = withLruCache(inner, options);
  inner.auto = true;
  await store.load(ID);
  inner.auto = false;
  return { inner, store, first };
}

/** What a load answers at once from the cache; `undefined` where it asks the store. */
async function fromCache(
  store: StateStore,
  inner: ControlledStore,
  id: InstanceId = ID,
): Promise<WorkflowState | undefined> {
  const before = inner.callsOf('find');
  const found = store.find(id);
  await settled();
  if (inner.callsOf('find') === before) return found;
  inner.the('find').answer();
  await found;
  return undefined;
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'ok',
    (error: unknown) => (isStateStoreError(error) ? error.code : 'error'),
  );
}

describe('a write drops the entry, however it ends', () => {
  it('after a save, the entry is what was saved', async () => {
    const { inner, store, first } = await cached();
    const saving = store.save(first);
    inner.the('save').answer();
    const saved = await saving;
    expect((await fromCache(store, inner))?.revision).toBe(saved.revision);
  });

  it('after an update, the entry is what was written', async () => {
    const { inner, store } = await cached();
    const updating = store.update(ID, (state) => ({ ...state, workflowId: 'changed' }));
    inner.the('update').answer();
    const updated = await updating;
    expect(await fromCache(store, inner)).toEqual(updated);
  });

  it('an overwrite as well', async () => {
    const { inner, store } = await cached();
    const saving = store.save(stateOf({ workflowId: 'repaired' }), { onConflict: 'overwrite' });
    inner.the('save').answer();
    const saved = await saving;
    expect(await fromCache(store, inner)).toEqual(saved);
  });

  it('after a conflict nothing is cached', async () => {
    const { inner, store, first } = await cached();
    inner.writeElsewhere();
    const saving = store.save(first);
    inner.the('save').answer();
    expect(await codeOf(saving)).toBe('CHECKPOINT_CONFLICT');
    expect(await fromCache(store, inner)).toBeUndefined();
  });

  it('after a delete nothing is cached', async () => {
    const { inner, store } = await cached();
    const deleting = store.delete(ID);
    inner.the('delete').answer();
    expect(await deleting).toBe(true);
    expect(await fromCache(store, inner)).toBeUndefined();
    expect(store.stats().entries).toBe(0);
  });

  it.each(['save', 'update', 'delete'] as const)('after a %s of unknown outcome nothing is cached', async (op) => {
    const { inner, store, first } = await cached();
    const call =
      op === 'save'
        ? store.save(first)
        : op === 'update'
          ? store.update(ID, (state) => ({ ...state }))
          : store.delete(ID);
    inner.the(op).apply('lost');
    inner.the(op).answer();
    expect(await codeOf(call)).toBe('OUTCOME_UNKNOWN');
    expect(await fromCache(store, inner)).toBeUndefined();
  });

  it('after a failed save nothing is cached', async () => {
    const { inner, store, first } = await cached();
    const saving = store.save(first);
    inner.the('save').apply('refused');
    inner.the('save').answer();
    expect(await codeOf(saving)).toBe('STORAGE_ERROR');
    expect(await fromCache(store, inner)).toBeUndefined();
  });

  it('after an update that wrote nothing, what `change` has tampered with is not cached', async () => {
    const { inner, store, first } = await cached();
    const updating = store.update(ID, (state) => {
      (state.state as Record<string, Uint8Array>)['key'] = Uint8Array.of(9);
      return state;
    });
    inner.the('update').answer();
    await updating;
    await fromCache(store, inner);
    expect(await fromCache(store, inner)).toEqual(first);
  });
});

describe('a read puts nothing in that was replaced meanwhile', () => {
  it('a load that began before a save finished never puts the old state back', async () => {
    const { inner, store, first } = await cached();
    store.clear();
    const loading = store.load(ID);
    await settled();
    inner.the('find').apply();
    const saving = store.save(first);
    inner.the('save').answer();
    const saved = await saving;
    inner.the('find').answer();
    expect((await loading).revision).toBe(first.revision);
    expect((await fromCache(store, inner))?.revision ?? saved.revision).toBe(saved.revision);
    expect((await fromCache(store, inner))?.revision).toBe(saved.revision);
  });

  it('not even where the save failed in an unknown way', async () => {
    const { inner, store, first } = await cached();
    store.clear();
    const loading = store.load(ID);
    await settled();
    inner.the('find').apply();
    const saving = store.save(first);
    inner.the('save').apply('lost');
    inner.the('save').answer();
    expect(await codeOf(saving)).toBe('OUTCOME_UNKNOWN');
    inner.the('find').answer();
    await loading;
    expect(await fromCache(store, inner)).toBeUndefined();
  });

  it('a load that began before a save finished is not joined after it', async () => {
    const { inner, store, first } = await cached();
    store.clear();
    const early = store.load(ID);
    await settled();
    inner.the('find').apply();
    const saving = store.save(first);
    inner.the('save').apply('lost');
    inner.the('save').answer();
    await codeOf(saving);
    const late = store.load(ID);
    await settled();
    expect(inner.callsOf('find')).toBe(3);
    for (const call of inner.pending) call.answer();
    expect((await early).revision).toBe(first.revision);
    expect((await late).revision).toBe(inner.stored.get(ID)?.revision);
  });

  it('nor a load that everybody gave up, if the store answers it all the same', async () => {
    const { inner, store, first } = await cached();
    store.clear();
    inner.deaf = true;
    const controller = new AbortController();
    const loading = store.load(ID, { signal: controller.signal });
    await settled();
    inner.the('find').apply();
    controller.abort(new Error('enough'));
    await expect(loading).rejects.toThrow('enough');
    const saving = store.save(first);
    inner.the('save').answer();
    const saved = await saving;
    inner.the('find').answer();
    await settled();
    expect((await fromCache(store, inner))?.revision ?? saved.revision).toBe(saved.revision);
    expect(store.stats().entries).toBe(1);
  });

  it('a load that outlasts a cleanup never puts back what was removed', async () => {
    const { inner, store } = await cached(undefined, COMPLETED);
    store.clear();
    const loading = store.load(ID);
    await settled();
    inner.the('find').apply();
    const cleaning = store.cleanup({ days: 1 });
    inner.the('cleanup').answer();
    await cleaning;
    inner.the('find').answer();
    await loading;
    expect(await fromCache(store, inner)).toBeUndefined();
  });

  it('a load under way when the cache is cleared puts nothing in', async () => {
    const { inner, store } = await cached();
    store.clear();
    const loading = store.load(ID);
    await settled();
    inner.the('find').apply();
    inner.writeElsewhere();
    store.clear();
    inner.the('find').answer();
    await loading;
    expect(await fromCache(store, inner)).toBeUndefined();
  });
});

describe('a write puts nothing in that was replaced meanwhile', () => {
  it('the later answer of the earlier of two saves does not win', async () => {
    const { inner, store, first } = await cached();
    const one = store.save(first);
    inner.the('save').apply();
    const overwriting = store.save(stateOf({ workflowId: 'two' }), { onConflict: 'overwrite' });
    const [earlier, later] = inner.pending;
    later!.answer();
    const two = await overwriting;
    earlier!.answer();
    await one;
    expect((await fromCache(store, inner))?.revision ?? two.revision).toBe(two.revision);
    expect((await fromCache(store, inner))?.revision).toBe(two.revision);
  });

  it('a save that was overtaken, and read so, is not put over what was read', async () => {
    const { inner, store, first } = await cached();
    store.clear();
    const saving = store.save(first);
    inner.the('save').apply();
    const newer = inner.writeElsewhere();
    const loading = store.load(ID);
    await settled();
    inner.the('find').answer();
    expect((await loading).revision).toBe(newer.revision);
    inner.the('save').answer();
    await saving;
    expect((await fromCache(store, inner))?.revision ?? newer.revision).toBe(newer.revision);
  });

  it('a save under way when the cache is cleared puts nothing in', async () => {
    const { inner, store, first } = await cached();
    const saving = store.save(first);
    inner.the('save').apply();
    store.clear();
    inner.the('save').answer();
    await saving;
    expect(store.stats().entries).toBe(0);
  });
});

describe('whoever has been shown a newer state is not shown the old one again', () => {
  async function replacedElsewhere(): Promise<{
    inner: ControlledStore;
    store: CachedStateStore;
    first: WorkflowState;
    second: WorkflowState;
  }> {
    const made = await cached();
    return { ...made, second: made.inner.writeElsewhere() };
  }

  it('by head', async () => {
    const { inner, store } = await replacedElsewhere();
    const head = store.head(ID);
    inner.the('head').answer();
    await head;
    expect(await fromCache(store, inner)).toBeUndefined();
  });

  it('by head, of what was deleted elsewhere', async () => {
    const { inner, store } = await cached();
    inner.stored.clear();
    const head = store.head(ID);
    inner.the('head').answer();
    expect(await head).toBeUndefined();
    expect(await fromCache(store, inner)).toBeUndefined();
  });

  it('by isCurrent, which denies the old one', async () => {
    const { inner, store, first } = await replacedElsewhere();
    const current = store.isCurrent(ID, first.revision);
    inner.the('isCurrent').answer();
    expect(await current).toBe(false);
    expect(await fromCache(store, inner)).toBeUndefined();
  });

  it('by isCurrent, which confirms another one', async () => {
    const { inner, store, second } = await replacedElsewhere();
    const current = store.isCurrent(ID, second.revision);
    inner.the('isCurrent').answer();
    expect(await current).toBe(true);
    expect(await fromCache(store, inner)).toBeUndefined();
  });

  it('by states', async () => {
    const { inner, store, second } = await replacedElsewhere();
    for await (const state of store.states()) expect(state.revision).toBe(second.revision);
    expect(await fromCache(store, inner)).toBeUndefined();
  });

  it('by a load that began long ago', async () => {
    const { inner, store, first } = await cached();
    store.clear();
    const old = store.load(ID);
    await settled();
    const slow = inner.the('find');
    const head = store.head(ID);
    inner.the('head').answer();
    await head;
    const quick = store.load(ID);
    await settled();
    inner.pending.find((call) => call.op === 'find' && call !== slow)!.answer();
    expect((await quick).revision).toBe(first.revision);
    const second = inner.writeElsewhere();
    slow.answer();
    expect((await old).revision).toBe(second.revision);
    expect(await fromCache(store, inner)).toBeUndefined();
  });

  it('also where it was shown while a load was under way that had read the old one', async () => {
    const { inner, store } = await cached();
    store.clear();
    const loading = store.load(ID);
    await settled();
    inner.the('find').apply();
    inner.writeElsewhere();
    const head = store.head(ID);
    inner.the('head').answer();
    await head;
    inner.the('find').answer();
    await loading;
    expect(await fromCache(store, inner)).toBeUndefined();
  });

  it('also where what was shown is that nothing is there', async () => {
    const { inner, store } = await cached();
    store.clear();
    const loading = store.load(ID);
    await settled();
    inner.the('find').apply();
    inner.stored.clear();
    const head = store.head(ID);
    inner.the('head').answer();
    expect(await head).toBeUndefined();
    inner.the('find').answer();
    await loading;
    expect(await fromCache(store, inner)).toBeUndefined();
  });

  it('what confirms the entry leaves it there', async () => {
    const { inner, store, first } = await cached();
    const head = store.head(ID);
    inner.the('head').answer();
    await head;
    const current = store.isCurrent(ID, first.revision);
    inner.the('isCurrent').answer();
    expect(await current).toBe(true);
    const other = store.isCurrent(ID, 'another' as typeof first.revision);
    inner.the('isCurrent').answer();
    expect(await other).toBe(false);
    expect((await fromCache(store, inner))?.revision).toBe(first.revision);
  });
});

describe('cleanup', () => {
  it('leaves nothing behind of what it removed', async () => {
    const { inner, store } = await cached(undefined, COMPLETED);
    const cleaning = store.cleanup({ days: 1 });
    inner.the('cleanup').answer();
    expect((await cleaning).removed).toBe(1);
    expect(await fromCache(store, inner)).toBeUndefined();
  });

  it('not even where it failed half way', async () => {
    const { inner, store } = await cached(undefined, COMPLETED);
    const cleaning = store.cleanup({ days: 1 });
    inner.the('cleanup').apply('lost');
    inner.the('cleanup').answer();
    expect(await codeOf(cleaning)).toBe('OUTCOME_UNKNOWN');
    expect(await fromCache(store, inner)).toBeUndefined();
  });

  it('keeps the cache where it is a dry run, or where every hit is proved anyway', async () => {
    const dry = await cached(undefined, COMPLETED);
    const trying = dry.store.cleanup({ days: 1 }, { dryRun: true });
    dry.inner.the('cleanup').answer();
    await trying;
    expect(dry.store.stats().entries).toBe(1);
    const proved = await cached({ max: 10, revalidate: 'always' });
    const cleaning = proved.store.cleanup({ days: 1 });
    proved.inner.the('cleanup').answer();
    await cleaning;
    expect(proved.store.stats().entries).toBe(1);
  });

  it('lets go of what has expired', async () => {
    let now = 0;
    const { inner, store } = await cached({ max: 10, revalidate: 'always', ttl: 100, clock: () => now });
    now = 101;
    const cleaning = store.cleanup({ days: 1 });
    inner.the('cleanup').answer();
    await cleaning;
    expect(store.stats().entries).toBe(0);
  });
});

describe('always', () => {
  const ALWAYS: LruCacheOptions = { max: 10, revalidate: 'always' };

  it('asks at each hit, and reads again what is no longer current', async () => {
    const { inner, store, first } = await cached(ALWAYS);
    const hit = store.load(ID);
    inner.the('isCurrent').answer();
    expect((await hit).revision).toBe(first.revision);
    const second = inner.writeElsewhere();
    const miss = store.load(ID);
    inner.the('isCurrent').answer();
    await settled();
    inner.the('find').answer();
    expect((await miss).revision).toBe(second.revision);
    expect(store.stats()).toMatchObject({ hits: 1, misses: 2, outdated: 1, entries: 1 });
  });

  it('does not keep an entry that the store denied', async () => {
    const { inner, store } = await cached(ALWAYS);
    inner.stored.clear();
    const gone = store.find(ID);
    inner.the('isCurrent').answer();
    await settled();
    inner.the('find').answer();
    expect(await gone).toBeUndefined();
    expect(store.stats().entries).toBe(0);
  });

  it('passes on that it could not ask', async () => {
    const { inner, store } = await cached(ALWAYS);
    const hit = store.load(ID);
    inner.the('isCurrent').fail(new Error('no network'));
    await expect(hit).rejects.toThrow('no network');
  });

  it('does not answer a caller with a read that began before he asked', async () => {
    const { inner, store } = await cached(ALWAYS);
    store.clear();
    const early = store.load(ID);
    await settled();
    inner.the('find').apply();
    const second = inner.writeElsewhere();
    const late = store.load(ID);
    await settled();
    inner.the('find').answer();
    await settled();
    inner.the('isCurrent').answer();
    await settled();
    inner.the('find').answer();
    await early;
    expect((await late).revision).toBe(second.revision);
  });
});

describe('absence', () => {
  const missing = async (options: LruCacheOptions) => {
    const inner = new ControlledStore();
    const store = withLruCache(inner, options);
    inner.auto = true;
    expect(await store.find(ID)).toBeUndefined();
    inner.auto = false;
    return { inner, store };
  };

  it('is not cached unless asked for', async () => {
    const { inner, store } = await missing({ max: 10, revalidate: 'never' });
    await fromCache(store, inner);
    expect(inner.callsOf('find')).toBe(2);
  });

  it('is cached where asked for, for find and for load', async () => {
    const { inner, store } = await missing({ max: 10, revalidate: 'never', cacheAbsence: true });
    expect(await store.find(ID)).toBeUndefined();
    expect(await codeOf(store.load(ID))).toBe('STATE_NOT_FOUND');
    expect(inner.callsOf('find')).toBe(1);
    expect(store.stats()).toMatchObject({ hits: 2, misses: 1, entries: 1 });
  });

  it('is ended by a create, also one of unknown outcome', async () => {
    for (const outcome of ['done', 'lost'] as const) {
      const { inner, store } = await missing({ max: 10, revalidate: 'never', cacheAbsence: true });
      const creating = store.save(stateOf());
      inner.the('save').apply(outcome);
      inner.the('save').answer();
      await codeOf(creating);
      const found = store.find(ID);
      await settled();
      for (const call of inner.pending) call.answer();
      expect((await found)?.revision).toBe(inner.stored.get(ID)?.revision);
    }
  });

  it('is ended by a head that shows something', async () => {
    const { inner, store } = await missing({ max: 10, revalidate: 'never', cacheAbsence: true });
    inner.writeElsewhere();
    const head = store.head(ID);
    inner.the('head').answer();
    await head;
    const found = store.find(ID);
    await settled();
    inner.the('find').answer();
    expect(await found).toBeDefined();
  });
});

it('a load that failed is not joined, also while a save is under way', async () => {
  const { inner, store, first } = await cached();
  store.clear();
  const saving = store.save(first);
  const failing = store.load(ID);
  await settled();
  inner.the('find').fail(new Error('disk on fire'));
  await expect(failing).rejects.toThrow('disk on fire');
  const loading = store.load(ID);
  await settled();
  inner.the('find').answer();
  expect((await loading).revision).toBe(first.revision);
  inner.the('save').answer();
  await saving;
});

it('a failed load is not cached, and nothing of it stays behind', async () => {
  for (const revalidate of ['always', 'never'] as const) {
    const inner = new ControlledStore();
    const store = withLruCache(inner, { max: 10, revalidate });
    const failing = store.load(ID);
    await settled();
    inner.the('find').fail(new Error('disk on fire'));
    await expect(failing).rejects.toThrow('disk on fire');
    const { revision } = inner.writeElsewhere();
    const loading = store.load(ID);
    await settled();
    inner.the('find').answer();
    expect((await loading).revision).toBe(revision);
  }
});
