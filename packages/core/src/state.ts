// The state of one workflow instance, and the helpers that move it from stage to stage.
// Everything is data and readonly: a helper returns a new state and leaves its argument alone.

import { TEXT_DECODER, TEXT_ENCODER } from './envelope/utf8.js';
import { InstanceId } from './instance-id.js';
import type { Revision } from './revision.js';
import type { StageId, WorkflowError, WorkflowMetrics, WorkflowResult, WorkflowStatus } from './status.js';

/** Version of a workflow definition. Each part unsigned 32-bit. */
export interface WorkflowVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/** Named byte strings. Any key (`__proto__` and the empty one included), any `Uint8Array`; values come back as plain `Uint8Array`. */
export type ByteMap = Readonly<Record<string, Uint8Array>>;

/** A state before its first save. */
export interface WorkflowStateInput {
  readonly instanceId: InstanceId;
  /** Name of the workflow definition. */
  readonly workflowId: string;
  readonly version: WorkflowVersion;
  readonly status: WorkflowStatus;
  /** May differ from the status's stage: the store does not judge. */
  readonly currentStage: StageId;
  /** The run's input. */
  readonly input: ByteMap;
  /** The data the run has built up. */
  readonly state: ByteMap;
  readonly metrics: WorkflowMetrics;
  /** Attempts by stage, unsigned 32-bit. */
  readonly retryAttempts: Readonly<Record<StageId, number>>;
  /** Millisecond precision. Fixed by the first save. */
  readonly createdAt: Date;
  /** The store's clock at the last save; whatever is passed to `save` is ignored. Never clamped: order comes from `checkpointVersion`. */
  readonly updatedAt: Date;
  /** 0 before the first save, then one more at each. For people; machines compare `revision`. */
  readonly checkpointVersion: number;
}

/** A state as a store returned it. */
export interface WorkflowState extends WorkflowStateInput {
  /** Names the write this state came from. The next `save` replaces exactly that write. */
  readonly revision: Revision;
}

export interface NewWorkflowState {
  readonly workflowId: string;
  readonly version: WorkflowVersion;
  readonly currentStage: StageId;
  /** Default: a random one. `InstanceId.fromName` makes starting the same thing twice a conflict. */
  readonly instanceId?: InstanceId | undefined;
  /** Default: `{ kind: 'initializing' }`. */
  readonly status?: WorkflowStatus | undefined;
  readonly input?: ByteMap | undefined;
  readonly state?: ByteMap | undefined;
  /** Default: now. */
  readonly createdAt?: Date | undefined;
}

/** A state ready for its first save. Not validated here: `save` does, and names what is wrong. */
export function newWorkflowState(options: NewWorkflowState): WorkflowStateInput {
  const createdAt = options.createdAt ?? new Date();
  return {
    instanceId: options.instanceId ?? InstanceId.generate(),
    workflowId: options.workflowId,
    version: options.version,
    status: options.status ?? { kind: 'initializing' },
    currentStage: options.currentStage,
    input: options.input ?? {},
    state: options.state ?? {},
    metrics: { stagesExecuted: 0, retryCount: 0, errorCount: 0, stageDurations: {}, custom: {} },
    retryAttempts: {},
    createdAt,
    updatedAt: createdAt,
    checkpointVersion: 0,
  };
}

/** Running, in that stage. */
export function enterStage<S extends WorkflowStateInput>(state: S, stage: StageId): S {
  return { ...state, status: { kind: 'running', currentStage: stage }, currentStage: stage };
}

/** Waiting in its current stage for an event. */
export function waitFor<S extends WorkflowStateInput>(state: S, event: string): S {
  return { ...state, status: { kind: 'waiting', stage: state.currentStage, event } };
}

/** Paused in its current stage. */
export function pause<S extends WorkflowStateInput>(state: S): S {
  return { ...state, status: { kind: 'paused', stage: state.currentStage } };
}

/** Completed. `durationMs` defaults to the time since `createdAt` on this process's clock, `metrics` to the state's. */
export function complete<S extends WorkflowStateInput>(state: S, result: Partial<WorkflowResult> = {}): S {
  const {
    output = {},
    durationMs = Math.max(0, Date.now() - state.createdAt.getTime()),
    metrics = state.metrics,
  } = result;
  return { ...state, status: { kind: 'completed', result: { output, durationMs, metrics } } };
}

/** Failed, in its current stage unless the error names another. */
export function fail<S extends WorkflowStateInput>(
  state: S,
  error: Partial<WorkflowError> & { readonly message: string },
): S {
  const failed = { code: 'ERROR', recoveryHints: [], stage: state.currentStage, ...error };
  return { ...state, status: { kind: 'failed', error: failed }, currentStage: failed.stage ?? state.currentStage };
}

/** Cancelled. */
export function cancel<S extends WorkflowStateInput>(state: S): S {
  return { ...state, status: { kind: 'cancelled' } };
}

/** A JSON value as bytes, for `input`, `state` and `output`. @throws `TypeError` for what JSON has no text for. */
export function encodeJson(value: unknown): Uint8Array {
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined) throw new TypeError(`JSON has no text for ${typeof value}`);
  return TEXT_ENCODER.encode(text);
}

/** What `encodeJson` was given. The type argument is the caller's claim, not checked. @throws `SyntaxError`, `TypeError`. */
export function decodeJson<T = unknown>(bytes: Uint8Array): T {
  return JSON.parse(TEXT_DECODER.decode(bytes)) as T;
}
