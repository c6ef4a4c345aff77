import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  cancel,
  complete,
  enterStage,
  fail,
  InstanceId,
  newWorkflowState,
  openStateStore,
  type WorkflowStateInput,
} from '@workflow-state/core';
import { type FakeBackend, fakeBackend } from './fake-backend.js';

afterEach(() => void vi.restoreAllMocks());

const id = (n: number): InstanceId => InstanceId.parse(n.toString(16).padStart(32, '0'));
const fresh = (n: number): WorkflowStateInput =>
  newWorkflowState({
    instanceId: id(n),
    workflowId: 'w',
    version: { major: 1, minor: 0, patch: 0 },
    currentStage: 's',
  });

/** Its listings tell since when, as those of real backends do. */
function dated(overrides: (inner: FakeBackend) => Partial<FakeBackend>): FakeBackend {
  const inner = fakeBackend();
  return {
    ...inner,
    async *scan({ status }) {
      const records = [...inner.records.values()].filter(({ revision }) => revision.status === status);
      yield records.map(({ id: one, revision }) => ({ id: one, statusSince: revision.entered.at }));
    },
    ...overrides(inner),
  };
}

describe('cleanup', () => {
  it('removes terminal instances strictly older than the retention, by last save, on the store clock', async () => {
    let now = 0;
    const store = await openStateStore(fakeBackend(), { clock: () => now });
    await store.save(complete(fresh(1)));
    await store.save(enterStage(fresh(2), 'a'));
    now = 1;
    await store.save(cancel(fresh(3)));
    const late = await store.save(fail(fresh(4), { message: 'x' }));
    now = 50;
    await store.save(late);
    now = 101;
    expect(await store.cleanup(100)).toEqual({ scanned: 3, removed: 1, skipped: 2, failures: [], done: true });
    now = 102;
    expect((await store.cleanup(100)).removed).toBe(1);
    expect(await store.find(id(4))).toBeDefined();
    expect(await store.find(id(2))).toBeDefined();
  });

  it('keeps what lies in the future', async () => {
    let now = 1000;
    const store = await openStateStore(fakeBackend(), { clock: () => now });
    await store.save(complete(fresh(1)));
    now = 0;
    expect((await store.cleanup(0)).removed).toBe(0);
  });

  it('keeps a kind that the retention does not name', async () => {
    let now = 0;
    const store = await openStateStore(fakeBackend(), { clock: () => now });
    await store.save(complete(fresh(1)));
    await store.save(fail(fresh(2), { message: 'x' }));
    now = 10;
    expect((await store.cleanup({ completed: 5 })).removed).toBe(1);
    expect(await store.find(id(2))).toBeDefined();
  });

  it('skips an instance that was saved between the judgement and the delete', async () => {
    let now = 0;
    const inner = fakeBackend();
    const store = await openStateStore(inner, { clock: () => now });
    const ended = await store.save(complete(fresh(1)));
    now = 10;
    let raced = false;
    const racing = await openStateStore(
      {
        ...inner,
        async write(record, expected) {
          if (!raced) {
            raced = true;
            await store.save(enterStage(ended, 'again'));
          }
          inner.apply(record, expected);
        },
      },
      { clock: () => now },
    );
    expect(await racing.cleanup(5)).toMatchObject({ removed: 0, skipped: 1, failures: [] });
    expect((await store.load(id(1))).status.kind).toBe('running');
  });

  it('stops at the limit, exactly, and says that it is not done', async () => {
    let now = 0;
    const store = await openStateStore(fakeBackend(), { clock: () => now });
    for (let n = 1; n <= 30; n++) await store.save(cancel(fresh(n)));
    now = 10;
    expect(await store.cleanup(5, { limit: 7 })).toMatchObject({ removed: 7, done: false });
    expect(await store.count('cancelled')).toBe(23);
    expect(await store.cleanup(5, { limit: 12 })).toMatchObject({ removed: 12, done: false });
    expect(await store.cleanup(5, { limit: 11 })).toMatchObject({ removed: 11, done: true });
  });

  it('looks only at what is old by its entry', async () => {
    let now = 0;
    const looks: InstanceId[] = [];
    const backend = dated((inner) => ({
      read(one, call) {
        looks.push(one);
        return inner.read(one, call);
      },
    }));
    const store = await openStateStore(backend, { clock: () => now });
    for (const n of [1, 2, 3]) {
      now = n;
      await store.save(cancel(fresh(n)));
    }
    now = 7;
    expect(await store.cleanup(5)).toMatchObject({ scanned: 3, removed: 1, skipped: 0 });
    expect(looks).toEqual([id(1)]);
  });

  it('looks at eight at a time, and passes over what is gone by then', async () => {
    let now = 0;
    let underWay = 0;
    let most = 0;
    const backend = dated((inner) => ({
      async read(one, call) {
        most = Math.max(most, ++underWay);
        await new Promise(setImmediate);
        underWay--;
        return one === id(3) ? undefined : inner.read(one, call);
      },
    }));
    const store = await openStateStore(backend, { clock: () => now });
    for (let n = 1; n <= 20; n++) await store.save(cancel(fresh(n)));
    now = 10;
    const removed: InstanceId[] = [];
    const report = await store.cleanup(5, { onRemoved: (one) => removed.push(one) });
    expect(report).toMatchObject({ scanned: 20, removed: 19, skipped: 1, failures: [] });
    expect(removed.sort()).toEqual(Array.from({ length: 20 }, (_, at) => id(at + 1)).filter((one) => one !== id(3)));
    expect(most).toBe(8);
  });

  it('lets the loop turn on its way, over a backend that never waits', async () => {
    let now = 0;
    const store = await openStateStore(fakeBackend(), { clock: () => now });
    for (let n = 0; n < 500; n++) await store.save(complete(fresh(n)));
    now = 101;
    let turned = false;
    setImmediate(() => (turned = true));
    const waits = vi.spyOn(globalThis, 'setTimeout');
    expect((await store.cleanup(100)).removed).toBe(500);
    expect(turned).toBe(true);
    expect(waits).toHaveBeenCalledTimes(Math.floor(500 / 64));
  });

  it('as a dry run removes nothing and names what it would', async () => {
    let now = 0;
    let swept = 0;
    const backend = fakeBackend({
      async sweep() {
        swept++;
        return { removed: 0, failures: [] };
      },
    });
    const store = await openStateStore(backend, { clock: () => now });
    await store.save(cancel(fresh(1)));
    for (const n of [3, 2]) await store.save(complete(fresh(n)));
    now = 10;
    const onRemoved = vi.fn<(one: InstanceId) => void>();
    expect(await store.cleanup(5, { dryRun: true, onRemoved })).toMatchObject({ removed: 3, ids: [1, 2, 3].map(id) });
    expect(await store.count()).toBe(3);
    expect([swept, onRemoved.mock.calls]).toEqual([0, []]);
    await store.cleanup(5);
    expect(swept).toBe(1);
  });

  it('reports a damaged record and a failed sweep, and goes on', async () => {
    let now = 0;
    const backend = fakeBackend({ sweep: async () => Promise.reject(new Error('EIO')) });
    const store = await openStateStore(backend, { clock: () => now });
    for (let n = 1; n <= 3; n++) await store.save(cancel(fresh(n)));
    const bad = backend.records.get(id(2));
    if (bad !== undefined) bad.envelope[10] = 0xff;
    now = 10;
    const report = await store.cleanup(5);
    expect(report.removed).toBe(2);
    expect(report.failures).toMatchObject([
      { instanceId: id(2), error: { code: 'DESERIALIZATION_ERROR' } },
      { error: { code: 'STORAGE_ERROR', message: 'fake: EIO' } },
    ]);
  });

  it('says what could not be swept', async () => {
    const error = new Error('EACCES');
    const store = await openStateStore(
      fakeBackend({ sweep: async () => ({ removed: 0, failures: [{ what: 'ids/00', error }] }) }),
    );
    expect((await store.cleanup(0)).failures).toEqual([{ what: 'ids/00', error }]);
  });

  it('that is aborted while it waits for the index leaves no rejection unhandled', async () => {
    let now = 0;
    const controller = new AbortController();
    const reason = new Error('enough');
    const inner = fakeBackend();
    const filled = await openStateStore(inner, { clock: () => now });
    await filled.save(cancel(fresh(1)));
    now = 10;
    const store = await openStateStore(
      {
        ...inner,
        async *scan() {
          yield [{ id: id(1) }];
          // The judgement of the first has failed by the time that the index answers.
          for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
        },
        async read() {
          controller.abort(reason);
          throw new Error('EIO');
        },
      },
      { clock: () => now },
    );
    await expect(store.cleanup(5, { signal: controller.signal })).rejects.toBe(reason);
  });

  it('hands the sweep an instant, a grace before now', async () => {
    const instants: number[] = [];
    const backend = fakeBackend({
      async sweep(olderThan) {
        instants.push(olderThan);
        return { removed: 0, failures: [] };
      },
    });
    const day = 86_400_000;
    await (await openStateStore(backend, { clock: () => 100 * day })).cleanup(0);
    await (await openStateStore(backend, { clock: () => 100 * day, tombstoneGrace: 2 * day })).cleanup(0);
    expect(instants).toEqual([93 * day, 98 * day]);
  });
});
