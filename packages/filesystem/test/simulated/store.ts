// What is checked on a disk: what a load would show, whether the listings name it, and what belongs to an instance at rest.

import { type EnvelopeHeader, readHeader, type StatusKind } from '@workflow-state/core/backend';
import { Layout, parseIdEntry, parseMarker, parseShardName } from '../../src/layout.js';
import type { Volume } from '../../src/volume.js';
import { Disk, type Order } from './disk.js';
import { created, following } from '../support/records.js';
import { nameOf } from './naming.js';
import { ID } from './roles.js';

export const LAYOUT = new Layout('');
export const SHARD: string = LAYOUT.shard(ID);
export const IDS: string = LAYOUT.idsShard(ID);

const KINDS = ['initializing', 'running', 'waiting', 'paused', 'completed', 'failed', 'cancelled'] as const;

export function volumeFor(order: Order | undefined): Volume {
  return { layout: LAYOUT, durable: true, ordered: order !== 'dirs' };
}

/** An empty store. `shards`: whether those of the instance are there already. */
export function emptyStore(order?: Order, { shards = true } = {}): Disk {
  const roots = ['', LAYOUT.dataRoot, LAYOUT.idsRoot, LAYOUT.statusRoot, ...KINDS.map((kind) => LAYOUT.status(kind))];
  const disk = Disk.empty(shards ? [...roots, SHARD, IDS] : roots, order);
  for (const kind of ['completed', 'failed', 'cancelled'] as const) disk.create(LAYOUT.swaps(kind));
  return disk.settled(order);
}

/** A store with one instance, at version 1, or 2. */
export function storeWith(status: StatusKind, order?: Order, version: 1 | 2 = 1): Disk {
  const disk = emptyStore(order);
  let record = created(status, ID, { nonce: nameOf('0', 1), bodyBytes: 8, at: 0 });
  if (version === 2) record = following(record, status, { nonce: nameOf('0', 2), bodyBytes: 8, at: 0 });
  const { revision } = record;
  put(disk, LAYOUT.data(ID), record.envelope);
  put(disk, LAYOUT.token(ID, revision));
  disk.link(LAYOUT.token(ID, revision), LAYOUT.idEntry(ID, revision.incarnation));
  disk.link(LAYOUT.token(ID, revision), LAYOUT.marker(ID, status, revision.entered));
  return disk.settled(order);
}

function put(disk: Disk, path: string, bytes?: Uint8Array): void {
  const made = disk.create(path);
  if ('code' in made) throw new Error(`${path}: ${made.code}`);
  if (bytes !== undefined) disk.write(made.value as number, bytes, 0);
}

/** What is stored, or that it cannot be read. */
export type Seen = EnvelopeHeader | 'torn' | undefined;

const headers = new WeakMap<ArrayBufferLike, Seen>();

export function seen(disk: Disk): Seen {
  const bytes = disk.bytes(LAYOUT.data(ID));
  if (bytes === undefined) return undefined;
  let header = headers.get(bytes.buffer);
  if (header === undefined) {
    try {
      header = readHeader(bytes);
    } catch {
      header = 'torn';
    }
    headers.set(bytes.buffer, header);
  }
  return header;
}

export function nonceOf(stored: Seen): string | undefined {
  return stored === undefined || stored === 'torn' ? stored : stored.nonce;
}

/** What `list` or `listByStatus` misses. */
export function missing(disk: Disk): string | undefined {
  const stored = seen(disk);
  if (stored === undefined || stored === 'torn' || stored.status === undefined) return undefined;
  const { status } = stored;
  if (!disk.names(LAYOUT.status(status))?.some((name) => parseMarker(name)?.id === ID))
    return `load shows ${status}, and status/${status} does not name the instance`;
  if (!disk.names(IDS)?.some((name) => parseIdEntry(name)?.id === ID))
    return 'load shows the instance, and ids/ does not name it';
  return undefined;
}

/** Everything but data file, its token, its marker and its entry; and what of these is not there. */
export function leftovers(disk: Disk): string[] {
  const stored = seen(disk);
  const paths = new Set(
    disk.paths.filter((path) => !/^\/status\/(?:completed|failed|cancelled)\.swaps$|^\/(?:data|ids)\/00$/.test(path)),
  );
  const wrong: string[] = [];
  if (stored !== undefined && stored !== 'torn' && stored.status !== undefined && stored.entered !== undefined) {
    const tokens = [...paths].filter((path) => {
      const name = parseShardName(path.slice(SHARD.length + 1));
      return name?.kind === 'tok' && name.nonce === stored.nonce && name.version === stored.version;
    });
    if (tokens.length !== 1) wrong.push(`${tokens.length} tokens of the stored write`);
    const parts = [
      LAYOUT.data(ID),
      LAYOUT.marker(ID, stored.status, stored.entered),
      LAYOUT.idEntry(ID, stored.incarnation),
    ];
    for (const path of parts) if (!paths.has(path)) wrong.push(`without ${path}`);
    for (const path of [...tokens, ...parts]) paths.delete(path);
    // Says that a write was taken back, for as long as the instance lives.
    for (const path of paths) if (path.endsWith('.void')) paths.delete(path);
  }
  return [...wrong, ...paths];
}

/** The same store after somebody removed some of its files. */
export function without(disk: Disk, paths: RegExp): Disk {
  const other = disk.copy();
  for (const path of other.paths) if (paths.test(path) && !path.endsWith('.swaps')) other.unlink(path);
  return other.settled(undefined);
}

/** The same store after a writer committed and died, and somebody removed its candidate: the token is one ahead. */
export function withoutCandidate(disk: Disk): Disk {
  const other = disk.copy();
  const stored = seen(other);
  if (stored === undefined || stored === 'torn') throw new Error('nothing is stored');
  other.rename(LAYOUT.token(ID, stored), LAYOUT.token(ID, { version: stored.version + 1, nonce: nameOf('9', 1) }));
  return other.settled(undefined);
}
