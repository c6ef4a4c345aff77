// The candidate: a complete record under a name of its own, on the disk before anybody can be pointed to it.
//
// What must stay true: it is published only after every byte was accepted and, where saves are to survive a power cut,
// after its fsync succeeded. An fsync that failed is not tried again: the kernel has dropped what it could not write, and
// would report success. The file goes, and the next attempt writes another.

import { call, codeOf, type Handle, type Steps } from './file-ops.js';
import type { Volume } from './volume.js';

/** `ENOENT`: the shard is not there. After an error the caller discards the file. */
export function* writeCandidate(volume: Volume, path: string, envelope: Uint8Array): Steps<'done' | 'ENOENT'> {
  let handle: Handle;
  try {
    handle = yield* call('create', path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 'ENOENT';
    throw error;
  }
  try {
    yield* writeFully(handle, envelope);
    if (volume.durable) yield* call('fsync', handle);
  } finally {
    yield* call('close', handle);
  }
  return 'done';
}

/** A full disk shows as a short count first and as an error only when asked again: hence the loop. */
function* writeFully(handle: Handle, bytes: Uint8Array): Steps<void> {
  let written = 0;
  while (written < bytes.length) {
    const count = yield* call('write', handle, bytes, written);
    if (count === 0) throw new Error(`the filesystem accepted ${written} of ${bytes.length} bytes and no more`);
    written += count;
  }
}
