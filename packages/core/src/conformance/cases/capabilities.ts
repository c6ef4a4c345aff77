// Clause 12: what is declared holds, and what is not is refused or shown.

import assert from 'node:assert/strict';
import { isStateStoreError } from '../../errors.js';
import { decodeHeader } from '../../state-codec.js';
import type { StateStore } from '../../state-store.js';
import type { CaseContext, ConformanceCase } from '../case.js';
import { outcomes, refused, same } from '../claims.js';

const DAY = 86_400_000;

export const capabilitiesCases: readonly ConformanceCase[] = [
  {
    id: '12.as-declared',
    clause: 12,
    title:
      'the store shows exactly the capabilities that its author expects, always the same, and nobody can change them',
    level: 'store',
    usualCause: 'the declaration was copied from another backend, or a wrapper does not pass it on',
    async run(context) {
      const store = await context.open();
      same({ ...store.capabilities }, { ...context.expect }, 'capabilities');
      const shown = store.capabilities as { durability: string };
      try {
        shown.durability = 'changed';
      } catch {
        // Frozen.
      }
      await store.save(context.state());
      same({ ...store.capabilities }, { ...context.expect }, 'capabilities after somebody has written to them');
      const { durability, sharing, reads, reclaims, maxBodyBytes } = store.capabilities;
      assert.ok(['none', 'process', 'power-loss'].includes(durability), `durability is ${durability}`);
      assert.ok(['none', 'process', 'host', 'network'].includes(sharing), `sharing is ${sharing}`);
      assert.ok(['latest', 'may-be-stale'].includes(reads), `reads is ${reads}`);
      assert.equal(typeof reclaims, 'boolean', 'type of reclaims');
      assert.ok(maxBodyBytes >= 1 << 20, `maxBodyBytes is ${maxBodyBytes}: a store takes at least 1 MiB (clause 1)`);
    },
  },
  {
    id: '12.max-body',
    clause: 12,
    title: 'a body just below maxBodyBytes is stored and comes back, one above it is INVALID_STATE and writes nothing',
    level: 'store',
    timeoutMs: 120_000,
    usualCause: 'the declared limit is the one of the record with something added, or only the documentation says so',
    async run(context) {
      const { maxBodyBytes } = context.expect;
      if (maxBodyBytes === Infinity) context.notApplicable('maxBodyBytes is Infinity');
      const store = await context.open({}, { maxBodyBytes: Math.min(maxBodyBytes + 1000, 0xffff_ffff) });
      const input = context.state({ state: { a: new Uint8Array(maxBodyBytes) } });
      await refused('INVALID_STATE', `save of more than ${maxBodyBytes} bytes`, () => store.save(input));
      assert.equal(await store.find(input.instanceId), undefined, 'what was too large is there');
      if (maxBodyBytes > 64 << 20) return;
      const saved = await store.save(context.state({ state: { a: new Uint8Array(maxBodyBytes - 1000).fill(7) } }));
      same(await store.load(saved.instanceId), saved, `a state of nearly ${maxBodyBytes} bytes`);
    },
  },
  {
    id: '12.volatile-forgets',
    clause: 12,
    title: "durability 'none' forgets: a store that keeps what it says it loses has declared too little",
    level: 'store',
    denies: { durability: 'process' },
    hooks: ['reopen'],
    usualCause: 'the capability was left at the least to have fewer cases run',
    async run(context) {
      const store = await context.open();
      const { instanceId } = await store.save(context.state());
      await store.close();
      assert.equal(
        await (await context.reopen()).find(instanceId),
        undefined,
        "the instance is still there after a restart, but durability is 'none'",
      );
    },
  },
  {
    id: '12.unshared-is-refused',
    clause: 12,
    title: "sharing 'none' means that a second handle in this process is refused, or sees nothing of the first",
    level: 'store',
    denies: { sharing: 'process' },
    hooks: ['peer'],
    usualCause: 'two handles work on one location without knowing of each other',
    async run(context) {
      await apart(context, await context.open(), () => context.peer());
    },
  },
  {
    id: '12.other-processes-are-refused',
    clause: 12,
    title: "sharing below 'host' means that a handle in another process is refused, or sees nothing of the first",
    level: 'store',
    denies: { sharing: 'host' },
    hooks: ['peerProcess'],
    usualCause: 'two processes work on one location without knowing of each other',
    async run(context) {
      await apart(context, await context.open(), async () => (await context.peerProcess()).store);
    },
  },
  {
    id: '12.reclaims',
    clause: 12,
    title:
      'reclaims: true gives the space of what was deleted back, at the latest with the first cleanup after the grace of tombstones',
    level: 'store',
    needs: { reclaims: true },
    usualCause: 'the sweep is not implemented, or judges tombstones by another time',
    async run(context) {
      const { store, id } = await buried(context);
      assert.equal(await context.stored(id), undefined, 'the tombstone is still there, though its grace has passed');
      assert.equal(
        (await store.save(context.state({ instanceId: id }))).checkpointVersion,
        1,
        'version of the next create',
      );
    },
  },
  {
    id: '12.keeps-tombstones',
    clause: 12,
    title: 'reclaims: false keeps tombstones for ever: late writers are refused by them alone',
    level: 'store',
    denies: { reclaims: true },
    usualCause: 'they are removed after all, without a proof that nothing late can land',
    async run(context) {
      const { store, id } = await buried(context);
      const left = await context.stored(id);
      if (left === undefined) assert.fail('the tombstone is gone, but reclaims is false');
      assert.notEqual(decodeHeader(id, { envelope: left }).header.kind, 'live', 'what was deleted is live');
      assert.equal(
        (await store.save(context.state({ instanceId: id }))).checkpointVersion,
        1,
        'version of the next create',
      );
    },
  },
  {
    id: '12.tombstones-have-their-grace',
    clause: 12,
    title: 'cleanup removes no tombstone within its grace',
    level: 'store',
    usualCause: 'the retention of instances is applied to tombstones',
    async run(context) {
      const store = await context.open({}, { tombstoneGrace: 2 * DAY });
      const { instanceId } = await store.save(context.state());
      await store.delete(instanceId);
      const tombstone = await context.stored(instanceId);
      if (tombstone === undefined) context.notApplicable('deletes are carried out at once');
      context.clock.advance(2 * DAY - 1);
      await store.cleanup(0);
      same(await context.stored(instanceId), tombstone, 'a tombstone one millisecond before the end of its grace');
    },
  },
  {
    id: '12.stale-reads-never-win',
    clause: 12,
    title:
      "reads 'may-be-stale' may show an old state, but what is saved from it is a conflict, and after that the new state is seen",
    level: 'store',
    needs: { sharing: 'process' },
    denies: { reads: 'latest' },
    hooks: ['peer'],
    usualCause: 'a conflict does not drop what is cached, so that the caller meets it for ever',
    async run(context) {
      const store = await context.open();
      const other = await context.peer();
      let state = await store.save(context.state());
      for (let round = 0; round < context.sizes.rounds; round++) {
        await store.load(state.instanceId);
        const newer = await other.save({ ...(await other.load(state.instanceId)), workflowId: `other ${round}` });
        const seen = await store.load(state.instanceId);
        if (seen.revision !== newer.revision) {
          const { lost } = await outcomes([store.save(seen)], ['CHECKPOINT_CONFLICT'], 'a save from a stale state');
          assert.equal(lost.length, 1, 'a stale state was saved over a newer one');
          same(await store.load(state.instanceId), newer, 'what is loaded after the conflict');
        }
        state = await store.update(state.instanceId, (now) => ({ ...now, workflowId: `mine ${round}` }));
        assert.equal(
          state.checkpointVersion,
          newer.checkpointVersion + 1,
          'version after an update from a stale state',
        );
      }
    },
  },
];

async function apart(context: CaseContext, store: StateStore, second: () => Promise<StateStore>): Promise<void> {
  const { instanceId } = await store.save(context.state());
  let other: StateStore;
  try {
    other = await second();
  } catch (error) {
    assert.ok(
      isStateStoreError(error),
      `the second handle was refused with ${String(error)}, not with a StateStoreError`,
    );
    return;
  }
  const seen = await other.find(instanceId).catch((error: unknown) => {
    if (isStateStoreError(error)) return undefined;
    throw error;
  });
  assert.equal(
    seen,
    undefined,
    'a second handle sees what the first has saved, though the declared sharing does not reach it',
  );
}

/** An instance that was deleted, longer ago than any grace, with cleanups since. */
async function buried(
  context: CaseContext,
): Promise<{ readonly store: StateStore; readonly id: Awaited<ReturnType<StateStore['save']>>['instanceId'] }> {
  const store = await context.open({}, { tombstoneGrace: DAY });
  const { instanceId } = await store.save(context.state());
  await store.delete(instanceId);
  // Twice and once more: what one sweep condemns, the next may remove.
  for (let i = 0; i < 3; i++) {
    context.clock.advance(2 * DAY);
    const { failures } = await store.cleanup({ days: 10_000 });
    same([...failures], [], 'failures of a cleanup');
  }
  assert.equal(await store.find(instanceId), undefined, 'what was deleted is there');
  return { store, id: instanceId };
}
