// Reading the instance. The data file is only ever replaced by rename, never written in place: an open handle shows one
// state, complete, however long the reading takes.

import { EnvelopeError, HEADER_BYTES, readHeader, StateStoreError } from '@workflow-state/core/backend';
import type { EnvelopeHeader, InstanceId } from '@workflow-state/core/backend';
import { call, codeOf, type Handle, type Steps } from './file-ops.js';
import type { Layout } from './layout.js';

/** Every byte, as stored; `undefined` where there is no such file. open, fstat, read, close. */
export function* readData(layout: Layout, id: InstanceId): Steps<Uint8Array | undefined> {
  const handle = yield* openData(layout, id);
  if (handle === undefined) return undefined;
  try {
    return yield* readFully(handle, yield* call('size', handle));
  } finally {
    yield* call('close', handle);
  }
}

/** The first 128 bytes, or fewer where there are fewer. open, read, close. */
export function* readStart(layout: Layout, id: InstanceId): Steps<Uint8Array | undefined> {
  const handle = yield* openData(layout, id);
  if (handle === undefined) return undefined;
  try {
    return yield* readFully(handle, HEADER_BYTES);
  } finally {
    yield* call('close', handle);
  }
}

/**
 * What the stored header says; `undefined` where nothing is stored.
 * @throws `DESERIALIZATION_ERROR` or `UNSUPPORTED_FORMAT` where something is stored that is not a record of this instance.
 */
export function* readHead(layout: Layout, id: InstanceId): Steps<EnvelopeHeader | undefined> {
  const bytes = yield* readStart(layout, id);
  return bytes === undefined ? undefined : headerOf(id, bytes);
}

function headerOf(id: InstanceId, bytes: Uint8Array): EnvelopeHeader {
  let problem: unknown = 'it is the record of another instance';
  try {
    const header = readHeader(bytes);
    if (header.id === id && header.kind === 'live') return header;
  } catch (error) {
    problem = error;
  }
  const newer = problem instanceof EnvelopeError && problem.reason === 'unsupported';
  throw new StateStoreError(
    newer ? 'UNSUPPORTED_FORMAT' : 'DESERIALIZATION_ERROR',
    `what is stored for ${id} cannot be read: ${problem instanceof Error ? problem.message : String(problem)}`,
    {
      cause: problem,
      instanceId: id,
      recoveryHints: newer ? ['use the release that wrote it'] : ['delete it without a revision, or overwrite it'],
    },
  );
}

function* openData(layout: Layout, id: InstanceId): Steps<Handle | undefined> {
  try {
    return yield* call('open', layout.data(id));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function* readFully(handle: Handle, length: number): Steps<Uint8Array> {
  // Not from Buffer's pool: the receiver owns the whole of the memory behind.
  const bytes = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
  let filled = 0;
  while (filled < length) {
    const count = yield* call('read', handle, bytes, filled);
    if (count === 0) break;
    filled += count;
  }
  return filled === length ? bytes : bytes.slice(0, filled);
}
