// Hosts that claim, work and are frozen, in orders drawn at random: every read and write of the backend, and every moment
// of work, takes effect when the scheduler says so, and time passes in between. The history of the backend is then judged.
import {
  decodeJson,
  encodeJson,
  isStateStoreError,
  openStateStore,
  type StateStore,
  type WorkflowState,
} from '@workflow-state/core';
import type { StateBackend } from '@workflow-state/core/backend';
import { memoryBackend } from '@workflow-state/memory';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Claim, claim, type Lease, leaseOf } from '../src/index.js';
import { run, Time } from './support.js';

const HOSTS = 3;

/** What the work of a host is made of. */
type Act = 'claim' | 'save' | 'update' | 'extend' | 'release' | 'event';
const ACTS: readonly Act[] = ['claim', 'save', 'update', 'extend', 'release', 'event'];

interface Plan {
  /** Errors of the hosts' clocks, milliseconds. */
  readonly errors: readonly number[];
  readonly acts: readonly (readonly Act[])[];
  /** How much time passes, again and again, while the others work. */
  readonly steps: readonly number[];
  /** Errors that one host's clock jumps to, once for each step of time. */
  readonly jumps: readonly number[];
}

interface History {
  /** Accepted writes, in the order in which they took effect, with the host that wrote and the claim that it has in it. */
  readonly writes: readonly { readonly by: number; readonly act: Act; readonly claim: Claim | undefined }[];
  /** Increments that were acknowledged to hosts, and those that are stored. */
  readonly acknowledged: number;
  readonly stored: number;
  /** Moments at which two hosts believed that they may begin something. */
  readonly overlaps: number;
}

/** `fenced: false`: saves that ignore the revision, as those of a store without compare-and-set would. */
async function play(scheduler: fc.Scheduler, plan: Plan, fenced: boolean): Promise<History> {
  const time = new Time();
  const memory = memoryBackend();
  const plain = await openStateStore(memory);
  const { instanceId } = await plain.save(run({ state: { count: encodeJson(0) } }));
  const writes: { by: number; act: Act; claim: Claim | undefined }[] = [];
  let acknowledged = 0;
  let overlaps = 0;
  const leases: (Lease | undefined)[] = [];
  const acting: Act[] = [];

  const hosts = plan.errors.map((error) => time.host('host', error));
  const work = async (by: number, acts: readonly Act[]): Promise<void> => {
    const backend: StateBackend = {
      ...memory,
      read: async (...args) => {
        await scheduler.schedule(Promise.resolve(), `${by} reads`);
        return memory.read(...args);
      },
      write: async (...args) => {
        await scheduler.schedule(Promise.resolve(), `${by} writes`);
        const hint = await memory.write(...args);
        writes.push({ by, act: acting[by]!, claim: leaseOf(await plain.load(instanceId)) });
        return hint;
      },
    };
    const store = fenced ? await openStateStore(backend) : unfenced(await openStateStore(backend));
    for (const act of acts) {
      await scheduler.schedule(Promise.resolve(), `${by} works`);
      acting[by] = act;
      try {
        if (act === 'claim') leases[by] = (await claim(store, instanceId, hosts[by]!)).lease ?? leases[by];
        else if (act === 'event')
          await store.update(instanceId, (state) => ({ ...state, input: { at: encodeJson(by) } }));
        else {
          const lease = leases[by];
          if (lease === undefined || lease.over) continue;
          if (act === 'save') await lease.save(increment(lease.state));
          else if (act === 'update') await lease.update(increment);
          else await lease[act]();
          if (act === 'save' || act === 'update') acknowledged++;
        }
      } catch (error) {
        if (!isStateStoreError(error) || error.code !== 'CHECKPOINT_CONFLICT') throw error;
      }
    }
  };
  const pass = async (): Promise<void> => {
    for (const [index, step] of plan.steps.entries()) {
      await scheduler.schedule(Promise.resolve(), 'time passes');
      time.now += step;
      const jump = plan.jumps[index];
      if (jump !== undefined) hosts[index % HOSTS]!.error = jump;
      if (leases.filter((lease) => lease !== undefined && lease.remaining() > 0).length > 1) overlaps++;
    }
  };
  await scheduler.waitFor(Promise.all([...plan.acts.map((acts, by) => work(by, acts)), pass()]));
  const stored = decodeJson<number>((await plain.load(instanceId)).state['count']!);
  return { writes, acknowledged, stored, overlaps };
}

function increment(state: WorkflowState): WorkflowState {
  return { ...state, state: { ...state.state, count: encodeJson(decodeJson<number>(state.state['count']!) + 1) } };
}

function unfenced(store: StateStore): StateStore {
  return Object.create(store, {
    save: { value: (state: WorkflowState) => store.save(state, { onConflict: 'overwrite' }) },
  }) as StateStore;
}

/** What is wrong with it; nothing, if a lease is what it says. */
function judge({ writes, acknowledged, stored }: History): string | undefined {
  let fence = 0;
  let holder: { readonly by: number; readonly claim: Claim } | undefined;
  for (const [index, { by, act, claim: now }] of writes.entries()) {
    const at = `write ${index} by ${by}`;
    if (act === 'event') {
      if (now?.nonce !== holder?.claim.nonce) return `${at}: an event changed the claim`;
    } else if (act === 'claim') {
      if (now === undefined || now.fence <= fence) return `${at}: fence ${now?.fence} after ${fence}`;
      fence = now.fence;
      holder = { by, claim: now };
    } else {
      if (holder?.by !== by) return `${at}: ${act} accepted while ${holder?.by} was the holder`;
      if (act === 'release') holder = undefined;
      else if (now?.nonce !== holder.claim.nonce) return `${at}: ${act} of another claim of its own`;
    }
  }
  return stored === acknowledged ? undefined : `${acknowledged} increments acknowledged, ${stored} stored`;
}

const act = fc.constantFrom(...ACTS);
const plans = (error: fc.Arbitrary<number>, jump: fc.Arbitrary<number>): fc.Arbitrary<Plan> =>
  fc.record({
    errors: fc.array(error, { minLength: HOSTS, maxLength: HOSTS }),
    acts: fc.array(
      fc.array(act, { maxLength: 6 }).map((acts) => ['claim', ...acts] as const),
      { minLength: HOSTS, maxLength: HOSTS },
    ),
    steps: fc.array(fc.constantFrom(500, 15_000, 29_500, 32_001, 90_000), { maxLength: 12 }),
    jumps: fc.array(jump, { maxLength: 12 }),
  });
const anyError = fc.integer({ min: -86_400_000, max: 86_400_000 });

it(
  'one holder at a time has saves accepted, and no increment is lost, whatever the clocks say',
  { timeout: 60_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), plans(anyError, anyError), async (scheduler, plan) => {
        expect(judge(await play(scheduler, plan, true))).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  },
);

it('nobody begins anything beside a holder while the clocks are within the bound', { timeout: 60_000 }, async () => {
  const error = fc.integer({ min: -1000, max: 1000 });
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), plans(error, error), async (scheduler, plan) => {
      const history = await play(scheduler, plan, true);
      expect([judge(history), history.overlaps]).toEqual([undefined, 0]);
    }),
    { numRuns: 300 },
  );
});

it('the same judge convicts saves without fencing', { timeout: 60_000 }, async () => {
  const { failed } = await fc.check(
    fc.asyncProperty(fc.scheduler(), plans(fc.constant(0), fc.constant(0)), async (scheduler, plan) => {
      expect(judge(await play(scheduler, plan, false))).toBeUndefined();
    }),
    { numRuns: 300, endOnFailure: true },
  );
  expect(failed).toBe(true);
});
