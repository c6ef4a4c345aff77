// How core talks to a backend: every failure becomes a `StateStoreError`, and "absent" is never read out of an error.

import { isStateStoreError, StateStoreError } from './errors.js';
import type { InstanceId } from './instance-id.js';
import type { BackendCall, BackendRecord, StateBackend, Stored, WriteRevision } from './state-backend.js';
import { decodeHeader, type Decoded } from './state-codec.js';

/** Runs one call of the backend that changes nothing. */
export async function reading<T>(
  backend: StateBackend,
  call: BackendCall,
  id: InstanceId | undefined,
  run: () => Promise<T>,
): Promise<T> {
  call.signal?.throwIfAborted();
  try {
    return await run();
  } catch (error) {
    call.signal?.throwIfAborted();
    throw storageError(backend, error, id);
  }
}

export function storageError(
  backend: StateBackend,
  error: unknown,
  id?: InstanceId,
  retryable = true,
): StateStoreError {
  if (isStateStoreError(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new StateStoreError('STORAGE_ERROR', `${backend.name}: ${message}`, {
    cause: error,
    instanceId: id,
    retryable,
  });
}

export function readStored(backend: StateBackend, id: InstanceId, call: BackendCall): Promise<Stored | undefined> {
  return reading(backend, call, id, () => backend.read(id, call));
}

export function headStored(backend: StateBackend, id: InstanceId, call: BackendCall): Promise<Stored | undefined> {
  return reading(backend, call, id, () =>
    backend.head === undefined ? backend.read(id, call) : backend.head(id, call),
  );
}

/** What is stored under `id`, tombstones included. @throws `DESERIALIZATION_ERROR` and all that reading throws. */
export async function headDecoded(
  backend: StateBackend,
  id: InstanceId,
  call: BackendCall,
): Promise<Decoded | undefined> {
  const stored = await headStored(backend, id, call);
  return stored === undefined ? undefined : decodeHeader(id, stored);
}

/** The write is stored, under this record (its revision is the one that took effect) and hint. */
export interface Committed {
  readonly record: BackendRecord;
  readonly hint: string | undefined;
}

/** What a `write` that resolved with `written` has stored. */
export function committed(record: BackendRecord, written: WriteRevision | string | void): Committed {
  if (typeof written !== 'object') return { record, hint: written ?? undefined };
  const { hint, ...revision } = written;
  return { record: { ...record, revision }, hint };
}
