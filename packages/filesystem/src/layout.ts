// What lies where, and why.
//
//   <root>/format                                            product and number of this layout; what open looks for
//   <root>/data/<xx>/<hex>                                   the instance (D); <xx> are the first two digits of its id
//   <root>/data/<xx>/.<hex>.<version>.<nonce>.tmp            candidate (C): a complete record, not yet published
//   <root>/data/<xx>/.<hex>.<version>.<nonce>[.<turn>].tok   token (T): who renames it away may follow that write
//   <root>/data/<xx>/.<hex>.<version>.<nonce>.<owner>.dead   claim (X): a delete of that write is committed, <owner> carries it out
//   <root>/data/<xx>/.<hex>.<version>.<nonce>.<owner>.pit/   pit (P): the directory through which <owner>, and nobody else, removes D
//   <root>/data/<xx>/.<hex>.<version>.<nonce>.void           that write was committed, never published, and taken back (V)
//   <root>/ids/<xx>/<hex>.<incarnation>                      entry (I): there while the instance is; what `list` reads
//   <root>/status/<kind>/<hex>.<version>.<nonce>.<since>     marker (M): named after the write that entered the status
//   <root>/status/<kind>.swaps                               its time changes before a marker of that kind replaces another
//
// - Candidate, token and data share a directory: one fsync covers all three, and no filesystem in use reorders the
//   operations of one directory, so what survives a power cut is a state that a crash could have left as well.
// - The token is the version lock. `rename` of a given source name succeeds for exactly one process; nothing is ever
//   held, so nothing is left locked by who dies. Names carry random nonces, so a name once consumed never comes back.
// - A directory that is listed holds only names that stay while the fact they state stands, because `readdir` may skip
//   a name that is renamed or replaced meanwhile (measured on ext4 and btrfs). That is why a save that keeps its status
//   touches neither ids/ nor status/, and why `list` does not read data/.
// - What belongs to a create is told by its name, for it is removed where a save's is kept: the candidate of a create has
//   version 1 in its name, whatever its record says, and a token that is not at version 1 has the nonce as its turn. A
//   record that was copied from another store is created at its own version.
// - Tokens, markers and entries are one empty file under several names (hard links): making an index entry *from* the
//   token proves in the same call that the write it belongs to is still current.
// - Shards spread the entries of one directory and the fsyncs of saves; they are made when first needed, ids/<xx>
//   before data/<xx>, so that whoever sees the second can rely on the first.
//
// Anything else in these directories is not ours: never read, never touched.

import type { InstanceId, StatusKind } from '@workflow-state/core/backend';

/** A write, as names carry it. */
export interface WriteName {
  readonly version: number;
  readonly nonce: string;
}

/** A name in a shard of data/ that this backend wrote. */
export interface ShardName extends WriteName {
  readonly name: string;
  readonly id: InstanceId;
  readonly kind: 'tmp' | 'tok' | 'dead' | 'pit' | 'void';
  /** Turn of a token, owner of a claim or a pit. */
  readonly by: string | undefined;
}

export interface Marker extends WriteName {
  readonly name: string;
  readonly id: InstanceId;
  /** Epoch milliseconds. */
  readonly since: number;
}

export interface IdEntry {
  readonly name: string;
  readonly id: InstanceId;
  readonly incarnation: string;
}

const HEX_ID = /^[0-9a-f]{32}$/;
const SHARD = /^[0-9a-f]{2}$/;
const SHARD_NAME = /^\.([0-9a-f]{32})\.(\d{1,10})\.([0-9a-f]{16})(?:\.([0-9a-f]{16}))?\.(tmp|tok|dead|pit|void)$/;
const MARKER = /^([0-9a-f]{32})\.(\d{1,10})\.([0-9a-f]{16})\.(-?\d{1,16})$/;
const ID_ENTRY = /^([0-9a-f]{32})\.([0-9a-f]{16})$/;
const NONCE = /^[0-9a-f]{16}$/;

/** Paths of one store. */
export class Layout {
  readonly root: string;
  readonly format: string;
  readonly dataRoot: string;
  readonly idsRoot: string;
  readonly statusRoot: string;

  constructor(root: string) {
    this.root = root;
    this.format = `${root}/format`;
    this.dataRoot = `${root}/data`;
    this.idsRoot = `${root}/ids`;
    this.statusRoot = `${root}/status`;
  }

  /** The directory that holds data, tokens and candidates of an instance. */
  shard(id: InstanceId): string {
    return `${this.dataRoot}/${id.slice(0, 2)}`;
  }

  data(id: InstanceId): string {
    return `${this.shard(id)}/${id}`;
  }

  candidate(id: InstanceId, { version, nonce }: WriteName): string {
    return `${this.shard(id)}/.${id}.${version}.${nonce}.tmp`;
  }

  token(id: InstanceId, { version, nonce }: WriteName, turn?: string): string {
    return `${this.shard(id)}/.${id}.${version}.${nonce}${turn === undefined ? '' : `.${turn}`}.tok`;
  }

  claim(id: InstanceId, { version, nonce }: WriteName, owner: string): string {
    return `${this.shard(id)}/.${id}.${version}.${nonce}.${owner}.dead`;
  }

  pit(id: InstanceId, { version, nonce }: WriteName, owner: string): string {
    return `${this.shard(id)}/.${id}.${version}.${nonce}.${owner}.pit`;
  }

  void(id: InstanceId, { version, nonce }: WriteName): string {
    return `${this.shard(id)}/.${id}.${version}.${nonce}.void`;
  }

  idsShard(id: InstanceId): string {
    return `${this.idsRoot}/${id.slice(0, 2)}`;
  }

  idEntry(id: InstanceId, incarnation: string): string {
    return `${this.idsShard(id)}/${id}.${incarnation}`;
  }

  status(kind: StatusKind): string {
    return `${this.statusRoot}/${kind}`;
  }

  marker(id: InstanceId, kind: StatusKind, entered: WriteName & { readonly at: number }): string {
    return `${this.status(kind)}/${id}.${entered.version}.${entered.nonce}.${entered.at}`;
  }

  swaps(kind: StatusKind): string {
    return `${this.status(kind)}.swaps`;
  }
}

/** Whether the name of a directory in data/ or ids/ is a shard. */
export function isShard(name: string): boolean {
  return SHARD.test(name);
}

export function isDataName(name: string): name is InstanceId {
  return HEX_ID.test(name);
}

export function parseShardName(name: string): ShardName | undefined {
  const match = SHARD_NAME.exec(name);
  if (match === null) return undefined;
  const [, id = '', version, nonce = '', by, kind] = match;
  // A token may go without a turn; claims and pits have an owner, the others have none.
  if (kind !== 'tok' && (kind === 'dead' || kind === 'pit') !== (by !== undefined)) return undefined;
  return { name, id: id as InstanceId, version: Number(version), nonce, by, kind: kind as ShardName['kind'] };
}

/** Whether that token or candidate was made for a create. */
export function isOfCreate({ version, nonce, by }: ShardName): boolean {
  return version === 1 || by === nonce;
}

/** Digits of an id. Every name in ids/ and status/<kind>/ is an id and a dot, and more. */
export const ID_LENGTH = 32;
const DOT = 46;

/** Whether the name begins as names in ids/ and status/<kind>/ do. */
export function isNameOfInstance(name: string): boolean {
  return name.charCodeAt(ID_LENGTH) === DOT;
}

/**
 * What the name of a marker says of the time, `undefined` for any other name. Reads it by hand: a listing asks this of
 * every name, of which there may be a hundred thousand, and a regular expression takes two to three times as long.
 */
export function markerSince(name: string): number | undefined {
  const version = hexEnd(name, 0, ID_LENGTH);
  if (version < 0) return undefined;
  const nonce = digitsEnd(name, version, 10);
  if (nonce < 0 || name.charCodeAt(nonce) !== DOT) return undefined;
  const since = hexEnd(name, nonce + 1, NONCE_LENGTH);
  if (since < 0) return undefined;
  const isNegative = name.charCodeAt(since) === MINUS;
  const digits = since + (isNegative ? 1 : 0);
  if (digitsEnd(name, digits, 16) !== name.length) return undefined;
  let value = 0;
  for (let at = digits; at < name.length; at++) value = value * 10 + name.charCodeAt(at) - ZERO;
  return isNegative ? -value : value;
}

const MINUS = 45;
const ZERO = 48;
/** By character code. */
const IS_HEX: Uint8Array = Uint8Array.from({ length: 128 }, (_, code) =>
  /[0-9a-f]/.test(String.fromCharCode(code)) ? 1 : 0,
);
const NONCE_LENGTH = 16;

/** Where the text goes on after so many hexadecimal digits and a dot; negative: it does not. */
function hexEnd(name: string, from: number, count: number): number {
  for (let at = from; at < from + count; at++) if (IS_HEX[name.charCodeAt(at)] !== 1) return -1;
  return name.charCodeAt(from + count) === DOT ? from + count + 1 : -1;
}

/** Where the text goes on after one to `most` decimal digits; negative: there is none. */
function digitsEnd(name: string, from: number, most: number): number {
  let at = from;
  for (; at < from + most; at++) {
    const digit = name.charCodeAt(at) - ZERO;
    if (!(digit >= 0 && digit <= 9)) break;
  }
  return at === from ? -1 : at;
}

export function parseMarker(name: string): Marker | undefined {
  const match = MARKER.exec(name);
  if (match === null) return undefined;
  const [, id = '', version, nonce = '', since] = match;
  return { name, id: id as InstanceId, version: Number(version), nonce, since: Number(since) };
}

export function parseIdEntry(name: string): IdEntry | undefined {
  const match = ID_ENTRY.exec(name);
  if (match === null) return undefined;
  const [, id = '', incarnation = ''] = match;
  return { name, id: id as InstanceId, incarnation };
}

/** The turn in a revision's hint. A hint that no release wrote is no turn: it came from outside and must name no path. */
export function turnOf(hint: string | undefined): string | undefined {
  return hint !== undefined && NONCE.test(hint) ? hint : undefined;
}
