import { isStateStoreError, newWorkflowState, openStateStore } from '@workflow-state/core';
import { memoryBackend } from '@workflow-state/memory';
import { describe, expect, it } from 'vitest';
import { advance, batchesDone, countRetry, resultsOf, type Stage } from '../src/engine.js';

const begin = newWorkflowState({
  workflowId: 'test',
  version: { major: 1, minor: 0, patch: 0 },
  currentStage: 'letters',
  status: { kind: 'running', currentStage: 'letters' },
});

function stagesOf(work: (letter: string) => Promise<string>): readonly Stage[] {
  return [
    {
      name: 'letters',
      batches: () => [['a', 'b'], ['c'], ['d']].map((batch) => batch.map((letter) => () => work(letter))),
    },
    { name: 'word', batches: (state) => [[() => Promise.resolve(resultsOf<string>(state, 'letters').join(''))]] },
  ];
}

describe('advance', () => {
  it('saves each batch, hands results to later stages, and completes with those of the last', async () => {
    const store = await openStateStore(memoryBackend());
    const done = await advance(
      store,
      await store.save(begin),
      stagesOf(async (letter) => letter.toUpperCase()),
    );
    expect(done.status.kind).toBe('completed');
    expect(resultsOf(done, 'word')).toEqual(['ABCD']);
    expect(done.checkpointVersion).toBe(1 + 3 + 1 + 1 + 1);
    expect(await store.count('completed')).toBe(1);
  });

  it('goes on behind the last finished batch', async () => {
    const store = await openStateStore(memoryBackend());
    const work: string[] = [];
    const stages = stagesOf(async (letter) => {
      work.push(letter);
      return letter;
    });
    const dies = {
      working: async () => undefined,
      saved(_stage: string, batch: number) {
        if (batch === 1) throw new Error('dies');
      },
    };
    const run = await store.save(begin);
    await expect(advance(store, run, stages, dies)).rejects.toThrow('dies');
    expect(work).toEqual(['a', 'b', 'c']);

    const found = await store.update(run.instanceId, countRetry);
    expect(batchesDone(found, 'letters')).toBe(2);
    const done = await advance(store, found, stages);
    expect(work).toEqual(['a', 'b', 'c', 'd']);
    expect(resultsOf(done, 'word')).toEqual(['abcd']);
    expect(done.metrics.retryCount).toBe(1);
  });

  it('lets one of two processes that resume a run win, and tells the other', async () => {
    const store = await openStateStore(memoryBackend());
    const { instanceId } = await store.save(begin);
    const loser = await store.update(instanceId, countRetry);
    const winner = await store.update(instanceId, countRetry);
    const stages = stagesOf(async (letter) => letter);
    await expect(advance(store, loser, stages)).rejects.toSatisfy(
      (error) => isStateStoreError(error) && error.code === 'CHECKPOINT_CONFLICT',
    );
    expect((await advance(store, winner, stages)).status.kind).toBe('completed');
  });

  it('ends a run as failed where a task throws', async () => {
    const store = await openStateStore(memoryBackend());
    const failed = await advance(
      store,
      await store.save(begin),
      stagesOf(() => Promise.reject(new Error('no such letter'))),
    );
    expect(failed.status).toMatchObject({
      kind: 'failed',
      error: { stage: 'letters', message: 'Error: no such letter' },
    });
    expect(failed.metrics.errorCount).toBe(1);
    expect(await store.count('failed')).toBe(1);
  });

  it('leaves a run alone that has ended meanwhile', async () => {
    const store = await openStateStore(memoryBackend());
    const done = await advance(
      store,
      await store.save(begin),
      stagesOf(async (letter) => letter),
    );
    expect((await store.update(done.instanceId, countRetry)).revision).toBe(done.revision);
  });
});
