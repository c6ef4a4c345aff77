// The markers around a write: an index by status that never misses an instance.
//
// Must stay true: the marker of what is stored is there at every moment. So a new marker is put, and its PUT answered,
// before the object that names it can exist; and a marker is removed only by the write that has replaced its object,
// by its own writer once that has proved that the object will never name it, or by the sweep. Each of these reasons
// holds for ever, so a late or repeated DELETE does no harm.

import type { BackendRecord, Expected } from '@workflow-state/core/backend';
import type { Answer, Bucket } from './bucket.js';
import type { Operation } from './deadline.js';
import type { Keys } from './keys.js';

const EMPTY = new Uint8Array();

/** The marker that must be put before the write. Terminal saves always enter their status anew. */
export function markerOf(keys: Keys, { id, revision }: BackendRecord, base: Expected): string | undefined {
  const { status, entered } = revision;
  return status === 'tombstone' || entryOf(base) === entered.nonce ? undefined : keys.marker(id, status, entered);
}

/** The marker that nobody needs any more once the write has replaced `base`. */
export function markerReplaced(keys: Keys, { id, revision }: BackendRecord, base: Expected): string | undefined {
  if (base === undefined || 'damaged' in base || base.status === 'tombstone') return undefined;
  const kept = revision.status !== 'tombstone' && entryOf(base) === revision.entered.nonce;
  return kept ? undefined : keys.marker(id, base.status, base.entered);
}

function entryOf(base: Expected): string | undefined {
  return base === undefined || 'damaged' in base || base.status === 'tombstone' ? undefined : base.entered.nonce;
}

export function putMarker(bucket: Bucket, key: string, operation: Operation): Promise<Answer<unknown>> {
  return bucket.settled(operation, () => bucket.put(key, EMPTY, undefined, operation));
}

/** Never fails: a marker that stays is stale, and the sweep finds it. */
export async function removeMarker(bucket: Bucket, key: string | undefined, operation: Operation): Promise<void> {
  if (key === undefined || operation.aborted) return;
  await bucket.settled(operation, () => bucket.delete(key, undefined, operation), 2).catch(() => undefined);
}
