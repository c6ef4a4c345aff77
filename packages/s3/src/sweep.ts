// Removes stale markers, and tombstones that have outlived their grace. Runs beside everything else and may pause for
// as long as it likes between any two requests.
//
// Markers and instances are both listed in ascending order, so one pass over all of them at once needs no memory.
// Only an id with two or more markers, or with one and no live object, is looked at. The object is read after its
// markers were listed, and what is read is judged by a rule that stays true for ever (`isStale`), so it does not
// matter how late the DELETE is. Ages are those of the server: the Date of the listing minus LastModified.

import { STATUS_KINDS } from '@workflow-state/core';
import type { BackendCall, EnvelopeHeader, InstanceId, SweepReport } from '@workflow-state/core/backend';
import type { Listed } from './bucket.js';
import { type Place, standing } from './conditional-put.js';
import { Operation } from './deadline.js';
import { idOfInstance, type Marker, readMarker, TOMBSTONE_BYTES } from './keys.js';
import { condemn, Removal, type Report } from './reclaim.js';
import { listNames } from './scan.js';

const LEAST_GRACE = 86_400_000;
const CONCURRENCY = 8;

export interface SweepOptions {
  /** How tombstones are removed: by DELETE `If-Match`, by condemning them first, or not at all. */
  readonly reclaim: 'conditional' | 'condemn' | 'keep';
}

/** As `StateBackend.sweep`. */
export async function sweep(
  place: Place,
  olderThan: number,
  { reclaim }: SweepOptions,
  call: BackendCall,
): Promise<SweepReport> {
  // An instant of the store's clock, turned into an age at once: the server's clock decides. A wrong one cannot shorten it.
  const grace = Math.max(LEAST_GRACE, (call.now ?? Date.now()) - olderThan);
  const report: Report = { removed: 0, failures: [] };
  const removal = new Removal(place.bucket, report, call);
  const looks = new Set<Promise<void>>();

  for await (const { id, markers, object } of byId(place, call)) {
    const live = object !== undefined && object.size !== TOMBSTONE_BYTES;
    if (object?.etag !== undefined && !live && object.age > grace) {
      if (reclaim === 'conditional') await removal.add({ key: object.key, etag: object.etag });
      if (reclaim === 'condemn') await condemn(place, id, object.etag, report, call);
    }
    if (markers.length === 0 || (markers.length === 1 && live)) continue;
    while (looks.size >= CONCURRENCY) await Promise.race(looks);
    const job = examine(id, markers).finally(() => looks.delete(job));
    looks.add(job);
  }
  await Promise.all(looks);
  await removal.flush();
  return report;

  async function examine(id: InstanceId, markers: readonly Aged<Marker>[]): Promise<void> {
    try {
      const found = await standing(place, id, new Operation(call.signal));
      if (found !== undefined && found.header === undefined)
        throw new Error(`instance ${id} is damaged, so its markers cannot be judged`);
      for (const marker of markers) {
        if (isStale(marker, found?.header, marker.age > grace)) await removal.add({ key: marker.key });
      }
    } catch (error) {
      call.signal?.throwIfAborted();
      report.failures.push({ what: `markers of ${id}`, error });
    }
  }
}

/**
 * Whether nobody can need a marker any more. `aged`: every operation that began before it was put has given up.
 *
 * A marker of version 2 or more belongs to a write on a live object one version below, which was there when the marker
 * was put. If something else is there now, that base is gone for good. At the version below, the base may still be
 * there. A marker of version 1 belongs to a create, whose condition (nothing, or a tombstone) may come true again: so
 * only its age decides, unless the incarnation shows that the create took effect.
 */
export function isStale(
  { version, nonce }: Pick<Marker, 'version' | 'nonce'>,
  header: EnvelopeHeader | undefined,
  aged: boolean,
): boolean {
  const live = header?.kind === 'live';
  if (live && header.entered?.nonce === nonce) return false;
  if (version === 1) return aged || header?.incarnation === nonce;
  return aged || !live || header.version >= version;
}

type Aged<T> = T & { readonly key: string; readonly age: number };

interface Group {
  readonly id: InstanceId;
  readonly markers: readonly Aged<Marker>[];
  readonly object: Aged<Listed> | undefined;
}

type Row = { readonly id: InstanceId } & ({ readonly marker: Aged<Marker> } | { readonly object: Aged<Listed> });

/** All that is stored, by id, ascending. */
async function* byId(place: Place, call: BackendCall): AsyncGenerator<Group> {
  const streams = [
    instances(place, call),
    ...STATUS_KINDS.map((kind) => markersOf(place, place.keys.markers(kind), call)),
  ];
  try {
    const heads = await Promise.all(streams.map((stream) => stream.next()));
    for (;;) {
      let id: InstanceId | undefined;
      for (const { done, value } of heads) if (done !== true && (id === undefined || value.id < id)) id = value.id;
      if (id === undefined) return;
      const markers: Aged<Marker>[] = [];
      let object: Aged<Listed> | undefined;
      for (const [index, stream] of streams.entries()) {
        for (
          let head = heads[index];
          head?.done === false && head.value.id === id;
          heads[index] = head = await stream.next()
        ) {
          if ('marker' in head.value) markers.push(head.value.marker);
          else object = head.value.object;
        }
      }
      yield { id, markers, object };
    }
  } finally {
    await Promise.all(streams.map((stream) => stream.return(undefined)));
  }
}

async function* instances({ bucket, keys }: Place, call: BackendCall): AsyncGenerator<Row, undefined> {
  for await (const { rows, date } of listNames(bucket, keys.instances, call)) {
    for (const row of rows) {
      const id = idOfInstance(row.name);
      if (id !== undefined) yield { id, object: { ...row, key: keys.instances + row.name, age: ageOf(row, date) } };
    }
  }
}

async function* markersOf({ bucket }: Place, prefix: string, call: BackendCall): AsyncGenerator<Row, undefined> {
  for await (const { rows, date } of listNames(bucket, prefix, call)) {
    for (const row of rows) {
      const marker = readMarker(row.name);
      if (marker !== undefined)
        yield { id: marker.id, marker: { ...marker, key: prefix + row.name, age: ageOf(row, date) } };
    }
  }
}

/** Unknown, hence young, where the answer brought no date. */
function ageOf({ modified }: Listed, date: number | undefined): number {
  return date === undefined ? -Infinity : date - modified;
}
