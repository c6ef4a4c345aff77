// Clause 9: cleanup removes what is old and ended, and nothing else.

import assert from 'node:assert/strict';
import type { InstanceId } from '../../instance-id.js';
import { NotApplied } from '../../state-backend.js';
import type { WorkflowState } from '../../state.js';
import type { StateStore } from '../../state-store.js';
import type { WorkflowStatus } from '../../status.js';
import type { ConformanceCase } from '../case.js';
import { collect, same } from '../claims.js';

const CANCELLED: WorkflowStatus = { kind: 'cancelled' };
const FAILED: WorkflowStatus = { kind: 'failed', error: { code: 'E', message: 'failed', recoveryHints: [] } };
const COMPLETED: WorkflowStatus = {
  kind: 'completed',
  result: {
    output: {},
    durationMs: 0,
    metrics: { stagesExecuted: 0, retryCount: 0, errorCount: 0, stageDurations: {}, custom: {} },
  },
};
const ENDED = [CANCELLED, FAILED, COMPLETED] as const;
const HOUR = 3_600_000;

export const cleanupCases: readonly ConformanceCase[] = [
  {
    id: '9.boundary',
    clause: 9,
    title: 'an instance exactly as old as the retention is kept, one millisecond later it is removed',
    level: 'store',
    usualCause: '≥ in place of >, seconds in place of milliseconds, or the wall clock in place of the one of the store',
    async run(context) {
      const store = await context.open();
      const states = await Promise.all(ENDED.map((status) => store.save(context.state({ status }))));
      for (const retention of [
        HOUR,
        { hours: 1 },
        { minutes: 59, seconds: 60 },
        { completed: HOUR, failed: HOUR, cancelled: { hours: 1 } },
      ]) {
        context.clock.set((states[0] as WorkflowState).updatedAt.getTime() + HOUR);
        const kept = await store.cleanup(retention);
        assert.equal(
          kept.removed,
          0,
          `${kept.removed} instances exactly as old as ${JSON.stringify(retention)} were removed`,
        );
      }
      assert.equal(await store.count(), 3, 'instances that are left');
      context.clock.advance(1);
      const report = await store.cleanup({ hours: 1 });
      same(
        { removed: report.removed, done: report.done, failures: [...report.failures] },
        { removed: 3, done: true, failures: [] },
        'report of the cleanup one millisecond later',
      );
      for (const { instanceId } of states)
        assert.equal(await store.find(instanceId), undefined, 'what was removed is still there');
      same(await collect(store.list()), [], 'list after the cleanup');
    },
  },
  {
    id: '9.only-ended',
    clause: 9,
    title: 'what has not ended is kept, however old it is',
    level: 'store',
    usualCause: 'age decides alone, and a run that waits for a person is removed',
    async run(context) {
      const store = await context.open();
      const statuses: readonly WorkflowStatus[] = [
        { kind: 'initializing' },
        { kind: 'running', currentStage: 's' },
        { kind: 'waiting', stage: 's', event: 'approval' },
        { kind: 'paused', stage: 's' },
      ];
      const kept = await Promise.all(statuses.map((status) => store.save(context.state({ status }))));
      await store.save(context.state({ status: FAILED }));
      context.clock.advance(10 * 365 * 24 * HOUR);
      assert.equal((await store.cleanup(0)).removed, 1, 'instances removed, of which one had ended');
      for (const state of kept)
        same(await store.find(state.instanceId), state, `an instance that is ${state.status.kind}`);
    },
  },
  {
    id: '9.by-last-save',
    clause: 9,
    title: 'age counts from the last save: neither from the creation, nor from the end, where it was saved since',
    level: 'store',
    usualCause: 'the age is taken from createdAt, from an index entry of the first end, or from a file time',
    async run(context) {
      const store = await context.open();
      const long = await store.save(context.state({ createdAt: new Date(0) }));
      context.clock.advance(100 * HOUR);
      const ended = await store.save({ ...long, status: FAILED });
      context.clock.advance(2 * HOUR);
      const again = await store.save({ ...ended, workflowId: 'saved again after its end' });
      const other = await store.save(await store.save(context.state({ status: FAILED, createdAt: new Date(0) })));
      context.clock.advance(HOUR);
      assert.equal(
        (await store.cleanup(HOUR)).removed,
        0,
        'instances removed whose last save was an hour ago, with a retention of an hour',
      );
      same(await store.find(again.instanceId), again, 'an instance that ended long ago and was saved since');
      same(await store.find(other.instanceId), other, 'an instance that was created long ago');
      context.clock.advance(1);
      assert.equal(
        (await store.cleanup(HOUR)).removed,
        2,
        'instances removed whose last save was more than an hour ago',
      );
    },
  },
  {
    id: '9.future-is-kept',
    clause: 9,
    title: 'what was saved under a clock that was ahead is kept, with any retention, until its time has passed',
    level: 'store',
    usualCause: 'the age is taken as an absolute or unsigned number, or clamped to 0 and compared with ≥',
    async run(context) {
      const store = await context.open();
      const now = context.clock.now();
      context.clock.set(now + 5 * HOUR);
      const { instanceId } = await store.save(context.state({ status: CANCELLED }));
      context.clock.set(now);
      for (const retention of [0, 1, HOUR])
        assert.equal(
          (await store.cleanup(retention)).removed,
          0,
          `instances removed with a retention of ${retention}, saved in the future`,
        );
      assert.notEqual(await store.find(instanceId), undefined, 'an instance saved in the future was removed');
      context.clock.set(now + 5 * HOUR);
      assert.equal(
        (await store.cleanup(0)).removed,
        0,
        'instances removed with a retention of 0, saved this very millisecond',
      );
      context.clock.advance(1);
      assert.equal(
        (await store.cleanup(0)).removed,
        1,
        'instances removed with a retention of 0, saved a millisecond ago',
      );
    },
  },
  {
    id: '9.per-kind',
    clause: 9,
    title: 'a retention by kind keeps each kind for its own time, and for ever what it does not name',
    level: 'store',
    usualCause: 'a kind that is not named gets the least, the largest or a default retention',
    async run(context) {
      const store = await context.open();
      const [cancelled, failed, completed] = await Promise.all(
        ENDED.map((status) => store.save(context.state({ status }))),
      );
      context.clock.advance(2 * HOUR);
      assert.equal((await store.cleanup({ completed: HOUR, failed: { hours: 3 } })).removed, 1, 'instances removed');
      assert.equal(
        await store.find((completed as WorkflowState).instanceId),
        undefined,
        'a completed instance older than its retention is kept',
      );
      assert.notEqual(
        await store.find((failed as WorkflowState).instanceId),
        undefined,
        'a failed instance younger than its retention was removed',
      );
      assert.notEqual(
        await store.find((cancelled as WorkflowState).instanceId),
        undefined,
        'a cancelled instance was removed, though no retention names that kind',
      );
    },
  },
  {
    id: '9.changed-since-judged',
    clause: 9,
    title:
      'an instance that is saved, revived, or deleted and created anew after it was judged, and before it is removed, survives',
    level: 'store',
    usualCause: 'the removal names only the id: it is not fenced on the revision that was judged',
    async run(context) {
      for (const moment of ['scanned', 'judged', 'written'] as const) {
        for (const change of ['saved', 'revived', 'recreated'] as const) {
          const here = await context.elsewhere();
          let meanwhile: (() => Promise<void>) | undefined;
          const come = async (at: typeof moment): Promise<void> => {
            if (at !== moment || meanwhile === undefined) return;
            const run = meanwhile;
            meanwhile = undefined;
            await run();
          };
          const store = await here.open({
            look: async (next, op) => {
              const answer = await next();
              if (op !== 'isCurrent') await come('judged');
              return answer;
            },
            write: async (next) => {
              await come('written');
              return next();
            },
            async *scan(next) {
              for await (const batch of next()) {
                await come('scanned');
                yield batch;
              }
            },
          });
          const old = await store.save(here.state({ status: FAILED }));
          here.clock.advance(HOUR + 1);
          let after: WorkflowState | undefined;
          meanwhile = async () => {
            if (change === 'recreated') {
              await store.delete(old.instanceId);
              after = await store.save(here.state({ instanceId: old.instanceId, status: FAILED }));
            } else
              after = await store.save({
                ...old,
                workflowId: change,
                ...(change === 'revived' && { status: { kind: 'running', currentStage: 'again' } as const }),
              });
          };
          const { removed, failures } = await store.cleanup(HOUR);
          const what = `an instance ${change} once it was ${moment}`;
          if (after === undefined) context.notRun(`cleanup took no step that is ${moment}`);
          same(await store.find(old.instanceId), after, what);
          same(
            { removed, failures: [...failures] },
            { removed: 0, failures: [] },
            `report of the cleanup that met ${what}`,
          );
        }
      }
    },
  },
  {
    id: '9.dry-run',
    clause: 9,
    title: 'a dry run removes nothing, and names exactly what the next run removes',
    level: 'store',
    usualCause: 'the two take different ways to judge',
    async run(context) {
      const store = await context.open();
      const old = await Promise.all(ENDED.map((status) => store.save(context.state({ status }))));
      context.clock.advance(HOUR + 1);
      const young = await store.save(context.state({ status: FAILED }));
      const ids = old.map(({ instanceId }) => instanceId).sort();
      const dry = await store.cleanup(HOUR, { dryRun: true });
      same({ removed: dry.removed, ids: [...(dry.ids ?? [])].sort() }, { removed: 3, ids }, 'report of the dry run');
      sameStored(await stored(store, [...old, young]), [...old, young], 'what is stored after the dry run');
      assert.equal((await store.cleanup(HOUR)).removed, 3, 'instances removed after the dry run');
      sameStored(
        await stored(store, [...old, young]),
        [undefined, undefined, undefined, young],
        'what is stored after the run',
      );
    },
  },
  {
    id: '9.limit',
    clause: 9,
    title: 'a limit bounds what one run removes, says whether it is done, and the next runs go on to the end',
    level: 'store',
    usualCause: 'the limit counts what was scanned, so that a run never comes past what is kept',
    async run(context) {
      const store = await context.open();
      for (let i = 0; i < 20; i++) await store.save(context.state({ status: ENDED[i % 3] as WorkflowStatus }));
      context.clock.advance(HOUR + 1);
      for (let i = 0; i < 20; i++) await store.save(context.state({ status: ENDED[i % 3] as WorkflowStatus }));
      let removed = 0;
      for (const [limit, least] of [
        [7, 7],
        [7, 7],
        [7, 6],
      ] as const) {
        const report = await store.cleanup(HOUR, { limit });
        assert.ok(report.removed <= limit, `${report.removed} were removed with limit ${limit}`);
        assert.equal(report.removed, least, `removed with limit ${limit}, ${20 - removed} being left`);
        removed += report.removed;
        assert.equal(report.done, removed === 20, `done, with ${20 - removed} left`);
      }
      assert.equal(await store.count(), 20, 'instances that are left');
      const last = await store.cleanup(HOUR);
      same(
        { removed: last.removed, done: last.done },
        { removed: 0, done: true },
        'report of a run that finds nothing',
      );
    },
  },
  {
    id: '9.a-bad-one-does-not-end-it',
    clause: 9,
    title:
      'an instance that cannot be judged or removed is a row in the report, with its id and its error, and the others are removed',
    level: 'store',
    usualCause: 'the first error ends the run, so that nothing behind it is ever cleaned up',
    async run(context) {
      let unreadable: InstanceId | undefined;
      let unwritable: InstanceId | undefined;
      const full = new Error('disk full');
      const broken = new Error('bad sector');
      const store = await context.open({
        look: async (next, _op, id) => {
          if (id === unreadable) throw broken;
          return next();
        },
        write: async (next, { id }) => {
          if (id === unwritable) throw new NotApplied(full);
          return next();
        },
      });
      const states: WorkflowState[] = [];
      for (let i = 0; i < 10; i++) states.push(await store.save(context.state({ status: FAILED })));
      context.clock.advance(HOUR + 1);
      unreadable = states[3]?.instanceId;
      unwritable = states[6]?.instanceId;
      const { removed, failures } = await store.cleanup(HOUR);
      const rows = new Map(
        failures.map(({ instanceId, error }) => [instanceId, error instanceof Error ? error.cause : undefined]),
      );
      // Where the index alone proves the age, nothing need be read to remove it.
      const judged = rows.has(unreadable as InstanceId);
      assert.equal(removed, judged ? 8 : 9, `${removed} of 10 were removed, with one or two that could not be`);
      if (judged)
        assert.equal(rows.get(unreadable), broken, 'the cause in the row of the instance that could not be read');
      assert.ok(rows.has(unwritable), 'no row for the instance that could not be removed');
      assert.equal(rows.get(unwritable), full, 'the cause in its row');
      unreadable = unwritable = undefined;
      assert.equal((await store.cleanup(HOUR)).removed, 10 - removed, 'removed once the faults are gone');
    },
  },
  {
    id: '9.together',
    clause: 9,
    title: 'two cleanups at once remove each instance once, and neither fails',
    level: 'store',
    usualCause: 'what the other has just removed is an error',
    async run(context) {
      const store = await context.open();
      for (let i = 0; i < 30; i++) await store.save(context.state({ status: FAILED }));
      context.clock.advance(HOUR + 1);
      const reports = await Promise.all([store.cleanup(HOUR), store.cleanup(HOUR)]);
      same(
        reports.flatMap(({ failures }) => [...failures]),
        [],
        'failures',
      );
      assert.equal(
        reports.reduce((sum, { removed }) => sum + removed, 0),
        30,
        'removed by both together, of 30',
      );
      assert.equal(await store.count(), 0, 'instances that are left');
    },
  },
];

function stored(store: StateStore, states: readonly WorkflowState[]): Promise<(WorkflowState | undefined)[]> {
  return Promise.all(states.map(({ instanceId }) => store.find(instanceId)));
}

function sameStored(actual: readonly unknown[], expected: readonly unknown[], what: string): void {
  for (const [index, state] of expected.entries()) same(actual[index], state, what);
}
