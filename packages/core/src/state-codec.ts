// Between a state and its envelope: a 128-byte header that proves itself, and a CBOR body.

import { CborError, decodeCbor, encodeCbor } from './envelope/cbor.js';
import {
  EnvelopeError,
  type EnvelopeHeader,
  HEADER_BYTES,
  readBody,
  readHeader,
  writeHeader,
} from './envelope/header.js';
import { StateStoreError } from './errors.js';
import type { InstanceId } from './instance-id.js';
import { encodeRevision, revisionOfHeader } from './revision.js';
import { checkShape, ShapeError } from './shape.js';
import type { WorkflowState } from './state.js';
import type { BackendRecord, Stored, WriteRevision } from './state-backend.js';
import { type StateBody, stateBody } from './state-shape.js';

/** One logical write, before it has bytes. */
export interface Write {
  readonly id: InstanceId;
  readonly revision: WriteRevision;
  /** Nonce of the write that it replaces; `undefined` where nothing is stored. */
  readonly parent: string | undefined;
  readonly updatedAt: number;
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
  } catch (error) {
    throw new StateStoreError('SERIALIZATION_ERROR', `the state could not be encoded: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** The body again, on a buffer of its own: what the writer gets back is what every reader will get. */
export function decodeEncodedBody(encoded: Uint8Array): StateBody {
  return decodeCbor(encoded.subarray(HEADER_BYTES)) as unknown as StateBody;
}

/** A record over `envelope`, whose header is filled in. A tombstone is a header alone. */
export function encodeRecord(write: Write, envelope: Uint8Array = new Uint8Array(HEADER_BYTES)): BackendRecord {
  const { id, revision, parent, updatedAt } = write;
  writeHeader(envelope, {
    id,
    kind: revision.status === 'tombstone' ? 'tombstone' : 'live',
    status: revision.status === 'tombstone' ? undefined : revision.status,
    version: revision.version,
    nonce: revision.nonce,
    parent,
    incarnation: revision.incarnation,
    first: revision.first,
    entered: revision.status === 'tombstone' ? undefined : revision.entered,
    createdAt: revision.createdAt,
    updatedAt,
  });
  return { id, revision, updatedAt, envelope };
}

/** @throws `DESERIALIZATION_ERROR`, `UNSUPPORTED_FORMAT`. */
export function decodeHeader(id: InstanceId, stored: Stored): Decoded {
  return deserialize(id, () => {
    const header = readHeader(stored.envelope);
    if (header.id !== id) throw new EnvelopeError('corrupt', 8, `the record of ${header.id} is stored under this id`);
    return { header, revision: revisionOfHeader(header, stored.hint) };
  });
}

/** `undefined` for a tombstone. @throws `DESERIALIZATION_ERROR`, `UNSUPPORTED_FORMAT`. */
export function decodeState(id: InstanceId, stored: Stored): WorkflowState | undefined {
  const { header, revision } = decodeHeader(id, stored);
  if (header.kind !== 'live') return undefined;
  return deserialize(id, () => {
    const body = checkShape(stateBody, decodeCbor(readBody(stored.envelope, header)), 'state');
    if (body.status.kind !== header.status) {
      throw new ShapeError(`${header.status}, as the header says`, body.status.kind).within('state.status.kind');
    }
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

function deserialize<T>(id: InstanceId, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof EnvelopeError && error.reason === 'unsupported') {
      throw new StateStoreError(
        'UNSUPPORTED_FORMAT',
        `instance ${id} was written by a newer release: ${error.message}`,
        {
          cause: error,
          instanceId: id,
          recoveryHints: ['upgrade this process to the release that wrote it'],
        },
      );
    }
    if (error instanceof EnvelopeError || error instanceof CborError || error instanceof ShapeError) {
      const offset =
        error instanceof CborError
          ? HEADER_BYTES + error.offset
          : error instanceof EnvelopeError
            ? error.offset
            : undefined;
      const where = offset === undefined || /\bbyte \d/.test(error.message) ? '' : ` (byte ${offset} of the record)`;
      throw new StateStoreError('DESERIALIZATION_ERROR', `instance ${id} is damaged: ${error.message}${where}`, {
        cause: error,
        instanceId: id,
        recoveryHints: ['restore it from a backup', "delete it, or save over it with { onConflict: 'overwrite' }"],
      });
    }
    throw error;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
