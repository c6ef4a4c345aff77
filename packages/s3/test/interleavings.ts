// Every interleaving of writers, deleters and sweepers at the boundaries of their requests, over the real code. Random
// numbers and clocks are fixed per actor, so states that are equal are recognised and visited once.
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { S3Client } from '@aws-sdk/client-s3';
import {
  cancel,
  enterStage,
  isStateStoreError,
  openStateStore,
  type StateStore,
  type WorkflowState,
} from '@workflow-state/core';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { s3Backend } from '../src/index.js';
import { connect } from './server/connect.js';
import { type Choose, everySchedule, runInterleaved } from './server/schedule.js';
import { type S3Server, startS3Server } from './server/s3-server.js';
import { age, bucket, DAY, digest, expectIndexed, expectNoStaleMarkers, keys, run, storeOn, stored } from './world.js';

const NOW = Date.UTC(2026, 0, 1);
const input = run({ instanceId: 'a'.repeat(32) as never, createdAt: new Date(NOW) });
const { instanceId } = input;

interface Actor {
  readonly name: string;
  nonces: number;
}
const actor = new AsyncLocalStorage<Actor>();

let server: S3Server;
type Act = (store: StateStore, base: WorkflowState) => Promise<unknown>;

const waiting = (state: WorkflowState): WorkflowState => ({
  ...state,
  status: { kind: 'waiting', stage: 'pay', event: 'paid' },
});
const keep: Act = (store, base) => store.save(enterStage(base, 'ship'));
const wait: Act = (store, base) => store.save(waiting(base));
const end: Act = (store, base) => store.save(cancel(base));
const create: Act = (store) => store.save(input);
const remove: Act = (store, { revision }) => store.delete(instanceId, { revision });
const removeAny: Act = (store) => store.delete(instanceId);
const sweep: Act = (store) => store.cleanup(1000 * DAY);

interface Scenario {
  /** Where it runs, for it has too many schedules for `npm test`: `npm run test:s3`, or only `npm run test:exhaustive`. */
  readonly tier?: Exclude<Tier, 'short'>;
  readonly profile?: 'aws' | 'ceph16' | 'minio';
  readonly reclaim?: 'condemn';
  /** What is there before; its result is the base of all actors. */
  ready?(store: StateStore): Promise<WorkflowState | undefined>;
  readonly actors: Readonly<Record<string, Act>>;
  /** At most how many of these actors may succeed. */
  readonly oneOf?: readonly string[];
  /** Whether writes succeed on what is there: then exactly one does. */
  readonly exactly?: boolean;
}

const saved = async (store: StateStore): Promise<WorkflowState> => enterStage(await store.save(input), 'pay');
const running = async (store: StateStore): Promise<WorkflowState> => store.save(await saved(store));
const buried = async (store: StateStore): Promise<undefined> => {
  await store.delete(instanceId, { revision: (await store.save(input)).revision });
};
const longBuried = async (store: StateStore): Promise<undefined> => {
  await buried(store);
  age(server, 30 * DAY);
};

const scenarios: Readonly<Record<string, Scenario>> = {
  'two savers': { ready: running, actors: { keep, wait }, oneOf: ['keep', 'wait'], exactly: true },
  'two changes of status': { ready: running, actors: { wait, other: wait }, oneOf: ['wait', 'other'], exactly: true },
  'a saver and a deleter': { ready: running, actors: { wait, remove }, oneOf: ['wait', 'remove'], exactly: true },
  'two savers and a deleter': {
    ready: running,
    actors: { keep, wait, remove },
    oneOf: ['keep', 'wait', 'remove'],
    exactly: true,
  },
  'two changes of status and a deleter': {
    ready: running,
    actors: { wait, end, remove },
    oneOf: ['wait', 'end', 'remove'],
    exactly: true,
  },
  'two deleters': { ready: running, actors: { removeAny, rival: removeAny } },
  'two creators': { actors: { create, rival: create }, oneOf: ['create', 'rival'], exactly: true },
  'two creators over a tombstone': {
    ready: buried,
    actors: { create, rival: create },
    oneOf: ['create', 'rival'],
    exactly: true,
  },
  'a creator, and a deleter of what it meets': { ready: running, actors: { create, removeAny } },
  'two creators and a deleter': { actors: { create, rival: create, removeAny } },
  'a change of status and a sweeper': { ready: running, actors: { wait, sweep } },
  'a creator and a sweeper': { actors: { create, sweep } },
  'a change of status, a deleter and a sweeper': {
    ready: running,
    actors: { wait, remove, sweep },
    oneOf: ['wait', 'remove'],
    exactly: true,
  },
  'two changes of status, a deleter and a sweeper': {
    tier: 'long',
    ready: running,
    actors: { wait, end, remove, sweep },
    oneOf: ['wait', 'end', 'remove'],
    exactly: true,
  },
  'a creator and the reclaim of its tombstone': { ready: longBuried, actors: { create, sweep } },
  'two creators and the reclaim of their tombstone': {
    ready: longBuried,
    actors: { create, rival: create, sweep },
    oneOf: ['create', 'rival'],
  },
  'a creator and two reclaims': {
    ready: longBuried,
    actors: { create, sweep, second: sweep },
  },
  'a creator and the condemnation of its tombstone': {
    profile: 'minio',
    reclaim: 'condemn',
    ready: longBuried,
    actors: { create, sweep },
  },
  'two creators and a condemnation': {
    tier: 'exhaustive',
    profile: 'minio',
    reclaim: 'condemn',
    ready: longBuried,
    actors: { create, rival: create, sweep },
    oneOf: ['create', 'rival'],
  },
  'a creator and two condemnations': {
    tier: 'exhaustive',
    profile: 'minio',
    reclaim: 'condemn',
    ready: longBuried,
    actors: { create, sweep, second: sweep },
  },
};

/**
 * - `short`, `long`: every order of the steps of two actors; beside more, only one of a sweep's listings is a step, that of
 *   the instances.
 * - `exhaustive`: those that `long` has left out. By `npm run test:exhaustive`; four actors have not come to an end within half an hour.
 */
export type Tier = 'short' | 'long' | 'exhaustive';

/** A sweep lists eight prefixes: these are the ones whose names change here. The answers of the others stay the same. */
const CHANGING: readonly string[] = [
  keys.instances,
  ...(['initializing', 'running', 'waiting', 'cancelled'] as const).map(keys.markers),
];

interface Search {
  readonly title: string;
  readonly scenario: Scenario;
  /** The listings that are steps. */
  readonly held: readonly string[];
  readonly order: 'as sent' | 'reversed';
}

function searches(tier: Tier): Search[] {
  return Object.entries(scenarios).flatMap(([title, scenario]) => {
    const swept = Object.values(scenario.actors).includes(sweep);
    const crowd = Object.keys(scenario.actors).length > 2;
    if (tier === 'exhaustive' ? !(swept && crowd) : tier !== (scenario.tier ?? 'short')) return [];
    if (swept && crowd && tier !== 'exhaustive') return [{ title, scenario, held: [keys.instances], order: 'as sent' }];
    const whole: Search = { title, scenario, held: CHANGING, order: 'as sent' };
    return swept ? [whole, { ...whole, title: `${title} that lists the other way round`, order: 'reversed' }] : [whole];
  });
}

/**
 * Requests that a client sends together, as a sweep its first listings, go one after another: in the order in which
 * they were sent, or in the opposite one. So each pair of them is seen with a rival's steps between, either way round.
 */
function inOrder(client: S3Client, order: 'as sent' | 'reversed'): void {
  const together: (() => Promise<unknown>)[] = [];
  let draining = false;
  const drain = async (): Promise<void> => {
    for (let go; (go = order === 'as sent' ? together.shift() : together.pop()) !== undefined;) await go();
    draining = false;
  };
  client.middlewareStack.add(
    (next) => (args) =>
      new Promise((resolve, reject) => {
        together.push(() => next(args).then(resolve, reject));
        if (!draining) setImmediate(() => void drain());
        draining = true;
      }),
    { step: 'initialize' },
  );
}

/** Registers the searches of one tier. */
export function interleavings(tier: Tier): void {
  beforeAll(() => {
    // Only Date and performance: timers go on. Each actor draws numbers of its own, the same in every run.
    vi.useFakeTimers({ toFake: ['Date', 'performance'], now: NOW });
    vi.spyOn(Math, 'random').mockReturnValue(0);
    vi.spyOn(crypto, 'randomUUID').mockImplementation(() => {
      const { name, nonces } = actor.getStore() ?? { name: 'nobody', nonces: 0 };
      const me = actor.getStore();
      if (me !== undefined) me.nonces++;
      const hex = digest(`${name} ${nonces}`).toString('hex');
      // Where a nonce is cut out of it: before and behind what is fixed.
      return `${hex.slice(0, 8)}-0000-4000-8000-0000${hex.slice(8, 16)}`;
    });
  });
  afterEach(() => server.close());
  afterAll(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  describe('whatever the order of their requests, one write succeeds and every live instance is indexed:', () => {
    it.each(searches(tier))('$title', { timeout: 3_600_000 }, async ({ title, scenario, held, order }) => {
      const { profile = 'aws', reclaim, ready, actors, oneOf = [], exactly = false } = scenario;
      server = await startS3Server({ profile, clock: () => NOW });
      const setUp = await storeOn(server);
      const stores = await Promise.all(
        Object.keys(actors).map(async (name) => {
          const client = connect(server, { actor: name });
          inOrder(client, order);
          client.middlewareStack.add(
            (next) => (args) => {
              const { query, headers } = args.request as {
                query: { prefix?: string };
                headers: Record<string, string>;
              };
              if (query.prefix !== undefined && !held.includes(query.prefix)) headers['user-agent'] = 'nobody';
              return next(args);
            },
            { step: 'finalizeRequest' },
          );
          return [name, await openStateStore(s3Backend({ bucket, client, reclaim }))] as const;
        }),
      );
      const base = await actor.run(
        { name: 'ready', nonces: 0 },
        async () => (await ready?.(setUp)) ?? (input as WorkflowState),
      );
      const start = server.bucket.snapshot();

      const one = async (choose: Choose): Promise<void> => {
        server.bucket.restore(start);
        server.clearLog();
        const acts = stores.map(([who, store]) => [
          who,
          () => actor.run({ name: who, nonces: 0 }, async () => (actors[who] as Act)(store, base)),
        ]);
        const results = await runInterleaved(
          server,
          Object.fromEntries(acts) as Record<string, () => Promise<unknown>>,
          choose,
          () => expectIndexed(server),
        );
        for (const [who, result] of Object.entries(results)) {
          if (result.status === 'fulfilled') continue;
          const { reason } = result as { reason: unknown };
          const codes = ['CHECKPOINT_CONFLICT', ...(reclaim === undefined ? [] : ['STORAGE_ERROR'])];
          if (!isStateStoreError(reason) || !codes.includes(reason.code))
            throw new Error(`${who} failed`, { cause: reason });
        }
        const winners = oneOf.filter((who) => results[who]?.status === 'fulfilled');
        if (oneOf.length > 0 && (winners.length > 1 || (exactly && winners.length === 0))) {
          throw new Error(`${winners.length} of ${oneOf.join(', ')} succeeded`);
        }
        const trues = Object.values(results).filter((result) => result.status === 'fulfilled' && result.value === true);
        if (trues.length > 1) throw new Error('two deleters each say that it was theirs');
        // What one write was acknowledged for is there, unless a deleter came after it.
        const created = ['create', 'rival'].filter((who) => results[who]?.status === 'fulfilled');
        const header = stored(server).get(instanceId);
        if (created.length > 0 && trues.length === 0) assert.equal(header?.kind, 'live');

        // All is over and nothing was lost: no marker is stale, unless a sweep is asked to wait for its age.
        if (reclaim === undefined) expectNoStaleMarkers(server);
      };
      const runs = await everySchedule(one, { every: 'state', limit: 400_000 });
      console.log(`${title}: ${runs} schedules`);
      expect(runs).toBeGreaterThan(1);
    });
  });
}
