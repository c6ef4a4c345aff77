// The shape of a state: what `save` accepts, what a body holds, and nothing else.

import { instanceId } from './instance-id.js';
import { decodeRevision } from './revision.js';
import {
  amount,
  bytes,
  date,
  double,
  listOf,
  mapOf,
  oneOf,
  optional,
  record,
  type Shape,
  ShapeError,
  text,
  uint32,
} from './shape.js';
import type { WriteRevision } from './state-backend.js';
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

/** A state as passed to `save`, its revision decoded. */
export type SavableState = WorkflowStateInput & { readonly revision?: WriteRevision | undefined };

const metrics = record<WorkflowMetrics>({
  stagesExecuted: uint32,
  retryCount: uint32,
  errorCount: uint32,
  stageDurations: mapOf(amount),
  custom: mapOf(double),
});

export const statusKind: Shape<StatusKind> = oneOf(...STATUS_KINDS);

type Fields<K extends StatusKind> = { readonly [F in Exclude<keyof OfKind<K>, 'kind'>]-?: Shape<OfKind<K>[F]> };
type OfKind<K extends StatusKind> = Extract<WorkflowStatus, { readonly kind: K }>;

function ofKind<K extends StatusKind>(kind: K, fields: Fields<K>): Shape<OfKind<K>> {
  return record({ kind: oneOf(kind), ...fields } as never);
}

const statuses: { readonly [K in StatusKind]: Shape<OfKind<K>> } = {
  initializing: ofKind('initializing', {}),
  running: ofKind('running', { currentStage: text }),
  waiting: ofKind('waiting', { stage: text, event: text }),
  paused: ofKind('paused', { stage: text }),
  completed: ofKind('completed', {
    result: record<WorkflowResult>({ output: mapOf(bytes), durationMs: amount, metrics }),
  }),
  failed: ofKind('failed', {
    error: record<WorkflowError>({
      code: text,
      message: text,
      stage: optional(text),
      trace: optional(text),
      recoveryHints: listOf(text),
    }),
  }),
  cancelled: ofKind('cancelled', {}),
};

export const status: Shape<WorkflowStatus> = (value) => {
  // Only to choose the shape, which then reads `kind` again, and nothing from a prototype or an accessor.
  const kind: unknown = Object.getOwnPropertyDescriptor(Object(value), 'kind')?.value;
  if (!isStatusKind(kind)) throw new ShapeError(`one of ${STATUS_KINDS.join(', ')}`, kind).within('.kind');
  return statuses[kind](value);
};

export const revision: Shape<WriteRevision> = (value) => {
  const decoded = typeof value === 'string' ? decodeRevision(value) : undefined;
  if (decoded === undefined) throw new ShapeError('one that a store has returned, unchanged', value);
  return decoded;
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

export const stateBody: Shape<StateBody> = record<StateBody>(body);

export const savableState: Shape<SavableState> = record<SavableState>({
  instanceId,
  ...body,
  createdAt: date,
  updatedAt: date,
  checkpointVersion: uint32,
  revision: optional(revision),
});
