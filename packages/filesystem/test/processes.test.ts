import { once } from 'node:events';
import {
  complete,
  type InstanceId,
  newWorkflowState,
  openStateStore,
  type StateStore,
  type StatusKind,
} from '@workflow-state/core';
import { afterEach, describe, expect, it } from 'vitest';
import { fileSystemBackend, type FileSystemBackendOptions } from '../src/index.js';
import { forkEntry, killed } from './support/fork.js';
import { fastParent, freshDirectory, parents } from './support/place.js';
import type { SaverTask } from './support/saver.js';

const ends: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  await Promise.all(ends.splice(0).map((end) => end()));
});

async function opened(options: FileSystemBackendOptions): Promise<StateStore> {
  const store = await openStateStore(fileSystemBackend(options));
  ends.push(() => store.close());
  return store;
}

interface Savers {
  /** How many saves succeeded. Stops those that have no end of their own. */
  done(stop?: 'stop'): Promise<number>;
}

async function savers(count: number, options: FileSystemBackendOptions, task: SaverTask): Promise<Savers> {
  const children = await Promise.all(
    Array.from({ length: count }, () =>
      forkEntry(new URL('./support/saver.ts', import.meta.url), [JSON.stringify(options), JSON.stringify(task)]),
    ),
  );
  for (const child of children) ends.push(() => killed(child));
  await Promise.all(children.map((child) => once(child, 'message')));
  // Each says what it did once it has been told to begin.
  const reports = children.map(
    (child) =>
      new Promise<number>((resolve, reject) => {
        child.once('message', ({ saved }: { readonly saved: number }) => resolve(saved));
        child.once('exit', (code) => reject(new Error(`a saver ended with ${code}`)));
        child.send('begin');
      }),
  );
  return {
    async done(stop) {
      if (stop !== undefined) for (const child of children) child.send(stop);
      return (await Promise.all(reports)).reduce((sum, saved) => sum + saved, 0);
    },
  };
}

const input = () => newWorkflowState({ workflowId: 'w', version: { major: 1, minor: 0, patch: 0 }, currentStage: 's' });

async function create(store: StateStore, count: number, ended = false): Promise<InstanceId[]> {
  const ids: InstanceId[] = [];
  for (let i = 0; i < count; i += 50) {
    const saved = await Promise.all(
      Array.from({ length: Math.min(50, count - i) }, () => store.save(ended ? complete(input()) : input())),
    );
    ids.push(...saved.map(({ instanceId }) => instanceId));
  }
  return ids.sort();
}

async function collect(ids: AsyncIterable<InstanceId>): Promise<InstanceId[]> {
  const all: InstanceId[] = [];
  for await (const id of ids) all.push(id);
  return all;
}

describe('four processes that save one instance', () => {
  for (const [durability, io, work] of [
    ['full', 'hybrid', 'same'],
    ['full', 'async', 'statuses'],
    ['process', 'hybrid', 'statuses'],
    ['process', 'async', 'same'],
  ] as const) {
    it(`${durability}, ${io}, ${work}: as many successes as versions`, async () => {
      const options = { directory: freshDirectory(fastParent), durability, io };
      const store = await opened(options);
      const [id] = (await create(store, 1)) as [InstanceId];
      const saved = await (await savers(4, options, { ids: [id], work, successes: 150 })).done();
      expect((await store.load(id)).checkpointVersion).toBe(1 + saved);
      expect(saved).toBe(600);
      // At rest the index says what the data says.
      const { kind } = (await store.load(id)).status;
      for (const other of ['initializing', 'running', 'waiting', 'paused', 'cancelled'] as StatusKind[]) {
        expect(await collect(store.listByStatus(other))).toEqual(other === kind ? [id] : []);
      }
    });
  }
});

// With 200 instances none of the wrong ways to list was ever seen to fail.
for (const parent of parents) {
  describe(`200 listings of 2 000 instances while two processes save them, ${parent}`, () => {
    for (const [work, ended, kind] of [
      ['same', false, 'initializing'],
      ['again', true, 'completed'],
      ['statuses', false, undefined],
    ] as const) {
      it(`${work}: none is missing, none is named twice`, async () => {
        const options = { directory: freshDirectory(parent), durability: 'process' } as const;
        const store = await opened(options);
        const ids = await create(store, 2000, ended);
        const under = await savers(2, options, { ids, work });
        for (let i = 0; i < 100; i++) {
          expect(await collect(store.list())).toEqual(ids);
          // Of instances that change their status a listing promises less: order, and none twice.
          const byStatus = await collect(
            store.listByStatus(kind ?? ['running', 'waiting', 'paused', 'cancelled', 'initializing']),
          );
          expect(byStatus).toEqual(kind === undefined ? [...new Set(byStatus)].sort() : ids);
        }
        expect(await under.done('stop')).toBeGreaterThan(0);
      }, 120_000);
    }
  });
}
