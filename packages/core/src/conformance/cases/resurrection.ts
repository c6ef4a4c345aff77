// Clause 5: what comes late does no harm.

import assert from 'node:assert/strict';
import type { WorkflowState } from '../../state.js';
import type { StateStore } from '../../state-store.js';
import type { CaseContext, ConformanceCase } from '../case.js';
import { outcomes, refused, same } from '../claims.js';
import { gate, type Interposition } from '../interpose.js';

export const resurrectionCases: readonly ConformanceCase[] = [
  {
    id: '5.old-revision-after-recreate',
    clause: 5,
    title:
      'a revision from before a delete neither saves over nor deletes what was created anew under the same id, whatever its version',
    level: 'store',
    usualCause: 'the token is the version number, which begins again at 1',
    async run(context) {
      const store = await context.open();
      const input = context.state();
      const past: WorkflowState[] = [];
      for (let life = 0; life < 3; life++) {
        let state = await store.save(input);
        for (const old of past) await refusesAll(store, old, state);
        past.push(state);
        state = await store.save(state);
        for (const old of past) await refusesAll(store, old, state);
        past.push(state);
        await store.delete(input.instanceId);
      }
    },
  },
  {
    id: '5.paused-writer',
    clause: 5,
    title:
      'a save that was held up finds its revision gone: after newer saves, after a delete, after a delete and a create of equal content',
    level: 'store',
    usualCause: 'what the save was based on is checked early, and the write then goes out unconditionally',
    async run(context) {
      for (const meanwhile of MEANWHILE) {
        const here = await context.elsewhere();
        const late = latecomer();
        const store = await here.open(late.between);
        const input = here.state();
        const base = await store.save(input);
        const saving = late.holdNext(() => store.save({ ...base, workflowId: 'late' }));
        await late.arrived();
        const after = await meanwhile.run(store, base, input);
        late.letGo();
        const { lost } = await outcomes(
          [saving],
          ['CHECKPOINT_CONFLICT', 'OUTCOME_UNKNOWN'],
          `the save held up over ${meanwhile.name}`,
        );
        assert.ok(lost.length === 1, `a save that was held up over ${meanwhile.name} succeeded`);
        same(
          await store.find(base.instanceId),
          after,
          `what is stored, once a save held up over ${meanwhile.name} has ended`,
        );
      }
    },
  },
  {
    id: '5.paused-deleter',
    clause: 5,
    title:
      'a delete that was held up destroys nothing that it has not seen: neither newer saves nor a new instance under the same id',
    level: 'store',
    usualCause: 'the delete names only the id by the time it is carried out: an unlink, a DELETE without a condition',
    async run(context) {
      for (const meanwhile of MEANWHILE) {
        const here = await context.elsewhere();
        const late = latecomer();
        const store = await here.open(late.between);
        const input = here.state();
        const base = await store.save(input);
        const deleting = late.holdNext(() => store.delete(base.instanceId, { revision: base.revision }));
        await late.arrived();
        const after = await meanwhile.run(store, base, input);
        late.letGo();
        const { lost } = await outcomes(
          [deleting],
          ['CHECKPOINT_CONFLICT', 'OUTCOME_UNKNOWN'],
          `the delete held up over ${meanwhile.name}`,
        );
        assert.ok(lost.length === 1, `a delete of a revision that was held up over ${meanwhile.name} succeeded`);
        same(
          await store.find(base.instanceId),
          after,
          `what is stored, once a delete held up over ${meanwhile.name} has ended`,
        );
      }
    },
  },
  {
    id: '5.paused-creator',
    clause: 5,
    title: 'a create that was held up does not replace what was created meanwhile',
    level: 'store',
    usualCause: 'absence is checked early, and the write then goes out unconditionally',
    async run(context) {
      const late = latecomer();
      const store = await context.open(late.between);
      const input = context.state();
      const creating = late.holdNext(() => store.save({ ...input, workflowId: 'late' }));
      await late.arrived();
      const there = await store.save(input);
      late.letGo();
      const { lost } = await outcomes(
        [creating],
        ['CHECKPOINT_CONFLICT', 'OUTCOME_UNKNOWN'],
        'the create held up over another create',
      );
      assert.ok(lost.length === 1, 'a create that was held up over another create succeeded');
      same(await store.load(input.instanceId), there, 'what is stored');
    },
  },
  {
    id: '5.late-copy-of-a-save',
    clause: 5,
    title:
      'a second copy of a save that arrives late changes nothing: not after newer saves, not after a delete, not after a delete and a create',
    level: 'store',
    usualCause:
      'the write takes effect by arriving, not by its condition: a rename of a file that is still there, a PUT that was retried',
    async run(context) {
      for (const meanwhile of MEANWHILE) {
        const here = await context.elsewhere();
        const copies = copier();
        const store = await here.open(copies.between);
        const input = here.state();
        const base = await store.save(input);
        copies.start();
        const saved = await store.save({ ...base, workflowId: 'copied' });
        copies.stop();
        const after = await meanwhile.run(store, saved, input);
        await copies.deliver();
        same(
          await store.find(base.instanceId),
          after,
          `what is stored, once a copy of a save has arrived after ${meanwhile.name}`,
        );
      }
    },
  },
  {
    id: '5.late-copy-of-a-delete',
    clause: 5,
    title: 'a second copy of a delete that arrives late destroys nothing that was created since',
    level: 'store',
    usualCause: 'a delete that was retried names only the id',
    async run(context) {
      const copies = copier();
      const store = await context.open(copies.between);
      const input = context.state();
      const base = await store.save(input);
      copies.start();
      await store.delete(base.instanceId);
      copies.stop();
      const recreated = await store.save(input);
      await copies.deliver();
      same(
        await store.find(base.instanceId),
        recreated,
        'what is stored, once a copy of the delete has arrived after a create',
      );
      const second = await store.save(recreated);
      await copies.deliver();
      same(
        await store.find(base.instanceId),
        second,
        'what is stored, once a copy of the delete has arrived after a save',
      );
    },
  },
  {
    id: '5.late-copy-of-a-create',
    clause: 5,
    title:
      'a second copy of a create that arrives after the delete revives nothing, where the backend keeps tombstones',
    level: 'store',
    usualCause:
      'the tombstone is not what a create must expect, or it was removed at once though copies may be under way',
    async run(context) {
      const copies = copier();
      const store = await context.open(copies.between);
      const input = context.state();
      copies.start();
      const created = await store.save(input);
      copies.stop();
      await store.delete(created.instanceId);
      if ((await context.stored(created.instanceId)) === undefined) {
        context.notApplicable(
          'the backend removes at once: it claims that no copy of a create can be under way then, and beneath it none can be made here',
        );
      }
      await copies.deliver();
      assert.equal(
        await store.find(created.instanceId),
        undefined,
        'a copy of the create has revived what was deleted',
      );
      const recreated = await store.save(input);
      await copies.deliver();
      same(
        await store.find(created.instanceId),
        recreated,
        'what is stored, once a copy of the first create has arrived after the second',
      );
    },
  },
  {
    id: '5.load-in-flight',
    clause: 5,
    title: 'a load that began before a save has finished never brings the old state back for those who load later',
    level: 'store',
    needs: { reads: 'latest' },
    usualCause: 'what was read fills the cache after the save has updated it',
    async run(context) {
      let held = gate();
      let holding = false;
      const store = await context.open({
        look: async (next, op) => {
          const answer = await next();
          if (holding && op === 'read') await held.hold();
          return answer;
        },
      });
      for (const ending of ['save', 'delete'] as const) {
        const base = await context.plant(context.state());
        held = gate();
        holding = true;
        const loading = store.find(base.instanceId);
        await held.arrived;
        holding = false;
        const after = ending === 'save' ? await store.save({ ...base, workflowId: 'newer' }) : undefined;
        if (ending === 'delete') await store.delete(base.instanceId);
        held.letGo();
        await loading;
        same(
          await store.find(base.instanceId),
          after,
          `what is found after a ${ending}, once a load that began before it has ended`,
        );
        if (after !== undefined)
          assert.equal((await store.save(after)).checkpointVersion, 3, 'version of the next save');
      }
    },
  },
];

const MEANWHILE: readonly {
  readonly name: string;
  run(
    store: StateStore,
    base: WorkflowState,
    input: ReturnType<CaseContext['state']>,
  ): Promise<WorkflowState | undefined>;
}[] = [
  { name: 'one newer save', run: (store, base) => store.save({ ...base, workflowId: 'newer' }) },
  {
    name: 'two newer saves',
    run: async (store, base) =>
      store.save({ ...(await store.save({ ...base, status: { kind: 'paused', stage: 's' } })), status: base.status }),
  },
  {
    name: 'a delete',
    run: async (store, { instanceId }) => {
      await store.delete(instanceId);
      return undefined;
    },
  },
  {
    name: 'a delete and a new create',
    run: async (store, { instanceId }, input) => {
      await store.delete(instanceId);
      return store.save(input);
    },
  },
  {
    name: 'a delete, a new create and a save',
    run: async (store, { instanceId }, input) => {
      await store.delete(instanceId);
      return store.save(await store.save(input));
    },
  },
];

async function refusesAll(store: StateStore, old: WorkflowState, current: WorkflowState): Promise<void> {
  if (old.revision === current.revision) return;
  await refused('CHECKPOINT_CONFLICT', `a save from version ${old.checkpointVersion} of before`, () =>
    store.save({ ...old, workflowId: 'from the past' }),
  );
  await refused('CHECKPOINT_CONFLICT', `a delete of version ${old.checkpointVersion} of before`, () =>
    store.delete(old.instanceId, { revision: old.revision }),
  );
  assert.equal(
    await store.isCurrent(old.instanceId, old.revision),
    false,
    `version ${old.checkpointVersion} of before is current`,
  );
  same(await store.load(current.instanceId), current, 'what is stored');
}

/** Holds one write back before it reaches the backend. */
function latecomer() {
  let held = gate();
  let holding = false;
  return {
    between: {
      async write(next) {
        if (holding) {
          holding = false;
          await held.hold();
        }
        return next();
      },
    } satisfies Interposition,
    holdNext<T>(call: () => Promise<T>): Promise<T> {
      held = gate();
      holding = true;
      const calling = call();
      calling.catch(() => undefined);
      return calling;
    },
    arrived: (): Promise<void> => held.arrived,
    letGo: (): void => held.letGo(),
  };
}

/** Keeps copies of writes, to deliver them later. */
function copier() {
  const kept: (() => Promise<unknown>)[] = [];
  let keeping = false;
  return {
    between: {
      write(next) {
        if (keeping) kept.push(next);
        return next();
      },
    } satisfies Interposition,
    start: (): void => void (keeping = true),
    stop: (): void => void (keeping = false),
    /** What a copy is answered is nobody's business: nobody waits for it. */
    deliver: async (): Promise<void> => void (await Promise.allSettled(kept.map((copy) => copy()))),
  };
}
