// What a workflow is made of: a name, a version, and steps in their order.

import type { ByteMap, Duration, StageId, WorkflowState, WorkflowVersion } from '@workflow-state/core';

export interface Workflow {
  readonly id: string;
  /** Runs of another major version are left to the processes that know it. */
  readonly version: WorkflowVersion;
  readonly steps: readonly Step[];
}

export type Step = Work | Wait | Sleep;

/** Something to do. */
export interface Work {
  readonly name: StageId;
  /** May run again after it was cut off or its answer was lost: what it does outside the state must bear that. */
  run(state: WorkflowState, context: WorkContext): Promise<Done>;
  /** Failures, and deaths of the process in the middle of it, after which the run has failed. Default 3. */
  readonly attempts?: number | undefined;
  /** Before the second attempt; doubles with each. Default 1 second. */
  readonly backoff?: Duration | undefined;
}

/** Goes on once the event was sent, also if that was earlier, or when the time is over. */
export interface Wait {
  readonly name: StageId;
  readonly event: string;
  readonly within?: Duration | undefined;
}

export interface Sleep {
  readonly name: StageId;
  readonly sleep: Duration;
}

export interface WorkContext {
  /** Send it along with effects on other systems: a system that remembers the highest can refuse those who woke up late. */
  readonly fence: number;
  /** For work that takes longer than the lease: call it from time to time. */
  extend(): Promise<unknown>;
}

/** The effect of a step on the state. It is there exactly once, or not at all. */
export interface Done {
  /** Put into the state; of the last step: the run's output. */
  readonly state: ByteMap;
  /** The same step again, after a checkpoint. */
  readonly repeat?: boolean | undefined;
}
