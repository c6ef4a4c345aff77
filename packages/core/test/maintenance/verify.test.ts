import { describe, expect, it } from 'vitest';
import { InstanceId, newWorkflowState, openStateStore, type StateStore } from '@workflow-state/core';
import { type BackendFinding, type ScanEntry, StateStoreError, type StatusKind } from '@workflow-state/core/backend';
import { type Finding, verifyStore, type VerifyOptions } from '../../src/maintenance/index.js';
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

  it('tells of a record that is damaged, of a later release, or cannot be read, and goes on', async () => {
    const backend = fakeBackend();
    const store = await openStateStore(backend);
    const ids = [...Array(5)].map(() => InstanceId.generate()).sort();
    for (const id of ids) await store.save(running(id));
    const spoil = (at: number, byte: number, value: number): void => {
      backend.records.get(ids[at]!)!.envelope[byte] = value;
    };
    spoil(0, 200, 0xff);
    spoil(1, 4, 2);
    const read = backend.read.bind(backend);
    const eio = new Error('EIO');
    const busy = new StateStoreError('STORAGE_ERROR', 'busy');
    backend.read = async (id, call) => {
      if (id === ids[2]) throw eio;
      if (id === ids[3]) throw busy;
      return read(id, call);
    };
    const found = await findings(store);
    expect(found.map(({ kind, what, instanceId }) => [kind, what, instanceId])).toEqual(
      ['damaged', 'newer-format', 'unreadable', 'unreadable'].map((kind, at) => [kind, ids[at], ids[at]]),
    );
    expect(found.map(({ error }) => error)).toMatchObject([
      { code: 'DESERIALIZATION_ERROR' },
      { code: 'UNSUPPORTED_FORMAT' },
      { code: 'STORAGE_ERROR', cause: eio },
      busy,
    ]);
    expect(found[3]?.problem).toBe('busy');
  });

  it('tells of what was suspicious, and is in no listing any more though it is stored', async () => {
    const backend = fakeBackend();
    const store = await openStateStore(backend);
    const { instanceId } = await store.save(running());
    listing(backend, (entries, status, count) => (status === undefined && count === 1 ? entries : []));
    const found = await findings(store);
    expect(found.map(({ kind, problem }) => `${kind}: ${problem}`)).toEqual([
      'missing-index: running is stored, but list does not name it',
      'missing-index: running is stored, but running does not name it',
    ]);
    expect(found.map((finding) => [finding.instanceId, 'error' in finding])).toEqual([
      [instanceId, false],
      [instanceId, false],
    ]);
  });

  it('compares listings whose batches end anywhere, and lets go of them where it is left early', async () => {
    const backend = fakeBackend();
    const store = await openStateStore(backend);
    for (let i = 0; i < 30; i++)
      await store.save({
        ...running(),
        ...(i % 3 === 0 && { status: { kind: 'paused', stage: 'a' } }),
        ...(i % 7 === 0 && { status: { kind: 'cancelled' } }),
      });
    const scan = backend.scan.bind(backend);
    let open = 0;
    backend.scan = async function* (query, call) {
      open++;
      try {
        for await (const batch of scan(query, call)) {
          const size = query.status === undefined ? 7 : 4;
          for (let at = 0; at < batch.length; at += size) yield batch.slice(at, at + size);
          yield [];
        }
      } finally {
        open--;
      }
    };
    expect([await findings(store), open]).toEqual([[], 0]);
    const some = backend.records.get([...backend.records.keys()].sort()[3]!)!;
    some.envelope[200]! ^= 1;
    for await (const { kind } of verifyStore(store)) {
      expect([kind, open > 0]).toEqual(['damaged', true]);
      break;
    }
    expect(open).toBe(0);
  });

  it.each<[BackendFinding['kind'], string]>([
    ['foreign', 'not a name of this store'],
    ['leftover', 'left by a call that never ended'],
    ['stale-index', 'an index entry of what is not so'],
    ['missing-index', 'an index entry is missing'],
    ['stuck', 'can be read, but not written'],
    ['unreadable', 'could not be read'],
  ])('passes on what the backend finds (%s), and says what it means', async (kind, problem) => {
    const { signal } = new AbortController();
    const store = await openStateStore(
      fakeBackend({
        async *verify(call) {
          expect(call.signal).toBe(signal);
          yield { kind, what: 'notes.txt' };
          yield { kind, what: 'notes.txt', problem: 'of its own' };
        },
      }),
    );
    const finding = { kind, what: 'notes.txt' };
    expect(await findings(store, { signal })).toEqual([
      { ...finding, problem },
      { ...finding, problem: 'of its own' },
    ]);
  });

  it('fails as the backend does, or with the reason of who has given up', async () => {
    const cause = new Error('EIO');
    const controller = new AbortController();
    const reason = new Error('enough');
    let givesUp = false;
    const store = await openStateStore(
      fakeBackend({
        verify() {
          if (givesUp) controller.abort(reason);
          throw cause;
        },
      }),
    );
    await expect(findings(store)).rejects.toMatchObject({ code: 'STORAGE_ERROR', cause });
    givesUp = true;
    await expect(findings(store, { signal: controller.signal })).rejects.toBe(reason);
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
