import { describe, expect, it } from 'vitest';
import {
  cancel,
  enterStage,
  InstanceId,
  newWorkflowState,
  openStateStore,
  type StateStore,
  type WorkflowState,
} from '@workflow-state/core';
import { type BackendRecord, newNonce, NotApplied, readHeader, type StateBackend } from '@workflow-state/core/backend';
import { copyStore, type CopyResult } from '../../src/maintenance/index.js';
import { judge } from '../../src/maintenance/copy-instance.js';
import { fakeBackend, type FakeBackend } from '../fake-backend.js';

async function storeOn(backend: StateBackend, clock: () => number = Date.now): Promise<StateStore> {
  return openStateStore(backend, { clock });
}

async function pair(overrides: Partial<StateBackend> = {}): Promise<{
  readonly source: FakeBackend;
  readonly target: FakeBackend;
  readonly from: StateStore;
  readonly to: StateStore;
}> {
  const source = fakeBackend();
  const target = fakeBackend(overrides);
  return { source, target, from: await storeOn(source), to: await storeOn(target) };
}

const fresh = () =>
  newWorkflowState({
    workflowId: 'w',
    version: { major: 1, minor: 0, patch: 0 },
    currentStage: 'a',
    createdAt: new Date(7),
  });

async function saved(store: StateStore, versions: number, id?: InstanceId): Promise<WorkflowState> {
  let state = await store.save(id === undefined ? fresh() : { ...fresh(), instanceId: id });
  for (let version = 2; version <= versions; version++) state = await store.save(enterStage(state, `s${version}`));
  return state;
}

async function all(results: AsyncIterable<CopyResult>): Promise<CopyResult[]> {
  const list: CopyResult[] = [];
  for await (const result of results) list.push(result);
  return list;
}

/** What happens between the next write of a target and the look that proves it. */
function afterNextWrite(target: FakeBackend, act: () => Promise<void>): void {
  target.write = async (record, expected) => {
    target.write = async (other, condition) => target.apply(other, condition);
    target.apply(record, expected);
    await act();
  };
}

const outcomes = async (from: StateStore, to: StateStore): Promise<unknown[]> =>
  (await all(copyStore(from, to))).map(({ outcome, error }) => error ?? outcome);

describe('a copy', () => {
  it('keeps version, times, status and the bytes of the state, under a write of its own', async () => {
    const { source, target, from, to } = await pair();
    const state = await saved(from, 5);
    expect(await outcomes(from, to)).toEqual(['copied']);
    const { revision, ...rest } = await to.load(state.instanceId);
    const { revision: original, ...expected } = state;
    expect(rest).toEqual(expected);
    expect(revision).not.toBe(original);
    const [a, b] = [source, target].map((one) => one.records.get(state.instanceId)?.envelope.subarray(128));
    expect(b).toEqual(a);
  });

  it('is found again by headers alone', async () => {
    let reads = 0;
    const { source, target, from, to } = await pair();
    await saved(from, 3);
    await outcomes(from, to);
    for (const backend of [source, target]) {
      backend.head = async (id) => ({ envelope: backend.records.get(id)!.envelope.slice(0, 128) });
      backend.read = async () => {
        reads++;
        return undefined;
      };
    }
    expect(await outcomes(from, to)).toEqual(['present']);
    expect(reads).toBe(0);
  });

  it('never replaces what was saved in the target, whatever its version', async () => {
    const { from, to } = await pair();
    const state = await saved(from, 2);
    await outcomes(from, to);
    const there = await to.save(enterStage(await to.load(state.instanceId), 'there'));
    await from.save(enterStage(state, 'here'));
    expect(await outcomes(from, to)).toEqual(['different']);
    const later = await from.update(state.instanceId, (now) => enterStage(now, 'far ahead'));
    expect(later.checkpointVersion).toBeGreaterThan(there.checkpointVersion);
    expect(await outcomes(from, to)).toEqual(['different']);
    expect(await to.load(state.instanceId)).toEqual(there);
  });

  it('never replaces what was created in the target under the same id and the same createdAt', async () => {
    const { from, to } = await pair();
    const state = await saved(from, 3);
    const native = await saved(to, 1, state.instanceId);
    expect(await outcomes(from, to)).toEqual(['different']);
    expect(await to.load(state.instanceId)).toEqual(native);
  });

  it('takes the place of an older copy, also of one of version 1', async () => {
    const { from, to } = await pair();
    let state = await saved(from, 1);
    expect(await outcomes(from, to)).toEqual(['copied']);
    for (const stage of ['b', 'c']) {
      state = await from.save(enterStage(state, stage));
      await from.save(enterStage(state, `${stage}2`)).then((next) => (state = next));
      expect(await outcomes(from, to)).toEqual(['updated']);
      expect((await to.load(state.instanceId)).checkpointVersion).toBe(state.checkpointVersion);
    }
  });

  it('brings nothing back that the target has deleted', async () => {
    const { from, to } = await pair();
    const { instanceId } = await saved(from, 2);
    await outcomes(from, to);
    await to.delete(instanceId);
    expect(await outcomes(from, to)).toEqual(['deleted']);
  });

  it('goes back where it came from as the same state', async () => {
    const { from, to } = await pair();
    await saved(from, 4);
    await outcomes(from, to);
    expect(await outcomes(to, from)).toEqual(['present']);
  });

  it('is made of what is there when somebody saves between the look and the read', async () => {
    const { source, from, to } = await pair();
    const state = await saved(from, 2);
    const read = source.read.bind(source);
    let looks = 0;
    source.read = async (id, call) => {
      if (++looks === 2) await from.save(enterStage(state, 'meanwhile'));
      return read(id, call);
    };
    expect(await outcomes(from, to)).toEqual(['copied']);
    expect((await to.load(state.instanceId)).currentStage).toBe('meanwhile');
  });

  it('gives way to one who writes in the target between the look and the write', async () => {
    const { target, from, to } = await pair();
    const state = await saved(from, 2);
    let native: WorkflowState | undefined;
    target.write = async (record, expected) => {
      if (native === undefined && record.revision.version === 2) {
        target.write = async (other, condition) => target.apply(other, condition);
        native = await saved(to, 1, state.instanceId);
      }
      target.apply(record, expected);
    };
    expect(await outcomes(from, to)).toEqual(['different']);
    expect(await to.load(state.instanceId)).toEqual(native);
  });

  it('is not believed before it was read back', async () => {
    const { target, from, to } = await pair();
    const { instanceId } = await saved(from, 2);
    target.write = async (record, expected) => {
      const envelope = record.envelope.slice();
      envelope[envelope.length - 1]! ^= 1;
      target.apply({ ...record, envelope }, expected);
    };
    expect(await outcomes(from, to)).toMatchObject([{ code: 'STORAGE_ERROR', instanceId }]);
    const { target: forgetful, from: other, to: nowhere } = await pair();
    await saved(other, 1);
    forgetful.write = async () => undefined;
    expect(await outcomes(other, nowhere)).toMatchObject([{ message: expect.stringContaining('returned nothing') }]);
  });

  it('stands also where an engine of the target has gone on from it before it was read back', async () => {
    const { target, from, to } = await pair();
    const { instanceId } = await saved(from, 2);
    afterNextWrite(target, async () => {
      await to.update(instanceId, (state) => enterStage(state, 'there'));
    });
    expect(await outcomes(from, to)).toEqual(['copied']);
    expect((await to.load(instanceId)).currentStage).toBe('there');
  });

  it('that was exchanged right after is not believed', async () => {
    const { target, from, to } = await pair();
    const { instanceId } = await saved(from, 2);
    afterNextWrite(target, async () => {
      await to.delete(instanceId);
      await saved(to, 1, instanceId);
    });
    expect(await outcomes(from, to)).toMatchObject([
      {
        message: `${instanceId} was copied, but fake then returned something else`,
        recoveryHints: [expect.stringContaining('do not use it')],
      },
    ]);
  });

  it.each([
    ['it is looked at', 1],
    ['it is read', 2],
  ])('of what is deleted in the source before %s is none', async (_, reads) => {
    const { source, target, from, to } = await pair();
    const { instanceId } = await saved(from, 2);
    const read = source.read.bind(source);
    let count = 0;
    source.read = async (id, call) => {
      if (++count === reads) {
        source.read = read;
        await from.delete(instanceId);
      }
      return read(id, call);
    };
    expect(await outcomes(from, to)).toEqual(['gone']);
    expect(target.records.size).toBe(0);
  });

  it('of what was removed in the source is none', async () => {
    const { source, from, to } = await pair();
    const { instanceId } = await saved(from, 2);
    source.read = async () => undefined;
    expect(await all(copyStore(from, to))).toEqual([{ instanceId, outcome: 'gone' }]);
  });

  it('is given up where the source is saved all the time', async () => {
    const { source, from, to } = await pair();
    const { instanceId } = await saved(from, 1);
    const writer = await storeOn({ ...source });
    const { read } = source;
    let reads = 0;
    source.read = async (id, call) => {
      const stored = await read(id, call);
      if (++reads % 2 === 1) await writer.update(instanceId, (state) => enterStage(state, `s${reads}`));
      return stored;
    };
    expect(await outcomes(from, to)).toMatchObject([
      {
        code: 'STORAGE_ERROR',
        message: `${instanceId} was not copied: it changed 4 times meanwhile`,
        retryable: true,
        recoveryHints: ['copy again once the engines on either side have stopped'],
      },
    ]);
    expect(reads).toBe(8);
  });

  it('is refused where the target takes no state as large', async () => {
    const { source, from } = await pair();
    const { instanceId } = await saved(from, 1);
    const bytes = readHeader(source.records.get(instanceId)!.envelope).bodyBytes;
    const take = async (maxBodyBytes: number): Promise<unknown[]> =>
      outcomes(from, await storeOn(fakeBackend({ capabilities: { ...source.capabilities, maxBodyBytes } })));
    expect(await take(bytes)).toEqual(['copied']);
    expect(await take(bytes - 1)).toMatchObject([
      {
        code: 'INVALID_STATE',
        message: `${instanceId} has ${bytes} bytes, and fake takes at most ${bytes - 1}`,
        instanceId,
      },
    ]);
  });

  it('enters the index as a create does, and behind an older copy in its order; each attempt has bytes of its own', async () => {
    const { source, target, from, to } = await pair();
    const state = await saved(from, 2);
    const offered: BackendRecord[] = [];
    target.write = async (record, expected) => {
      offered.push(record);
      if (offered.length === 1) throw new NotApplied(new Error('fenced'), { comeAgain: {} });
      target.apply(record, expected);
    };
    await outcomes(from, to);
    await from.save(enterStage(state, 'on'));
    await outcomes(from, to);
    const [, made, updated] = offered.map(({ envelope }) => readHeader(envelope));
    const original = readHeader(source.records.get(state.instanceId)!.envelope);
    expect(made).toMatchObject({ version: 2, first: true, entered: { version: 1, nonce: made!.nonce } });
    expect(updated).toMatchObject({ version: 3, first: false, parent: made!.nonce, entered: { version: 3 } });
    expect(updated!.entered!.at).toBe(original.entered!.at);
    expect(new Set(offered.map(({ envelope }) => envelope.buffer)).size).toBe(3);
  });

  it('of which the answer is lost is settled, and written once', async () => {
    const { target, from, to } = await pair();
    const { instanceId } = await saved(from, 3);
    let writes = 0;
    target.write = async (record, expected) => {
      writes++;
      target.apply(record, expected);
      if (writes === 1) throw new Error('the answer is lost');
    };
    expect(await outcomes(from, to)).toEqual(['copied']);
    expect(writes).toBe(1);
    expect((await to.load(instanceId)).checkpointVersion).toBe(3);
  });
});

describe('copying a store', () => {
  it('goes on past an instance that cannot be copied, and says why', async () => {
    const { source, target, from, to } = await pair();
    const ids = [...Array(6)].map(() => InstanceId.generate()).sort();
    for (const id of ids) await saved(from, 2, id);
    const damaged = source.records.get(ids[1]!)!;
    source.records.set(ids[1]!, { ...damaged, envelope: damaged.envelope.slice(0, -1) });
    target.write = async (record, expected) => {
      if (record.id === ids[3]) throw new NotApplied(new Error('disk full'));
      target.apply(record, expected);
    };
    const results = await all(copyStore(from, to));
    expect(results.map(({ instanceId }) => instanceId)).toEqual(ids);
    expect(results.map(({ error, outcome }) => (error as { code?: string } | undefined)?.code ?? outcome)).toEqual([
      'copied',
      'DESERIALIZATION_ERROR',
      'copied',
      'STORAGE_ERROR',
      'copied',
      'copied',
    ]);
  });

  it('after an abort ends what it has begun, tells of it, and begins nothing more', async () => {
    const { target, from, to } = await pair();
    for (let i = 0; i < 40; i++) await saved(from, 1);
    const controller = new AbortController();
    const told: unknown[] = [];
    const run = async (): Promise<void> => {
      for await (const { outcome } of copyStore(from, to, { concurrency: 4, signal: controller.signal })) {
        told.push(outcome);
        if (told.length === 5) controller.abort(new Error('enough'));
      }
    };
    await expect(run()).rejects.toThrow('enough');
    expect(told.length).toBeLessThan(12);
    expect(target.records.size).toBe(told.length);
  });

  it('lets timers and signals be heard, also where no backend ever waits', async () => {
    const { from, to } = await pair();
    for (let i = 0; i < 1500; i++) await saved(from, 1);
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('heard')), 1);
    await expect(all(copyStore(from, to, { signal: controller.signal }))).rejects.toThrow('heard');
  });

  it('has no more under way than it was told', async () => {
    let most = 0;
    let now = 0;
    const { target, from, to } = await pair();
    for (let i = 0; i < 20; i++) await saved(from, 1);
    target.write = async (record, expected) => {
      most = Math.max(most, ++now);
      await new Promise(setImmediate);
      target.apply(record, expected);
      now--;
    };
    await all(copyStore(from, to, { concurrency: 3 }));
    expect(most).toBe(3);
  });

  it('refuses a wrapper that hides its backend, and a closed store', async () => {
    const { from, to } = await pair();
    const hidden = { ...from, closed: false } as StateStore;
    await expect(all(copyStore(hidden, to))).rejects.toMatchObject({
      code: 'NOT_SUPPORTED',
      message: 'this store does not show the backend beneath it',
      recoveryHints: ['open the store that it wraps'],
    });
    await to.close();
    await expect(all(copyStore(from, to))).rejects.toMatchObject({
      code: 'STORE_CLOSED',
      message: 'the store was closed',
    });
  });
});

it('judges every header that a target may hold', async () => {
  const backend = fakeBackend();
  const store = await storeOn(backend, () => 50);
  const state = await saved(store, 3);
  const head = () => readHeader(backend.records.get(state.instanceId)!.envelope);
  const source = head();
  const copy = { ...source, nonce: newNonce(), parent: source.nonce, first: true };
  const untouched = { ...copy, incarnation: copy.nonce };
  expect(judge(source, undefined)).toBe('copied');
  expect(judge(source, untouched)).toBe('present');
  expect(judge(source, { ...untouched, version: 2, bodyCrc: 1 })).toBe('updated');
  expect(judge(source, { ...untouched, version: 2, bodyCrc: 1, createdAt: 8 })).toBe('different');
  expect(judge(source, { ...copy, version: 2, bodyCrc: 1 })).toBe('different');
  expect(judge(source, { ...untouched, bodyCrc: 1 })).toBe('different');
  expect(judge(source, { ...untouched, version: 4, bodyCrc: 1 })).toBe('newer');
  expect(judge(source, { ...untouched, version: 1, bodyCrc: 1 })).toBe('updated');
  // Of the same version, and yet another state, by whatever of it.
  const { at, ...entry } = source.entered!;
  for (const other of [
    { status: 'paused' },
    { updatedAt: 51 },
    { entered: { ...entry, at: at + 1 } },
    { bodyBytes: source.bodyBytes + 1 },
  ] as const)
    expect(judge(source, { ...untouched, ...other })).toBe('different');
  expect(judge(source, { ...untouched, version: 1, bodyCrc: 1, parent: undefined })).toBe('different');
  expect(judge(source, { ...untouched, version: 1, bodyCrc: 1, first: false })).toBe('different');
  await store.save(cancel(state));
  await store.delete(state.instanceId);
  expect(judge(source, head())).toBe('deleted');
});
