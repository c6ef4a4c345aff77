// Clause 7: what was acknowledged survives what was declared, and is never half of anything.

import assert from 'node:assert/strict';
import { isStateStoreError } from '../../errors.js';
import type { InstanceId } from '../../instance-id.js';
import type { WorkflowState } from '../../state.js';
import type { StateStore } from '../../state-store.js';
import { STATUS_KINDS } from '../../status.js';
import type { CaseContext, ConformanceCase } from '../case.js';
import { ascending, collect, inParallel, same, sameIds } from '../claims.js';

export const durabilityCases: readonly ConformanceCase[] = [
  {
    id: '7.survives-close',
    clause: 7,
    title: 'after a close, a new handle loads and lists exactly what was acknowledged',
    level: 'store',
    needs: { durability: 'process' },
    hooks: ['reopen'],
    usualCause: 'something is buffered and not written out, or only in the index that is rebuilt',
    async run(context) {
      const store = await context.open();
      const kept = await live(context, store);
      await store.close();
      await isExactly(await context.reopen(), kept);
    },
  },
  {
    id: '7.survives-abandonment',
    clause: 7,
    title: 'a handle that was never closed has still kept all that it acknowledged, and locks nobody out',
    level: 'store',
    needs: { durability: 'process' },
    hooks: ['reopen'],
    usualCause: 'saves are acknowledged from a buffer that close would write out, or a lock waits for its owner',
    async run(context) {
      const store = await context.open();
      const kept = await live(context, store);
      context.abandon(store);
      const again = await context.reopen();
      await isExactly(again, kept);
      for (const [id, state] of kept) {
        if (state !== undefined) kept.set(id, await again.save({ ...state, workflowId: 'after' }));
      }
      await isExactly(again, kept);
    },
  },
  {
    id: '7.sigkill',
    clause: 7,
    title:
      'a process killed at any moment leaves every instance whole, at least as new as acknowledged, listed, and open to the next save',
    level: 'store',
    needs: { durability: 'process', sharing: 'host' },
    hooks: ['peerProcess'],
    timeoutMs: 180_000,
    usualCause: 'a record is rewritten in place, its index entry comes after it, or a lock file outlives its owner',
    async run(context) {
      const store = await context.open();
      const underWay = new Set<InstanceId>();
      for (let kill = 0; kill < context.sizes.kills; kill++) {
        const victim = await context.peerProcess();
        const ids = Array.from({ length: 8 }, () => context.id());
        for (const id of ids) underWay.add(id);
        const acknowledged = new Map<InstanceId, WorkflowState | undefined>();
        const deleting = new Set<InstanceId>();
        let stopped = false;
        const work = inParallel(ids, ids.length, async (instanceId, index) => {
          const large = new Uint8Array(20_000).fill(index);
          for (let turn = 0; !stopped; turn++) {
            try {
              const known = acknowledged.get(instanceId);
              if (known === undefined)
                acknowledged.set(instanceId, await victim.store.save(context.state({ instanceId, state: { large } })));
              else if (turn % 7 === 6) {
                deleting.add(instanceId);
                await victim.store.delete(instanceId, { revision: known.revision });
                deleting.delete(instanceId);
                acknowledged.set(instanceId, undefined);
              } else {
                const status =
                  turn % 2 === 0
                    ? ({ kind: 'paused', stage: 's' } as const)
                    : ({ kind: 'running', currentStage: 's' } as const);
                acknowledged.set(instanceId, await victim.store.save({ ...known, status }));
              }
            } catch (error) {
              if (stopped && isStateStoreError(error)) return;
              throw error;
            }
          }
        });
        await new Promise((resolve) => setTimeout(resolve, 50 + context.random.int(200)));
        stopped = true;
        await victim.kill();
        await work;
        context.history.note(
          `killed after ${[...acknowledged.values()].map((state) => state?.checkpointVersion ?? 'delete').join(', ')} had been acknowledged`,
        );
        const listed = await collect(store.list());
        ascending(listed, 'list after the kill');
        for (const instanceId of ids) {
          const now = await store.find(instanceId);
          const known = acknowledged.get(instanceId);
          // One write per instance was under way: it may have happened, or not.
          if (known === undefined)
            assert.ok(
              now === undefined || now.checkpointVersion === 1,
              `an instance whose delete was acknowledged, or that was never created, is at version ${now?.checkpointVersion}`,
            );
          else if (now === undefined)
            assert.ok(
              deleting.has(instanceId),
              `version ${known.checkpointVersion} was acknowledged, and nothing is there`,
            );
          else
            assert.ok(
              now.checkpointVersion === known.checkpointVersion ||
                now.checkpointVersion === known.checkpointVersion + 1,
              `version ${known.checkpointVersion} was acknowledged, version ${now.checkpointVersion} is there`,
            );
          if (now === undefined) continue;
          assert.equal(now.state['large']?.length, 20_000, 'the record is not whole');
          assert.ok(
            listed.includes(instanceId),
            `list misses an instance that a killed process left at version ${now.checkpointVersion}`,
          );
          assert.ok(
            (await collect(store.listByStatus(now.status.kind))).includes(instanceId),
            `listByStatus ${now.status.kind} misses an instance that a killed process left`,
          );
          // A write that was under way may still take effect, when the next one meets it: then that is a conflict, once,
          // or, where it was a delete, the end of the instance.
          const next = await store
            .update(instanceId, (state) => ({ ...state, workflowId: 'after the kill' }), { attempts: 2 })
            .catch((error: unknown) => {
              if (deleting.has(instanceId) && isStateStoreError(error) && error.code === 'STATE_NOT_FOUND')
                return undefined;
              throw error;
            });
          if (next === undefined) {
            assert.equal(await store.find(instanceId), undefined, 'what a delete under way had removed is there again');
            continue;
          }
          same(await store.load(instanceId), next, 'what is stored after the kill and a save');
          await store.delete(instanceId);
        }
        // A create or a delete under way may leave its index entry until a cleanup; nothing else may.
        for (const id of await collect(store.list())) {
          assert.ok(underWay.has(id), `list names ${id}, which no killed process was at work on`);
          assert.equal(await store.find(id), undefined, 'what was deleted after the kill is there again');
        }
      }
    },
  },
  {
    id: '7.power-loss',
    clause: 7,
    title: 'a power cut takes nothing that was acknowledged, and leaves every instance whole',
    level: 'store',
    needs: { durability: 'power-loss' },
    hooks: ['faults.powerLoss'],
    usualCause: 'the file, or the directory that names it, was not synced before the save resolved',
    async run(context) {
      const store = await context.open();
      const kept = await live(context, store);
      context.abandon(store);
      await isExactly(await context.powerLoss(), kept, 'a deleted one may linger');
    },
  },
  {
    id: '7.never-torn',
    clause: 7,
    title: 'whoever loads while a large state is saved gets the old one or the new one, whole',
    level: 'store',
    timeoutMs: 60_000,
    usualCause: 'the record is written in place, in pieces, or header and body are two records',
    async run(context) {
      const store = await context.open();
      await readWhileWriting(context, store, store);
    },
  },
  {
    id: '7.never-torn-handles',
    clause: 7,
    title: 'so does whoever loads through another handle',
    level: 'store',
    needs: { sharing: 'process' },
    hooks: ['peer'],
    timeoutMs: 60_000,
    usualCause: 'the record is written in place, in pieces, or header and body are two records',
    async run(context) {
      await readWhileWriting(context, await context.open(), await context.peer());
    },
  },
];

/** A few lives: created, saved, moved between statuses, deleted, created again. */
async function live(context: CaseContext, store: StateStore): Promise<Map<InstanceId, WorkflowState | undefined>> {
  const kept = new Map<InstanceId, WorkflowState | undefined>();
  for (let i = 0; i < 12; i++) {
    const input = context.state({ state: { body: context.random.bytes(i * 500) } });
    let state = await store.save(input);
    if (i % 2 === 0) state = await store.save({ ...state, status: { kind: 'waiting', stage: 's', event: 'e' } });
    if (i % 3 === 0) state = await store.save({ ...state, status: { kind: 'cancelled' } });
    kept.set(state.instanceId, state);
    if (i % 4 === 3) {
      await store.delete(state.instanceId);
      kept.set(state.instanceId, i % 8 === 7 ? await store.save(input) : undefined);
    }
  }
  return kept;
}

/** `index`: what a cut between a delete and the end of its index entry leaves, until a cleanup. */
async function isExactly(
  store: StateStore,
  kept: ReadonlyMap<InstanceId, WorkflowState | undefined>,
  index: 'exact' | 'a deleted one may linger' = 'exact',
): Promise<void> {
  for (const [id, state] of kept) same(await store.find(id), state, `what is found of ${id}`);
  const there = [...kept].filter(([, state]) => state !== undefined);
  const lingers = (id: InstanceId): boolean => index !== 'exact' && kept.has(id) && kept.get(id) === undefined;
  sameIds(
    (await collect(store.list())).filter((id) => !lingers(id)),
    there.map(([id]) => id).sort(),
    'list',
  );
  for (const kind of STATUS_KINDS) {
    const ids = there.filter(([, state]) => state?.status.kind === kind).map(([id]) => id);
    const listed = await collect(store.listByStatus(kind));
    // One too many may be left by a handle that was abandoned.
    sameIds(
      listed.filter((id) => ids.includes(id)),
      ids.sort(),
      `listByStatus ${kind}`,
    );
  }
}

async function readWhileWriting(context: CaseContext, writer: StateStore, reader: StateStore): Promise<void> {
  const value = (version: number) => ({
    a: new Uint8Array(150_000).fill(version),
    b: new Uint8Array(150_000 + version).fill(version),
  });
  let state = await writer.save(context.state({ state: value(1) }));
  const { instanceId } = state;
  let writing = true;
  const write = async (): Promise<void> => {
    try {
      for (let version = 2; version <= 3 + context.sizes.rounds * 2; version++)
        state = await writer.save({ ...state, state: value(version) });
    } finally {
      writing = false;
    }
  };
  const read = async (): Promise<void> => {
    do {
      const { checkpointVersion, state: maps } = await reader.load(instanceId);
      same(maps, value(checkpointVersion), `value of version ${checkpointVersion}, loaded while the next was written`);
      // Lets a writer on this thread get on.
      await new Promise((resolve) => setImmediate(resolve));
    } while (writing);
  };
  await Promise.all([write(), read(), read()]);
}
