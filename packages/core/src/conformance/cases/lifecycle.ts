// Clause 13: a closed store is closed.

import assert from 'node:assert/strict';
import type { ConformanceCase } from '../case.js';
import { collect, refused, same } from '../claims.js';
import { gate } from '../interpose.js';

export const lifecycleCases: readonly ConformanceCase[] = [
  {
    id: '13.after-close',
    clause: 13,
    title: 'every call of a closed store is STORE_CLOSED, and the backend hears of none',
    level: 'store',
    usualCause: 'a method was forgotten, or an error of the released handle comes through',
    async run(context) {
      let calls = 0;
      const count = <T>(next: () => T): T => {
        calls++;
        return next();
      };
      const store = await context.open({ look: count, write: count, scan: count, sweep: count });
      const saved = await store.save(context.state());
      const { instanceId, revision } = saved;
      assert.equal(store.closed, false, 'closed, before close');
      await store.close();
      assert.equal(store.closed, true, 'closed, after close');
      calls = 0;
      const methods: readonly (readonly [string, () => Promise<unknown>])[] = [
        ['save', () => store.save(saved)],
        ['a create', () => store.save(context.state())],
        ['load', () => store.load(instanceId)],
        ['find', () => store.find(instanceId)],
        ['head', () => store.head(instanceId)],
        ['isCurrent', () => store.isCurrent(instanceId, revision)],
        ['update', () => store.update(instanceId, (state) => ({ ...state }))],
        ['delete', () => store.delete(instanceId)],
        ['list', () => collect(store.list())],
        ['listByStatus', () => collect(store.listByStatus('running'))],
        ['listPage', () => store.listPage({ limit: 1 })],
        ['states', () => collect(store.states())],
        ['count', () => store.count()],
        ['cleanup', () => store.cleanup(0)],
      ];
      for (const [name, call] of methods) await refused('STORE_CLOSED', `${name} after close`, call);
      assert.equal(calls, 0, 'the backend was called after close');
      same({ ...store.capabilities }, { ...context.expect }, 'capabilities after close');
    },
  },
  {
    id: '13.close-waits',
    clause: 13,
    title:
      'close waits for the calls in flight, which end as they would have, and only then closes the backend, once however often it is called',
    level: 'store',
    usualCause: 'the handle is closed under a write, or twice',
    async run(context) {
      const held = gate();
      let holding = false;
      let closes = 0;
      let writing = false;
      const store = await context.open({
        write: async (next) => {
          writing = true;
          if (holding) await held.hold();
          const answer = await next();
          writing = false;
          return answer;
        },
        close: (next) => {
          closes++;
          assert.equal(writing, false, 'the backend was closed while it wrote');
          return next();
        },
      });
      const base = await store.save(context.state());
      holding = true;
      const saving = store.save({ ...base, workflowId: 'in flight' });
      await held.arrived;
      let closed = false;
      const closing = store.close().then(() => (closed = true));
      await refused('STORE_CLOSED', 'a load once close was called', () => store.load(base.instanceId));
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(closed, false, 'close has resolved with a save in flight');
      held.letGo();
      assert.equal((await saving).checkpointVersion, 2, 'version of the save that was in flight');
      await closing;
      await store.close();
      await store[Symbol.asyncDispose]();
      assert.equal(closes, 1, `the backend was closed ${closes} times`);
    },
  },
  {
    id: '13.idle-iterators',
    clause: 13,
    title:
      'close does not wait for an iterator that nobody asks, whose next step is then STORE_CLOSED; one left early lets go of the backend at once',
    level: 'store',
    usualCause: 'a cursor stays open until somebody comes back for it',
    async run(context) {
      let open = 0;
      const store = await context.open({
        async *scan(next) {
          open++;
          try {
            for await (const batch of next()) for (const entry of batch) yield [entry];
          } finally {
            open--;
          }
        },
      });
      for (let i = 0; i < 5; i++) await store.save(context.state());
      for await (const _ of store.list()) break;
      for await (const _ of store.states()) break;
      for await (const _ of store.listByStatus(['running', 'failed'])) break;
      assert.equal(open, 0, `${open} scans of listings that were left early are still open`);
      const iterators = [store.list(), store.listByStatus('running'), store.states({ concurrency: 1 })].map((items) =>
        items[Symbol.asyncIterator](),
      );
      for (const iterator of iterators)
        assert.equal((await iterator.next()).done, false, 'a listing of five ends before its first');
      await store.close();
      for (const iterator of iterators)
        await refused(
          'STORE_CLOSED',
          'the next step of a listing after close',
          () => iterator.next() as Promise<unknown>,
        );
      assert.equal(open, 0, `${open} scans are still open after close`);
    },
  },
  {
    id: '13.handles-are-released',
    clause: 13,
    title: 'after close nothing is held any more: no file, socket, timer or connection',
    level: 'store',
    hooks: ['faults.openHandles'],
    usualCause: 'close forgets the handle of a cache, a pool or a watcher',
    async run(context) {
      const count = async (): Promise<number> => (await context.faults.openHandles?.(context.location)) ?? 0;
      const before = await count();
      const store = await context.open();
      const { instanceId } = await store.save(context.state());
      await store.load(instanceId);
      for await (const _ of store.list()) break;
      await store.delete(instanceId);
      await store.close();
      const after = await count();
      assert.ok(after <= before, `${after} handles are open after close, ${before} were before open`);
    },
  },
];
