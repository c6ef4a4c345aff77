// Concurrent misses of one instance: one read of the store for all, and nobody pays for another's impatience.

import { describe, expect, it } from 'vitest';
import { withLruCache } from '../src/index.js';
import { CallsInFlight } from '../src/calls-in-flight.js';
import { ControlledStore, settled, stateOf } from './support/controlled-store.js';

const ID = stateOf().instanceId;

function open(revalidate: 'always' | 'never') {
  const inner = new ControlledStore();
  const { revision } = inner.writeElsewhere();
  return { inner, revision, store: withLruCache(inner, { max: 10, revalidate }) };
}

describe('concurrent misses', () => {
  it('never: share one load, each with a copy of its own', async () => {
    const { inner, store } = open('never');
    const loading = Array.from({ length: 100 }, () => store.load(ID));
    await settled();
    inner.the('find').answer();
    const states = await Promise.all(loading);
    expect(inner.log).toEqual(['find']);
    expect(new Set(states).size).toBe(100);
    expect(new Set(states.map(({ state }) => state['key']?.buffer)).size).toBe(100);
    expect(store.stats()).toMatchObject({ hits: 0, misses: 1, shared: 99 });
  });

  it('always: share one load, and one question whether it is still current', async () => {
    const { inner, store } = open('always');
    const loading = Array.from({ length: 100 }, () => store.load(ID));
    await settled();
    inner.the('find').answer();
    await settled();
    inner.the('isCurrent').answer();
    await Promise.all(loading);
    expect(inner.log).toEqual(['find', 'isCurrent']);
    expect(store.stats()).toMatchObject({ hits: 0, misses: 1, shared: 99 });
  });

  it('always: after a load that failed, those behind it share one more', async () => {
    const { inner, store } = open('always');
    const loading = Promise.allSettled(Array.from({ length: 5 }, () => store.load(ID)));
    await settled();
    inner.the('find').fail(new Error('no'));
    await settled();
    inner.the('find').answer();
    const ended = await loading;
    expect(ended.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled', 'fulfilled', 'fulfilled']);
    expect(inner.callsOf('find')).toBe(2);
  });

  it('of absence are shared too', async () => {
    const { inner, store } = open('never');
    inner.stored.clear();
    const finding = [store.find(ID), store.find(ID)];
    const loading = store.load(ID);
    await settled();
    inner.the('find').answer();
    expect(await Promise.all(finding)).toEqual([undefined, undefined]);
    await expect(loading).rejects.toMatchObject({ code: 'STATE_NOT_FOUND', instanceId: ID });
  });
});

describe('a caller who gives up', () => {
  it.each(['never', 'always'] as const)(
    '%s: does not abort the others, the first caller included',
    async (revalidate) => {
      const { inner, store, revision } = open(revalidate);
      const controller = new AbortController();
      const first = store.load(ID, { signal: controller.signal });
      const second = store.load(ID);
      await settled();
      controller.abort(new Error('enough'));
      await expect(first).rejects.toThrow('enough');
      await settled();
      // With `never` the read goes on for the other one; with `always` the other one has a read of its own.
      while (inner.pending.length > 0) {
        inner.pending[0]!.answer();
        await settled();
      }
      expect((await second).revision).toBe(revision);
    },
  );

  it('aborts the read if he is the last, and nobody joins it any more', async () => {
    const { inner, store, revision } = open('never');
    const one = new AbortController();
    const two = new AbortController();
    const both = Promise.allSettled([store.load(ID, { signal: one.signal }), store.load(ID, { signal: two.signal })]);
    await settled();
    const read = inner.the('find');
    one.abort();
    await settled();
    expect(read.signal?.aborted).toBe(false);
    two.abort(new Error('enough'));
    expect(read.signal?.aborted).toBe(true);
    const third = store.load(ID);
    await settled();
    inner.the('find').answer();
    expect((await third).revision).toBe(revision);
    expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  it('always: who gave up before his read began leaves no request behind', async () => {
    const { inner, store } = open('always');
    const controller = new AbortController();
    const first = store.load(ID);
    const second = store.load(ID, { signal: controller.signal });
    await settled();
    controller.abort(new Error('enough'));
    await expect(second).rejects.toThrow('enough');
    inner.the('find').answer();
    await first;
    await settled();
    expect(inner.log).toEqual(['find']);
  });

  it.each(['never', 'always'] as const)('%s: beforehand is told so, hit or miss', async (revalidate) => {
    const { inner, store } = open(revalidate);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(store.load(ID, { signal })).rejects.toThrow('enough');
    expect(inner.log).toEqual([]);
    inner.auto = true;
    await store.load(ID);
    await expect(store.load(ID, { signal })).rejects.toThrow('enough');
  });
});

it('keeps no record of an instance once nothing is under way', () => {
  const calls = new CallsInFlight();
  const one = calls.enter(ID);
  expect(calls.enter(ID)).toBe(one);
  calls.leave(one);
  calls.leave(one);
  expect(calls.enter(ID)).not.toBe(one);
});

it('forgets every instance that came and went', async () => {
  const { inner, store } = open('never');
  inner.auto = true;
  for (let i = 0; i < 1000; i++) {
    const instanceId = i.toString(16).padStart(32, '0') as typeof ID;
    await store.save(stateOf({ instanceId }));
    await store.load(instanceId);
    await store.delete(instanceId);
    await store.find(instanceId);
  }
  expect(store.stats().entries).toBe(0);
});
