// One instance from one store to another: its state as it is, byte for byte, with its version and its times.
//
// Must stay true:
//
// - Nothing that was written in the target by anybody else is ever replaced. The target is written only over nothing,
//   or over a copy made by this function that nobody has written over since, and which is older. Its header proves that:
//
//     nonce = incarnation    no save has followed the create
//     version > 1            no other create is at such a version; or, at version 1:
//     first, with a parent   no other create over nothing has one: it names the write that was copied
//
//   Condition and proof are one: what is replaced is exactly the write whose header was judged.
// - The copy is a write of its own, under a new nonce. Backends fence by nonces that never come back, neither from a copy
//   that was killed and is run again, nor from two at once, nor after the target has deleted the copy; the nonce of the
//   original would. So a revision from the old store saves nothing in the new one: a conflict, and whoever loads goes on.
// - Tombstones stay: what the target has deleted is not brought back.
// - "Copied" means that it was read back and is equal.

import { headDecoded, readStored } from '../backend-access.js';
import { commit } from '../commit.js';
import { type EnvelopeHeader, writeHeader } from '../envelope/header.js';
import { equal } from '../equal.js';
import { StateStoreError } from '../errors.js';
import type { InstanceId } from '../instance-id.js';
import type { BackendCall, BackendRecord, Expected, StateBackend, WriteRevision } from '../state-backend.js';
import { type Decoded, decodeHeader, decodeState } from '../state-codec.js';

export type CopyOutcome =
  /** The target had nothing under that id, and now has the copy. */
  | 'copied'
  /** The target had an older copy, which nobody had written over. */
  | 'updated'
  /** The same state at the same version was there already. Nothing was written. */
  | 'present'
  /** The target holds a later version. Left alone. */
  | 'newer'
  /** The target holds what somebody else has written under that id. Left alone. */
  | 'different'
  /** The target has deleted it, and keeps a tombstone. Left alone. */
  | 'deleted'
  /** The source had it when it was listed, and no longer. */
  | 'gone';

export interface Copied {
  readonly outcome: CopyOutcome;
  /** Of the source, where it was read. */
  readonly version?: number | undefined;
  /** Size of the encoded state. */
  readonly bytes?: number | undefined;
}

/** Others may come in between. Each time what is there now is judged anew. */
const ROUNDS = 4;

/**
 * A header read on either side; where something is to be copied, a read of the source, a conditional write and a read of
 * the target more.
 * @throws `StateStoreError`: either side cannot be read, or the target not be written. `OUTCOME_UNKNOWN`: run it again.
 */
export async function copyInstance(
  id: InstanceId,
  from: StateBackend,
  to: StateBackend,
  call: BackendCall,
): Promise<Copied> {
  for (let round = 1; ; round++) {
    const source = await headDecoded(from, id, call);
    if (source?.header.kind !== 'live') return { outcome: 'gone' };
    const target = await headDecoded(to, id, call);
    const { version, bodyBytes: bytes } = source.header;
    const verdict = judge(source.header, target?.header);
    if (verdict !== 'copied' && verdict !== 'updated') return { outcome: verdict, version, bytes };
    const read = await readLive(from, id, call);
    if (read === undefined) return { outcome: 'gone' };
    // Saved meanwhile: what was judged is no longer what would be written.
    const isJudged = read.header.nonce === source.header.nonce;
    if (isJudged && (await write(to, id, read, target?.revision, call))) return { outcome: verdict, version, bytes };
    if (round === ROUNDS) {
      throw new StateStoreError('STORAGE_ERROR', `${id} was not copied: it changed ${ROUNDS} times meanwhile`, {
        instanceId: id,
        retryable: true,
        recoveryHints: ['copy again once the engines on either side have stopped'],
      });
    }
  }
}

/** What is to be done about a target, or why not. Exported for the test that walks through every row. */
export function judge(source: EnvelopeHeader, target: EnvelopeHeader | undefined): Exclude<CopyOutcome, 'gone'> {
  if (target === undefined) return 'copied';
  if (target.kind !== 'live') return 'deleted';
  if (isSame(source, target)) return 'present';
  if (target.createdAt !== source.createdAt) return 'different';
  if (target.version > source.version) return 'newer';
  return isUntouchedCopy(target) && target.version < source.version ? 'updated' : 'different';
}

/** All that a header says but who wrote it. */
function isSame(a: EnvelopeHeader, b: EnvelopeHeader): boolean {
  return (
    a.version === b.version &&
    a.status === b.status &&
    a.createdAt === b.createdAt &&
    a.updatedAt === b.updatedAt &&
    a.entered?.at === b.entered?.at &&
    a.bodyBytes === b.bodyBytes &&
    a.bodyCrc === b.bodyCrc
  );
}

function isUntouchedCopy({ nonce, incarnation, version, first, parent }: EnvelopeHeader): boolean {
  return nonce === incarnation && (version > 1 || (first && parent !== undefined));
}

interface Read extends Decoded {
  readonly envelope: Uint8Array;
}

/** The whole record, proved sound to its last byte; `undefined` where the instance is gone. */
async function readLive(from: StateBackend, id: InstanceId, call: BackendCall): Promise<Read | undefined> {
  const stored = await readStored(from, id, call);
  if (stored === undefined || decodeState(id, stored) === undefined) return undefined;
  return { ...decodeHeader(id, stored), envelope: stored.envelope };
}

/** `false`: somebody was quicker, and nothing was written. */
async function write(
  to: StateBackend,
  id: InstanceId,
  source: Read,
  base: WriteRevision | undefined,
  call: BackendCall,
): Promise<boolean> {
  const { bodyBytes } = source.header;
  if (bodyBytes > to.capabilities.maxBodyBytes) {
    throw new StateStoreError(
      'INVALID_STATE',
      `${id} has ${bodyBytes} bytes, and ${to.name} takes at most ${to.capabilities.maxBodyBytes}`,
      { instanceId: id },
    );
  }
  const record = await commit(to, (nonce) => copyOf(source, id, base, nonce), base, call);
  if (record === undefined) return false;
  await verify(to, id, record, call);
  return true;
}

function copyOf({ header, envelope: read }: Read, id: InstanceId, base: Expected, nonce: string): BackendRecord {
  const { version, status, entered, createdAt, updatedAt } = header;
  const replaced = base !== undefined && 'nonce' in base ? base.nonce : undefined;
  if (status === undefined || entered === undefined) throw new TypeError('a live record has a status');
  const revision: WriteRevision = {
    version,
    nonce,
    incarnation: nonce,
    first: replaced === undefined,
    status,
    // As every create, at 1: no index entry of an earlier life can have a later one. Behind an older copy, in its order.
    entered: { version: replaced === undefined ? 1 : version, nonce, at: entered.at },
    createdAt,
  };
  const envelope = read.slice();
  writeHeader(envelope, { ...header, ...revision, status, parent: replaced ?? header.nonce });
  return { id, revision, updatedAt, envelope };
}

async function verify(to: StateBackend, id: InstanceId, record: BackendRecord, call: BackendCall): Promise<void> {
  const stored = await readStored(to, id, call);
  if (stored !== undefined && equal(stored.envelope, record.envelope)) return;
  // An engine of the target may have gone on from the copy by now: then it was there.
  const now = stored && decodeHeader(id, stored).header;
  if (now !== undefined && now.nonce !== record.revision.nonce && now.incarnation === record.revision.nonce) return;
  throw new StateStoreError(
    'STORAGE_ERROR',
    `${id} was copied, but ${to.name} then returned ${now === undefined ? 'nothing' : 'something else'}`,
    {
      instanceId: id,
      recoveryHints: ['unless somebody deleted it at that moment, the storage changes or loses bytes: do not use it'],
    },
  );
}
