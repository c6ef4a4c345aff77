// Listings by LIST requests alone: ascending, by name, without reading an object.
//
// Pages are asked for by the last name seen, not by the store's token: that cursor needs no memory on the server, so a
// listing may pause as long as it likes. An instance that keeps its status keeps a marker that an ascending listing
// meets, see keys.ts; so the order is checked, and a store that lists in another one is refused.

import {
  type BackendCall,
  type InstanceId,
  type ScanEntry,
  type ScanQuery,
  StateStoreError,
} from '@workflow-state/core/backend';
import type { Bucket, Listed } from './bucket.js';
import type { Place } from './conditional-put.js';
import { Operation } from './deadline.js';
import { idOfInstance, readMarker, TOMBSTONE_BYTES } from './keys.js';

const PAGE = 1000;

/** Names that begin with `prefix`, behind `after`, in pages with the server's time. */
export async function* listNames(
  bucket: Bucket,
  prefix: string,
  call: BackendCall,
  after?: string,
  most: number = PAGE,
): AsyncGenerator<{ readonly rows: readonly Listed[]; readonly date: number | undefined }> {
  let last = after;
  for (let size = Math.min(most, PAGE); ; size = PAGE) {
    const operation = new Operation(call.signal);
    const start = last === undefined ? undefined : prefix + last;
    const answer = await bucket.settled(operation, () => bucket.list(prefix, start, size, operation));
    if (answer.kind === 'refused') throw bucket.error(answer);
    const { rows, more, date } = answer.value;
    for (const { name } of rows) {
      if (last !== undefined && name <= last) throw disorder(bucket);
      last = name;
    }
    if (more && rows.length === 0) throw disorder(bucket);
    yield { rows, date };
    if (!more) return;
  }
}

/** As `StateBackend.scan`. */
export async function* scan(
  { bucket, keys }: Place,
  { status, after, limit }: ScanQuery,
  call: BackendCall,
): AsyncGenerator<readonly ScanEntry[]> {
  if (status === undefined) {
    for await (const { rows } of listNames(bucket, keys.instances, call, after, limit)) {
      yield rows.flatMap(({ name, size }) => {
        const id = idOfInstance(name);
        return id === undefined || size === TOMBSTONE_BYTES ? [] : [{ id }];
      });
    }
    return;
  }
  let previous: InstanceId | undefined;
  for await (const { rows } of listNames(bucket, keys.markers(status), call, after && `${after}/`, limit)) {
    const batch: ScanEntry[] = [];
    for (const { name } of rows) {
      const marker = readMarker(name);
      // Beside a stale marker, or one that is about to be replaced, an id is named twice: neighbours, in this order.
      if (marker === undefined || marker.id === previous) continue;
      previous = marker.id;
      batch.push({ id: marker.id, status, statusSince: marker.since });
    }
    yield batch;
  }
}

function disorder(bucket: Bucket): StateStoreError {
  return new StateStoreError('NOT_SUPPORTED', `s3: bucket ${bucket.name} does not list names in ascending order`, {
    recoveryHints: ['use a general-purpose bucket: directory buckets list in no order'],
  });
}
