// What is stored where, and why.
//
//   <prefix>/instances/<hex>                                    the instance, or its tombstone
//   <prefix>/status/<kind>/<hex>.<version>.<nonce>.<since>      zero-byte marker: the index by status
//   <prefix>/probe/1                                            what the server was found to honour (not on AWS)
//
// - One object is the truth of one instance; every change of it is one conditional request. Random ids spread over
//   the partitions of a bucket by themselves.
// - LIST answers names, sizes and times, and nothing else: so the index lives in names, and a tombstone (a header
//   alone) is told from an instance by its size.
// - A marker is named after the write that ENTERED the status, so saves that keep the status do not touch it. Its
//   nonce keeps a late DELETE from hitting a rival's or a successor's marker. Its version has a fixed width, so that
//   an ascending listing which runs beside a change of marker meets the old one, or the new one, or both. Its time
//   comes last, so that clocks never decide the order.
// - Ids and kinds contain no `.` and no `/`: `<hex>/` sorts behind every marker of <hex> and before those of the next id.

import {
  type EnteredStatus,
  HEADER_BYTES,
  type InstanceId,
  StateStoreError,
  type StatusKind,
} from '@workflow-state/core/backend';

/** Size of a tombstone; every instance is larger. */
export const TOMBSTONE_BYTES: number = HEADER_BYTES;

/** What the name of a marker says. */
export interface Marker {
  readonly id: InstanceId;
  readonly version: number;
  readonly nonce: string;
  /** Epoch milliseconds. */
  readonly since: number;
}

export interface Keys {
  /** In front of everything that is stored. */
  readonly root: string;
  readonly verdict: string;
  readonly instances: string;
  instance(id: InstanceId): string;
  /** All markers of one kind have it in front. */
  markers(kind: StatusKind): string;
  marker(id: InstanceId, kind: StatusKind, entered: EnteredStatus): string;
  /** A name that nobody else uses. */
  scratch(nonce: string): string;
}

/** @throws `INVALID_ARGUMENT` for a prefix that some store, proxy or URL library would change. */
export function keysUnder(prefix: string): Keys {
  const path = prefix.replace(/\/$/, '');
  if (
    path !== '' &&
    (!/^[\w!.*'()=-]+(?:\/[\w!.*'()=-]+)*$/.test(path) || /(?:^|\/)\.\.?(?:\/|$)/.test(path) || path.length > 700)
  ) {
    throw new StateStoreError(
      'INVALID_ARGUMENT',
      `prefix: ${JSON.stringify(prefix.slice(0, 100))} is not a path of plain names`,
      {
        recoveryHints: [
          "write names of letters, digits and !-_.*'()= with single slashes between them, such as team/workflows",
        ],
      },
    );
  }
  const root = path === '' ? '' : `${path}/`;
  const markers = (kind: StatusKind): string => `${root}status/${kind}/`;
  return {
    root,
    verdict: `${root}probe/1`,
    instances: `${root}instances/`,
    instance: (id) => `${root}instances/${id}`,
    markers,
    marker: (id, kind, { version, nonce, at }) =>
      `${markers(kind)}${id}.${version.toString(16).padStart(8, '0')}.${nonce}.${at}`,
    scratch: (nonce) => `${root}probe/${nonce}`,
  };
}

/** The id that an object's name stands for; `undefined` for a name that is not ours. */
export function idOfInstance(name: string): InstanceId | undefined {
  return /^[0-9a-f]{32}$/.test(name) ? (name as InstanceId) : undefined;
}

/** What a marker's name says, without what all of its kind have in front; `undefined` for a name that is not ours. */
export function readMarker(name: string): Marker | undefined {
  const match = /^([0-9a-f]{32})\.([0-9a-f]{8})\.([0-9a-f]{16})\.(-?\d{1,16})$/.exec(name);
  if (match === null) return undefined;
  const [, id, version = '', nonce = '', since] = match;
  return { id: id as InstanceId, version: Number.parseInt(version, 16), nonce, since: Number(since) };
}
