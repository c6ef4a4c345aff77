// The page that engines read: a store of workflow states.
//
// There is one implementation, `openStateStore(backend)`; wrappers take a store and return one. What every store keeps,
// on every backend, is in CONTRACT.md. In short: of racing saves exactly one wins; what was acknowledged is there;
// a doubt is called a doubt; nothing old ever overwrites, revives or destroys anything newer.
//
// Every method rejects with a `StateStoreError` (see its codes), or with `signal.reason` when aborted before anything
// was written. Every method of a closed store rejects with `STORE_CLOSED`, and with `INVALID_ARGUMENT` for a bad id,
// status, limit, cursor or option; these codes are not repeated below.

import type { InstanceId } from './instance-id.js';
import type { Retention } from './retention.js';
import type { Revision } from './revision.js';
import type { BACKEND, BackendCapabilities, StateBackend } from './state-backend.js';
import type { WorkflowState, WorkflowStateInput } from './state.js';
import type { StatusKind, WorkflowStatus } from './status.js';

/** Taken by every call. */
export interface CallOptions {
  /**
   * Gives up on the call. Until the commit is issued the call rejects with `signal.reason` and nothing was written;
   * afterwards a local backend completes and tells the truth, a remote one rejects with `OUTCOME_UNKNOWN`.
   */
  readonly signal?: AbortSignal | undefined;
}

export interface SaveOptions extends CallOptions {
  /**
   * `fail` (default): compare-and-set. `overwrite`: whatever is stored is replaced (stored version + 1), or created;
   * `revision` and `checkpointVersion` of the state are ignored. For repair by people, not for engines.
   */
  readonly onConflict?: 'fail' | 'overwrite' | undefined;
}

export interface UpdateOptions extends CallOptions {
  /** How often to load, change and save at most. Default 5. */
  readonly attempts?: number | undefined;
}

export interface DeleteOptions extends CallOptions {
  /** Delete only that write; anything else is a conflict. */
  readonly revision?: Revision | undefined;
}

/** What the stored header says, without reading a body. */
export interface StateHead {
  readonly instanceId: InstanceId;
  readonly status: StatusKind;
  readonly revision: Revision;
  readonly checkpointVersion: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** When the status was entered; for terminal kinds the last save. */
  readonly statusSince: Date;
}

/** What to list: one kind, several kinds, or a full status, compared deeply with each candidate's. */
export type StatusFilter = StatusKind | readonly StatusKind[] | WorkflowStatus;

export interface ListPageOptions extends CallOptions {
  readonly status?: StatusFilter | undefined;
  /** Only ids greater than this one: the `next` of the page before. It need not exist, and never expires. */
  readonly after?: InstanceId | undefined;
  /** Entries at most, 1 to 10 000. */
  readonly limit: number;
}

export interface ListPage {
  readonly entries: readonly ListEntry[];
  /** Pass as `after` to go on; absent once there is no more. */
  readonly next?: InstanceId | undefined;
}

/** What the index knows without reading a record. */
export interface ListEntry {
  readonly instanceId: InstanceId;
  readonly status?: StatusKind | undefined;
  readonly statusSince?: Date | undefined;
}

export interface StatesOptions extends CallOptions {
  readonly status?: StatusFilter | undefined;
  /** Loads under way at a time, 1 to 1000. Default 8. */
  readonly concurrency?: number | undefined;
  /** Called for an instance that could not be loaded, which is then passed over. Without it the iteration throws. */
  readonly onError?: ((error: unknown, instanceId: InstanceId) => void) | undefined;
}

export interface CleanupOptions extends CallOptions {
  /** Remove at most that many. Default: no limit. */
  readonly limit?: number | undefined;
  /** Remove nothing; report in `ids` what would be. */
  readonly dryRun?: boolean | undefined;
  /** Called once for each instance, as soon as it is removed: for progress, and to know after an abort. It must not throw. */
  readonly onRemoved?: ((instanceId: InstanceId) => void) | undefined;
}

export interface CleanupReport {
  /** Index entries of the kinds named by the retention that were looked at. */
  readonly scanned: number;
  /** Instances deleted; with `dryRun` the ones that would be. */
  readonly removed: number;
  /** Old enough by the index, but changed, revived or gone when judged. */
  readonly skipped: number;
  /** What could not be judged or removed. */
  readonly failures: readonly CleanupFailure[];
  /** `false` where `limit` ended it early. */
  readonly done: boolean;
  /** With `dryRun`: the instances that would be removed. */
  readonly ids?: readonly InstanceId[] | undefined;
}

export interface CleanupFailure {
  /** The instance; absent for what is none. */
  readonly instanceId?: InstanceId | undefined;
  /** What could not be swept, as the backend calls it. */
  readonly what?: string | undefined;
  readonly error: unknown;
}

export interface StateStore {
  /** The backend beneath, for `@workflow-state/core/maintenance`. A wrapper shows that of the store it wraps. */
  readonly [BACKEND]?: StateBackend | undefined;

  /** What this store promises. */
  readonly capabilities: BackendCapabilities;
  readonly closed: boolean;

  /**
   * Stores a checkpoint. A state without `revision` is created (`checkpointVersion` must be 0); one with a revision
   * replaces exactly the write it came from. Resolves with the stored state, to be saved next; the argument is unchanged.
   * Costs one conditional write.
   * @throws `CHECKPOINT_CONFLICT` (see `error.conflict`), `INVALID_STATE`, `STORAGE_ERROR` (not written),
   * `OUTCOME_UNKNOWN` (load to find out).
   */
  save(state: WorkflowStateInput | WorkflowState, options?: SaveOptions): Promise<WorkflowState>;

  /** @throws `STATE_NOT_FOUND`, `DESERIALIZATION_ERROR`, `UNSUPPORTED_FORMAT`, `STORAGE_ERROR`. */
  load(instanceId: InstanceId, options?: CallOptions): Promise<WorkflowState>;

  /** As `load`, with `undefined` for what is not there. */
  find(instanceId: InstanceId, options?: CallOptions): Promise<WorkflowState | undefined>;

  /** The facts of the header; reads no body. `undefined` for what is not there. */
  head(instanceId: InstanceId, options?: CallOptions): Promise<StateHead | undefined>;

  /** Whether exactly that write is stored now: what a cache asks. Reads no body. */
  isCurrent(instanceId: InstanceId, revision: Revision, options?: CallOptions): Promise<boolean>;

  /**
   * Loads, applies `change`, saves; again after a conflict, with jitter. `change` may run several times, so it has no
   * effects but its result. It returns the next state; the same object or `undefined` means "nothing to write". The
   * store's own fields in its result (`instanceId`, `createdAt`, `updatedAt`, `checkpointVersion`, `revision`) are ignored.
   * `OUTCOME_UNKNOWN` is never retried.
   * @throws what `load` and `save` throw, and whatever `change` throws.
   */
  update(
    instanceId: InstanceId,
    change: (state: WorkflowState) => WorkflowStateInput | undefined | Promise<WorkflowStateInput | undefined>,
    options?: UpdateOptions,
  ): Promise<WorkflowState>;

  /**
   * Deletes, and says whether there was something to delete. Without `revision` it deletes whatever is there, also a
   * damaged record. Costs a header read and a conditional write (the write alone with `revision`).
   * @throws `CHECKPOINT_CONFLICT` (only with `revision`), `UNSUPPORTED_FORMAT`, `STORAGE_ERROR`, `OUTCOME_UNKNOWN`.
   */
  delete(instanceId: InstanceId, options?: DeleteOptions): Promise<boolean>;

  /** Every instance, ascending, each once. Reads no record. */
  list(options?: CallOptions): AsyncIterable<InstanceId>;

  /**
   * Instances by status, ascending, each once. By kind it reads no record and never misses an instance that has the
   * kind throughout the call; it may name one that is just changing. Over several kinds the guarantee holds per kind.
   * A full status object is compared with each candidate of its kind, one load each.
   */
  listByStatus(status: StatusFilter, options?: CallOptions): AsyncIterable<InstanceId>;

  /** One page of `list` or `listByStatus`. */
  listPage(options: ListPageOptions): Promise<ListPage>;

  /** Loads what is listed, ahead and in bounded parallel, in order. Passes over what vanished or left the status meanwhile. */
  states(options?: StatesOptions): AsyncIterable<WorkflowState>;

  /** How many there are (of that kind), from the index. */
  count(kind?: StatusKind, options?: CallOptions): Promise<number>;

  /**
   * Deletes terminal instances whose last save is longer ago than the retention, by the store's clock, each only if it
   * is unchanged since it was judged; then sweeps what deletes and crashes left behind. One bad record never ends it.
   */
  cleanup(retention: Retention, options?: CleanupOptions): Promise<CleanupReport>;

  /** Waits for the calls in flight and releases every handle. Safe to call again. */
  close(): Promise<void>;

  [Symbol.asyncDispose](): Promise<void>;
}

/** One finished call, for logs, metrics and traces. */
export interface StoreEvent {
  readonly op: StoreOperation;
  readonly instanceId?: InstanceId | undefined;
  readonly status?: StatusKind | undefined;
  readonly checkpointVersion?: number | undefined;
  readonly durationMs: number;
  /** Size of the encoded state, for loads and saves. */
  readonly bytes?: number | undefined;
  /** `ok`, the code of a `StateStoreError`, or `error` for anything else (an abort, what `change` threw). */
  readonly outcome: string;
}

export type StoreOperation =
  | 'save'
  | 'load'
  | 'find'
  | 'head'
  | 'isCurrent'
  | 'update'
  | 'delete'
  | 'list'
  | 'listByStatus'
  | 'listPage'
  | 'states'
  | 'count'
  | 'cleanup';

export interface StateStoreOptions {
  /** `false`: a location that holds no store yet is refused, where the backend can tell. Default: it is made one. */
  readonly create?: boolean | undefined;
  /** Epoch milliseconds. Default `Date.now`. Decides `updatedAt` and the age of what is cleaned up, nothing else. */
  readonly clock?: (() => number) | undefined;
  /** Largest encoded body that is saved, in bytes. Default 16 MiB; the backend's own limit applies too. */
  readonly maxBodyBytes?: number | undefined;
  /** How long tombstones of deleted instances stay, in milliseconds: default 7 days, at least 24 hours. */
  readonly tombstoneGrace?: number | undefined;
  /** Gets one event per finished call, synchronously. It must not throw: what it throws is rethrown outside the call. */
  readonly observe?: ((event: StoreEvent) => void) | undefined;
}
