// How core talks to a backend: every failure becomes a `StateStoreError`, and "absent" is never read out of an error.

import { isStateStoreError, messageOf, StateStoreError } from './errors.js';
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

export function storageError(backend: StateBackend, error: unknown, instanceId?: InstanceId): StateStoreError {
  if (isStateStoreError(error)) return error;
  return new StateStoreError('STORAGE_ERROR', `${backend.name}: ${messageOf(error)}`, {
    cause: error,
    instanceId,
    retryable: true,
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

/** What a `write` of `record` that resolved with `written` has stored: the revision that took effect, and its hint. */
export function committed(record: BackendRecord, written: WriteRevision | string | void): BackendRecord {
  if (written === undefined) return record;
  const effect = typeof written === 'object' ? written : { hint: written };
  return { ...record, revision: { ...record.revision, ...effect } };
}
