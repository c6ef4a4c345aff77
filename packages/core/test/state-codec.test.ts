import { describe, expect, it } from 'vitest';
import { InstanceId, newWorkflowState, openStateStore, type WorkflowStateInput } from '@workflow-state/core';
import type { BackendRecord, WriteRevision } from '@workflow-state/core/backend';
import { decodeHeader, decodeState, encodeBody, encodeRecord, writeOver } from '../src/state-codec.js';
import { fakeBackend } from './fake-backend.js';

const id = InstanceId.parse('00000000000000000000000000000001');
const nonce = (n: number): string => n.toString(16).padStart(16, '0');

/** As `save` has stored it. */
async function stored(): Promise<BackendRecord> {
  const backend = fakeBackend();
  const input: WorkflowStateInput = newWorkflowState({
    instanceId: id,
    workflowId: 'w',
    version: { major: 1, minor: 0, patch: 0 },
    currentStage: 's',
  });
  await (await openStateStore(backend)).save({ ...input, status: { kind: 'paused', stage: 's' } });
  return backend.records.get(id)!;
}

function written(base: WriteRevision | undefined, status: WriteRevision['status'], now = 50) {
  return writeOver(base, { id, status, now, createdAt: 7 }, nonce(9));
}

describe('a write over', () => {
  const base: WriteRevision = {
    version: 4,
    nonce: nonce(4),
    incarnation: nonce(1),
    first: true,
    status: 'running',
    entered: { version: 2, nonce: nonce(2), at: 20 },
    createdAt: 1,
  };

  it('nothing begins the first incarnation', () => {
    const { parent, revision } = written(undefined, 'running');
    expect([parent, revision]).toEqual([
      undefined,
      {
        version: 1,
        nonce: nonce(9),
        incarnation: nonce(9),
        first: true,
        status: 'running',
        entered: { version: 1, nonce: nonce(9), at: 50 },
        createdAt: 7,
        hint: undefined,
      },
    ]);
  });

  it('a tombstone begins another incarnation, which tells what it follows', () => {
    const { parent, revision } = written({ ...base, status: 'tombstone' }, 'running');
    expect(parent).toBe(nonce(4));
    expect(revision).toMatchObject({ version: 1, incarnation: nonce(9), first: false, createdAt: 7 });
  });

  it.each<[WriteRevision['status'], WriteRevision['status'], boolean]>([
    ['running', 'running', true],
    ['running', 'waiting', false],
    ['failed', 'failed', false],
    ['running', 'tombstone', false],
  ])('%s of %s goes on, and stays entered: %s', (before, after, stays) => {
    const { revision } = written({ ...base, status: before }, after);
    expect(revision).toMatchObject({ version: 5, incarnation: nonce(1), first: true, createdAt: 1 });
    expect(revision.entered).toEqual(stays ? base.entered : { version: 5, nonce: nonce(9), at: 50 });
  });

  it('the last version is refused, but for its deletion', () => {
    const last = { ...base, version: 0xffff_ffff };
    expect(() => written(last, 'running')).toThrow(
      expect.objectContaining({
        code: 'INVALID_STATE',
        message: 'state.checkpointVersion: 4294967295 is the last; start a new instance',
      }),
    );
    expect(written({ ...last, version: 0xffff_fffe }, 'running').revision.version).toBe(0xffff_ffff);
    expect(written(last, 'tombstone').revision.version).toBe(0xffff_ffff);
    expect(written({ ...last, status: 'tombstone' }, 'running').revision.version).toBe(1);
  });
});

describe('a record', () => {
  it('of another instance is damage, and says whose it is', async () => {
    const record = await stored();
    const other = InstanceId.parse('00000000000000000000000000000002');
    expect(() => decodeHeader(other, record)).toThrow(
      expect.objectContaining({
        code: 'DESERIALIZATION_ERROR',
        message: `${other} is damaged: byte 8: the record of ${id} is stored there`,
        instanceId: other,
        recoveryHints: ["restore it, delete it, or save over it with onConflict: 'overwrite'"],
      }),
    );
  });

  it('whose header and body disagree is damage, and says in what', async () => {
    const { revision, updatedAt, envelope } = await stored();
    const record = encodeRecord(
      { id, revision: { ...revision, status: 'running' }, updatedAt, parent: undefined },
      envelope.slice(),
    );
    expect(decodeHeader(id, record).revision.status).toBe('running');
    expect(() => decodeState(id, record)).toThrow(
      expect.objectContaining({
        code: 'DESERIALIZATION_ERROR',
        message: `${id} is damaged: state.status.kind: expected running, as the header says, got "paused"`,
      }),
    );
  });

  it('of a later release is told from damage, with the remedy', async () => {
    const { envelope } = await stored();
    const later = envelope.map((byte, at) => (at === 4 ? 2 : byte));
    expect(() => decodeHeader(id, { envelope: later })).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_FORMAT', recoveryHints: ['upgrade to the release that wrote it'] }),
    );
  });

  it('that cannot be read for a reason of the reader is no damage', () => {
    const broken = new Proxy(new Uint8Array(200), {
      get: () => {
        throw new RangeError('detached');
      },
    });
    expect(() => decodeHeader(id, { envelope: broken })).toThrow(new RangeError('detached'));
  });
});

it('a body without an encoding is refused, with the cause', () => {
  expect(() => encodeBody({ a: null } as never)).toThrow(
    expect.objectContaining({ code: 'SERIALIZATION_ERROR', cause: expect.any(RangeError) as RangeError }),
  );
});
