// The store as a map in memory, and random sequences of calls that must be answered alike by both.
//
// One step at a time: what can happen between steps that overlap is the matter of the races. The sequences are drawn
// by fast-check, which also shrinks the one that fails.

import assert from 'node:assert/strict';
import type { InstanceId } from '../instance-id.js';
import type { WorkflowState } from '../state.js';
import type { StateStore } from '../state-store.js';
import { isTerminalKind, STATUS_KINDS, type StatusKind, type WorkflowStatus } from '../status.js';
import type { CaseContext } from './case.js';
import { collect, outcomes, refused, same } from './claims.js';
import { checkProperty, loadFastCheck } from './fast-check.js';

const OPS = [
  'create',
  'save',
  'saveStale',
  'overwrite',
  'update',
  'delete',
  'deleteRevision',
  'read',
  'list',
  'page',
  'states',
  'cleanup',
  'wait',
] as const;

interface Step {
  readonly op: (typeof OPS)[number];
  readonly handle: number;
  readonly which: number;
  readonly kind: StatusKind;
  readonly amount: number;
}

export async function checkAgainstModel(context: CaseContext, stores: readonly StateStore[]): Promise<void> {
  const fc = await loadFastCheck(context);
  const step = fc.record({
    op: fc.constantFrom(...OPS),
    handle: fc.nat(stores.length - 1),
    which: fc.nat(3),
    kind: fc.constantFrom(...STATUS_KINDS),
    amount: fc.nat(5),
  });
  const property = fc.asyncProperty(fc.array(step, { maxLength: 30, size: 'max' }), async (steps) => {
    const model = new Model(context, stores);
    try {
      for (const one of steps) await model.take(one);
      await model.compare();
    } finally {
      await model.clear();
    }
  });
  await checkProperty(fc, property, context, context.sizes.propertyRuns);
}

class Model {
  readonly #context: CaseContext;
  readonly #stores: readonly StateStore[];
  readonly #ids: readonly InstanceId[];
  readonly #stored = new Map<InstanceId, WorkflowState>();
  /** Every state that was ever current, to be saved or deleted from once it no longer is. */
  readonly #past = new Map<InstanceId, WorkflowState[]>();

  constructor(context: CaseContext, stores: readonly StateStore[]) {
    this.#context = context;
    this.#stores = stores;
    this.#ids = Array.from({ length: 4 }, () => context.id());
  }

  async take({ op, handle, which, kind, amount }: Step): Promise<void> {
    const context = this.#context;
    const store = this.#stores[handle] as StateStore;
    const id = this.#ids[which] as InstanceId;
    const there = this.#stored.get(id);
    const status = statusOf(kind, amount);
    const input = context.state({ instanceId: id, status, workflowId: `${op} ${amount}` });
    switch (op) {
      case 'create': {
        if (there === undefined) return this.#keep(await store.save(input), input, 1);
        const { conflict } = await refused('CHECKPOINT_CONFLICT', 'a create of what is there', () => store.save(input));
        assert.equal(conflict?.actual, there.checkpointVersion, 'the version that the conflict found');
        return;
      }
      case 'save': {
        if (there === undefined) return;
        const next = { ...there, status, workflowId: `${op} ${amount}` };
        return this.#keep(await store.save(next), next, there.checkpointVersion + 1);
      }
      case 'saveStale': {
        const old = this.#old(id, amount);
        if (old !== undefined)
          await refused('CHECKPOINT_CONFLICT', 'a save from an old revision', () => store.save({ ...old, status }));
        return;
      }
      case 'overwrite':
        return this.#keep(
          await store.save(input, { onConflict: 'overwrite' }),
          there === undefined ? input : { ...input, createdAt: there.createdAt },
          (there?.checkpointVersion ?? 0) + 1,
        );
      case 'update': {
        if (there === undefined) {
          await refused('STATE_NOT_FOUND', 'an update of what is not there', () =>
            store.update(id, (state) => ({ ...state })),
          );
          return;
        }
        const updated = await store.update(id, (state) => ({ ...state, status }));
        return this.#keep(updated, { ...there, status }, there.checkpointVersion + 1);
      }
      case 'delete':
        assert.equal(await store.delete(id), there !== undefined, 'whether there was something to delete');
        this.#stored.delete(id);
        return;
      case 'deleteRevision': {
        const old = this.#old(id, amount);
        if (old !== undefined)
          await refused('CHECKPOINT_CONFLICT', 'a delete of an old revision', () =>
            store.delete(id, { revision: old.revision }),
          );
        if (there !== undefined && amount > 2) {
          assert.equal(
            await store.delete(id, { revision: there.revision }),
            true,
            'whether the current revision could be deleted',
          );
          this.#stored.delete(id);
        }
        return;
      }
      case 'read': {
        same(await store.find(id), there, 'find');
        const head = await store.head(id);
        same(head?.revision, there?.revision, 'revision of head');
        same(head?.status, there?.status.kind, 'status of head');
        const old = this.#old(id, amount);
        if (old !== undefined)
          assert.equal(await store.isCurrent(id, old.revision), false, 'isCurrent of an old revision');
        if (there !== undefined)
          assert.equal(await store.isCurrent(id, there.revision), true, 'isCurrent of the current revision');
        return;
      }
      case 'list':
        same(await collect(store.list()), this.#listed(), 'list');
        same(await collect(store.listByStatus(kind)), this.#listed([kind]), `listByStatus ${kind}`);
        same(await store.count(kind), this.#listed([kind]).length, `count ${kind}`);
        same(
          await collect(store.listByStatus([kind, 'running'])),
          this.#listed([kind, 'running']),
          `listByStatus of ${kind} and running`,
        );
        return;
      case 'page': {
        const seen: InstanceId[] = [];
        let after: InstanceId | undefined;
        do {
          const { entries, next } = await store.listPage({
            limit: amount + 1,
            after,
            ...(amount % 2 === 0 && { status: kind }),
          });
          assert.ok(entries.length <= amount + 1, `a page of at most ${amount + 1} has ${entries.length} entries`);
          seen.push(...entries.map(({ instanceId }) => instanceId));
          if (next !== undefined && after !== undefined)
            assert.ok(next > after, `the page after ${after} ends at ${next}`);
          after = next;
        } while (after !== undefined);
        same(seen, this.#listed(amount % 2 === 0 ? [kind] : undefined), `pages of ${amount + 1}`);
        return;
      }
      case 'states': {
        const states = await collect(store.states({ status: kind, concurrency: amount + 1 }));
        same(
          states,
          this.#listed([kind]).map((listed) => this.#stored.get(listed)),
          `states ${kind}`,
        );
        return;
      }
      case 'cleanup': {
        const retention = amount * 1000;
        const now = context.clock.now();
        const old = this.#listed().filter((listed) => {
          const state = this.#stored.get(listed);
          return (
            state !== undefined && isTerminalKind(state.status.kind) && now - state.updatedAt.getTime() > retention
          );
        });
        const { removed, failures, done } = await store.cleanup(retention);
        same(
          { removed, failures: [...failures], done },
          { removed: old.length, failures: [], done: true },
          `report of cleanup after ${retention} ms`,
        );
        for (const removedId of old) this.#stored.delete(removedId);
        return;
      }
      case 'wait':
        context.clock.advance(amount * 500);
        return;
    }
  }

  async compare(): Promise<void> {
    for (const store of this.#stores) {
      for (const id of this.#ids) same(await store.find(id), this.#stored.get(id), 'find at the end');
      same(await collect(store.list()), this.#listed(), 'list at the end');
      for (const kind of STATUS_KINDS)
        same(await collect(store.listByStatus(kind)), this.#listed([kind]), `listByStatus ${kind} at the end`);
    }
  }

  async clear(): Promise<void> {
    const store = this.#stores[0] as StateStore;
    await outcomes(
      this.#ids.map((id) => store.delete(id)),
      ['STORAGE_ERROR'],
      'clearing up',
    );
  }

  #keep(
    saved: WorkflowState,
    asked: { readonly status: WorkflowStatus; readonly workflowId: string; readonly createdAt: Date },
    version: number,
  ): void {
    same(
      {
        status: saved.status,
        workflowId: saved.workflowId,
        createdAt: saved.createdAt,
        updatedAt: saved.updatedAt.getTime(),
        checkpointVersion: saved.checkpointVersion,
      },
      {
        status: asked.status,
        workflowId: asked.workflowId,
        createdAt: asked.createdAt,
        updatedAt: this.#context.clock.now(),
        checkpointVersion: version,
      },
      'what the write returned',
    );
    const past = this.#past.get(saved.instanceId) ?? [];
    assert.ok(
      past.every(({ revision }) => revision !== saved.revision),
      'a revision was given out twice',
    );
    this.#past.set(saved.instanceId, [...past, saved]);
    this.#stored.set(saved.instanceId, saved);
  }

  #old(id: InstanceId, amount: number): WorkflowState | undefined {
    const current = this.#stored.get(id)?.revision;
    const old = (this.#past.get(id) ?? []).filter(({ revision }) => revision !== current);
    return old[old.length === 0 ? 0 : amount % old.length];
  }

  #listed(kinds?: readonly StatusKind[]): InstanceId[] {
    return [...this.#stored.values()]
      .filter(({ status }) => kinds === undefined || kinds.includes(status.kind))
      .map(({ instanceId }) => instanceId)
      .sort();
  }
}

function statusOf(kind: StatusKind, amount: number): WorkflowStatus {
  const stage = `stage ${amount}`;
  switch (kind) {
    case 'initializing':
    case 'cancelled':
      return { kind };
    case 'running':
      return { kind, currentStage: stage };
    case 'waiting':
      return { kind, stage, event: 'event' };
    case 'paused':
      return { kind, stage };
    case 'completed':
      return {
        kind,
        result: {
          output: {},
          durationMs: amount,
          metrics: { stagesExecuted: amount, retryCount: 0, errorCount: 0, stageDurations: {}, custom: {} },
        },
      };
    case 'failed':
      return { kind, error: { code: 'E', message: stage, recoveryHints: [] } };
  }
}
