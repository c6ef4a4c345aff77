import { describe, expect, it } from 'vitest';
import {
  enterStage,
  newWorkflowState,
  openStateStore,
  type StateStore,
  type WorkflowState,
} from '@workflow-state/core';
import { readHeader, writeHeader } from '@workflow-state/core/backend';
import { fakeBackend } from './fake-backend.js';

const fresh = newWorkflowState({ workflowId: 'w', version: { major: 1, minor: 0, patch: 0 }, currentStage: 's' });

async function open(): Promise<{ store: StateStore; state: WorkflowState }> {
  const store = await openStateStore(fakeBackend());
  return { store, state: await store.save(fresh) };
}

describe('update', () => {
  it('applies the change to what is there now, again after a conflict', async () => {
    const { store, state } = await open();
    const seen: number[] = [];
    const updated = await store.update(state.instanceId, async (current) => {
      seen.push(current.checkpointVersion);
      if (seen.length < 3) await store.save(current);
      return enterStage(current, 'a');
    });
    expect(seen).toEqual([1, 2, 3]);
    expect(updated.checkpointVersion).toBe(4);
  });

  it('loses no increment of twenty at once', async () => {
    const { store, state } = await open();
    const increment = (): Promise<WorkflowState> =>
      store.update(
        state.instanceId,
        (s) => ({ ...s, metrics: { ...s.metrics, retryCount: s.metrics.retryCount + 1 } }),
        { attempts: 1000 },
      );
    await Promise.all(Array.from({ length: 20 }, increment));
    expect((await store.load(state.instanceId)).metrics.retryCount).toBe(20);
  });

  it('gives up after `attempts` conflicts, with the last one', async () => {
    const { store, state } = await open();
    let runs = 0;
    const losing = store.update(
      state.instanceId,
      async (current) => {
        runs++;
        await store.save(current);
        return enterStage(current, 'a');
      },
      { attempts: 2 },
    );
    await expect(losing).rejects.toMatchObject({
      code: 'CHECKPOINT_CONFLICT',
      conflict: { reason: 'changed', expected: 2, actual: 3 },
    });
    expect(runs).toBe(2);
  });

  it('writes nothing for the same object or undefined', async () => {
    const { store, state } = await open();
    expect(await store.update(state.instanceId, (s) => s)).toEqual(state);
    expect(await store.update(state.instanceId, () => undefined)).toEqual(state);
    expect((await store.load(state.instanceId)).checkpointVersion).toBe(1);
  });

  it("ignores the store's own fields in the result", async () => {
    const { store, state } = await open();
    const updated = await store.update(state.instanceId, () => ({
      ...fresh,
      createdAt: new Date(0),
      checkpointVersion: 99,
      currentStage: 'new',
    }));
    expect(updated).toMatchObject({
      instanceId: state.instanceId,
      checkpointVersion: 2,
      currentStage: 'new',
      createdAt: state.createdAt,
    });
  });

  it('never retries an unknown outcome', async () => {
    const { state } = await open();
    const backend = fakeBackend();
    const store = await openStateStore(backend);
    const saved = await store.save({ ...fresh, instanceId: state.instanceId });
    let runs = 0;
    const doubtful = await openStateStore({ ...backend, write: async () => Promise.reject(new Error('cut')) });
    await expect(
      doubtful.update(saved.instanceId, (s) => {
        runs++;
        return enterStage(s, 'a');
      }),
    ).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect(runs).toBe(1);
  });

  it('passes on what the change throws, and refuses what it returns', async () => {
    const { store, state } = await open();
    const mine = new RangeError('mine');
    await expect(store.update(state.instanceId, () => Promise.reject(mine))).rejects.toBe(mine);
    await expect(store.update(state.instanceId, () => ({}) as never)).rejects.toMatchObject({ code: 'INVALID_STATE' });
    await expect(store.update(state.instanceId, () => null as never)).rejects.toMatchObject({ code: 'INVALID_STATE' });
    await expect(store.update(fresh.instanceId.replace(/.$/, 'x') as never, (s) => s)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    expect((await store.load(state.instanceId)).checkpointVersion).toBe(1);
  });

  it('of what is not there is STATE_NOT_FOUND, also when it is deleted meanwhile', async () => {
    const { store, state } = await open();
    await expect(
      store.update(state.instanceId, async (s) => {
        await store.delete(s.instanceId);
        return enterStage(s, 'a');
      }),
    ).rejects.toMatchObject({ code: 'STATE_NOT_FOUND' });
  });
});

describe('overwrite', () => {
  it('replaces whatever is stored, and counts on', async () => {
    const { store, state } = await open();
    await store.save(enterStage(state, 'a'));
    const over = await store.save({ ...state, currentStage: 'repaired' }, { onConflict: 'overwrite' });
    expect(over).toMatchObject({ checkpointVersion: 3, currentStage: 'repaired' });
    expect(await store.load(state.instanceId)).toEqual(over);
  });

  it('creates what is not there, and what was deleted', async () => {
    const { store, state } = await open();
    await store.delete(state.instanceId);
    expect((await store.save(state, { onConflict: 'overwrite' })).checkpointVersion).toBe(1);
  });

  it('never writes over a condemned record, which is about to be removed', async () => {
    const backend = fakeBackend();
    const store = await openStateStore(backend);
    const state = await store.save(fresh);
    await store.delete(state.instanceId);
    const tombstone = backend.records.get(state.instanceId);
    if (tombstone === undefined) throw new Error('no tombstone');
    const { status: _, entered: __, ...header } = readHeader(tombstone.envelope);
    writeHeader(tombstone.envelope, { ...header, kind: 'condemned', status: undefined, entered: undefined });
    const before = tombstone.envelope.slice();
    await expect(store.save(state, { onConflict: 'overwrite' })).rejects.toMatchObject({
      code: 'STORAGE_ERROR',
      retryable: true,
    });
    await expect(store.save(fresh)).rejects.toMatchObject({ code: 'STORAGE_ERROR', retryable: true });
    expect(await store.delete(state.instanceId)).toBe(false);
    expect(backend.records.get(state.instanceId)?.envelope).toEqual(before);
  });

  it('counts on where a damaged record was mended between its two looks', async () => {
    const { state } = await open();
    const backend = fakeBackend();
    const mended = await openStateStore(backend);
    await mended.save(enterStage(await mended.save({ ...fresh, instanceId: state.instanceId }), 'a'));
    const store = await openStateStore({ ...backend, head: async () => ({ envelope: new Uint8Array(3) }) });
    expect((await store.save(state, { onConflict: 'overwrite' })).checkpointVersion).toBe(3);
  });
});
