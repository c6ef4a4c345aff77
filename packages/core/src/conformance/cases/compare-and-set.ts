// Clause 3: of racing saves exactly one wins.

import assert from 'node:assert/strict';
import type { Conflict } from '../../errors.js';
import { newNonce } from '../../revision.js';
import { isRevisionConflict, type WriteRevision } from '../../state-backend.js';
import { decodeHeader, decodeState, encodeRecord } from '../../state-codec.js';
import type { WorkflowState } from '../../state.js';
import type { StateStore } from '../../state-store.js';
import type { CaseContext, ConformanceCase } from '../case.js';
import { inParallel, outcomes, overtaken, refused, same } from '../claims.js';
import { showError } from '../history.js';

const CHECK_THEN_ACT =
  'the version is read, compared, and then written in a second step that another writer can precede';

export const compareAndSetCases: readonly ConformanceCase[] = [
  {
    id: '3.create-once',
    clause: 3,
    title:
      'a second create under one id is a conflict of reason `exists` that names the version found, and writes nothing',
    level: 'store',
    usualCause: 'a create is an upsert',
    async run(context) {
      const store = await context.open();
      const first = await store.save(context.state());
      assert.equal(first.checkpointVersion, 1, `a create has checkpointVersion ${first.checkpointVersion}, not 1`);
      const again = context.state({ instanceId: first.instanceId, workflowId: 'the second' });
      const { conflict } = await refused('CHECKPOINT_CONFLICT', 'a second create', () => store.save(again));
      conflictIs(conflict, { reason: 'exists', expected: undefined, actual: 1 });
      const second = await store.save(first);
      const later = await refused('CHECKPOINT_CONFLICT', 'a create over version 2', () => store.save(again));
      conflictIs(later.conflict, { reason: 'exists', expected: undefined, actual: 2 });
      same(await store.load(first.instanceId), second, 'what is stored');
    },
  },
  {
    id: '3.stale-save-refused',
    clause: 3,
    title:
      'a save from a revision that was replaced is a conflict of reason `changed` that names both versions, and writes nothing',
    level: 'store',
    usualCause: 'the expected revision is ignored, or compared only with what this handle saw last',
    async run(context) {
      const store = await context.open();
      const first = await store.save(context.state());
      const second = await store.save({ ...first, workflowId: 'second' });
      const third = await store.save({ ...second, workflowId: 'third' });
      for (const stale of [first, second]) {
        const { conflict } = await refused(
          'CHECKPOINT_CONFLICT',
          `a save from version ${stale.checkpointVersion}`,
          () => store.save({ ...stale, workflowId: 'lost' }),
        );
        conflictIs(conflict, { reason: 'changed', expected: stale.checkpointVersion, actual: 3 });
      }
      same(await store.load(first.instanceId), third, 'what is stored');
      assert.equal((await store.save(third)).checkpointVersion, 4, 'the version after three saves and two conflicts');
    },
  },
  {
    id: '3.save-of-deleted-refused',
    clause: 3,
    title: 'a save from a revision that was deleted is a conflict of reason `missing`, and creates nothing',
    level: 'store',
    usualCause: 'a save of what is not there inserts it',
    async run(context) {
      const store = await context.open();
      const saved = await store.save(context.state());
      await store.delete(saved.instanceId);
      const { conflict } = await refused('CHECKPOINT_CONFLICT', 'a save of what was deleted', () => store.save(saved));
      conflictIs(conflict, { reason: 'missing', expected: 1, actual: undefined });
      const { conflict: deleting } = await refused(
        'CHECKPOINT_CONFLICT',
        'a delete of a revision that was deleted',
        () => store.delete(saved.instanceId, { revision: saved.revision }),
      );
      conflictIs(deleting, { reason: 'missing', expected: 1, actual: undefined });
      assert.equal(await store.find(saved.instanceId), undefined, 'a refused save has created the instance');
    },
  },
  {
    id: '3.delete-fenced',
    clause: 3,
    title: 'a delete with a revision removes exactly that write: a replaced one is a conflict, and nothing is deleted',
    level: 'store',
    usualCause: 'delete takes no condition, or ignores it',
    async run(context) {
      const store = await context.open();
      const first = await store.save(context.state());
      const second = await store.save(first);
      const { conflict } = await refused('CHECKPOINT_CONFLICT', 'a delete of version 1, which was replaced', () =>
        store.delete(first.instanceId, { revision: first.revision }),
      );
      conflictIs(conflict, { reason: 'changed', expected: 1, actual: 2 });
      same(await store.load(first.instanceId), second, 'what is stored after the refused delete');
      assert.equal(
        await store.delete(first.instanceId, { revision: second.revision }),
        true,
        'a delete of the current revision is not true',
      );
      assert.equal(await store.find(first.instanceId), undefined, 'what was deleted is still there');
    },
  },
  {
    id: '3.revision-travels',
    clause: 3,
    title: 'a state that went through JSON or a queue is saved by whoever gets it, and only once',
    level: 'store',
    usualCause: 'the handle keeps a table of the versions it has seen, and does not know one that came from outside',
    async run(context) {
      const store = await context.open();
      const planted = await context.plant(context.state());
      const travelled = structuredClone(planted);
      const saved = await store.save({ ...travelled, revision: JSON.parse(JSON.stringify(planted.revision)) });
      assert.equal(saved.checkpointVersion, 2, `the travelled state was saved as version ${saved.checkpointVersion}`);
      await refused('CHECKPOINT_CONFLICT', 'a second save from the travelled state', () => store.save(travelled));
    },
  },
  {
    id: '3.overwrite',
    clause: 3,
    title:
      "onConflict 'overwrite' creates or replaces whatever is there as its next version, whatever the argument's revision",
    level: 'store',
    usualCause: 'overwriting starts again at version 1, or fails where something is stored already',
    async run(context) {
      const store = await context.open();
      const created = await store.save(context.state(), { onConflict: 'overwrite' });
      assert.equal(created.checkpointVersion, 1, `overwrite of nothing is version ${created.checkpointVersion}`);
      const second = await store.save(created);
      const overwritten = await store.save({ ...created, workflowId: 'forced' }, { onConflict: 'overwrite' });
      assert.equal(
        overwritten.checkpointVersion,
        3,
        `overwrite of version 2 is version ${overwritten.checkpointVersion}`,
      );
      same(await store.load(created.instanceId), overwritten, 'what is stored');
      await refused('CHECKPOINT_CONFLICT', 'a save from the version that was overwritten', () => store.save(second));
      await store.delete(created.instanceId);
      const revived = await store.save(second, { onConflict: 'overwrite' });
      assert.equal(
        revived.checkpointVersion,
        1,
        `overwrite of a deleted instance is version ${revived.checkpointVersion}`,
      );
    },
  },
  {
    id: '3.update',
    clause: 3,
    title:
      'update applies the change to what is there now, again after a conflict, and writes nothing for the same object or undefined',
    level: 'store',
    usualCause: 'the conflict is passed on, or the change is not run again on what was loaded anew',
    async run(context) {
      const store = await context.open();
      const first = await store.save(context.state());
      let runs = 0;
      const updated = await store.update(first.instanceId, async (state) => {
        if (++runs === 1) await store.save({ ...state, workflowId: 'came between' });
        return { ...state, retryAttempts: { ...state.retryAttempts, mine: 1 } };
      });
      assert.equal(runs, 2, `change ran ${runs} times, not twice: another save came between`);
      assert.equal(updated.workflowId, 'came between', 'the save that came between was lost');
      same(updated.retryAttempts, { mine: 1 }, 'retryAttempts');
      assert.equal(updated.checkpointVersion, 3, `checkpointVersion is ${updated.checkpointVersion}, not 3`);
      for (const nothing of [undefined, 'same'] as const) {
        const unchanged = await store.update(first.instanceId, (state) => (nothing === undefined ? undefined : state));
        assert.equal(unchanged.checkpointVersion, 3, 'an update that changed nothing has written');
      }
      let attempts = 0;
      await refused('CHECKPOINT_CONFLICT', 'an update that always comes second', () =>
        store.update(
          first.instanceId,
          async (state) => {
            attempts++;
            await store.save(state);
            return { ...state, workflowId: 'never' };
          },
          { attempts: 3 },
        ),
      );
      assert.equal(attempts, 3, `change ran ${attempts} times with attempts: 3`);
      await refused('STATE_NOT_FOUND', 'an update of what is not there', () =>
        store.update(context.id(), (state) => ({ ...state })),
      );
      const thrown = new Error('from change');
      assert.equal(
        await store
          .update(first.instanceId, () => {
            throw thrown;
          })
          .catch((error: unknown) => error),
        thrown,
        'what change threw is not what update rejects with',
      );
    },
  },
  {
    id: '3.revisions-never-repeat',
    clause: 3,
    title: 'no two writes have one revision, not even of equal content at one time, nor after a delete',
    level: 'store',
    usualCause:
      'the revision is the version number, a content hash or a clock, so that equal content gets an equal one',
    async run(context) {
      const store = await context.open();
      const revisions = new Set<string>();
      const input = context.state();
      let writes = 0;
      for (let life = 0; life < 3; life++) {
        let state = await store.save(input);
        for (let save = 0; save < 4; save++) {
          writes++;
          revisions.add(state.revision);
          state = await store.save(state);
        }
        writes++;
        revisions.add(state.revision);
        await store.delete(input.instanceId);
      }
      assert.ok(revisions.size === writes, `${writes} writes have ${revisions.size} revisions`);
    },
  },
  {
    id: '3.racing-creates-one-winner',
    clause: 3,
    title: 'of creates racing under one id exactly one succeeds',
    level: 'store',
    usualCause: CHECK_THEN_ACT,
    async run(context) {
      const store = await context.open();
      await raceCreates(context, [store]);
    },
  },
  {
    id: '3.racing-saves-one-winner',
    clause: 3,
    title: 'of saves racing from one revision exactly one succeeds, and its state is what is stored',
    level: 'store',
    usualCause: CHECK_THEN_ACT,
    async run(context) {
      const store = await context.open();
      await raceSaves(context, [store]);
    },
  },
  {
    id: '3.racing-delete-and-saves',
    clause: 3,
    title: 'of saves and deletes racing from one revision exactly one succeeds',
    level: 'store',
    usualCause: 'the delete is not conditional, or conditional on less than the write is',
    async run(context) {
      const store = await context.open();
      await raceDeletes(context, [store]);
    },
  },
  {
    id: '3.counter',
    clause: 3,
    title: 'increments by workers that race are all counted',
    level: 'store',
    usualCause: CHECK_THEN_ACT,
    async run(context) {
      const store = await context.open();
      await countTogether(context, [store, store, store, store]);
    },
  },
  {
    id: '3.racing-handles-one-winner',
    clause: 3,
    title:
      'creates, saves and deletes that race over two handles of one process have one winner each, and no increment is lost',
    level: 'store',
    needs: { sharing: 'process' },
    hooks: ['peer'],
    timeoutMs: 60_000,
    usualCause: 'the lock, the queue or the table of versions belongs to the handle, not to the location',
    async run(context) {
      const stores = [await context.open(), await context.peer()];
      await raceCreates(context, stores);
      await raceSaves(context, stores);
      await raceDeletes(context, stores);
      await countTogether(context, [...stores, ...stores]);
    },
  },
  {
    id: '3.racing-processes-one-winner',
    clause: 3,
    title: 'creates, saves and deletes that race over two processes have one winner each, and no increment is lost',
    level: 'store',
    needs: { sharing: 'host' },
    hooks: ['peerProcess'],
    timeoutMs: 120_000,
    usualCause: 'exclusion lives in the memory of one process',
    async run(context) {
      const stores = [await context.open(), (await context.peerProcess()).store, (await context.peerProcess()).store];
      await raceCreates(context, stores);
      await raceSaves(context, stores);
      await raceDeletes(context, stores);
      await countTogether(context, stores);
    },
  },
  {
    id: '3.backend-condition',
    clause: 3,
    title: 'the backend writes only over exactly what is expected, and proves its refusal with RevisionConflict',
    level: 'backend',
    usualCause: '`expected` is ignored, or only its version is compared',
    async run(context) {
      const backend = await context.openBackend();
      const { instanceId } = await context.plant(context.state());
      const base = await current(context, instanceId);
      const next = successor(base, { status: 'running' });
      const record = {
        id: instanceId,
        revision: next,
        updatedAt: context.clock.now(),
        envelope: await bodyOf(context, instanceId, next, base.nonce),
      };
      const before = await context.stored(instanceId);
      const conflict = async (what: string, expected: Parameters<typeof backend.write>[1]): Promise<void> => {
        let thrown: unknown;
        try {
          await backend.write(record, expected, {});
        } catch (error) {
          thrown = error;
        }
        if (thrown === undefined) assert.fail(`a write ${what} was carried out`);
        assert.ok(
          isRevisionConflict(thrown),
          `a write ${what} was refused with ${showError(thrown)}, not with a RevisionConflict`,
        );
        same(await context.stored(instanceId), before, `what is stored after a write ${what}`);
      };
      await conflict('that expects nothing, where something is', undefined);
      const foreign = newNonce();
      await conflict('that expects the same version under another nonce', {
        ...withoutHint(base),
        nonce: foreign,
        incarnation: foreign,
        entered: { ...base.entered, nonce: foreign },
      });
      const absent = context.id();
      const nowhere = { ...record, id: absent, envelope: await bodyOf(context, absent, next, base.nonce) };
      await assert.rejects(
        async () => backend.write(nowhere, base, {}),
        (error) => isRevisionConflict(error),
        'a write that expects a revision, where nothing is, was not refused with a RevisionConflict',
      );
      same(await context.stored(absent), undefined, 'what is stored after a write that was to replace nothing');
      const hint = await backend.write(record, base, {});
      same(
        await context.stored(instanceId),
        record.envelope,
        'what is stored after a write that expects what is there',
      );
      const again = successor(next, { status: 'running' });
      const after = { ...record, revision: again, envelope: await bodyOf(context, instanceId, again, next.nonce) };
      await assert.rejects(
        async () => backend.write(after, base, {}),
        (error) => isRevisionConflict(error),
        'a write that expects what was replaced was not refused with a RevisionConflict',
      );
      await backend.write(after, { ...next, ...(typeof hint === 'string' && { hint }) }, {});
      same(await context.stored(instanceId), after.envelope, 'what is stored after the next write');
    },
  },
  {
    id: '3.backend-tombstone',
    clause: 3,
    title:
      'a tombstone is written under the same condition, and what it left, or nothing, is what the next create must expect',
    level: 'backend',
    usualCause:
      'the tombstone write is an unconditional remove, or read does not return the tombstone that the backend kept',
    async run(context) {
      const backend = await context.openBackend();
      const state = context.state();
      const { instanceId } = await context.plant(state);
      const base = await current(context, instanceId);
      const grave = successor(base, { status: 'tombstone' });
      const tombstone = encodeRecord({
        id: instanceId,
        parent: base.nonce,
        updatedAt: context.clock.now(),
        revision: grave,
      });
      const foreign = newNonce();
      await assert.rejects(
        async () =>
          backend.write(
            tombstone,
            {
              ...withoutHint(base),
              nonce: foreign,
              incarnation: foreign,
              entered: { ...base.entered, nonce: foreign },
            },
            {},
          ),
        (error) => isRevisionConflict(error),
        'a tombstone that expects another write was not refused with a RevisionConflict',
      );
      await backend.write(tombstone, base, {});
      const left = await backend.read(instanceId, {});
      if (left !== undefined)
        same(left.envelope, tombstone.envelope, 'what read returns after a tombstone was written');
      for await (const batch of backend.scan({}, {}))
        assert.ok(
          batch.every(({ id }) => id !== instanceId),
          'scan names an instance whose tombstone was written',
        );
      const expected = left === undefined ? undefined : decodeHeader(instanceId, left).revision;
      const fresh = newNonce();
      const revision: WriteRevision = {
        version: 1,
        nonce: fresh,
        incarnation: fresh,
        first: expected === undefined,
        status: 'running',
        entered: { version: 1, nonce: fresh, at: context.clock.now() },
        createdAt: context.clock.now(),
      };
      const envelope = await bodyOf(context, instanceId, revision, expected?.nonce);
      const record = { id: instanceId, revision, updatedAt: context.clock.now(), envelope };
      if (expected !== undefined) {
        await assert.rejects(
          async () => backend.write(record, undefined, {}),
          (error) => isRevisionConflict(error),
          'a create that expects nothing was carried out over a tombstone',
        );
      }
      await backend.write(record, expected, {});
      same(await context.stored(instanceId), envelope, 'what is stored after the create over it');
    },
  },
];

function conflictIs(actual: Conflict | undefined, expected: Conflict): void {
  same(actual && { ...actual }, expected, 'error.conflict');
}

/** So many calls, spread over the stores. */
function racing<T>(
  stores: readonly StateStore[],
  racers: number,
  call: (store: StateStore, index: number) => Promise<T>,
): Promise<T>[] {
  return Array.from({ length: racers }, (_, index) => call(turnOf(stores, index), index));
}

function turnOf(stores: readonly StateStore[], turn: number): StateStore {
  return stores[turn % stores.length] as StateStore;
}

async function raceCreates(context: CaseContext, stores: readonly StateStore[]): Promise<void> {
  const { racers, rounds } = context.sizes;
  for (let round = 0; round < rounds; round++) {
    const instanceId = context.id();
    const calls = racing(stores, racers, (store, index) =>
      store.save(context.state({ instanceId, workflowId: `racer ${index}` })),
    );
    const { won } = await outcomes(calls, ['CHECKPOINT_CONFLICT'], `one of ${racers} racing creates`);
    assert.equal(won.length, 1, `${won.length} of ${racers} racing creates succeeded`);
    for (const store of stores)
      same(await readBack(context, store, instanceId), won[0], 'what is stored after the race');
  }
}

async function raceSaves(context: CaseContext, stores: readonly StateStore[]): Promise<void> {
  const { racers, rounds } = context.sizes;
  let state = await (stores[0] as StateStore).save(context.state());
  for (let round = 0; round < rounds; round++) {
    // From another handle each time, so that none is always the one that knows.
    const base = await turnOf(stores, round + 1).save(state);
    const kinds = ['running', 'paused'] as const;
    const calls = racing(stores, racers, (racer, index) =>
      racer.save({
        ...base,
        workflowId: `racer ${index}`,
        status:
          kinds[(index + round) % 2] === 'running'
            ? { kind: 'running', currentStage: 's' }
            : { kind: 'paused', stage: 's' },
      }),
    );
    const { won } = await outcomes(calls, ['CHECKPOINT_CONFLICT'], `one of ${racers} racing saves`);
    assert.equal(
      won.length,
      1,
      `${won.length} of ${racers} saves racing from version ${base.checkpointVersion} succeeded`,
    );
    for (const store of stores)
      same(await readBack(context, store, base.instanceId), won[0], 'what is stored after the race');
    state = won[0] as WorkflowState;
  }
}

async function raceDeletes(context: CaseContext, stores: readonly StateStore[]): Promise<void> {
  const { racers, rounds } = context.sizes;
  for (let round = 0; round < rounds; round++) {
    const base = await turnOf(stores, round).save(context.state());
    const deletes = new Set<number>();
    const calls = racing(stores, racers, async (racer, index): Promise<WorkflowState | boolean> => {
      if (index % 2 === round % 2) return racer.save({ ...base, workflowId: `racer ${index}` });
      deletes.add(index);
      return racer.delete(base.instanceId, { revision: base.revision });
    });
    const { won } = await outcomes<WorkflowState | boolean>(
      calls,
      ['CHECKPOINT_CONFLICT'],
      `one of ${racers} racing saves and deletes`,
    );
    assert.equal(won.length, 1, `${won.length} of ${racers} saves and deletes racing from one revision succeeded`);
    for (const store of stores) {
      const stored = await readBack(context, store, base.instanceId);
      same(stored, won[0] === true ? undefined : won[0], 'what is stored after the race');
    }
  }
}

/**
 * Each worker counts under a name of its own, so that an increment in doubt is settled as a user would: by looking, and
 * by an update that changes nothing where the increment has arrived meanwhile.
 */
async function countTogether(context: CaseContext, workers: readonly StateStore[]): Promise<void> {
  const increments = context.sizes.racers;
  const { instanceId } = await (workers[0] as StateStore).save({ ...context.state(), retryAttempts: {} });
  await inParallel(workers, workers.length, async (store, worker) => {
    for (let count = 1; count <= increments; count++) {
      const increment = (): Promise<WorkflowState> =>
        store.update(
          instanceId,
          ({ retryAttempts, ...state }) =>
            retryAttempts[worker] === count
              ? undefined
              : { ...state, retryAttempts: { ...retryAttempts, [worker]: count } },
          { attempts: 1000 },
        );
      for (let tries = 1; ; tries++) {
        assert.ok(tries <= 5, `an increment ended ${tries - 1} times in a row as OUTCOME_UNKNOWN`);
        const { won } = await outcomes([increment()], overtaken(store), 'an increment');
        if (won.length === 1 || (await store.load(instanceId)).retryAttempts[worker] === count) break;
      }
    }
  });
  const counted = await readBack(context, workers[0] as StateStore, instanceId);
  if (counted === undefined) assert.fail('the instance that all counted in is not there');
  const { retryAttempts, checkpointVersion } = counted;
  const expected = Object.fromEntries(workers.map((_, worker) => [worker, increments]));
  same(retryAttempts, expected, 'the increments that were counted, by worker');
  const total = workers.length * increments;
  assert.equal(checkpointVersion, total + 1, `${total} updates of version 1 end at version ${checkpointVersion}`);
  context.history.checkLinearizable(instanceId);
}

/** What is stored now, seen through this handle; where its reads may be stale, what the backend beneath it has. */
async function readBack(
  context: CaseContext,
  store: StateStore,
  id: WorkflowState['instanceId'],
): Promise<WorkflowState | undefined> {
  if (store.capabilities.reads === 'latest') return store.find(id);
  const stored = await context.location.backend.read(id, {});
  return stored === undefined ? undefined : decodeState(id, stored);
}

async function current(context: CaseContext, id: WorkflowState['instanceId']): Promise<WriteRevision> {
  const stored = await context.location.backend.read(id, {});
  return stored === undefined ? assert.fail('what was just written is not there') : decodeHeader(id, stored).revision;
}

function successor(base: WriteRevision, { status }: { readonly status: WriteRevision['status'] }): WriteRevision {
  const nonce = newNonce();
  const version = base.version + 1;
  return {
    ...withoutHint(base),
    version,
    nonce,
    status,
    entered: status === base.status ? base.entered : { version, nonce, at: base.entered.at },
  };
}

function withoutHint({ hint: _, ...revision }: WriteRevision): WriteRevision {
  return revision;
}

/** The body that is stored now, under a header of `revision`. */
async function bodyOf(
  context: CaseContext,
  id: WorkflowState['instanceId'],
  revision: WriteRevision,
  parent: string | undefined,
): Promise<Uint8Array> {
  const envelope = (await context.stored(id)) ?? new Uint8Array(128);
  return encodeRecord({ id, revision, parent, updatedAt: context.clock.now() }, envelope).envelope;
}
