// Clause 14: what was written stays readable, and what is newer is left alone.

import assert from 'node:assert/strict';
import { crc32 } from '../../envelope/crc32.js';
import { readHeader } from '../../envelope/header.js';
import { isStateStoreError } from '../../errors.js';
import type { InstanceId } from '../../instance-id.js';
import { revisionOfHeader } from '../../revision.js';
import type { WorkflowStatus } from '../../status.js';
import type { CaseContext, ConformanceCase } from '../case.js';
import { collect, refused, same } from '../claims.js';
import { FORMAT_1 } from '../format-fixtures.js';

const FAILED: WorkflowStatus = { kind: 'failed', error: { code: 'E', message: 'failed', recoveryHints: [] } };

export const formatCases: readonly ConformanceCase[] = [
  {
    id: '14.format-1',
    clause: 14,
    title:
      'records of format 1, kept from its first release, load as the states they were, and are saved and deleted as any other',
    level: 'store',
    usualCause: 'the codec has changed, and with it what old bytes mean',
    async run(context) {
      const store = await context.open();
      for (const { name, envelope, state } of FORMAT_1) {
        await writeBytes(context, envelope);
        const loaded = await store.load(state.instanceId);
        const { revision: _, ...plain } = loaded;
        same(plain, state, `the fixture ${name} of format 1`);
        same(
          (await store.head(state.instanceId))?.checkpointVersion,
          state.checkpointVersion,
          `head of the fixture ${name}`,
        );
        same(
          await collect(store.listByStatus(state.status)),
          [state.instanceId],
          `listByStatus of the status of the fixture ${name}`,
        );
        const saved = await store.save({ ...loaded, workflowId: 'saved' });
        assert.equal(
          saved.checkpointVersion,
          state.checkpointVersion + 1,
          `version of the save of the fixture ${name}`,
        );
        assert.equal(await store.delete(state.instanceId), true, `delete of the fixture ${name}`);
      }
    },
  },
  {
    id: '14.writes-format-1',
    clause: 14,
    title: 'what is stored of a state is what format 1 says: the same bytes for the same state, release after release',
    level: 'store',
    usualCause:
      'an encoder that orders keys, shortens numbers or compresses differently, so that the fixtures no longer stand for what is written',
    async run(context) {
      const store = await context.open();
      for (const { name, envelope, state } of FORMAT_1) {
        const saved = await store.save({ ...state, checkpointVersion: 0 });
        const stored = await context.stored(saved.instanceId);
        if (stored === undefined) assert.fail(`nothing is stored of the fixture ${name}`);
        same(stored.subarray(128), envelope.subarray(128), `body of the fixture ${name}, saved anew`);
        const header = readHeader(stored);
        same(
          [header.id, header.status, header.version],
          [state.instanceId, state.status.kind, 1],
          `header of the fixture ${name}, saved anew`,
        );
        await store.delete(saved.instanceId);
      }
    },
  },
  {
    id: '14.newer-is-refused',
    clause: 14,
    title:
      'a record of a newer format is UNSUPPORTED_FORMAT for every call that must read or replace it, stays as it is, and hides nothing',
    level: 'store',
    usualCause: 'what cannot be read counts as damaged, and is deleted, overwritten or cleaned up by the older release',
    async run(context) {
      for (const [what, change] of NEWER) {
        const here = await context.elsewhere();
        const store = await here.open();
        const other = await store.save(here.state({ status: FAILED }));
        const input = here.state({ status: FAILED });
        const { instanceId } = await here.plant(input, change);
        const before = await here.stored(instanceId);
        const calls: readonly (readonly [string, () => Promise<unknown>])[] = [
          ['load', () => store.load(instanceId)],
          ['find', () => store.find(instanceId)],
          ['head', () => store.head(instanceId)],
          ['update', () => store.update(instanceId, (state) => ({ ...state }))],
          ['create', () => store.save(input)],
          ['overwrite', () => store.save(input, { onConflict: 'overwrite' })],
          ['delete', () => store.delete(instanceId)],
        ];
        for (const [name, call] of calls) {
          const error = await refused('UNSUPPORTED_FORMAT', `${name} of a record with ${what}`, call);
          assert.equal(
            error.instanceId,
            instanceId,
            `${name} of a record with ${what}: the error does not name the instance`,
          );
          assert.ok(
            error.recoveryHints.length > 0,
            `${name} of a record with ${what}: the error does not say what to do`,
          );
        }
        same(await collect(store.list()), [instanceId, other.instanceId].sort(), `list beside a record with ${what}`);
        same(await store.load(other.instanceId), other, `another instance beside a record with ${what}`);
        here.clock.advance(1001);
        const { removed, failures } = await store.cleanup({ failed: 1000 });
        assert.equal(removed, 1, `removed by a cleanup beside a record with ${what}`);
        same(
          failures.map((row) => [row.instanceId, isStateStoreError(row.error) && row.error.code]),
          [[instanceId, 'UNSUPPORTED_FORMAT']],
          `failures of a cleanup that met a record with ${what}`,
        );
        same(await here.stored(instanceId), before, `a record with ${what}, after all that`);
      }
    },
  },
];

const NEWER: readonly (readonly [string, (envelope: Uint8Array) => Uint8Array])[] = [
  // Of another format nothing is known: not even that it has a checksum, or where.
  ['format 2', (envelope) => withByte(envelope, 4, 2)],
  ['another codec', (envelope) => proved(withByte(envelope, 5, 2))],
  ['a status that is not known yet', (envelope) => proved(withByte(envelope, 6, 200))],
  ['a flag that is not known yet', (envelope) => proved(withByte(envelope, 7, 0x84))],
  ['a reserved byte in use', (envelope) => proved(withByte(envelope, 100, 1))],
];

function withByte(envelope: Uint8Array, at: number, value: number): Uint8Array {
  const changed = envelope.slice();
  changed[at] = value;
  return changed;
}

/** With the checksum of the header as it is now. */
function proved(envelope: Uint8Array): Uint8Array {
  new DataView(envelope.buffer, envelope.byteOffset).setUint32(124, crc32(envelope.subarray(0, 124)));
  return envelope;
}

async function writeBytes(context: CaseContext, envelope: Uint8Array): Promise<void> {
  const header = readHeader(envelope);
  context.history.note(`${header.id.slice(0, 8)} of format 1 put into the backend`);
  await context.location.backend.write(
    { id: header.id as InstanceId, revision: revisionOfHeader(header), updatedAt: header.updatedAt, envelope },
    undefined,
    {},
  );
}
