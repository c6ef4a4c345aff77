import { describe, expect, it } from 'vitest';
import { InstanceId, newWorkflowState, openStateStore, type StateStore } from '@workflow-state/core';
import type { Diagnosis, ScanEntry, StatusKind } from '@workflow-state/core/backend';
import { diagnoseStore, type Finding, verifyStore, type VerifyOptions } from '../../src/maintenance/index.js';
import { fakeBackend, type FakeBackend } from '../fake-backend.js';

const running = (id: InstanceId = InstanceId.generate()) =>
  newWorkflowState({
    instanceId: id,
    workflowId: 'w',
    version: { major: 1, minor: 0, patch: 0 },
    currentStage: 'a',
    status: { kind: 'running', currentStage: 'a' },
  });

async function findings(store: StateStore, options?: VerifyOptions): Promise<Finding[]> {
  const list: Finding[] = [];
  for await (const finding of verifyStore(store, options)) list.push(finding);
  return list;
}

/** Lists otherwise than is stored. `listing`: how many listings of that kind, this one included, there have been. */
function listing(
  backend: FakeBackend,
  change: (ids: readonly ScanEntry[], status: StatusKind | undefined, listing: number) => readonly ScanEntry[],
): void {
  const scan = backend.scan.bind(backend);
  const listings = new Map<StatusKind | undefined, number>();
  backend.scan = async function* (query, call) {
    const count = (listings.get(query.status) ?? 0) + 1;
    listings.set(query.status, count);
    for await (const batch of scan(query, call)) yield change(batch, query.status, count);
  };
}

describe('verify', () => {
  it('finds nothing in a sound store, and reads every record once', async () => {
    const backend = fakeBackend();
    const store = await openStateStore(backend);
    for (let i = 0; i < 5; i++) await store.save(running());
    const checked: InstanceId[] = [];
    expect(await findings(store, { onChecked: (id) => checked.push(id) })).toEqual([]);
    expect(checked).toEqual([...backend.records.keys()].sort());
  });

  it('tells a stale index entry, and one that is missing', async () => {
    const backend = fakeBackend();
    const store = await openStateStore(backend);
    const { instanceId } = await store.save(running());
    const gone = InstanceId.generate();
    listing(backend, (entries, status) => {
      if (status === 'failed') return [{ id: instanceId }];
      if (status === 'waiting') return [{ id: gone }];
      return status === 'running' ? [] : entries;
    });
    expect(
      (await findings(store)).map(({ kind, instanceId: id, problem }) => `${kind} ${id}: ${problem}`).sort(),
    ).toEqual(
      [
        `stale-index ${instanceId}: listed as failed, but running is stored`,
        `missing-index ${instanceId}: running is stored, but running does not name it`,
        `stale-index ${gone}: listed as waiting, but nothing is stored`,
      ].sort(),
    );
  });

  it('takes nobody who writes meanwhile for a fault', async () => {
    const backend = fakeBackend();
    const store = await openStateStore(backend);
    let state = await store.save(running());
    const { instanceId } = state;
    // Between two steps during the first pass, and saved again before the second.
    listing(backend, (entries, status, count) => (status === 'failed' && count === 1 ? [{ id: instanceId }] : entries));
    expect(await findings(store)).toEqual([]);
    listing(backend, (entries, status) => (status === 'failed' ? [{ id: instanceId }] : entries));
    const read = backend.read.bind(backend);
    backend.read = async (id, call) => {
      const stored = await read(id, call);
      backend.read = read;
      state = await store.save(state);
      backend.read = async (...args) => read(...args);
      return stored;
    };
    expect(await findings(store)).toEqual([]);
  });

  it('passes on what the backend finds, and says what it means', async () => {
    const store = await openStateStore(
      fakeBackend({
        async *verify() {
          yield { kind: 'foreign', what: 'notes.txt' };
        },
      }),
    );
    expect(await findings(store)).toEqual([
      { kind: 'foreign', what: 'notes.txt', problem: 'not a name of this store' },
    ]);
  });

  it('stops when it is told to', async () => {
    const store = await openStateStore(fakeBackend());
    for (let i = 0; i < 5; i++) await store.save(running());
    const controller = new AbortController();
    const stop = (): void => controller.abort(new Error('enough'));
    await expect(findings(store, { concurrency: 1, onChecked: stop, signal: controller.signal })).rejects.toThrow(
      'enough',
    );
  });
});

it('diagnosis is the backend’s, or empty', async () => {
  const seen = async (store: StateStore): Promise<Diagnosis[]> => {
    const list: Diagnosis[] = [];
    for await (const diagnosis of diagnoseStore(store)) list.push(diagnosis);
    return list;
  };
  expect(await seen(await openStateStore(fakeBackend()))).toEqual([]);
  const clock: Diagnosis = { what: 'clock', verdict: 'ok', found: 'right' };
  expect(
    await seen(
      await openStateStore(
        fakeBackend({
          async *diagnose() {
            yield clock;
          },
        }),
      ),
    ),
  ).toEqual([clock]);
});
