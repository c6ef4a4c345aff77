// Clause 8: listings miss nothing that stays.

import assert from 'node:assert/strict';
import { InstanceId } from '../../instance-id.js';
import { NotApplied } from '../../state-backend.js';
import type { WorkflowState } from '../../state.js';
import type { StateStore } from '../../state-store.js';
import { STATUS_KINDS, type StatusKind, type WorkflowStatus } from '../../status.js';
import type { CaseContext, ConformanceCase } from '../case.js';
import { ascending, collect, inParallel, outcomes, refused, same, sameIds } from '../claims.js';

export const listingCases: readonly ConformanceCase[] = [
  {
    id: '8.thousands',
    clause: 8,
    title: 'of thousands of instances every listing names each once, ascending, however they are paged',
    level: 'store',
    timeoutMs: 120_000,
    usualCause:
      'the listing ends with the first page of the storage (1 000 keys), or comes in the order of insertion or of shards',
    async run(context) {
      const store = await context.open();
      const kinds = ['running', 'waiting'] as const;
      const created = await populate(context, store, context.sizes.listed + 100, (index) =>
        statusOf(index % 20 === 0 ? 'waiting' : 'running'),
      );
      const ids = created.map(({ instanceId }) => instanceId).sort();
      const of = (kind: StatusKind): InstanceId[] =>
        created
          .filter(({ status }) => status.kind === kind)
          .map(({ instanceId }) => instanceId)
          .sort();
      sameIds(await collect(store.list()), ids, 'list');
      for (const kind of kinds) sameIds(await collect(store.listByStatus(kind)), of(kind), `listByStatus ${kind}`);
      sameIds(await collect(store.listByStatus([...kinds, 'failed'])), ids, 'listByStatus of three kinds');
      assert.equal(await store.count(), ids.length, 'count');
      for (const kind of kinds) assert.equal(await store.count(kind), of(kind).length, `count ${kind}`);
      for (const limit of [10_000, ids.length, ids.length - 1, 999, 1000])
        sameIds(await pages(store, limit), ids, `pages of ${limit}`);
      sameIds(await pages(store, 1000, 'running'), of('running'), 'pages of 1000 running');
    },
  },
  {
    id: '8.thousands-under-writes',
    clause: 8,
    title:
      'listings that run while instances are saved, moved, created and deleted miss none that stays, name none twice, and stay in order',
    level: 'store',
    timeoutMs: 180_000,
    usualCause:
      'the listed directory or cursor holds entries that move when a record is saved; with a few hundred instances it is not seen',
    async run(context) {
      const store = await context.open();
      const states = await populate(context, store, context.sizes.listed, () => statusOf('running'));
      const part = (from: number, to: number): WorkflowState[] =>
        states.slice(Math.floor(states.length * from), Math.floor(states.length * to));
      const [still, saved, moving, doomed] = [
        part(0, 0.4),
        [part(0.4, 0.55), part(0.55, 0.7)],
        part(0.7, 0.9),
        part(0.9, 1),
      ];
      let listing = true;
      const keepUp = async (
        group: WorkflowState[],
        change: (state: WorkflowState, index: number) => Promise<WorkflowState | undefined>,
      ): Promise<void> => {
        for (let index = 0; listing && group.length > 0; index = (index + 7) % group.length) {
          const state = await change(group[index] as WorkflowState, index);
          if (state === undefined) group.splice(index, 1);
          else group[index] = state;
          await new Promise((resolve) => setImmediate(resolve));
        }
      };
      const writers = [
        ...saved.map((group) => keepUp(group, (state) => store.save({ ...state, workflowId: 'again' }))),
        keepUp(moving, (state) =>
          store.save({ ...state, status: statusOf(state.status.kind === 'running' ? 'paused' : 'running') }),
        ),
        keepUp(doomed, async ({ instanceId }) => {
          await store.delete(instanceId);
          const { instanceId: fresh } = await store.save(context.state());
          await store.delete(fresh);
          return undefined;
        }),
      ];
      const stays = new Set([...still, ...part(0.4, 0.7)].map(({ instanceId }) => instanceId));
      const exists = new Set([...stays, ...part(0.7, 0.9).map(({ instanceId }) => instanceId)]);
      try {
        for (let round = 0; round < 6; round++) {
          const [byStatus, all, paged] = await Promise.all([
            collect(store.listByStatus('running')),
            collect(store.list()),
            pages(store, 300, 'running'),
          ]);
          ascending(byStatus, 'listByStatus running');
          ascending(all, 'list');
          ascending(paged, 'pages');
          missesNone(byStatus, stays, 'listByStatus running');
          missesNone(paged, stays, 'pages of 300 running');
          missesNone(all, exists, 'list');
        }
      } finally {
        listing = false;
        await Promise.all(writers);
      }
      sameIds(
        await collect(store.list()),
        [...exists, ...doomed.map(({ instanceId }) => instanceId)].sort(),
        'list, once all is quiet',
      );
    },
  },
  {
    id: '8.shown-is-listed',
    clause: 8,
    title:
      'an instance whose load shows one and the same write before and after a listing is in the listing of its status, while writers move it',
    level: 'store',
    needs: { reads: 'latest' },
    timeoutMs: 60_000,
    usualCause: 'the index is moved after the record, so that between the two it points to the status of before',
    async run(context) {
      const store = await context.open();
      await shownIsListed(context, store, store);
    },
  },
  {
    id: '8.shown-is-listed-handles',
    clause: 8,
    title: 'so it is in the listings of another handle',
    level: 'store',
    needs: { sharing: 'process', reads: 'latest' },
    hooks: ['peer'],
    timeoutMs: 60_000,
    usualCause: 'the index of the other handle is a copy',
    async run(context) {
      await shownIsListed(context, await context.open(), await context.peer());
    },
  },
  {
    id: '8.index-follows',
    clause: 8,
    title:
      'once all is quiet, the listing of a kind is exactly what load shows with that kind: after saves, conflicts, failures, deletes and creates',
    level: 'store',
    usualCause: 'the entry of the status of before, or of a save that lost, is left behind',
    async run(context) {
      let broken = false;
      const store = await context.open({
        write: async (next) => {
          if (broken) throw new NotApplied(new Error('disk full'));
          return next();
        },
      });
      const ids = Array.from({ length: 8 }, () => context.id());
      for (let round = 0; round < context.sizes.rounds; round++) {
        await inParallel(ids, 4, async (instanceId, index) => {
          const kind = STATUS_KINDS[(index + round) % STATUS_KINDS.length] as StatusKind;
          const now = await store.find(instanceId);
          if (now === undefined) {
            await outcomes(
              [
                store.save(context.state({ instanceId, status: statusOf(kind) })),
                store.save(context.state({ instanceId, status: statusOf('paused') })),
              ],
              ['CHECKPOINT_CONFLICT'],
              'a create',
            );
          } else if (round % 4 === 3) {
            await outcomes<unknown>(
              [store.delete(instanceId), store.save({ ...now, status: statusOf(kind) })],
              ['CHECKPOINT_CONFLICT', 'STORAGE_ERROR'],
              'a delete beside a save',
            );
          } else {
            const other = STATUS_KINDS[(index + round + 3) % STATUS_KINDS.length] as StatusKind;
            await outcomes(
              [store.save({ ...now, status: statusOf(kind) }), store.save({ ...now, status: statusOf(other) })],
              ['CHECKPOINT_CONFLICT'],
              'a save',
            );
          }
        });
        broken = true;
        for (const instanceId of ids) {
          const now = await store.find(instanceId);
          await refused('STORAGE_ERROR', 'a write on a full disk', () =>
            store.save({ ...(now ?? context.state({ instanceId })), status: statusOf('failed') }),
          );
        }
        broken = false;
        const shown = await Promise.all(ids.map((id) => store.find(id)));
        sameIds(
          await collect(store.list()),
          ids.filter((_, i) => shown[i] !== undefined).sort(),
          `list in round ${round}`,
        );
        for (const kind of STATUS_KINDS) {
          sameIds(
            await collect(store.listByStatus(kind)),
            ids.filter((_, i) => shown[i]?.status.kind === kind).sort(),
            `listByStatus ${kind} in round ${round}`,
          );
          assert.equal(
            await store.count(kind),
            shown.filter((state) => state?.status.kind === kind).length,
            `count ${kind} in round ${round}`,
          );
        }
      }
    },
  },
  {
    id: '8.pages',
    clause: 8,
    title:
      'pages of any size join to the whole; a cursor stays good when its instance is deleted, never existed, or others come before it',
    level: 'store',
    usualCause: 'the cursor is an offset, a token that expires, or is looked up',
    async run(context) {
      const store = await context.open();
      const states = await populate(context, store, 9, (index) => statusOf(index % 2 === 0 ? 'running' : 'paused'));
      const ids = states.map(({ instanceId }) => instanceId).sort();
      for (const limit of [1, 2, 3, 8, 9, 10]) sameIds(await pages(store, limit), ids, `pages of ${limit}`);
      const whole = await store.listPage({ limit: 9 });
      assert.equal(whole.next, undefined, 'a page that has taken all has a next');
      assert.equal((await store.listPage({ limit: 8 })).next, ids[7], 'next is not the last id of the page');

      const first = await store.listPage({ limit: 2 });
      await store.delete(first.next as InstanceId);
      await store.save(context.state({ instanceId: InstanceId.parse('0'.repeat(32)) }));
      const second = await store.listPage({ limit: 2, after: first.next });
      same(
        second.entries.map(({ instanceId }) => instanceId),
        ids.slice(2, 4),
        'the page after a cursor whose instance was deleted',
      );

      const [third, fourth] = [ids[2] ?? '', ids[3] ?? ''];
      const between = InstanceId.parse(halfway(third, fourth));
      const { entries } = await store.listPage({ limit: 1, after: between });
      same(
        entries.map(({ instanceId }) => instanceId),
        [fourth],
        'the page after a cursor that never was an instance',
      );
      same(
        (await store.listPage({ limit: 5, after: InstanceId.parse('f'.repeat(32)) })).entries,
        [],
        'the page after the last possible id',
      );
    },
  },
  {
    id: '8.entries',
    clause: 8,
    title: 'a page tells the kind asked for, and a statusSince only as head tells it',
    level: 'store',
    usualCause: 'statusSince is the time of the last save, or of creation',
    async run(context) {
      const store = await context.open();
      for (let i = 0; i < 3; i++) {
        let state = await store.save(context.state({ status: statusOf('waiting') }));
        context.clock.advance(1000);
        state = await store.save({ ...state, status: statusOf('running') });
        context.clock.advance(1000);
        await store.save({ ...state, workflowId: 'later' });
        context.clock.advance(1000);
        await store.save({ ...(await store.save(context.state())), status: statusOf('failed') });
      }
      for (const status of ['running', 'failed', undefined] as const) {
        const { entries } = await store.listPage({ limit: 100, status });
        assert.ok(entries.length > 0, `no entries of ${status ?? 'any kind'}`);
        for (const entry of entries) {
          const head = await store.head(entry.instanceId);
          if (status !== undefined) assert.equal(entry.status, status, 'status of an entry of a page by status');
          if (entry.status !== undefined) assert.equal(entry.status, head?.status, 'status of an entry');
          if (entry.statusSince !== undefined)
            same(entry.statusSince, head?.statusSince, `statusSince of an entry of ${entry.status}`);
        }
      }
    },
  },
  {
    id: '8.several-kinds',
    clause: 8,
    title: 'several kinds give one ascending listing, and an instance that moves between them is named once',
    level: 'store',
    usualCause: 'the listings of the kinds are joined end to end',
    async run(context) {
      const store = await context.open();
      const states = await populate(context, store, 30, (index) =>
        statusOf(STATUS_KINDS[index % STATUS_KINDS.length] as StatusKind),
      );
      const kinds = ['running', 'failed', 'paused'] as const;
      const ids = states
        .filter(({ status }) => (kinds as readonly string[]).includes(status.kind))
        .map(({ instanceId }) => instanceId)
        .sort();
      sameIds(await collect(store.listByStatus(kinds)), ids, 'listByStatus of three kinds');
      sameIds(
        await collect(store.listByStatus(['paused', 'paused'])),
        await collect(store.listByStatus('paused')),
        'listByStatus of one kind named twice',
      );
      sameIds(await pages(store, 2, kinds), ids, 'pages of three kinds');
      sameIds(
        (await collect(store.states({ status: kinds }))).map(({ instanceId }) => instanceId),
        ids,
        'states of three kinds',
      );
    },
  },
  {
    id: '8.full-status',
    clause: 8,
    title:
      'a full status lists those whose status is equal in every part, bytes and NaN included, and no other of its kind',
    level: 'store',
    usualCause: 'only the kind is compared, or JSON texts are',
    async run(context) {
      const store = await context.open();
      const metrics = (custom: number) => ({
        stagesExecuted: 1,
        retryCount: 0,
        errorCount: 0,
        stageDurations: {},
        custom: { x: custom },
      });
      const done = (byte: number, custom: number): WorkflowStatus => ({
        kind: 'completed',
        result: { output: { a: new Uint8Array([byte]) }, durationMs: 1, metrics: metrics(custom) },
      });
      const wanted = await store.save(context.state({ status: done(1, Number.NaN) }));
      await store.save(context.state({ status: done(2, Number.NaN) }));
      await store.save(context.state({ status: done(1, 0) }));
      await store.save(context.state({ status: { kind: 'waiting', stage: 'a', event: 'paid' } }));
      const waiting = await store.save(context.state({ status: { kind: 'waiting', stage: 'a', event: 'shipped' } }));
      same(
        await collect(store.listByStatus(done(1, Number.NaN))),
        [wanted.instanceId],
        'listByStatus of a completed status',
      );
      same(
        await collect(store.listByStatus({ kind: 'waiting', stage: 'a', event: 'shipped' })),
        [waiting.instanceId],
        'listByStatus of a waiting status',
      );
      same(
        await collect(store.listByStatus({ kind: 'waiting', stage: 'b', event: 'shipped' })),
        [],
        'listByStatus of a status that none has',
      );
      same(
        (await collect(store.states({ status: { kind: 'waiting', stage: 'a', event: 'shipped' } }))).length,
        1,
        'states of a full status',
      );
    },
  },
  {
    id: '8.states',
    clause: 8,
    title: 'states loads what is listed, in order, and passes over what vanished or left the status meanwhile',
    level: 'store',
    usualCause: 'what was loaded is not compared with what was asked for, or an absent one ends the iteration',
    async run(context) {
      let meanwhile: (() => Promise<unknown>) | undefined;
      const store = await context.open({
        async *scan(next) {
          for await (const batch of next()) {
            const change = meanwhile;
            meanwhile = undefined;
            await change?.();
            yield batch;
          }
        },
      });
      const states = await populate(context, store, 6, () => statusOf('running'));
      const sorted = states.sort((a, b) => (a.instanceId < b.instanceId ? -1 : 1));
      for (const concurrency of [1, 3, 100])
        same(await collect(store.states({ concurrency })), sorted, `states with concurrency ${concurrency}`);
      const [gone, moved, saved, ...rest] = sorted as [WorkflowState, WorkflowState, WorkflowState, ...WorkflowState[]];
      let again: WorkflowState | undefined;
      meanwhile = async () => {
        await store.delete(gone.instanceId);
        await store.save({ ...moved, status: statusOf('paused') });
        again = await store.save({ ...saved, workflowId: 'again' });
      };
      same(
        await collect(store.states({ status: 'running' })),
        [again, ...rest],
        'states, with a delete, a move and a save meanwhile',
      );
    },
  },
  {
    id: '8.no-record-is-read',
    clause: 8,
    title: 'listing and counting by kind read no record',
    level: 'store',
    usualCause: 'the status is looked up in each record: with n instances, n reads',
    async run(context) {
      let looks = 0;
      const store = await context.open({
        look: (next) => {
          looks++;
          return next();
        },
      });
      await populate(context, store, 20, (index) => statusOf(index % 2 === 0 ? 'running' : 'failed'));
      looks = 0;
      await collect(store.list());
      await collect(store.listByStatus('running'));
      await collect(store.listByStatus(['running', 'failed']));
      await store.listPage({ limit: 5, status: 'failed' });
      await store.count('running');
      assert.equal(looks, 0, `${looks} records were read for five listings`);
    },
  },
  {
    id: '8.backend-scan',
    clause: 8,
    title:
      'scan names live instances of the kind asked for, ascending and each once, only after the cursor, whatever limit is hinted',
    level: 'backend',
    usualCause: '`after` is inclusive, looked up, or applied before sorting; the hint `limit` cuts the scan short',
    async run(context) {
      const backend = await context.openBackend();
      const kinds = ['running', 'failed'] as const;
      const states: WorkflowState[] = [];
      for (let i = 0; i < 20; i++)
        states.push(await context.plant(context.state({ status: statusOf(kinds[i % 2] as StatusKind) })));
      const all = states.map(({ instanceId }) => instanceId).sort();
      for (const status of [undefined, ...kinds]) {
        const ids = all.filter(
          (id) => status === undefined || states.find(({ instanceId }) => instanceId === id)?.status.kind === status,
        );
        for (const after of [undefined, ids[0], ids[4], ids.at(-1), InstanceId.parse('8'.repeat(32))]) {
          for (const limit of [undefined, 1, 3]) {
            const entries = (await collect(backend.scan({ status, after, limit }, {}))).flat();
            const what = `scan of ${status ?? 'all'} after ${after?.slice(0, 8) ?? 'nothing'}`;
            // More than the hint, or the hint at least: the caller stops when it has enough.
            const least = limit === undefined ? ids.length : limit;
            const expected = ids.filter((id) => after === undefined || id > after);
            const named: readonly string[] = entries.map(({ id }) => id);
            ascending(named, what);
            assert.ok(
              named.length >= Math.min(least, expected.length),
              `${what} with limit ${limit} names ${named.length} of ${expected.length}`,
            );
            same(named, expected.slice(0, named.length), what);
            for (const entry of entries) {
              if (status !== undefined)
                assert.ok(entry.status === undefined || entry.status === status, `${what}: status is ${entry.status}`);
              if (entry.statusSince !== undefined)
                assert.equal(entry.statusSince, context.clock.now(), `${what}: statusSince`);
            }
          }
        }
      }
    },
  },
];

function statusOf(kind: StatusKind): WorkflowStatus {
  switch (kind) {
    case 'initializing':
    case 'cancelled':
      return { kind };
    case 'running':
      return { kind, currentStage: 'stage' };
    case 'waiting':
      return { kind, stage: 'stage', event: 'event' };
    case 'paused':
      return { kind, stage: 'stage' };
    case 'completed':
      return {
        kind,
        result: {
          output: {},
          durationMs: 0,
          metrics: { stagesExecuted: 0, retryCount: 0, errorCount: 0, stageDurations: {}, custom: {} },
        },
      };
    case 'failed':
      return { kind, error: { code: 'E', message: 'failed', recoveryHints: [] } };
  }
}

async function populate(
  context: CaseContext,
  store: StateStore,
  count: number,
  status: (index: number) => WorkflowStatus,
): Promise<WorkflowState[]> {
  const states: WorkflowState[] = [];
  await inParallel(Array.from({ length: count }), 64, async (_, index) => {
    states.push(await store.save(context.state({ status: status(index) })));
  });
  return states;
}

async function pages(
  store: StateStore,
  limit: number,
  status?: StatusKind | readonly StatusKind[],
): Promise<InstanceId[]> {
  const ids: InstanceId[] = [];
  let after: InstanceId | undefined;
  do {
    const { entries, next } = await store.listPage({ limit, after, status });
    assert.ok(entries.length <= limit, `a page of at most ${limit} has ${entries.length} entries`);
    if (next !== undefined)
      assert.equal(entries.length, limit, `a page with a next has ${entries.length} entries, not ${limit}`);
    for (const { instanceId } of entries) ids.push(instanceId);
    if (next !== undefined && after !== undefined) assert.ok(next > after, `the page after ${after} ends at ${next}`);
    after = next;
  } while (after !== undefined);
  return ids;
}

function missesNone(listed: readonly string[], expected: ReadonlySet<string>, what: string): void {
  const named = new Set(listed);
  const missing = [...expected].filter((id) => !named.has(id));
  if (missing.length > 0)
    assert.fail(`${what} misses ${missing.length} of ${expected.size} that were there throughout, first ${missing[0]}`);
}

async function shownIsListed(context: CaseContext, writer: StateStore, lister: StateStore): Promise<void> {
  let state = await writer.save(context.state({ status: statusOf('running') }));
  const { instanceId } = state;
  let listing = true;
  const write = async (): Promise<void> => {
    for (let turn = 0; listing; turn++) {
      state = await writer.save({
        ...state,
        status: statusOf((['paused', 'running', 'waiting'] as const)[turn % 3] as StatusKind),
      });
      // Long enough for a listing to fit in between, now and then.
      for (let pause = context.random.int(6); pause > 0; pause--) await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const writing = write();
  try {
    for (let round = 0; round < context.sizes.rounds * 20; round++) {
      const before = await lister.load(instanceId);
      const [listed, all] = await Promise.all([
        collect(lister.listByStatus(before.status.kind)),
        collect(lister.list()),
      ]);
      const after = await lister.load(instanceId);
      assert.ok(all.includes(instanceId), 'list misses an instance that is there all the time');
      if (before.revision !== after.revision) continue;
      assert.ok(
        listed.includes(instanceId),
        `load shows version ${before.checkpointVersion}, ${before.status.kind}, before and after, but listByStatus ${before.status.kind} does not name it`,
      );
    }
  } finally {
    listing = false;
    await writing;
  }
}

/** 32 hex digits between two others. */
function halfway(low: string, high: string): string {
  const middle = (BigInt(`0x${low}`) + BigInt(`0x${high}`)) / 2n;
  return middle.toString(16).padStart(32, '0');
}
