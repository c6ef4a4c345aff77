import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cancel,
  complete,
  enterStage,
  InstanceId,
  newWorkflowState,
  openStateStore,
  type StateStore,
  waitFor,
  type WorkflowStateInput,
} from '@workflow-state/core';
import type { ScanEntry } from '@workflow-state/core/backend';
import { fakeBackend } from './fake-backend.js';

const id = (n: number): InstanceId => InstanceId.parse(n.toString(16).padStart(32, '0'));
const fresh = (n: number): WorkflowStateInput =>
  newWorkflowState({
    instanceId: id(n),
    workflowId: 'w',
    version: { major: 1, minor: 0, patch: 0 },
    currentStage: 's',
  });

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

async function filled(): Promise<StateStore> {
  const store = await openStateStore(fakeBackend());
  await store.save(enterStage(fresh(3), 'a'));
  await store.save(waitFor(fresh(1), 'payment'));
  await store.save(enterStage(fresh(2), 'b'));
  await store.save(complete(fresh(5), { durationMs: 1 }));
  await store.save(fresh(4));
  return store;
}

describe('listing', () => {
  it('merges several kinds into one ascending stream, each id once', async () => {
    const store = await filled();
    expect(await all(store.listByStatus(['running', 'waiting', 'running']))).toEqual([id(1), id(2), id(3)]);
    expect(await all(store.list())).toEqual([1, 2, 3, 4, 5].map(id));
  });

  it('names an id once that moved from one listed kind to the other between their scans', async () => {
    const batch: ScanEntry[] = [{ id: id(1) }, { id: id(2) }];
    const store = await openStateStore(
      fakeBackend({
        async *scan() {
          yield batch;
        },
      }),
    );
    expect(await all(store.listByStatus(['running', 'waiting', 'paused']))).toEqual([id(1), id(2)]);
  });

  it('merges batches of any size, empty ones too, without losing or repeating an id', async () => {
    const batches = fc
      .array(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 5 }), { maxLength: 6 })
      .map((drawn) => {
        const ascending = [...new Set(drawn.flat())].sort((a, b) => a - b);
        return drawn.map(({ length }) => ascending.splice(0, length)).concat([ascending]);
      });
    await fc.assert(
      fc.asyncProperty(batches, batches, batches, async (...scans) => {
        const byKind = new Map(['running', 'waiting', 'paused'].map((kind, index) => [kind, scans[index] ?? []]));
        const store = await openStateStore(
          fakeBackend({
            async *scan({ status }) {
              for (const batch of byKind.get(status ?? '') ?? []) yield batch.map((n) => ({ id: id(n) }));
            },
          }),
        );
        const union = [...new Set(scans.flat(2))].sort((a, b) => a - b);
        expect(await all(store.listByStatus(['running', 'waiting', 'paused']))).toEqual(union.map(id));
      }),
    );
  });

  it('compares a full status with what is stored', async () => {
    const store = await filled();
    expect(await all(store.listByStatus({ kind: 'running', currentStage: 'b' }))).toEqual([id(2)]);
    expect(await all(store.listByStatus({ kind: 'waiting', stage: 's', event: 'refund' }))).toEqual([]);
    const metrics = fresh(0).metrics;
    expect(
      await all(store.listByStatus({ kind: 'completed', result: { output: {}, durationMs: 1, metrics } })),
    ).toEqual([id(5)]);
    expect(
      await all(
        store.listByStatus({ kind: 'completed', result: { output: { a: new Uint8Array(1) }, durationMs: 1, metrics } }),
      ),
    ).toEqual([]);
  });

  it('refuses a status that is none, at the first step', async () => {
    const store = await filled();
    for (const wrong of ['done', [], ['running', 'x'], { kind: 'running' }, undefined, 7]) {
      await expect(all(store.listByStatus(wrong as never))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
  });

  it('pages by the last id seen, also over ids that are gone', async () => {
    const store = await filled();
    const first = await store.listPage({ limit: 2 });
    expect(first.entries.map((e) => e.instanceId)).toEqual([id(1), id(2)]);
    expect(first.next).toBe(id(2));
    await store.delete(id(2));
    const second = await store.listPage({ limit: 2, after: first.next });
    expect(second.entries.map((e) => e.instanceId)).toEqual([id(3), id(4)]);
    const third = await store.listPage({ limit: 2, after: second.next });
    expect(third.entries.map((e) => e.instanceId)).toEqual([id(5)]);
    expect('next' in third).toBe(false);
    const exact = await store.listPage({ limit: 4 });
    expect(exact.entries).toHaveLength(4);
    expect('next' in exact).toBe(false);
  });

  it('returns the scans when the caller stops early', async () => {
    let returned = 0;
    const store = await openStateStore(
      fakeBackend({
        async *scan() {
          try {
            for (let n = 1; ; n++) yield [{ id: id(n) }];
          } finally {
            returned++;
          }
        },
      }),
    );
    for await (const _ of store.listByStatus(['running', 'waiting'])) break;
    expect(returned).toBe(2);
  });

  it('fails where the index cannot be read, instead of ending early', async () => {
    const store = await openStateStore(
      fakeBackend({
        async *scan() {
          yield [{ id: id(1) }];
          throw new Error('EACCES');
        },
      }),
    );
    await expect(all(store.list())).rejects.toMatchObject({ code: 'STORAGE_ERROR', message: 'fake: EACCES' });
    await expect(store.count()).rejects.toMatchObject({ code: 'STORAGE_ERROR' });
  });
});

describe('states', () => {
  it('loads in order, at most `concurrency` at a time', async () => {
    let underWay = 0;
    let most = 0;
    const backend = fakeBackend();
    const store = await openStateStore({
      ...backend,
      async read(instance, call) {
        most = Math.max(most, ++underWay);
        await new Promise((resolve) => setImmediate(resolve));
        underWay--;
        return backend.read(instance, call);
      },
    });
    for (let n = 1; n <= 20; n++) await store.save(fresh(n));
    most = 0;
    expect((await all(store.states({ concurrency: 3 }))).map((s) => s.instanceId)).toEqual(
      Array.from({ length: 20 }, (_, n) => id(n + 1)),
    );
    expect(most).toBe(3);
  });

  it('passes over what vanished or left the status since it was listed', async () => {
    const backend = fakeBackend({
      async *scan() {
        yield [{ id: id(1) }, { id: id(2) }, { id: id(9) }];
      },
    });
    const store = await openStateStore(backend);
    await store.save(enterStage(fresh(1), 'a'));
    await store.save(cancel(fresh(2)));
    expect((await all(store.states({ status: 'running' }))).map((s) => s.instanceId)).toEqual([id(1)]);
  });

  it('gives a damaged record to onError and goes on, or throws without it', async () => {
    const backend = fakeBackend();
    const store = await openStateStore(backend);
    for (let n = 1; n <= 3; n++) await store.save(fresh(n));
    const bad = backend.records.get(id(2));
    if (bad !== undefined) bad.envelope[130] = 0xff;
    const errors: unknown[] = [];
    const states = await all(
      store.states({ onError: (error, instance) => errors.push([instance, (error as { code: string }).code]) }),
    );
    expect(states.map((s) => s.instanceId)).toEqual([id(1), id(3)]);
    expect(errors).toEqual([[id(2), 'DESERIALIZATION_ERROR']]);
    await expect(all(store.states())).rejects.toMatchObject({ code: 'DESERIALIZATION_ERROR', instanceId: id(2) });
  });
});
