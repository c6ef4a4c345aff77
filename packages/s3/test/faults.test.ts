// Every fault at every request of every operation. One actor, so a conflict is always false; and whatever is still under
// way lands afterwards.
import assert from 'node:assert/strict';
import {
  cancel,
  complete,
  enterStage,
  isStateStoreError,
  type StateStore,
  type WorkflowState,
} from '@workflow-state/core';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Fault, faultAt, faultsOf, pass } from './server/faults.js';
import { type S3Server, startS3Server } from './server/s3-server.js';
import { age, collect, DAY, expectIndexed, expectNoStaleMarkers, run, storeOn, stored } from './world.js';

const input = run();
const { instanceId } = input;
const waiting = (state: WorkflowState): WorkflowState => ({
  ...state,
  status: { kind: 'waiting', stage: 'pay', event: 'paid' },
});
const result = { output: {}, durationMs: 1 };

/** `ready` brings the bucket to where the operation begins; what it returns is given to `act`. */
interface Scenario {
  ready(store: StateStore): Promise<WorkflowState | undefined>;
  act(store: StateStore, state: WorkflowState, signal?: AbortSignal): Promise<unknown>;
  /** Whether the operation has had its effect. */
  done?(server: S3Server): boolean;
}

const saved = (store: StateStore): Promise<WorkflowState> => store.save(input);
const version = (server: S3Server): number => stored(server).get(instanceId)?.version ?? 0;
const kind = (server: S3Server): string => stored(server).get(instanceId)?.kind ?? 'absent';
const buried = async (store: StateStore): Promise<undefined> => {
  await store.delete(instanceId, { revision: (await saved(store)).revision });
};

const scenarios: Readonly<Record<string, Scenario>> = {
  create: {
    ready: async () => undefined,
    act: (store, _, signal) => store.save(input, { signal }),
    done: (s) => kind(s) === 'live',
  },
  'create over a tombstone': {
    ready: buried,
    act: (store, _, signal) => store.save(input, { signal }),
    done: (s) => kind(s) === 'live',
  },
  save: {
    ready: saved,
    act: (store, state, signal) => store.save(enterStage(state, 'pay'), { signal }),
    done: (s) => version(s) === 2,
  },
  'status change': {
    ready: saved,
    act: (store, state, signal) => store.save(waiting(state), { signal }),
    done: (s) => version(s) === 2,
  },
  'terminal save': {
    ready: async (store) => store.save(complete(await saved(store), result)),
    act: (store, state, signal) => store.save(complete(state, result), { signal }),
    done: (s) => version(s) === 3,
  },
  delete: {
    ready: saved,
    act: (store, _, signal) => store.delete(instanceId, { signal }),
    done: (s) => kind(s) === 'tombstone',
  },
  'delete of a revision': {
    ready: saved,
    act: (store, { revision }, signal) => store.delete(instanceId, { revision, signal }),
    done: (s) => kind(s) === 'tombstone',
  },
  load: {
    ready: saved,
    act: async (store, state, signal) => expect(await store.load(instanceId, { signal })).toEqual(state),
  },
  head: {
    ready: saved,
    act: async (store, { revision }, signal) =>
      expect((await store.head(instanceId, { signal }))?.revision).toBe(revision),
  },
  list: {
    ready: saved,
    act: async (store, _, signal) => expect(await collect(store.list({ signal }))).toEqual([instanceId]),
  },
  listByStatus: {
    ready: saved,
    act: async (store, _, signal) =>
      expect(await collect(store.listByStatus('initializing', { signal }))).toEqual([instanceId]),
  },
  cleanup: {
    ready: async (store) => store.save(cancel(await saved(store))),
    async act(store, _, signal) {
      // Reported, not thrown: what could not be removed is a failure of the report.
      const { removed, failures } = await store.cleanup(0, { signal });
      if (failures.length > 0) throw failures[0]?.error;
      return removed;
    },
    done: (s) => kind(s) !== 'live',
  },
};

let time = 0;
let server: S3Server;
let store: StateStore;

describe.each(['aws', 'ceph16'] as const)('on %s', (profile) => {
  beforeAll(async () => {
    server = await startS3Server({ profile });
    vi.spyOn(Math, 'random').mockReturnValue(0); // no waiting between attempts
  });
  beforeEach(() => server.reset());
  afterAll(async () => {
    vi.restoreAllMocks();
    await server.close();
  });

  describe.each(Object.entries(scenarios))('%s', (name, { ready, act, done }) => {
    async function begin(fault: Fault = pass): Promise<WorkflowState> {
      server.reset();
      // A machine that was busy for that long is no fault of a request.
      const requestTimeout = fault.kind === 'hang' ? 250 : 5000;
      store = await storeOn(server, undefined, { requestTimeout, store: { clock: () => ++time } });
      const state = (await ready(store)) ?? ({ revision: '' } as WorkflowState);
      server.clearLog();
      return state;
    }

    it('does what it says, whatever befalls one of its requests, and never calls its own success a conflict', async () => {
      const first = await begin();
      await act(store, first);
      const requests = [...server.log];
      expect(requests.length).toBeGreaterThan(0);
      for (const [index, request] of requests.entries()) {
        for (const { name: befalls, fault } of faultsOf(request)) {
          const state = await begin(fault);
          const what = `${befalls} at request ${index + 1}, ${request.operation} ${request.key}`;
          server.onRequest(faultAt(index + 1, fault));
          await act(store, state).catch((error: unknown) => assert.fail(`${what}: ${String(error)}`));
          assert.equal(done?.(server) ?? true, true, what);
          expectIndexed(server);
          // Late copies land after all is over.
          server.releaseAll();
          assert.equal(done?.(server) ?? true, true, `${what}, then what was under way lands`);
          expectIndexed(server);
        }
      }
    });

    it('knows its own write when a late copy lands just before the next one', async () => {
      const first = await begin();
      await act(store, first);
      const puts = server.log.filter(({ operation, key }) => operation === 'PutObject' && key.startsWith('instances/'));
      for (const { number: late } of puts) {
        const state = await begin();
        server.onRequest(({ number, operation }) => {
          if (number === late) return { kind: 'delayed' };
          if (number > late && operation === 'PutObject') server.releaseAll();
          return pass;
        });
        await act(store, state).catch((error: unknown) => assert.fail(`request ${late}: ${String(error)}`));
        assert.equal(done?.(server) ?? true, true);
        expectIndexed(server);
      }
      expect(server.pending).toEqual([]);
    });

    if (profile !== 'aws') return; // what follows does not depend on it

    it('answers honestly where a request is never answered, and leaves nothing that a sweep does not heal', async () => {
      const first = await begin();
      await act(store, first);
      const requests = [...server.log];
      for (const index of requests.keys()) {
        for (const fault of [{ kind: 'cutBefore' }, { kind: 'lostAfter' }, { kind: 'delayed' }] as const) {
          const state = await begin();
          const what = `${fault.kind} from request ${index + 1} on`;
          server.onRequest(({ number }) => (number > index ? fault : pass));
          const outcome = await act(store, state).then(
            () => 'done',
            (error: unknown) => (isStateStoreError(error) ? error.code : String(error)),
          );
          assert.ok(['done', 'STORAGE_ERROR', 'OUTCOME_UNKNOWN'].includes(outcome), `${what}: ${outcome}`);
          const before = done?.(server);
          if (outcome === 'done') assert.equal(before ?? true, true, what);
          expectIndexed(server);
          server.releaseAll();
          if (outcome === 'STORAGE_ERROR' && done !== undefined)
            assert.equal(done(server), before, `${what}: ${outcome}`);
          expectIndexed(server);
          server.onRequest();
          age(server, 30 * DAY);
          await store.cleanup(1000 * DAY);
          expectIndexed(server);
          expectNoStaleMarkers(server);
        }
      }
    });

    it('when given up at any request, says "not written" only if nothing was', async () => {
      const first = await begin();
      await act(store, first);
      const requests = [...server.log];
      for (const index of requests.keys()) {
        for (const applied of [false, true]) {
          const state = await begin();
          const before = done?.(server);
          const controller = new AbortController();
          const reason = new Error('enough');
          server.onRequest(({ number }) => {
            if (number !== index + 1) return pass;
            setTimeout(() => controller.abort(reason), 5);
            return { kind: 'hang', applied };
          });
          const outcome: unknown = await act(store, state, controller.signal).then(
            () => 'done',
            (error: unknown) => error,
          );
          server.releaseAll();
          if (outcome === reason && name !== 'cleanup')
            assert.equal(done?.(server), before, `given up at request ${index + 1}`);
          else if (outcome === reason) continue; // each of its removals is a call of its own
          else if (outcome === 'done') assert.equal(done?.(server) ?? true, true);
          else
            assert.ok(
              isStateStoreError(outcome) && outcome.code === 'OUTCOME_UNKNOWN' && outcome.cause === reason,
              String(outcome),
            );
          expectIndexed(server);
        }
      }
    });
  });
});
