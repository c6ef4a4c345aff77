import {
  cancel,
  enterStage,
  InstanceId,
  newWorkflowState,
  openStateStore,
  type StateStore,
} from '@workflow-state/core';
import { type BackendRecord, type Expected, NotApplied, RevisionConflict } from '@workflow-state/core/backend';
import { beforeEach, describe, expect, it } from 'vitest';
import { memoryBackend, MemorySpace } from '../src/index.js';

const NO_CALL = {};
let space: MemorySpace;
let written: (readonly [record: BackendRecord, expected: Expected])[];
let store: StateStore;

beforeEach(async () => {
  space = new MemorySpace();
  written = [];
  const backend = memoryBackend({ space });
  store = await openStateStore({
    ...backend,
    write(record, expected, call) {
      written.push([record, expected]);
      return backend.write(record, expected, call);
    },
  });
});

function fresh(number = 1) {
  return newWorkflowState({
    instanceId: InstanceId.parse(number.toString(16).padStart(32, '0')),
    workflowId: 'w',
    version: { major: 1, minor: 0, patch: 0 },
    currentStage: 's',
  });
}

async function scanned(status?: 'initializing' | 'cancelled', between?: () => Promise<unknown>): Promise<number[]> {
  const sizes: number[] = [];
  for await (const batch of memoryBackend({ space }).scan({ status }, NO_CALL)) {
    sizes.push(batch.length);
    await between?.();
  }
  return sizes;
}

describe('the memory backend', () => {
  it('says by its name that it is in memory', () => {
    expect(memoryBackend().name).toBe('memory');
  });

  it('writes nothing for a caller who has given up', async () => {
    await store.save(fresh());
    const [[record]] = written as [[BackendRecord, Expected]];
    const backend = memoryBackend();
    const call = { signal: AbortSignal.abort(new Error('enough')) };
    await expect(backend.write(record, undefined, call)).rejects.toThrow(NotApplied);
    expect(await backend.read(record.id, NO_CALL)).toBeUndefined();
  });

  it('takes a damaged record for what it was only where every byte is the same, and none is missing', async () => {
    const saved = await store.save(fresh());
    await store.save(enterStage(saved, 'next'));
    const [[first], [second]] = written as [[BackendRecord, Expected], [BackendRecord, Expected]];
    const backend = memoryBackend();
    await backend.write(first, undefined, NO_CALL);
    const { envelope } = first;
    const flipped = envelope.map((byte, at) => (at === envelope.length - 1 ? byte ^ 1 : byte));
    for (const other of [flipped, envelope.subarray(0, -1), new Uint8Array([...envelope, 0])])
      await expect(backend.write(second, { damaged: true, envelope: other }, NO_CALL)).rejects.toThrow(
        RevisionConflict,
      );
    await backend.write(second, { damaged: true, envelope: envelope.slice() }, NO_CALL);
    expect((await backend.read(first.id, NO_CALL))?.envelope).toEqual(second.envelope);
  });

  it('keeps nothing of what was deleted, nor an index entry of a status that was left', async () => {
    const saved = await store.save(fresh());
    await store.save(cancel(saved));
    expect([...(space.byStatus.get('initializing') ?? [])]).toEqual([]);
    await store.delete(saved.instanceId);
    expect([space.cells.size, ...[...space.byStatus.values()].map(({ size }) => size)]).toEqual([0, 0, 0]);
  });

  it('lists in batches of a thousand, and nobody who has gone meanwhile', async () => {
    expect([await scanned(), await scanned('cancelled')]).toEqual([[], []]);
    const states = await Promise.all(Array.from({ length: 2000 }, (_, number) => store.save(fresh(number))));
    expect(await scanned()).toEqual([1000, 1000]);
    let at = 999;
    const leave = async () => {
      await store.save(cancel(states[++at]!));
      await store.delete(states[++at]!.instanceId);
    };
    expect(await scanned('initializing', leave)).toEqual([1000, 998]);
    expect(await scanned()).toEqual([1000, 998]);
    expect(await scanned('cancelled')).toEqual([2]);
  });
});
