// What only this backend can see: names that are not ours, and markers beside the one that an instance needs.
//
// One pass over all names under the prefix, ascending: the markers of an id are neighbours there. What is younger than
// any operation lasts may belong to one, and is passed over. Costs a LIST per 1 000 names, and a GET for each id that has
// several markers of one kind.

import { STATUS_KINDS } from '@workflow-state/core';
import type { BackendCall, BackendFinding } from '@workflow-state/core/backend';
import { type Place, standing } from './conditional-put.js';
import { Operation } from './deadline.js';
import { idOfInstance, type Marker, readMarker } from './keys.js';
import { listNames } from './scan.js';

/** Operations send nothing after 15 minutes. */
const NOBODY_S_ANY_MORE = 3_600_000;

interface Seen extends Marker {
  readonly key: string;
  readonly age: number;
}

/** As `StateBackend.verify`. */
export async function* verify(place: Place, call: BackendCall): AsyncGenerator<BackendFinding> {
  const { bucket, keys } = place;
  let group: { readonly prefix: string; readonly markers: Seen[] } | undefined;
  for await (const { rows, date } of listNames(bucket, keys.root, call)) {
    for (const { name, modified } of rows) {
      const key = keys.root + name;
      const age = date === undefined ? -Infinity : date - modified;
      const [, prefix = '', rest = ''] = /^(instances\/|status\/[^/]*\/|probe\/)?(.*)$/s.exec(name) ?? [];
      const marker = STATUS_KINDS.some((kind) => prefix === `status/${kind}/`) ? readMarker(rest) : undefined;
      if (marker !== undefined) {
        if (group?.prefix !== prefix || group.markers[0]?.id !== marker.id) {
          yield* await staleOf(place, group, call);
          group = { prefix, markers: [] };
        }
        group.markers.push({ ...marker, key, age });
      } else if (prefix === 'probe/' && /^[0-9a-f]{16}$/.test(rest)) {
        if (age > NOBODY_S_ANY_MORE) yield { kind: 'leftover', what: key };
      } else if (key !== keys.verdict && !(prefix === 'instances/' && idOfInstance(rest) !== undefined)) {
        yield { kind: 'foreign', what: key };
      }
    }
  }
  yield* await staleOf(place, group, call);
}

/** Of several markers of one kind, those that are not the one of what is stored. */
async function staleOf(
  place: Place,
  group: { readonly markers: readonly Seen[] } | undefined,
  call: BackendCall,
): Promise<BackendFinding[]> {
  const [{ id } = { id: undefined }] = group?.markers ?? [];
  if (group === undefined || id === undefined || group.markers.length < 2) return [];
  const found = await standing(place, id, new Operation(call.signal));
  // A damaged record is reported by whoever reads it; without it nobody can tell.
  if (found?.header === undefined) return [];
  const { header } = found;
  return group.markers
    .filter(({ nonce, age }) => nonce !== header.entered?.nonce && age > NOBODY_S_ANY_MORE)
    .map(({ key }) => ({ kind: 'stale-index', what: key, instanceId: id }));
}
