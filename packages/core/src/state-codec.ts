// Between a state and its envelope: a 128-byte header that proves itself, and a CBOR body.

import { decodeCbor, encodeCbor } from './envelope/cbor.js';
import { corrupt, EnvelopeError } from './envelope/envelope-error.js';
import { checkBody, type EnvelopeHeader, HEADER_BYTES, readHeader, writeHeader } from './envelope/header.js';
import { messageOf, StateStoreError } from './errors.js';
import type { InstanceId } from './instance-id.js';
import { encodeRevision, ownEntry, revisionOfHeader } from './revision.js';
import { ShapeError } from './shape.js';
import type { WorkflowState } from './state.js';
import type { BackendRecord, Expected, Stored, WriteRevision } from './state-backend.js';
import { type StateBody, stateBody } from './state-shape.js';
import { isTerminalKind } from './status.js';

/** Unsigned 32-bit in the header. */
const LAST_VERSION = 0xffff_ffff;

/** One logical write, before it has bytes. */
export interface Write {
  readonly id: InstanceId;
  readonly revision: WriteRevision;
  /** Nonce of the write that it replaces; `undefined` where nothing is stored. */
  readonly parent: string | undefined;
  readonly updatedAt: number;
}

/** What a writer decides about the write that it makes of some base. */
export interface Draft {
  readonly id: InstanceId;
  readonly status: WriteRevision['status'];
  /** The store's clock. */
  readonly now: number;
  /** Where the write begins an incarnation: of the instance. Else its first save has fixed it. */
  readonly createdAt: number;
}

/** Whether a write of an instance begins an incarnation there: over nothing, or over a tombstone. */
export function isVacant(base: Expected): base is WriteRevision | undefined {
  return base === undefined || ('status' in base && base.status === 'tombstone');
}

/** The write that replaces `base`: its successor, or the first of an incarnation. */
export function writeOver(base: Expected, { id, status, now, createdAt }: Draft, nonce: string): Write {
  const replaced = base !== undefined && 'nonce' in base ? base : undefined;
  const live = replaced?.status === 'tombstone' ? undefined : replaced;
  if (live?.version === LAST_VERSION && status !== 'tombstone') {
    throw new StateStoreError(
      'INVALID_STATE',
      `state.checkpointVersion: ${LAST_VERSION} is the last; start a new instance`,
    );
  }
  const version = Math.min((live?.version ?? 0) + 1, LAST_VERSION);
  const stays = live?.status === status && !isTerminalKind(status);
  const lineage = live ?? { incarnation: nonce, first: base === undefined, createdAt };
  return {
    id,
    parent: replaced?.nonce,
    updatedAt: now,
    revision: {
      version,
      nonce,
      incarnation: lineage.incarnation,
      first: lineage.first,
      status,
      entered: stays ? live.entered : ownEntry(version, nonce, now),
      createdAt: lineage.createdAt,
      hint: undefined,
    },
  };
}

/** A stored record whose header was read and proved. */
export interface Decoded {
  readonly header: EnvelopeHeader;
  readonly revision: WriteRevision;
}

/** Buffer with the encoded body behind room for a header: encoded once, however often the header is written anew. */
export function encodeBody(body: StateBody): Uint8Array {
  try {
    return encodeCbor(body as never, HEADER_BYTES);
  } catch (cause) {
    throw new StateStoreError('SERIALIZATION_ERROR', messageOf(cause), { cause });
  }
}

/** The body again, on a buffer of its own: what the writer gets back is what every reader will get. */
export function decodeBody(envelope: Uint8Array): StateBody {
  return decodeCbor(envelope, HEADER_BYTES) as unknown as StateBody;
}

/** A record over `envelope`, whose header is filled in. A tombstone is a header alone. */
export function encodeRecord(write: Write, envelope: Uint8Array = new Uint8Array(HEADER_BYTES)): BackendRecord {
  const { id, revision, parent, updatedAt } = write;
  const { version, nonce, incarnation, first, status, entered, createdAt } = revision;
  const live = status !== 'tombstone';
  writeHeader(envelope, {
    id,
    kind: live ? 'live' : 'tombstone',
    status: live ? status : undefined,
    version,
    nonce,
    parent,
    incarnation,
    first,
    entered: live ? entered : undefined,
    createdAt,
    updatedAt,
  });
  return { id, revision, updatedAt, envelope };
}

/** @throws `DESERIALIZATION_ERROR`, `UNSUPPORTED_FORMAT`. */
export function decodeHeader(id: InstanceId, stored: Stored): Decoded {
  return deserialize(id, () => {
    const header = readHeader(stored.envelope);
    if (header.id !== id) throw corrupt(8, `the record of ${header.id} is stored there`);
    return { header, revision: revisionOfHeader(header, stored.hint) };
  });
}

/** `undefined` for a tombstone. @throws `DESERIALIZATION_ERROR`, `UNSUPPORTED_FORMAT`. */
export function decodeState(id: InstanceId, stored: Stored): WorkflowState | undefined {
  const { header, revision } = decodeHeader(id, stored);
  if (header.kind !== 'live') return undefined;
  return deserialize(id, () => {
    checkBody(stored.envelope, header);
    const body = stateBody(decodeBody(stored.envelope));
    if (body.status.kind !== header.status)
      throw new ShapeError(`${header.status}, as the header says`, body.status.kind).within('.status.kind');
    return stateOf({ id, revision, updatedAt: header.updatedAt }, body);
  });
}

/** The state that a write stores, as its writer and every reader see it. Shares `body` and nothing else. */
export function stateOf({ id, revision, updatedAt }: Omit<Write, 'parent'>, body: StateBody): WorkflowState {
  return {
    instanceId: id,
    ...body,
    createdAt: new Date(revision.createdAt),
    updatedAt: new Date(updatedAt),
    checkpointVersion: revision.version,
    revision: encodeRevision(revision),
  };
}

function deserialize<T>(instanceId: InstanceId, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof EnvelopeError && cause.reason === 'unsupported') {
      throw new StateStoreError(
        'UNSUPPORTED_FORMAT',
        `${instanceId} was written by a newer release: ${cause.message}`,
        {
          cause,
          instanceId,
          recoveryHints: ['upgrade to the release that wrote it'],
        },
      );
    }
    if (!(cause instanceof EnvelopeError || cause instanceof ShapeError)) throw cause;
    if (cause instanceof ShapeError) cause.within('state');
    throw new StateStoreError('DESERIALIZATION_ERROR', `${instanceId} is damaged: ${cause.message}`, {
      cause,
      instanceId,
      recoveryHints: ["restore it, delete it, or save over it with onConflict: 'overwrite'"],
    });
  }
}
