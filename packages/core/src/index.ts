// What users import. Backend authors: see ./backend and ./conformance.

export { isStateStoreError, StateStoreError } from './errors.js';
export type { Conflict, StateStoreErrorCode, StateStoreErrorOptions } from './errors.js';
export { InstanceId } from './instance-id.js';
export type { InstanceIdFactory } from './instance-id.js';
export { openStateStore } from './open-state-store.js';
export { openStateStoreFromUrl, parseStoreUrl, readParameters } from './open-url.js';
export type { OpenUrlOptions, SchemeContext, StoreScheme, StoreUrl } from './open-url.js';
export { toMilliseconds } from './retention.js';
export type { Duration, DurationParts, Retention } from './retention.js';
export type { Revision } from './revision.js';
export type { BackendCapabilities, StateBackend } from './state-backend.js';
export {
  cancel,
  complete,
  decodeJson,
  encodeJson,
  enterStage,
  fail,
  newWorkflowState,
  pause,
  waitFor,
} from './state.js';
export type { ByteMap, NewWorkflowState, WorkflowState, WorkflowStateInput, WorkflowVersion } from './state.js';
export type {
  CallOptions,
  CleanupFailure,
  CleanupOptions,
  CleanupReport,
  DeleteOptions,
  ListEntry,
  ListPage,
  ListPageOptions,
  SaveOptions,
  StateHead,
  StateStore,
  StateStoreOptions,
  StatesOptions,
  StatusFilter,
  StoreEvent,
  StoreOperation,
  UpdateOptions,
} from './state-store.js';
export { isTerminalKind, STATUS_KINDS, TERMINAL_KINDS } from './status.js';
export type {
  StageId,
  StatusKind,
  TerminalKind,
  WorkflowError,
  WorkflowMetrics,
  WorkflowResult,
  WorkflowStatus,
} from './status.js';
