import { cancel, complete, encodeJson, enterStage, fail, pause, waitFor } from '@workflow-state/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { claim, claimNew, isHeld, LEASE_ENTRY, leaseOf, type Lease, withoutLease } from '../src/index.js';
import { counting, openMemory, run, Time } from './support.js';

const SECOND = 1000;
let time: Time;
let store: Awaited<ReturnType<typeof openMemory>>;

beforeEach(async () => {
  time = new Time();
  store = await openMemory();
});

async function taken(owner: string, id: Parameters<typeof claim>[1]): Promise<Lease> {
  const { lease } = await claim(store, id, time.host(owner));
  if (lease === undefined) throw new Error(`${owner} did not get it`);
  return lease;
}

const conflict = expect.objectContaining({ code: 'CHECKPOINT_CONFLICT' });

describe('claim', () => {
  it('says owner, fence and expiry in the state, and makes the instance run', async () => {
    const { instanceId } = await store.save(run());
    const lease = await taken('a', instanceId);
    const stored = await store.load(instanceId);
    expect(stored).toEqual(lease.state);
    expect(stored.status).toEqual({ kind: 'running', currentStage: 'work' });
    expect(leaseOf(stored)).toEqual({
      owner: 'a',
      fence: 2,
      nonce: expect.stringMatching(/^[0-9a-f]{16}$/),
      expires: new Date(time.now + 30 * SECOND),
    });
    expect(lease.claim).toEqual(leaseOf(stored));
  });

  it('costs one load and one save, and a claim that is refused costs the load alone', async () => {
    const { instanceId } = await store.save(run());
    const events: string[] = [];
    const backend = await openMemory((inner) => ({
      ...inner,
      read: (...args) => (events.push('read'), inner.read(...args)),
      write: (...args) => (events.push('write'), inner.write(...args)),
    }));
    await backend.save(run({ instanceId }));
    events.length = 0;
    await claim(backend, instanceId, time.host('a'));
    expect(events).toEqual(['read', 'write']);
    await claim(backend, instanceId, time.host('b'));
    expect(events).toEqual(['read', 'write', 'read']);
  });

  it('is refused while somebody holds the instance, and shows who', async () => {
    const { instanceId } = await store.save(run());
    await taken('a', instanceId);
    time.now += 30 * SECOND;
    const { lease, state } = await claim(store, instanceId, time.host('b'));
    expect(lease).toBeUndefined();
    expect(leaseOf(state)?.owner).toBe('a');
  });

  it('takes over once the expiry and the skew have passed, with a higher fence, and says from whom', async () => {
    const { instanceId } = await store.save(run());
    const first = await taken('a', instanceId);
    time.now += 31 * SECOND;
    expect((await claim(store, instanceId, time.host('b'))).lease).toBeUndefined();
    time.now += 1;
    const seen: unknown[] = [];
    const { lease } = await claim(store, instanceId, time.host('b'), (state, overdue) => {
      seen.push(overdue);
      return enterStage(state, 'again');
    });
    expect(seen).toEqual([first.claim]);
    expect(lease?.claim.fence).toBeGreaterThan(first.claim.fence);
    expect(lease?.state.currentStage).toBe('again');
  });

  it.each([complete, cancel, (state: ReturnType<typeof run>) => fail(state, { message: 'no' })])(
    'leaves alone what has ended (%#)',
    async (end) => {
      const { instanceId, revision } = await store.save(end(run()));
      const { lease, state } = await claim(store, instanceId, time.host('a'));
      expect(lease).toBeUndefined();
      expect(state.revision).toBe(revision);
    },
  );

  it('writes nothing where the change says no, and no claim where the change parks or ends the instance', async () => {
    const { instanceId, revision } = await store.save(waitFor(run(), 'paid'));
    expect((await claim(store, instanceId, time.host('a'), () => undefined)).state.revision).toBe(revision);
    const parked = await claim(store, instanceId, time.host('a'), (state) => pause(state));
    expect(parked.lease).toBeUndefined();
    expect(parked.state.status.kind).toBe('paused');
    const { lease, state } = await claim(store, instanceId, time.host('a'), (paused) => cancel(paused));
    expect([lease, state.status.kind, leaseOf(state)]).toEqual([undefined, 'cancelled', undefined]);
  });

  it('lets one of many that claim at once have it', async () => {
    const { instanceId } = await store.save(run());
    const owners = Array.from({ length: 5 }, (_, n) => time.host(String(n)));
    const claims = await Promise.all(owners.map((options) => claim(store, instanceId, options)));
    expect(claims.filter(({ lease }) => lease !== undefined)).toHaveLength(1);
  });

  it('refuses an entry that is no claim, and says which key is reserved', async () => {
    const { instanceId } = await store.save(run({ state: { [LEASE_ENTRY]: encodeJson({ mine: true }) } }));
    await expect(claim(store, instanceId, time.host('a'))).rejects.toThrow(
      expect.objectContaining({ code: 'DESERIALIZATION_ERROR', message: expect.stringContaining(LEASE_ENTRY) }),
    );
  });

  it.each([
    [{ for: { hours: 2 } }, 'options.for'],
    [{ for: { seconds: 1 } }, 'options.for'],
    [{ for: -1 }, 'options.for'],
    [{ maxClockSkew: Number.NaN }, 'options.maxClockSkew'],
    [{ owner: 7 as never }, 'options.owner'],
  ])('refuses %j before it reads anything', async (wrong, place) => {
    const { store: counted, calls } = counting(store);
    const refusal = expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(place),
    });
    const { instanceId } = run();
    await expect(claim(counted, instanceId, { ...time.host('a'), ...wrong })).rejects.toThrow(refusal);
    expect(calls).toEqual([]);
  });
});

describe('claimNew', () => {
  it('creates an instance that is held from its first save on, for the price of a create', async () => {
    const { store: counted, calls } = counting(store);
    const lease = await claimNew(counted, run(), time.host('a'));
    expect(calls).toEqual(['save']);
    expect(lease.claim.fence).toBe(1);
    expect((await claim(store, lease.state.instanceId, time.host('b'))).lease).toBeUndefined();
  });

  it('is a conflict where the instance exists', async () => {
    const { instanceId } = await store.save(run());
    await expect(claimNew(store, run({ instanceId }), time.host('a'))).rejects.toThrow(conflict);
  });

  it('refuses what would not be under way', async () => {
    await expect(claimNew(store, waitFor(run(), 'paid'), time.host('a'))).rejects.toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});

describe('a lease', () => {
  it('is extended by each save, which costs one save', async () => {
    const { instanceId } = await store.save(run());
    const { store: counted, calls } = counting(store);
    const { lease } = await claim(counted, instanceId, time.host('a'));
    calls.length = 0;
    time.now += 20 * SECOND;
    expect(lease!.remaining()).toBe(9 * SECOND);
    await lease!.save(enterStage(lease!.state, 'next'));
    expect(lease!.remaining()).toBe(29 * SECOND);
    await lease!.update((state) => enterStage(state, 'last'));
    await lease!.extend();
    expect(calls).toEqual(['save', 'save', 'save']);
    expect(leaseOf(await store.load(instanceId))).toEqual(lease!.claim);
  });

  it('keeps its entry where an engine replaces the state as a whole', async () => {
    const lease = await claimNew(store, run(), time.host('a'));
    await lease.save({ ...lease.state, state: { only: new Uint8Array(1) } });
    expect(Object.keys((await store.load(lease.state.instanceId)).state)).toEqual(['only', LEASE_ENTRY]);
  });

  it.each([
    ['waits', (state) => waitFor(state, 'paid')],
    ['is paused', pause],
    ['has completed', complete],
    ['is cancelled', cancel],
  ] as [string, typeof cancel][])('is given up in the very save after which the instance %s', async (_, end) => {
    const lease = await claimNew(store, run(), time.host('a'));
    const saved = await lease.save(end(lease.state));
    expect(saved.checkpointVersion).toBe(2);
    expect(leaseOf(saved)).toBeUndefined();
    expect([lease.over, lease.remaining()]).toEqual([true, 0]);
    await expect(lease.update((state) => enterStage(state, 'more'))).rejects.toThrow(conflict);
  });

  it('leaves nothing behind once it is released, and the next claim has a higher fence', async () => {
    const lease = await claimNew(store, run(), time.host('a'));
    await lease.release();
    await lease.release();
    const state = await store.load(lease.state.instanceId);
    expect([state.state, state.checkpointVersion]).toEqual([{}, 2]);
    expect((await taken('b', state.instanceId)).claim.fence).toBe(3);
  });

  it('that was taken over saves nothing, however late its holder wakes, and releases nothing', async () => {
    const frozen = await claimNew(store, run(), time.host('a'));
    time.now += 60 * SECOND;
    const lease = await taken('b', frozen.state.instanceId);
    const calls = [
      () => frozen.save(enterStage(frozen.state, 'late')),
      () => frozen.update((state) => enterStage(state, 'late')),
      () => frozen.extend(),
    ];
    for (const call of calls) await expect(call()).rejects.toThrow(conflict);
    await frozen.release();
    expect(await store.load(lease.state.instanceId)).toEqual(lease.state);
    expect(frozen.over).toBe(true);
  });

  it('that is overdue but was not taken over saves what was done under it', async () => {
    const lease = await claimNew(store, run(), time.host('a'));
    time.now += 600 * SECOND;
    expect(lease.remaining()).toBeLessThan(0);
    await lease.save(enterStage(lease.state, 'late'));
    expect(lease.remaining()).toBe(29 * SECOND);
  });

  it('that was lost does not come back by loading the new state', async () => {
    const lost = await claimNew(store, run(), time.host('a'));
    time.now += 60 * SECOND;
    const { state } = await taken('b', lost.state.instanceId);
    await expect(lost.save(enterStage(state, 'stolen'))).rejects.toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
    expect(await lost.reload()).toBeUndefined();
    await expect(lost.save(enterStage(state, 'stolen'))).rejects.toThrow(conflict);
  });

  it('goes on beside those who send events: an update is applied to what is there now', async () => {
    const lease = await claimNew(store, run(), time.host('a'));
    const { instanceId } = lease.state;
    const put = (key: string) => (state: { readonly state: object }) => ({
      state: { ...state.state, [key]: new Uint8Array() },
    });
    await store.update(instanceId, (state) => ({ ...state, ...put('event')(state) }));
    await expect(lease.save(enterStage(lease.state, 'next'))).rejects.toThrow(conflict);
    await lease.update((state) => ({ ...state, ...put('effect')(state) }));
    const stored = await store.load(instanceId);
    expect(Object.keys(stored.state).sort()).toEqual(['effect', 'event', LEASE_ENTRY]);
    expect(leaseOf(stored)).toEqual(lease.claim);
  });

  it('is lost when somebody ends the instance', async () => {
    const lease = await claimNew(store, run(), time.host('a'));
    const { instanceId } = lease.state;
    await store.update(instanceId, (state) => cancel(withoutLease(state)));
    await expect(lease.update((state) => enterStage(state, 'more'))).rejects.toThrow(conflict);
    expect(lease.over).toBe(true);
    expect(leaseOf(await store.load(instanceId))).toBeUndefined();
  });
});

describe('clocks', () => {
  it('within the bound, a holder has stopped before anybody else may begin', async () => {
    for (const [holder, taker] of [
      [-999, 999],
      [999, -999],
      [0, 999],
    ] as const) {
      const lease = await claimNew(store, run(), time.host('a', holder));
      while (lease.remaining() > 0) {
        const { lease: other } = await claim(store, lease.state.instanceId, time.host('b', taker));
        expect(other).toBeUndefined();
        time.now += 500;
      }
    }
  });

  it('set back or standing still, one of them still stops the holder', async () => {
    const setBack = time.host('a');
    const lease = await claimNew(store, run(), setBack);
    time.now += 29 * SECOND;
    setBack.error = -3600 * SECOND;
    expect(lease.remaining()).toBe(0);

    const suspended = await claimNew(store, run(), { ...time.host('b'), monotonic: () => 0 });
    time.now += 29 * SECOND;
    expect(suspended.remaining()).toBe(0);
  });

  it('far ahead, leave nothing claimed for longer than the longest lease', async () => {
    const absurd = await claimNew(store, run(), time.host('a', 3602 * SECOND));
    expect(isHeld(absurd.state, time.host('b'))).toBe(false); // longer than any lease: void
    const taker = await taken('b', absurd.state.instanceId);
    await expect(absurd.extend()).rejects.toThrow(conflict);

    const plausible = await claimNew(store, run(), time.host('a', 3000 * SECOND));
    expect(isHeld(plausible.state, time.host('b'))).toBe(true);
    time.now += 3032 * SECOND;
    expect(isHeld(plausible.state, time.host('b'))).toBe(false);
    expect(taker.over).toBe(false);
  });
});
