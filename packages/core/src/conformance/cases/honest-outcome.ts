// Clause 6: a doubt is called a doubt, and nothing else is.
//
// The faults are made at the seam between store and backend, so they need no hook: an answer that gets lost after the
// write (`lostReply`), a write that gets lost before it (`lostRequest`), reads that fail.

import assert from 'node:assert/strict';
import { isStateStoreError, StateStoreError } from '../../errors.js';
import type { InstanceId } from '../../instance-id.js';
import { NotApplied } from '../../state-backend.js';
import type { WorkflowState } from '../../state.js';
import type { StateStore } from '../../state-store.js';
import type { CaseContext, ConformanceCase } from '../case.js';
import { collect, inParallel, outcomes, refused, same } from '../claims.js';
import { gate, type Interposition } from '../interpose.js';

/** What becomes of the next write: it is carried out, or not, and then it breaks off with an error that says nothing. */
type Fault = 'lostReply' | 'lostRequest';

class Broken extends Error {
  override readonly name: string = 'Broken';
}

export const honestOutcomeCases: readonly ConformanceCase[] = [
  {
    id: '6.lost-reply',
    clause: 6,
    title:
      'a create, save, update, overwrite or delete whose answer was lost after it was written succeeds, and is written once',
    level: 'store',
    usualCause:
      'the retry meets the first copy and reports its own success as a conflict, or the error is passed on as a failure',
    async run(context) {
      const link = faultyLink();
      const store = await context.open(link.between);
      link.fail('lostReply');
      const created = await store.save(context.state());
      await isNow(store, created, 1);
      link.fail('lostReply');
      const saved = await store.save({ ...created, status: { kind: 'paused', stage: 's' } });
      await isNow(store, saved, 2);
      link.fail('lostReply');
      const updated = await store.update(saved.instanceId, (state) => ({ ...state, workflowId: 'updated' }));
      await isNow(store, updated, 3);
      link.fail('lostReply');
      const forced = await store.save(context.state({ instanceId: saved.instanceId }), { onConflict: 'overwrite' });
      await isNow(store, forced, 4);
      assert.equal((await store.save(forced)).checkpointVersion, 5, 'version of the next save');
      link.fail('lostReply');
      // Where a delete leaves nothing behind, nothing can prove whose it was.
      const { won } = await outcomes(
        [store.delete(saved.instanceId)],
        ['OUTCOME_UNKNOWN'],
        'a delete whose answer was lost',
      );
      assert.notEqual(won[0], false, 'a delete whose answer was lost says that there was nothing to delete');
      assert.equal(await store.find(saved.instanceId), undefined, 'what was deleted is still there');
    },
  },
  {
    id: '6.lost-request',
    clause: 6,
    title:
      'a write that got lost before it was carried out succeeds by being sent again, or ends as OUTCOME_UNKNOWN with its cause: never as a success that is not there, nor as a conflict',
    level: 'store',
    usualCause: 'an error of the transport is taken for "not written", or for success',
    async run(context) {
      const link = faultyLink();
      const store = await context.open(link.between);
      const input = context.state();
      const created = await sentAgain(context, link, store, input.instanceId, () => store.save(input), 1);
      const base = created ?? (await store.save(input));
      await sentAgain(
        context,
        link,
        store,
        input.instanceId,
        () => store.save({ ...base, status: { kind: 'paused', stage: 's' } }),
        2,
      );
      const last = await store.load(input.instanceId);
      link.fail('lostRequest');
      const { won, lost } = await outcomes(
        [store.delete(last.instanceId, { revision: last.revision })],
        ['OUTCOME_UNKNOWN'],
        'a delete whose request was lost',
      );
      const gone = (await store.find(last.instanceId)) === undefined;
      if (lost.length === 0)
        assert.ok(
          won[0] === true && gone,
          'a delete whose request was lost claims success, and the instance is still there',
        );
    },
  },
  {
    id: '6.lost-reply-then-superseded',
    clause: 6,
    title: 'a save whose answer was lost, and on which another has saved since, still succeeded',
    level: 'store',
    usualCause: 'after a doubt the version that is there now is compared with the one expected, and called a conflict',
    async run(context) {
      const link = faultyLink();
      const store = await context.open(link.between);
      const base = await store.save(context.state());
      link.fail('lostReply', async () => {
        await store.update(base.instanceId, (state) => ({ ...state, currentStage: 'another came' }));
      });
      const { won, lost } = await outcomes(
        [store.save({ ...base, workflowId: 'mine' })],
        ['OUTCOME_UNKNOWN'],
        'a save whose answer was lost, and which was superseded',
      );
      assert.equal(
        lost.length,
        0,
        `${lost[0]?.code}: the stored record names this write as its parent, which proves it`,
      );
      assert.equal(won[0]?.checkpointVersion, 2, 'version of the save');
      const now = await store.load(base.instanceId);
      same([now.checkpointVersion, now.workflowId, now.currentStage], [3, 'mine', 'another came'], 'what is stored');
      await refused('CHECKPOINT_CONFLICT', 'a save from a revision that was superseded', () =>
        store.save(won[0] as WorkflowState),
      );
    },
  },
  {
    id: '6.lost-reply-then-deleted',
    clause: 6,
    title:
      'a create or save whose answer was lost, and which was deleted since, succeeded or is in doubt: it is neither a conflict nor a failure, and nothing is revived',
    level: 'store',
    usualCause: 'absence is taken for a proof that the write never happened, and it is sent again',
    async run(context) {
      const link = faultyLink();
      const store = await context.open(link.between);
      const base = await store.save(context.state());
      const input = context.state();
      for (const [what, state] of [
        ['save', { ...base, workflowId: 'mine' }],
        ['create', input],
      ] as const) {
        link.fail('lostReply', async () => void (await store.delete(state.instanceId)));
        await outcomes(
          [store.save(state)],
          ['OUTCOME_UNKNOWN'],
          `a ${what} whose answer was lost, and which was deleted`,
        );
        assert.equal(
          await store.find(state.instanceId),
          undefined,
          `what a ${what} wrote, and a delete removed, has come back`,
        );
      }
    },
  },
  {
    id: '6.two-successors',
    clause: 6,
    title:
      'a save whose answer was lost, and behind which others have saved twice, succeeded or is in doubt: never a conflict',
    level: 'store',
    usualCause: 'a version that is too high is taken for a proof of having lost',
    async run(context) {
      const link = faultyLink();
      const store = await context.open(link.between);
      const base = await store.save(context.state());
      link.fail('lostReply', async () => {
        for (let i = 0; i < 3; i++)
          await store.update(base.instanceId, (state) => ({ ...state, currentStage: `another ${i}` }));
      });
      await outcomes(
        [store.save({ ...base, workflowId: 'mine' })],
        ['OUTCOME_UNKNOWN'],
        'a save whose answer was lost, with three saves behind it',
      );
      assert.equal((await store.load(base.instanceId)).workflowId, 'mine', 'the save that others built upon was lost');
    },
  },
  {
    id: '6.lost-request-then-overtaken',
    clause: 6,
    title:
      'a save that got lost, while another saved from the same revision, is a conflict or in doubt: never a success, and never sent over the other',
    level: 'store',
    usualCause: 'the retry drops the condition, or takes the version that is there for its own because the number fits',
    async run(context) {
      const link = faultyLink();
      const store = await context.open(link.between);
      const base = await store.save(context.state());
      let other: WorkflowState | undefined;
      link.fail('lostRequest', async () => {
        other = await store.save({ ...base, workflowId: 'other' });
      });
      const { won } = await outcomes(
        [store.save({ ...base, workflowId: 'mine' })],
        ['CHECKPOINT_CONFLICT', 'OUTCOME_UNKNOWN'],
        'a save that was overtaken',
      );
      assert.equal(won.length, 0, 'a save that was never written, and was overtaken, claims success');
      same(await store.load(base.instanceId), other, 'what is stored');
    },
  },
  {
    id: '6.doubt-that-no-read-settles',
    clause: 6,
    title:
      'a write whose answer was lost, with reads that fail as well, is OUTCOME_UNKNOWN with its cause, and loading later tells the truth',
    level: 'store',
    timeoutMs: 60_000,
    usualCause: 'the last error decides: a failed read-back becomes STORAGE_ERROR, which says that nothing was written',
    async run(context) {
      const link = faultyLink();
      const store = await context.open(link.between);
      const input = context.state();
      const base = await store.save(context.state());
      const calls: readonly (readonly [Fault, string, InstanceId, () => Promise<unknown>])[] = [
        ['lostReply', 'a create', input.instanceId, () => store.save(input)],
        ['lostReply', 'a save', base.instanceId, () => store.save({ ...base, workflowId: 'mine' })],
        ['lostRequest', 'a delete', base.instanceId, async () => store.delete(base.instanceId)],
      ];
      for (const [fault, what, id, call] of calls) {
        link.fail(fault, async () => link.breakReads());
        const error = await refused('OUTCOME_UNKNOWN', `${what} without an answer`, call);
        assert.ok(error.cause !== undefined, `${what}: OUTCOME_UNKNOWN has no cause`);
        assert.equal(error.instanceId, id, `${what}: OUTCOME_UNKNOWN does not name the instance`);
        link.mend();
      }
      same((await store.load(input.instanceId)).checkpointVersion, 1, 'version of the create that was in doubt');
      same((await store.load(base.instanceId)).workflowId, 'mine', 'the save that was in doubt');
    },
  },
  {
    id: '6.proved-failure',
    clause: 6,
    title:
      'what the backend proves not to have written is a failure with its cause, of one code, and nothing is written',
    level: 'store',
    usualCause: 'the cause is lost in wrapping, or the failure is tried again as if it were a doubt',
    async run(context) {
      const cause = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      const link = faultyLink();
      const store = await context.open(link.between);
      const base = await store.save(context.state());
      const before = await context.stored(base.instanceId);
      const fresh = context.state();
      for (const [what, call] of [
        ['a save', () => store.save({ ...base, workflowId: 'mine' })],
        ['a create', () => store.save(fresh)],
        ['a delete', () => store.delete(base.instanceId)],
        ['an update', () => store.update(base.instanceId, (state) => ({ ...state, workflowId: 'mine' }))],
      ] as const) {
        link.throwInstead(() => new NotApplied(cause));
        const error = await refused('STORAGE_ERROR', `${what} that the backend proves not written`, call);
        assert.equal(error.cause, cause, `${what}: error.cause is not what the backend gave as the reason`);
      }
      same(await context.stored(base.instanceId), before, 'what is stored');
      assert.equal(await store.find(fresh.instanceId), undefined, 'a create that was proved not written is there');
      assert.equal((await store.save(base)).checkpointVersion, 2, 'version of the next save');
    },
  },
  {
    id: '6.unknown-is-passed-on',
    clause: 6,
    title:
      'an OUTCOME_UNKNOWN of the backend reaches the caller as it is: no retry, no update run again, no settlement by a read',
    level: 'store',
    usualCause: 'update treats every failure as a conflict',
    async run(context) {
      const link = faultyLink();
      const store = await context.open(link.between);
      const base = await store.save(context.state());
      const unknown = new StateStoreError('OUTCOME_UNKNOWN', 'fsync failed', { instanceId: base.instanceId });
      for (const [what, call] of [
        ['a save', () => store.save({ ...base, workflowId: 'mine' })],
        ['an update', () => store.update(base.instanceId, (state) => ({ ...state, workflowId: 'mine' }))],
        ['a delete', () => store.delete(base.instanceId)],
      ] as const) {
        const before = link.writes;
        link.throwInstead(() => unknown);
        await refused('OUTCOME_UNKNOWN', what, call);
        assert.equal(link.writes - before, 1, `${what} in doubt was written ${link.writes - before} times`);
      }
    },
  },
  {
    id: '6.update-never-retries-a-doubt',
    clause: 6,
    title:
      'an update whose write is in doubt ends in doubt, or in the success of that very write: its change is applied once',
    level: 'store',
    timeoutMs: 60_000,
    usualCause: 'the retry loop of update does not tell a conflict from a doubt',
    async run(context) {
      const link = faultyLink();
      const store = await context.open(link.between);
      const { instanceId } = await store.save({ ...context.state(), retryAttempts: { n: 0 } });
      for (const fault of ['lostReply', 'lostRequest'] as const) {
        const before = await store.load(instanceId);
        let runs = 0;
        link.fail(fault, async () => link.breakReads());
        await refused('OUTCOME_UNKNOWN', 'an update without an answer', () =>
          store.update(instanceId, (state) => {
            runs++;
            return { ...state, retryAttempts: { n: (state.retryAttempts['n'] ?? 0) + 1 } };
          }),
        );
        link.mend();
        assert.equal(runs, 1, `change ran ${runs} times`);
        const applied = (await store.load(instanceId)).checkpointVersion - before.checkpointVersion;
        assert.equal(applied, fault === 'lostReply' ? 1 : 0, `the change was applied ${applied} times`);
      }
    },
  },
  {
    id: '6.a-failed-read-is-not-absence',
    clause: 6,
    title:
      'where reading or listing fails, every call says so, with the cause: nothing is ever absent, empty or done because it could not be read',
    level: 'store',
    usualCause: 'a catch that returns undefined, null or an empty list',
    async run(context) {
      const link = faultyLink();
      const store = await context.open(link.between);
      const { instanceId, revision } = await context.plant(context.state());
      const broken = link.breakReads();
      const fails = async (what: string, call: () => Promise<unknown>): Promise<void> => {
        const error = await refused('STORAGE_ERROR', `${what}, where reading fails`, call);
        assert.equal(error.cause, broken, `${what}: error.cause is not what the backend threw`);
      };
      await fails('load', () => store.load(instanceId));
      await fails('find', () => store.find(instanceId));
      await fails('head', () => store.head(instanceId));
      await fails('isCurrent', () => store.isCurrent(instanceId, revision));
      await fails('delete', () => store.delete(instanceId));
      await fails('update', () => store.update(instanceId, (state) => ({ ...state })));
      await fails('overwrite', () => store.save(context.state({ instanceId }), { onConflict: 'overwrite' }));
      await fails('list', () => collect(store.list()));
      await fails('listByStatus', () => collect(store.listByStatus('running')));
      await fails('listPage', () => store.listPage({ limit: 10 }));
      await fails('count', () => store.count());
      await fails('states', () => collect(store.states()));
      await fails('cleanup', () => store.cleanup(0));
      link.mend();
      assert.equal((await store.load(instanceId)).revision, revision, 'the instance has changed');
    },
  },
  {
    id: '6.abort-before',
    clause: 6,
    title: "every call whose signal was aborted before it began rejects with the signal's reason, and writes nothing",
    level: 'store',
    usualCause: 'the signal is handed to nobody, or the reason is replaced by an AbortError of our own',
    async run(context) {
      const link = faultyLink();
      const store = await context.open(link.between);
      const base = await store.save(context.state());
      const reason = new Error('the caller gave up');
      const options = { signal: AbortSignal.abort(reason) };
      const { instanceId, revision } = base;
      const calls: readonly (readonly [string, () => Promise<unknown>])[] = [
        ['save', () => store.save({ ...base, workflowId: 'mine' }, options)],
        ['create', () => store.save(context.state(), options)],
        ['load', () => store.load(instanceId, options)],
        ['find', () => store.find(instanceId, options)],
        ['head', () => store.head(instanceId, options)],
        ['isCurrent', () => store.isCurrent(instanceId, revision, options)],
        ['update', () => store.update(instanceId, (state) => ({ ...state }), options)],
        ['delete', () => store.delete(instanceId, options)],
        ['list', () => collect(store.list(options))],
        ['listByStatus', () => collect(store.listByStatus('running', options))],
        ['listPage', () => store.listPage({ limit: 1, ...options })],
        ['states', () => collect(store.states(options))],
        ['count', () => store.count('running', options)],
        ['cleanup', () => store.cleanup(0, options)],
      ];
      const writes = link.writes;
      for (const [what, call] of calls) {
        const thrown = await call().then(
          (result) => ({ result }),
          (error: unknown) => ({ error }),
        );
        if (!('error' in thrown)) assert.fail(`${what} with an aborted signal succeeded`);
        assert.equal(
          thrown.error,
          reason,
          `${what} with an aborted signal rejected with ${String(thrown.error)}, not with the signal's reason`,
        );
      }
      assert.equal(link.writes, writes, 'a call with an aborted signal has written');
      assert.equal(await store.count(), 1, 'instances after all calls were aborted');
      same(await store.load(instanceId), base, 'what is stored after all calls were aborted');
    },
  },
  {
    id: '6.abort-at-every-point',
    clause: 6,
    title:
      'a save or delete aborted at any point tells the truth: the reason only if nothing was written, success only if it was, otherwise OUTCOME_UNKNOWN',
    level: 'store',
    timeoutMs: 60_000,
    usualCause: "the signal's reason is thrown although the write had been sent, or a half-done write is left behind",
    async run(context) {
      for (const op of ['create', 'save', 'delete'] as const) {
        for (let point = 1; point <= 12; point++) {
          const here = await context.elsewhere();
          const controller = new AbortController();
          const reason = new Error(`gave up at point ${point} of a ${op}`);
          const abort = (): void => controller.abort(reason);
          const store = await here.open(point <= 8 ? abortAround(point, abort) : abortInside(point - 8, abort));
          const input = here.state();
          const base = op === 'create' ? undefined : await here.plant(input);
          const options = { signal: controller.signal };
          const call =
            op === 'create'
              ? store.save(input, options)
              : op === 'save' && base !== undefined
                ? store.save({ ...base, status: { kind: 'paused', stage: 's' } }, options)
                : store.delete(input.instanceId, options);
          const ended = await call.then(
            () => 'success' as const,
            (error: unknown) => error,
          );
          let seen = await lookAt(store, input.instanceId);
          const what = `a ${op} aborted at point ${point}`;
          const inDoubt = isStateStoreError(ended) && ended.code === 'OUTCOME_UNKNOWN';
          // It may have landed between two looks, but only once.
          if (inDoubt && (await store.find(input.instanceId))?.revision !== seen.now?.revision)
            seen = await lookAt(store, input.instanceId);
          const { now, listed, ofItsKind } = seen;
          const done = op === 'delete' ? now === undefined : now?.checkpointVersion === (op === 'create' ? 1 : 2);
          if (ended === 'success') assert.ok(done, `${what} succeeded, and was not carried out`);
          else if (ended === reason)
            assert.ok(
              !done,
              `${what} rejected with the reason, which says that nothing was written, and was carried out`,
            );
          else if (inDoubt)
            assert.equal(ended.cause, reason, `${what}: the cause of OUTCOME_UNKNOWN is not the signal's reason`);
          else assert.fail(`${what} ended with ${String(ended)}`);
          if (!done) same(now, base, `what is stored after ${what}`);
          same(listed, now === undefined ? [] : [input.instanceId], `list after ${what}`);
          if (now !== undefined)
            assert.ok(ofItsKind.includes(now.instanceId), `listByStatus after ${what} misses the instance`);
          await store.close();
        }
      }
    },
  },
  {
    id: '6.abort-while-writing',
    clause: 6,
    title: 'a save aborted while the backend writes ends in success or OUTCOME_UNKNOWN, and does not hang',
    level: 'store',
    usualCause: 'the wait for the answer ignores the signal, or abandons the write and calls it not written',
    async run(context) {
      const held = gate();
      let holding = false;
      const store = await context.open({
        write: async (next) => {
          const answer = await next();
          if (holding) {
            await held.hold();
            throw new Broken('the connection was cut');
          }
          return answer;
        },
      });
      const base = await store.save(context.state());
      const controller = new AbortController();
      const reason = new Error('the caller gave up');
      holding = true;
      const saving = store.save({ ...base, workflowId: 'mine' }, { signal: controller.signal });
      await held.arrived;
      controller.abort(reason);
      holding = false;
      held.letGo();
      const { lost } = await outcomes([saving], ['OUTCOME_UNKNOWN'], 'a save aborted while the backend wrote');
      if (lost[0] !== undefined)
        assert.equal(lost[0].cause, reason, "the cause of OUTCOME_UNKNOWN is not the signal's reason");
      assert.equal((await store.load(base.instanceId)).workflowId, 'mine', 'what the backend had written is not there');
    },
  },
  {
    id: '6.random-faults',
    clause: 6,
    title:
      'under faults drawn at random every answer holds: successes are there, conflicts and failures are not, and one order explains all',
    level: 'store',
    needs: { reads: 'latest' },
    timeoutMs: 120_000,
    usualCause: 'two faults in a row, or a fault beside a race, take a path that no example has',
    async run(context) {
      const { random } = context;
      const chance = (share: number): boolean => random.next() < share;
      let calm = false;
      const store = await context.open({
        look: async (next) => {
          if (!calm && chance(0.05)) throw new Broken('a read failed');
          return next();
        },
        write: async (next) => {
          if (!calm && chance(0.1)) throw new Broken('the request was lost');
          const answer = await next();
          if (!calm && chance(0.1)) throw new Broken('the reply was lost');
          return answer;
        },
      });
      calm = true;
      const { instanceId } = await store.save({ ...context.state(), retryAttempts: {} });
      calm = false;
      const fates = new Map<string, 'success' | 'refused' | 'unknown'>();
      await inParallel(Array.from({ length: 6 }), 6, async (_, worker) => {
        for (let turn = 0; turn < context.sizes.rounds * 2; turn++) {
          const mark = `${worker}-${turn}`;
          try {
            // Each save adds its own mark to all that it has loaded, so what is stored in the end tells who was written.
            const base = await store.load(instanceId);
            await store.save({ ...base, retryAttempts: { ...base.retryAttempts, [mark]: 1 } });
            fates.set(mark, 'success');
          } catch (error) {
            if (!isStateStoreError(error)) throw error;
            const refusals: readonly string[] = ['CHECKPOINT_CONFLICT', 'STORAGE_ERROR'];
            if (!refusals.includes(error.code) && error.code !== 'OUTCOME_UNKNOWN')
              assert.fail(`a save under faults ended with ${error.code}: ${error.message}`);
            fates.set(mark, error.code === 'OUTCOME_UNKNOWN' ? 'unknown' : 'refused');
          }
        }
      });
      calm = true;
      // A copy of a request is never under way here, so what is stored now is final.
      const { retryAttempts, checkpointVersion } = await store.load(instanceId);
      for (const [mark, fate] of fates) {
        if (fate === 'success') assert.ok(mark in retryAttempts, `save ${mark} was acknowledged, and is lost`);
        if (fate === 'refused') assert.ok(!(mark in retryAttempts), `save ${mark} was refused, and is there`);
      }
      assert.equal(
        checkpointVersion,
        Object.keys(retryAttempts).length + 1,
        'the version does not count the saves that are there',
      );
      context.history.checkLinearizable(instanceId);
    },
  },
];

async function isNow(store: StateStore, state: WorkflowState, version: number): Promise<void> {
  assert.equal(state.checkpointVersion, version, `the write is version ${state.checkpointVersion}, not ${version}`);
  same(await store.load(state.instanceId), state, 'what is stored');
  assert.equal(await store.isCurrent(state.instanceId, state.revision), true, 'what was just written is not current');
}

async function sentAgain(
  context: CaseContext,
  link: ReturnType<typeof faultyLink>,
  store: StateStore,
  id: InstanceId,
  save: () => Promise<WorkflowState>,
  version: number,
): Promise<WorkflowState | undefined> {
  link.fail('lostRequest');
  const { won, lost } = await outcomes([save()], ['OUTCOME_UNKNOWN'], 'a save whose request was lost');
  const now = await store.find(id);
  if (won[0] !== undefined) {
    same(now, won[0], 'what is stored after a save whose request was lost, and which succeeded');
    assert.equal(won[0].checkpointVersion, version, 'its version');
  }
  if (lost[0] !== undefined)
    assert.ok(lost[0].cause instanceof Broken, 'OUTCOME_UNKNOWN does not carry the error of the backend as its cause');
  context.history.note(`the request was lost; ${won.length > 0 ? 'sent again' : 'in doubt'}`);
  return won[0];
}

/** Aborts at the nth of the moments before and after each call of the backend. */
function abortAround(nth: number, abort: () => void): Interposition {
  let moment = 0;
  const passing = (): void => {
    if (++moment === nth) abort();
  };
  const around = async <T>(next: () => Promise<T>): Promise<T> => {
    passing();
    const answer = await next();
    passing();
    return answer;
  };
  return { look: around, write: around };
}

/** Aborts while the backend writes, so many turns of the event loop after it has begun. */
function abortInside(turns: number, abort: () => void): Interposition {
  return {
    write: async (next) => {
      const writing = next();
      const aborted = (async () => {
        for (let turn = 1; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
        abort();
      })();
      const [answer] = await Promise.all([writing, aborted]);
      return answer;
    },
  };
}

/** A link to the backend that fails when told to. */
function faultyLink() {
  let next: { readonly fault: Fault; readonly meanwhile: (() => Promise<unknown>) | undefined } | undefined;
  let instead: (() => Error) | undefined;
  let reads: Broken | undefined;
  const link = {
    writes: 0,
    /** The next write meets that fault; `meanwhile` happens between it and the error. */
    fail(fault: Fault, meanwhile?: () => Promise<unknown>): void {
      next = { fault, meanwhile };
    },
    /** The next write throws that, and nothing is written. */
    throwInstead(error: () => Error): void {
      instead = error;
    },
    breakReads(): Broken {
      reads = new Broken('reads fail');
      return reads;
    },
    mend(): void {
      reads = undefined;
      next = undefined;
      instead = undefined;
    },
    between: {
      look: async (look) => {
        if (reads !== undefined) throw reads;
        return look();
      },
      scan: (scan) => (reads === undefined ? scan() : failing(reads)),
      write: async (write) => {
        link.writes++;
        if (instead !== undefined) {
          const error = instead();
          instead = undefined;
          throw error;
        }
        if (next === undefined) {
          if (reads !== undefined) throw reads;
          return write();
        }
        const { fault, meanwhile } = next;
        next = undefined;
        if (fault === 'lostReply') await write();
        await meanwhile?.();
        throw new Broken(fault === 'lostReply' ? 'the reply was lost' : 'the request was lost');
      },
    } satisfies Interposition as Interposition,
  };
  return link;
}

function failing(error: Error): AsyncIterable<never> {
  return { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }) };
}

async function lookAt(
  store: StateStore,
  id: InstanceId,
): Promise<{ now: WorkflowState | undefined; listed: InstanceId[]; ofItsKind: InstanceId[] }> {
  const now = await store.find(id);
  const listed = await collect(store.list());
  return { now, listed, ofItsKind: now === undefined ? [] : await collect(store.listByStatus(now.status.kind)) };
}
