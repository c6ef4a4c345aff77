import { describe, expect, it } from 'vitest';
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
import { fakeBackend } from './fake-backend.js';

const id = (n: number): InstanceId => InstanceId.parse(n.toString(16).padStart(32, '0'));
const fresh = (n: number): WorkflowStateInput =>
  newWorkflowState({
    instanceId: id(n),
    workflowId: 'w',
    version: { major: 1, minor: 0, patch: 0 },
    currentStage: 's',
  });

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
    expect(await store.cleanup(5, { limit: 23 })).toMatchObject({ removed: 23, done: true });
  });

  it('lets the loop turn on its way, over a backend that never waits', async () => {
    let now = 0;
    const store = await openStateStore(fakeBackend(), { clock: () => now });
    for (let n = 0; n < 500; n++) await store.save(complete(fresh(n)));
    now = 101;
    let turns = 0;
    let ended = false;
    const turn = (): void => {
      turns++;
      if (!ended) setImmediate(turn);
    };
    setImmediate(turn);
    expect((await store.cleanup(100)).removed).toBe(500);
    ended = true;
    expect(turns).toBeGreaterThanOrEqual(Math.floor(500 / 64));
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
    for (let n = 3; n >= 1; n--) await store.save(cancel(fresh(n)));
    now = 10;
    expect(await store.cleanup(5, { dryRun: true })).toMatchObject({ removed: 3, ids: [id(1), id(2), id(3)] });
    expect(await store.count()).toBe(3);
    expect(swept).toBe(0);
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
