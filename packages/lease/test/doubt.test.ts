// What becomes of a lease when an answer never comes. The backend says itself that no read can settle the doubt, so that
// core passes it on.
import { enterStage, encodeJson, type StateStore, StateStoreError } from '@workflow-state/core';
import type { BackendRecord } from '@workflow-state/core/backend';
import { beforeEach, describe, expect, it } from 'vitest';
import { claim, claimNew, leaseOf } from '../src/index.js';
import { openMemory, run, Time } from './support.js';

type Fate = 'applied' | 'lost' | 'late';
const fates = ['applied', 'lost', 'late'] as const;
const unknown = expect.objectContaining({ code: 'OUTCOME_UNKNOWN' });

let time: Time;
let store: StateStore;
/** For the next write. */
let fate: Fate | undefined;
/** Lets a late write take effect, if it still can. */
let land: () => Promise<void>;

beforeEach(async () => {
  time = new Time();
  fate = undefined;
  store = await openMemory((inner) => ({
    ...inner,
    async write(record: BackendRecord, expected, call) {
      const decided = fate;
      fate = undefined;
      if (decided === undefined) return inner.write(record, expected, call);
      const apply = async () => void (await inner.write(record, expected, {}).catch(() => undefined));
      if (decided === 'applied') await apply();
      if (decided === 'late') land = apply;
      throw new StateStoreError('OUTCOME_UNKNOWN', 'no answer');
    },
  }));
});

describe('a claim without an answer', () => {
  it('is one if it is found in the state', async () => {
    const { instanceId } = await store.save(run());
    fate = 'applied';
    const { lease, state } = await claim(store, instanceId, time.host('a'));
    expect(leaseOf(state)).toEqual(lease?.claim);
    await lease!.save(enterStage(lease!.state, 'next'));

    fate = 'applied';
    await (await claimNew(store, run(), time.host('a'))).extend();
  });

  it('is none if it is not, and what comes of it later belongs to nobody, and expires', async () => {
    const { instanceId } = await store.save(run());
    fate = 'late';
    await expect(claim(store, instanceId, time.host('a'))).rejects.toThrow(unknown);
    await land();
    expect((await claim(store, instanceId, time.host('a'))).lease).toBeUndefined();
    time.now += 32_000;
    expect((await claim(store, instanceId, time.host('a'))).lease).toBeDefined();

    fate = 'lost';
    await expect(claimNew(store, run(), time.host('a'))).rejects.toThrow(unknown);
  });
});

describe('a save without an answer', () => {
  it.each(fates)('leaves the lease to be found out by reload (%s)', async (how) => {
    const lease = await claimNew(store, run(), time.host('a'));
    fate = how;
    await expect(lease.save(enterStage(lease.state, 'next'))).rejects.toThrow(unknown);
    expect(lease.over).toBe(false);
    const found = await lease.reload();
    expect(found?.currentStage).toBe(how === 'applied' ? 'next' : 'work');
    await lease.save(enterStage(lease.state, 'on'));
    if (how === 'late') await land();
    expect((await store.load(lease.state.instanceId)).currentStage).toBe('on');
  });

  it('that comes late meets the update that follows it, which sees its result', async () => {
    const lease = await claimNew(store, run(), time.host('a'));
    fate = 'late';
    const add = (state: typeof lease.state) => ({ ...state, state: { ...state.state, done: encodeJson(1) } });
    await expect(lease.update(add)).rejects.toThrow(unknown);
    await lease.reload();
    await land();
    const seen: boolean[] = [];
    await lease.update((state) => {
      seen.push('done' in state.state);
      return add(state);
    });
    expect(seen).toEqual([false, true]);
  });

  it('leaves the lease lost where somebody took over', async () => {
    const lease = await claimNew(store, run(), time.host('a'));
    fate = 'late';
    await expect(lease.extend()).rejects.toThrow(unknown);
    time.now += 60_000;
    const { lease: other } = await claim(store, lease.state.instanceId, time.host('b'));
    await land();
    expect(await lease.reload()).toBeUndefined();
    await other!.save(enterStage(other!.state, 'mine'));
  });

  it.each(fates)('releases, or lets the claim expire (%s)', async (how) => {
    const lease = await claimNew(store, run(), time.host('a'));
    fate = how;
    await expect(lease.release()).rejects.toThrow(unknown);
    const owner = time.host('b');
    expect((await claim(store, lease.state.instanceId, owner)).lease !== undefined).toBe(how === 'applied');
    time.now += 32_000;
    expect((await claim(store, lease.state.instanceId, owner)).lease).toBeDefined();
  });
});
