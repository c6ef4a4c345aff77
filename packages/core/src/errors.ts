// The one error that callers of a store see. Codes are stable within a major version, messages are not.
// The brand, not the class, is the test: two copies of this package in one process must recognise each other's errors.

/** What went wrong. Stable within a major version. */
export type StateStoreErrorCode =
  /** `load` or `update` of an instance that is not there. */
  | 'STATE_NOT_FOUND'
  /** Proved: somebody else's write came first (see {@link StateStoreError.conflict}). Nothing was written. */
  | 'CHECKPOINT_CONFLICT'
  /** The state passed in cannot be stored as it is. Nothing was written. */
  | 'INVALID_STATE'
  /** An argument or option is not what the call takes. Nothing was written. */
  | 'INVALID_ARGUMENT'
  /** A valid state could not be encoded. Nothing was written. */
  | 'SERIALIZATION_ERROR'
  /** What is stored is damaged: the message says what, where, and at which byte. */
  | 'DESERIALIZATION_ERROR'
  /** What is stored was written by a newer release. Never guessed at, never deleted. */
  | 'UNSUPPORTED_FORMAT'
  /** The storage failed. A write that ends so was proved not to have happened. */
  | 'STORAGE_ERROR'
  /** A write may or may not have happened, and nothing could prove which. Load to find out. */
  | 'OUTCOME_UNKNOWN'
  /** This store, as declared by its capabilities, does not do that. */
  | 'NOT_SUPPORTED'
  /** The store was closed. */
  | 'STORE_CLOSED';

/** Why a compare-and-set was refused. */
export interface Conflict {
  /** `exists`: a create met an instance. `changed`: another write replaced the expected one. `missing`: it was deleted. */
  readonly reason: 'exists' | 'changed' | 'missing';
  /** `checkpointVersion` of the write that was to be replaced; `undefined` for a create. */
  readonly expected: number | undefined;
  /** `checkpointVersion` found instead; `undefined` where nothing is there or it could not be read. */
  readonly actual: number | undefined;
}

export interface StateStoreErrorOptions {
  readonly cause?: unknown;
  readonly instanceId?: string | undefined;
  readonly retryable?: boolean | undefined;
  readonly recoveryHints?: readonly string[] | undefined;
  readonly conflict?: Conflict | undefined;
}

const BRAND = Symbol.for('workflow-state.StateStoreError');

/** Every failure of a store. Test with {@link isStateStoreError}, branch on {@link StateStoreError.code}. */
export class StateStoreError extends Error {
  override readonly name: string = 'StateStoreError';
  readonly code: StateStoreErrorCode;
  /** The instance concerned, where there is one. */
  readonly instanceId: string | undefined;
  /** Whether the same call may succeed later, unchanged. Conflicts are not: load first. */
  readonly retryable: boolean;
  /** What to do about it, for people. */
  readonly recoveryHints: readonly string[];
  /** With `CHECKPOINT_CONFLICT`: what was expected and what was found. */
  readonly conflict: Conflict | undefined;

  constructor(code: StateStoreErrorCode, message: string, options: StateStoreErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.instanceId = options.instanceId;
    this.retryable = options.retryable ?? false;
    this.recoveryHints = options.recoveryHints ?? [];
    this.conflict = options.conflict;
    Object.defineProperty(this, BRAND, { value: true });
  }
}

/** Whether `value` is a {@link StateStoreError}, also one made by another copy of this package. */
export function isStateStoreError(value: unknown): value is StateStoreError {
  return value instanceof Error && (value as { [BRAND]?: unknown })[BRAND] === true;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
