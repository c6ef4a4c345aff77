// Records as core would hand them to a backend.

import {
  type BackendRecord,
  HEADER_BYTES,
  type InstanceId,
  newNonce,
  readHeader,
  revisionOfHeader,
  type StatusKind,
  writeHeader,
  type WriteRevision,
} from '@workflow-state/core/backend';
import { InstanceId as Ids, isTerminalKind } from '@workflow-state/core';

export interface RecordOptions {
  readonly bodyBytes?: number;
  readonly at?: number;
  readonly nonce?: string;
  /** Of a create: another than 1 is a copy's. */
  readonly version?: number;
}

export function created(
  status: StatusKind,
  id: InstanceId = Ids.generate(),
  { at = 1000, bodyBytes = 100, nonce = newNonce(), version = 1 }: RecordOptions = {},
): BackendRecord {
  return build(
    id,
    { version, nonce, incarnation: nonce, first: true, status, entered: { version: 1, nonce, at }, createdAt: at },
    undefined,
    at,
    bodyBytes,
  );
}

export function following(
  base: BackendRecord,
  status: StatusKind | 'tombstone' = statusOf(base),
  { at = 2000, bodyBytes = 100, nonce = newNonce() }: RecordOptions = {},
): BackendRecord {
  const { revision } = base;
  const version = revision.version + 1;
  const stays = status === revision.status && !isTerminalKind(status);
  const entered = stays ? revision.entered : { version, nonce, at };
  return build(
    base.id,
    { ...revision, version, nonce, status, entered },
    revision.nonce,
    at,
    status === 'tombstone' ? 0 : bodyBytes,
  );
}

function statusOf({ revision }: BackendRecord): StatusKind {
  if (revision.status === 'tombstone') throw new TypeError('deleted');
  return revision.status;
}

function build(
  id: InstanceId,
  revision: WriteRevision,
  parent: string | undefined,
  updatedAt: number,
  bodyBytes: number,
): BackendRecord {
  const envelope = new Uint8Array(HEADER_BYTES + bodyBytes).fill(7);
  const live = revision.status !== 'tombstone';
  writeHeader(envelope, {
    id,
    kind: live ? 'live' : 'tombstone',
    status: live ? (revision.status as StatusKind) : undefined,
    version: revision.version,
    nonce: revision.nonce,
    parent,
    incarnation: revision.incarnation,
    first: revision.first,
    entered: live ? revision.entered : undefined,
    createdAt: revision.createdAt,
    updatedAt,
  });
  return { id, revision, updatedAt, envelope };
}

export function revisionIn(envelope: Uint8Array): WriteRevision {
  return revisionOfHeader(readHeader(envelope));
}
