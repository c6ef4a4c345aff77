// The shape of a state: what `save` accepts, what a body holds, and nothing else.

import { isInstanceId, type InstanceId } from './instance-id.js';
import {
  bytes,
  date,
  double,
  listOf,
  literal,
  mapOf,
  milliseconds,
  optional,
  record,
  type Shape,
  ShapeError,
  text,
  uint32,
} from './shape.js';
import type { WorkflowState, WorkflowStateInput, WorkflowVersion } from './state.js';
import {
  isStatusKind,
  STATUS_KINDS,
  type StatusKind,
  type WorkflowError,
  type WorkflowMetrics,
  type WorkflowResult,
  type WorkflowStatus,
} from './status.js';

/** What the body of an envelope holds; the rest of a state is in the header. */
export type StateBody = Omit<
  WorkflowState,
  'instanceId' | 'createdAt' | 'updatedAt' | 'checkpointVersion' | 'revision'
>;

/** A state as passed to `save`. */
export type SavableState = WorkflowStateInput & { readonly revision?: string | undefined };

const metrics = record<WorkflowMetrics>({
  stagesExecuted: uint32,
  retryCount: uint32,
  errorCount: uint32,
  stageDurations: mapOf(milliseconds),
  custom: mapOf(double),
});

const statuses: { readonly [K in StatusKind]: Shape<Extract<WorkflowStatus, { readonly kind: K }>> } = {
  initializing: record({ kind: literal('initializing') }),
  running: record({ kind: literal('running'), currentStage: text }),
  waiting: record({ kind: literal('waiting'), stage: text, event: text }),
  paused: record({ kind: literal('paused'), stage: text }),
  completed: record({
    kind: literal('completed'),
    result: record<WorkflowResult>({ output: mapOf(bytes), durationMs: milliseconds, metrics }),
  }),
  failed: record({
    kind: literal('failed'),
    error: record<WorkflowError>({
      code: text,
      message: text,
      stage: optional(text),
      trace: optional(text),
      recoveryHints: listOf(text),
    }),
  }),
  cancelled: record({ kind: literal('cancelled') }),
};

export const status: Shape<WorkflowStatus> = (value) => {
  // Only to choose the shape, which then reads `kind` again, and nothing from a prototype or an accessor.
  const kind =
    typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, 'kind')?.value : undefined;
  if (!isStatusKind(kind)) throw new ShapeError(`one of ${STATUS_KINDS.join(', ')}`, kind).within('.kind');
  return statuses[kind](value);
};

const body = {
  workflowId: text,
  version: record<WorkflowVersion>({ major: uint32, minor: uint32, patch: uint32 }),
  status,
  currentStage: text,
  input: mapOf(bytes),
  state: mapOf(bytes),
  metrics,
  retryAttempts: mapOf(uint32),
};

const instanceId: Shape<InstanceId> = (value) => {
  if (isInstanceId(value)) return value;
  throw new ShapeError('32 lowercase hex digits (InstanceId.parse, .generate, .fromName)', value);
};

export const stateBody: Shape<StateBody> = record<StateBody>(body);

export const savableState: Shape<SavableState> = record<SavableState>({
  instanceId,
  ...body,
  createdAt: date,
  updatedAt: date,
  checkpointVersion: uint32,
  revision: optional(text),
});
