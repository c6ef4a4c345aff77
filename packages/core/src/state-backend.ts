// The page that backend authors read.
//
// A backend keeps one opaque byte string (an *envelope*) per workflow instance, replaces it by compare-and-set,
// and lists instances by the kind of their status. Validation, encoding, revisions, retries, doubtful outcomes,
// paging, retention, clocks and lifecycle live in core, once, in `openStateStore`: a backend cannot get them wrong.
//
// Prove a backend with `@workflow-state/core/conformance`; see CONTRACT.md for the clauses.

import type { InstanceId } from './instance-id.js';
import type { StatusKind } from './status.js';

export type { StatusKind } from './status.js';
export type { InstanceId } from './instance-id.js';
export { StateStoreError, isStateStoreError } from './errors.js';
export { EnvelopeError } from './envelope/envelope-error.js';
export { HEADER_BYTES, readHeader, writeHeader, type EnvelopeFacts, type EnvelopeHeader } from './envelope/header.js';
export { newNonce, revisionOfHeader } from './revision.js';

/** Context of one call. Handed to every method; pass `signal` on to whatever can be cancelled. */
export interface BackendCall {
  /**
   * Aborted when the caller gives up. Before the commit is issued: write nothing, and reject; `write` with `NotApplied`,
   * for anything else says that it may have begun. After it: a local backend completes and tells the truth, a remote
   * one may reject with anything, which core reports as `OUTCOME_UNKNOWN`.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Given to `sweep`: the store's clock at the call, epoch milliseconds. With it `olderThan` becomes an age, for backends
   * whose records are stamped by another clock, such as a server's.
   */
  readonly now?: number | undefined;
  /** Given to `open`. `false`: refuse a location that holds no store yet, with `INVALID_ARGUMENT`, instead of making one. */
  readonly create?: boolean | undefined;
}

/**
 * A write's identity and what the next write needs to know of it. Decoded from the opaque `Revision` that users hold.
 * Two writes never share a nonce, so equality of `nonce` is identity.
 */
export interface WriteRevision {
  /**
   * 1 for a create, else one more than what it replaced. Unsigned 32-bit. A record that is copied from another store
   * keeps its version: it may be created at any, and replace an older copy by more than one. Tell it by its nonce, which
   * is its incarnation, as of every create.
   */
  readonly version: number;
  /** 16 lowercase hex digits, random, drawn once per logical write. */
  readonly nonce: string;
  /** Nonce of the create that this chain of writes began with; copied by every successor and by the tombstone. */
  readonly incarnation: string;
  /** Whether that create met nothing at all, not even a tombstone. */
  readonly first: boolean;
  /** Kind of the stored status; `tombstone` once deleted. */
  readonly status: StatusKind | 'tombstone';
  /**
   * The write that entered that status: an index entry named after it stays while the status stays. Every save that
   * is terminal enters its status anew, so there `entered` is the write itself. For a tombstone: the tombstone itself.
   */
  readonly entered: EnteredStatus;
  /** When the instance was created, epoch milliseconds. */
  readonly createdAt: number;
  /** What the backend returned or stored with that write: an ETag, a row version. Opaque to core, short. */
  readonly hint?: string | undefined;
}

export interface EnteredStatus {
  readonly version: number;
  readonly nonce: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** What is there could not be read as a record of ours. The condition of a write that is to replace it nevertheless. */
export interface DamagedRecord {
  readonly damaged: true;
  /** The bytes as they were read: the write must happen only if exactly these are still stored. */
  readonly envelope: Uint8Array;
  readonly hint?: string | undefined;
}

/**
 * The condition of a write. `undefined`: nothing is stored under that id. A revision: exactly that write is stored
 * (compare `nonce`). A damaged record: exactly those bytes are.
 */
export type Expected = WriteRevision | DamagedRecord | undefined;

/** What is written. Everything but `envelope` is repeated in its header, here for the index. */
export interface BackendRecord {
  readonly id: InstanceId;
  /** Of this write. `hint` is absent: the backend is about to choose it. */
  readonly revision: WriteRevision;
  /** Store's clock at the write, epoch milliseconds. */
  readonly updatedAt: number;
  /** At least 128 bytes, stored byte for byte. Core does not touch it after the call; the backend must not change it. */
  readonly envelope: Uint8Array;
  /**
   * Only in a create over nothing or over a tombstone: the same logical write (nonce, version, entry, body) built on
   * another base, a tombstone that was met instead of nothing, or nothing once that tombstone is gone. For backends in
   * whose storage a copy of the first attempt may still be under way, so that a tombstone does not end the create;
   * others throw {@link RevisionConflict}, and core creates over what it finds as a new logical write.
   */
  readonly onto?: ((base: WriteRevision | undefined) => BackendRecord) | undefined;
}

/** What is stored. The receiver owns the bytes: nobody else reads or writes that buffer. */
export interface Stored {
  /** From `read` the whole envelope; from `head` its first 128 bytes, or more. */
  readonly envelope: Uint8Array;
  readonly hint?: string | undefined;
}

/** One live instance as the index knows it. */
export interface ScanEntry {
  readonly id: InstanceId;
  /** Known whenever a status was asked for. */
  readonly status?: StatusKind | undefined;
  /** When that status was entered (epoch milliseconds), where the index knows it. For terminal kinds: the last save. */
  readonly statusSince?: number | undefined;
}

export interface ScanQuery {
  /** Only instances of this kind. Without it: every instance. */
  readonly status?: StatusKind | undefined;
  /** Only ids greater than this one (keyset cursor). It need not exist. */
  readonly after?: InstanceId | undefined;
  /** How many entries the caller means to take, where known. A hint: yield more or fewer as suits the backend. */
  readonly limit?: number | undefined;
}

export interface SweepReport {
  /** Tombstones, leftovers of crashes and stale index entries that were removed. */
  readonly removed: number;
  /** What could not be examined or removed, and why. Never thrown: one bad entry must not end the sweep. */
  readonly failures: readonly { readonly what: string; readonly error: unknown }[];
}

/** What `verify` has found, and what it means. */
export interface BackendFinding {
  /**
   * `foreign`: a name that no release writes. `leftover`: of a call that never ended, older than calls last; nobody needs
   * it. `stale-index`: the index names an instance that is not so. `missing-index`: it lacks one that is. `stuck`: an
   * instance that can be read but not written, for something it needs is gone.
   */
  readonly kind: 'foreign' | 'leftover' | 'stale-index' | 'missing-index' | 'stuck' | 'unreadable';
  /** As the backend calls it: a path, a key. */
  readonly what: string;
  readonly instanceId?: InstanceId | undefined;
  /** What is wrong, where the kind does not say it all. */
  readonly problem?: string | undefined;
}

/** One thing that a deployment must offer, tried out. */
export interface Diagnosis {
  /** In a word or two: `permissions`, `conditional writes`, `clock`. */
  readonly what: string;
  /** `broken`: the contract cannot be kept. `doubtful`: it may not be kept, or nobody can tell. */
  readonly verdict: 'ok' | 'doubtful' | 'broken';
  /** What was seen. */
  readonly found: string;
  /** What to do about it. With every verdict but `ok`. */
  readonly remedy?: string | undefined;
}

/** What a backend promises. Data, declared once; the conformance suite checks it in both directions. */
export interface BackendCapabilities {
  /**
   * What an acknowledged save survives. `none`: nothing. `process`: SIGKILL of the process at any instruction.
   * `power-loss`: a power cut of the machine, or whatever the storage service calls durable.
   */
  readonly durability: 'none' | 'process' | 'power-loss';
  /** Between whom compare-and-set holds: handles of one process, processes of one host, hosts of a network. */
  readonly sharing: 'none' | 'process' | 'host' | 'network';
  /** Whether a read that starts after a save was acknowledged always sees it or a successor. */
  readonly reads: 'latest' | 'may-be-stale';
  /**
   * Whether the space of deleted instances is given back: at once, or by `sweep` after the tombstone grace. Where it is
   * not, absence proves that nothing was ever written, so core sends a create again whose answer was lost; where it is,
   * such a create ends as `OUTCOME_UNKNOWN`.
   */
  readonly reclaims: boolean;
  /** Largest encoded body in bytes; `Infinity` where only core's own limit applies. */
  readonly maxBodyBytes: number;
}

/**
 * Where workflow state is kept. Implement this, wrap it with `openStateStore`, prove it with the conformance suite.
 *
 * Errors: throw `StateStoreError` with a precise message for what you recognise (access denied, no such bucket,
 * damaged index); anything else is wrapped as `STORAGE_ERROR` with its `cause`. Never answer "absent" for "could not
 * read". `write` has rules of its own, below.
 */
export interface StateBackend {
  /** For messages and reports: `memory`, `filesystem`, `s3`, `sqlite`. */
  readonly name: string;
  readonly capabilities: BackendCapabilities;

  /**
   * Called once, before anything else. Refuses a location that cannot keep the contract (not writable, not ours, newer
   * format, no conditional writes) with a `StateStoreError`. Reads no record, so that it costs the same at any size.
   */
  open?(call: BackendCall): Promise<void>;

  /** What was stored last under `id`, byte for byte, tombstones included; `undefined` only where nothing is stored. */
  read(id: InstanceId, call: BackendCall): Promise<Stored | undefined>;

  /** As `read`, but the first 128 bytes suffice. Leave it out where it would cost the same. */
  head?(id: InstanceId, call: BackendCall): Promise<Stored | undefined>;

  /** Whether exactly that write is stored. Leave it out where it would cost the same as `head`. */
  isCurrent?(id: InstanceId, revision: WriteRevision, call: BackendCall): Promise<boolean>;

  /**
   * Stores `record` atomically if and only if what is stored is exactly `expected`, and moves the index: a record of
   * kind `tombstone` leaves every listing, any other is listed under its status from before it can be read until
   * after it can no longer be read. Resolves once the write is as durable as `capabilities.durability` says, with the
   * hint that the next write or `isCurrent` will be given, if the backend uses any. After `record.onto`: with the
   * revision that took effect, its hint included.
   *
   * A delete is a write of a tombstone (a header without a body). A backend that can prove that no late write on an
   * earlier revision can ever land (transactions, fencing) may carry it out as a removal; others keep the tombstone,
   * return it from `read`, and reclaim it in `sweep`.
   *
   * Ends in one of four ways:
   * - resolves: written;
   * - throws {@link RevisionConflict}: proved that what is stored is not `expected` and that this record was not, and
   *   will never be, written by this call (also not by a resend inside it);
   * - throws {@link NotApplied}: proved not written, for another reason (disk full, access denied);
   * - throws anything else: not known. Core then reads the header and settles it, resending the same bytes under the
   *   same condition if the base is unchanged (a create: only if `reclaims` is `false`). A `StateStoreError` of code `OUTCOME_UNKNOWN` is passed on unsettled:
   *   throw it where a read proves nothing, as after a failed fsync.
   */
  write(record: BackendRecord, expected: Expected, call: BackendCall): Promise<WriteRevision | string | void>;

  /**
   * Live instances in ascending order of id, each once, in batches of any size, without reading bodies. An instance
   * that has the status (or, without one, exists) from the call to the last batch is never missing. One too many may
   * be named while its writer is under way, or after a writer died there until it is healed.
   */
  scan(query: ScanQuery, call: BackendCall): AsyncIterable<readonly ScanEntry[]>;

  /**
   * Reclaims what deletes and crashes left behind and nobody can need any more: tombstones written before `olderThan`
   * (epoch milliseconds), abandoned candidates, stale index entries. Safe beside everything else.
   */
  sweep?(olderThan: number, call: BackendCall): Promise<SweepReport>;

  /**
   * Looks through everything in the location for what only the backend can see: names that are not ours, what crashes
   * left, an index that disagrees with what is stored. Changes nothing. What a call under way explains is no finding.
   * Core itself reads every record, and compares it with what `scan` says of it.
   */
  verify?(call: BackendCall): AsyncIterable<BackendFinding>;

  /**
   * Tries out what the contract needs of the place: rights, conditions, clocks, durability. Writes only under names of
   * its own, which it removes. Yields what it found, good or bad, and throws only where it cannot go on.
   */
  diagnose?(call: BackendCall): AsyncIterable<Diagnosis>;

  /** Releases every handle. Called once, after the last call in flight has ended. */
  close?(): Promise<void>;
}

/** Under this a store shows its backend to maintenance. Of the global registry, as the next two. */
export const BACKEND: unique symbol = Symbol.for('workflow-state.backend') as never;

// Symbols of the global registry, so that a backend built against another copy of this package is understood.
const REVISION_CONFLICT = Symbol.for('workflow-state.RevisionConflict');
const NOT_APPLIED = Symbol.for('workflow-state.NotApplied');

/** Thrown by `write`: proved that what is stored is not `expected`, and that the record was and will not be written. */
export class RevisionConflict extends Error {
  override readonly name: string = 'RevisionConflict';

  constructor(message: string = 'what is stored is not what was expected', options?: { readonly cause?: unknown }) {
    super(message, options);
    Object.defineProperty(this, REVISION_CONFLICT, { value: true });
  }
}

/** Thrown by `write`: proved that the record was and will not be written, for the reason in `cause`. */
export class NotApplied extends Error {
  override readonly name: string = 'NotApplied';
  /** Set where the expected write is still stored and the same change may be offered again at once, under a new nonce. */
  readonly comeAgain: ComeAgain | undefined;

  constructor(cause: unknown, options: { readonly comeAgain?: ComeAgain | undefined } = {}) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.comeAgain = options.comeAgain;
    Object.defineProperty(this, NOT_APPLIED, { value: true });
  }
}

/** "Not written; come again with a new nonce": the hint, if any, replaces the expected revision's. */
export interface ComeAgain {
  readonly hint?: string | undefined;
}

export function isRevisionConflict(error: unknown): error is RevisionConflict {
  return error instanceof Error && REVISION_CONFLICT in error;
}

export function isNotApplied(error: unknown): error is NotApplied {
  return error instanceof Error && NOT_APPLIED in error;
}
