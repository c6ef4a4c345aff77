import { afterEach, describe, expect, it, vi } from 'vitest';
import { InstanceId, newWorkflowState, openStateStore, enterStage, type WorkflowState } from '@workflow-state/core';
import {
  NotApplied,
  RevisionConflict,
  StateStoreError,
  type BackendRecord,
  type Expected,
} from '@workflow-state/core/backend';
import { judge } from '../src/doubtful-outcome.js';
import { ownEntry } from '../src/revision.js';
import { encodeRecord } from '../src/state-codec.js';
import { fakeBackend } from './fake-backend.js';
import { recordWaits } from './record-waits.js';

const id = InstanceId.parse('00000000000000000000000000000001');
const nonce = (n: number): string => n.toString(16).padStart(16, '0');

interface Link {
  readonly version: number;
  readonly nonce: number;
  readonly parent?: number;
  readonly incarnation?: number;
  readonly entered?: number;
  readonly tombstone?: boolean;
}

function record({ version, nonce: n, parent, incarnation = 1, entered = n, tombstone = false }: Link): BackendRecord {
  return encodeRecord({
    id,
    parent: parent === undefined ? undefined : nonce(parent),
    updatedAt: 0,
    revision: {
      version,
      nonce: nonce(n),
      incarnation: nonce(incarnation),
      first: true,
      status: tombstone ? 'tombstone' : 'running',
      entered: ownEntry(1, nonce(entered), 0),
      createdAt: 0,
    },
  });
}

// Ours is version 3, nonce 0x33, over version 2, nonce 0x22, of the incarnation that began with nonce 1.
const base: Expected = record({ version: 2, nonce: 0x22, parent: 1 }).revision;
const ours = record({ version: 3, nonce: 0x33, parent: 0x22 });
const keeping = { reclaims: false };
const create = record({ version: 1, nonce: 0x11, incarnation: 0x11 });

describe('what the stored header proves about a write in doubt', () => {
  it.each<[string, BackendRecord, Expected, Link | undefined, string]>([
    ['our nonce', ours, base, { version: 3, nonce: 0x33, parent: 0x22 }, 'written'],
    ['our nonce as parent', ours, base, { version: 4, nonce: 0x44, parent: 0x33 }, 'written'],
    [
      'our nonce as parent of a tombstone',
      ours,
      base,
      { version: 4, nonce: 0x44, parent: 0x33, tombstone: true },
      'written',
    ],
    ['a status that we entered', ours, base, { version: 9, nonce: 0x99, parent: 0x88, entered: 0x33 }, 'written'],
    ['our base', ours, base, { version: 2, nonce: 0x22, parent: 1 }, 'resend'],
    ["another's write of our version", ours, base, { version: 3, nonce: 0x34, parent: 0x22 }, 'lost'],
    [
      "another's tombstone of our version",
      ours,
      base,
      { version: 3, nonce: 0x34, parent: 0x22, tombstone: true },
      'lost',
    ],
    ["the successor of another's write", ours, base, { version: 4, nonce: 0x45, parent: 0x34 }, 'lost'],
    ['two successors, which may hide ours', ours, base, { version: 5, nonce: 0x55, parent: 0x46 }, 'unknown'],
    ['another incarnation', ours, base, { version: 3, nonce: 0x66, parent: 0x65, incarnation: 0x60 }, 'unknown'],
    ['nothing, after a removal that may have followed ours', ours, base, undefined, 'unknown'],
    ['our create', create, undefined, { version: 1, nonce: 0x11, incarnation: 0x11 }, 'written'],
    [
      'a late successor of our create',
      create,
      undefined,
      { version: 7, nonce: 0x77, parent: 0x76, incarnation: 0x11 },
      'written',
    ],
    ['nothing, where a create is under way and deletes leave a trace', create, undefined, undefined, 'resend'],
    [
      "another's create, which may follow ours and its removal",
      create,
      undefined,
      { version: 1, nonce: 0x12, incarnation: 0x12 },
      'unknown',
    ],
  ])('%s', (_, record_, expected, found, verdict) => {
    expect(judge(record_, expected, found && { envelope: record(found).envelope }, keeping)).toBe(verdict);
  });

  it('nothing, where a create may have been written, deleted and removed: that is no proof', () => {
    expect(judge(create, undefined, undefined, { reclaims: true })).toBe('unknown');
  });

  it('a damaged record, unchanged', () => {
    const envelope = new Uint8Array([1, 2, 3]);
    expect(judge(create, { damaged: true, envelope }, { envelope }, keeping)).toBe('resend');
  });

  it('our record over one that was empty', () => {
    const empty: Expected = { damaged: true, envelope: new Uint8Array() };
    expect(judge(create, empty, { envelope: new Uint8Array() }, keeping)).toBe('resend');
    expect(judge(create, empty, { envelope: create.envelope }, keeping)).toBe('written');
  });
});

describe('a save whose answer is lost', () => {
  const fresh = newWorkflowState({ workflowId: 'w', version: { major: 1, minor: 0, patch: 0 }, currentStage: 's' });
  const lost = new Error('socket hang up');

  async function saved(backend = fakeBackend()): Promise<{ backend: typeof backend; state: WorkflowState }> {
    const store = await openStateStore({ ...backend });
    return { backend, state: await store.save(fresh) };
  }

  it('succeeds when it was written, and saves on from there', async () => {
    const { backend, state } = await saved();
    let cut = true;
    const store = await openStateStore({
      ...backend,
      async write(rec, expected) {
        backend.apply(rec, expected);
        if (cut) {
          cut = false;
          throw lost;
        }
      },
    });
    const next = await store.save(enterStage(state, 'a'));
    expect(next.checkpointVersion).toBe(2);
    expect((await store.save(next)).checkpointVersion).toBe(3);
  });

  it('is sent again with the same bytes when it was not written', async () => {
    const { backend, state } = await saved();
    const sent: Uint8Array[] = [];
    const store = await openStateStore({
      ...backend,
      async write(rec, expected) {
        sent.push(rec.envelope.slice());
        if (sent.length === 1) throw lost;
        backend.apply(rec, expected);
      },
    });
    await store.save(enterStage(state, 'a'));
    expect(sent).toHaveLength(2);
    expect(sent[1]).toEqual(sent[0]);
  });

  it('succeeds when the first copy lands after the resend was refused', async () => {
    const { backend, state } = await saved();
    let sends = 0;
    const store = await openStateStore({
      ...backend,
      async write(rec, expected) {
        if (++sends === 1) throw lost;
        backend.apply(rec, expected); // the delayed first copy
        throw new RevisionConflict(); // and the answer to the second
      },
    });
    expect((await store.save(enterStage(state, 'a'))).checkpointVersion).toBe(2);
  });

  it('is never called "not written" because a resend was refused', async () => {
    const { backend, state } = await saved();
    let sends = 0;
    const store = await openStateStore({
      ...backend,
      async write() {
        throw ++sends === 1 ? lost : new NotApplied(new Error('disk full'));
      },
    });
    await expect(store.save(enterStage(state, 'a'))).rejects.toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      cause: lost,
      instanceId: state.instanceId,
    });
  });

  it('is unknown while nothing can be read, with the first failure as the cause', async () => {
    const { backend, state } = await saved();
    const down = async (): Promise<never> => {
      throw new Error('down');
    };
    const store = await openStateStore({ ...backend, read: down, write: async () => Promise.reject(lost) });
    await expect(store.save(enterStage(state, 'a'))).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN', cause: lost });
  });

  it('is a conflict where the header proves that another came first', async () => {
    const { backend, state } = await saved();
    const rival = await openStateStore({ ...backend });
    const store = await openStateStore({
      ...backend,
      async write() {
        await rival.save(enterStage(state, 'theirs'));
        throw lost;
      },
    });
    await expect(store.save(enterStage(state, 'ours'))).rejects.toMatchObject({
      code: 'CHECKPOINT_CONFLICT',
      conflict: { reason: 'changed', expected: 1, actual: 2 },
    });
  });

  it('is passed on unsettled where the backend knows that a read proves nothing', async () => {
    const { backend, state } = await saved();
    const unsynced = new StateStoreError('OUTCOME_UNKNOWN', 'fsync failed');
    const store = await openStateStore({
      ...backend,
      async write(rec, expected) {
        backend.apply(rec, expected);
        throw unsynced;
      },
    });
    await expect(store.save(enterStage(state, 'a'))).rejects.toBe(unsynced);
  });

  it('is unknown where the backend says so of the resend, whatever can be read afterwards', async () => {
    const { backend, state } = await saved();
    const unsynced = new StateStoreError('OUTCOME_UNKNOWN', 'fsync failed');
    let sends = 0;
    const store = await openStateStore({
      ...backend,
      async write(rec, expected) {
        if (++sends === 1) throw lost;
        backend.apply(rec, expected);
        throw unsynced;
      },
    });
    await expect(store.save(enterStage(state, 'a'))).rejects.toBe(unsynced);
  });

  it('is unknown, because of the abort, once the caller gave up after the commit was issued', async () => {
    const { backend, state } = await saved();
    const controller = new AbortController();
    const reason = new Error('deadline');
    const store = await openStateStore({
      ...backend,
      async write(rec, expected) {
        backend.apply(rec, expected);
        controller.abort(reason);
        throw lost;
      },
    });
    await expect(store.save(enterStage(state, 'a'), { signal: controller.signal })).rejects.toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      cause: reason,
    });
  });
});

describe('a backend that asks to come again', () => {
  it('is offered the same change under a new nonce, with the hint it gave', async () => {
    const backend = fakeBackend();
    const store = await openStateStore(backend);
    const state = await store.save(
      newWorkflowState({ workflowId: 'w', version: { major: 1, minor: 0, patch: 0 }, currentStage: 's' }),
    );
    const offers: { nonce: string; hint: string | undefined }[] = [];
    const fenced = await openStateStore({
      ...backend,
      async write(rec, expected) {
        offers.push({ nonce: rec.revision.nonce, hint: expected?.hint });
        if (offers.length === 1) throw new NotApplied(new Error('fenced'), { comeAgain: { hint: 'turn' } });
        backend.apply(rec, expected);
      },
    });
    const next = await fenced.save(enterStage(state, 'a'));
    expect(offers.map(({ hint }) => hint)).toEqual([undefined, 'turn']);
    expect(offers[0]?.nonce).not.toBe(offers[1]?.nonce);
    expect(await fenced.isCurrent(next.instanceId, next.revision)).toBe(true);
  });
});

describe('there is an end to it', () => {
  afterEach(() => void vi.restoreAllMocks());

  const fresh = newWorkflowState({ workflowId: 'w', version: { major: 1, minor: 0, patch: 0 }, currentStage: 's' });

  it('after four looks, with three copies sent again, where every request is lost', async () => {
    let [looks, writes] = [0, 0];
    const waits = recordWaits();
    const store = await openStateStore(
      fakeBackend({
        async read() {
          looks++;
          return undefined;
        },
        async write() {
          writes++;
          throw new Error('lost');
        },
      }),
    );
    const error: unknown = await store.save(fresh).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      recoveryHints: [expect.stringContaining('load the instance')],
    });
    expect({ looks, writes, waits }).toEqual({ looks: 4, writes: 4, waits: [20, 40, 80] });
  });

  it('at the first look that can prove nothing', async () => {
    let looks = 0;
    const store = await openStateStore(
      fakeBackend({
        capabilities: { ...fakeBackend().capabilities, reclaims: true },
        async read() {
          looks++;
          return undefined;
        },
        async write() {
          throw new Error('lost');
        },
      }),
    );
    await expect(store.save(fresh)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect(looks).toBe(1);
  });

  it('after thirty returns, where the backend asks to come again each time', async () => {
    let writes = 0;
    const waits = recordWaits();
    const full = new Error('still fenced');
    const store = await openStateStore(
      fakeBackend({
        async write() {
          writes++;
          throw new NotApplied(full, { comeAgain: {} });
        },
      }),
    );
    await expect(store.save(fresh)).rejects.toMatchObject({ code: 'STORAGE_ERROR', cause: full });
    expect(writes).toBe(31);
    // Most rivals are gone at once; from the fourth on it waits.
    expect(waits.length).toBe(27);
    expect(waits.slice(0, 7)).toEqual([2, 4, 8, 16, 32, 50, 50]);
  });
});
