// What becomes of a state: pure functions, which the saves of engine.ts apply to whatever is stored.
//
// What must stay true: every outcome of a step changes `position`. So an outcome that is to be saved again, over a state
// that has it already (a save whose answer was lost came late), can see that, and leaves it.

import {
  complete,
  decodeJson,
  encodeJson,
  enterStage,
  fail,
  newWorkflowState,
  toMilliseconds,
  waitFor,
  type ByteMap,
  type InstanceId,
  type WorkflowState,
  type WorkflowStateInput,
} from '@workflow-state/core';
import type { Done, Step, Work, Workflow } from './workflow.js';

/** When a parked run goes on by itself, epoch milliseconds. */
const DUE = 'engine/due';

export function newRun(workflow: Workflow, instanceId: InstanceId, input: ByteMap, now: number): WorkflowStateInput {
  const { id: workflowId, version, steps } = workflow;
  const state = newWorkflowState({
    instanceId,
    workflowId,
    version,
    currentStage: '',
    input,
    createdAt: new Date(now),
  });
  return arrive(workflow, state, steps[0], {}, now);
}

export function workOf({ steps }: Workflow, state: WorkflowStateInput): Work {
  const step = steps.find(({ name }) => name === state.currentStage);
  if (step === undefined || !('run' in step)) throw new Error(`there is nothing to do in ${state.currentStage}`);
  return step;
}

export function position({ metrics }: WorkflowStateInput): string {
  return `${metrics.stagesExecuted} done, ${metrics.retryCount} retried`;
}

/** A step is done. */
export function applied(workflow: Workflow, state: WorkflowState, done: Done, now: number): WorkflowStateInput {
  const { metrics } = state;
  const next: WorkflowState = {
    ...state,
    state: { ...state.state, ...done.state },
    metrics: { ...metrics, stagesExecuted: metrics.stagesExecuted + 1 },
  };
  return done.repeat === true ? next : arrive(workflow, next, stepAfter(workflow, next), done.state, now);
}

/** A step has thrown: again, after a while, or the run has failed. */
export function thrown(workflow: Workflow, state: WorkflowState, error: unknown, now: number): WorkflowStateInput {
  const work = workOf(workflow, state);
  const { metrics } = state;
  const counted = retried({ ...state, metrics: { ...metrics, errorCount: metrics.errorCount + 1 } });
  const attempt = counted.retryAttempts[work.name] ?? 1;
  if (attempt >= (work.attempts ?? 3)) return fail(counted, { code: 'STEP_FAILED', message: String(error) });
  return park(counted, 'retry', now + toMilliseconds(work.backoff ?? 1000) * 2 ** (attempt - 1));
}

/** What to make of a run that somebody has claimed; `undefined`: nothing, it waits for something else. */
export function wake(
  workflow: Workflow,
  state: WorkflowState,
  ownerDied: boolean,
  now: number,
): WorkflowStateInput | undefined {
  if (state.status.kind === 'running') {
    if (!ownerDied) return state;
    const counted = retried(state);
    const { name, attempts = 3 } = workOf(workflow, state);
    if ((counted.retryAttempts[name] ?? 0) < attempts) return counted;
    return fail(counted, { code: 'OWNER_DIED', message: `${attempts} processes did not come back from ${name}` });
  }
  if (state.status.kind !== 'waiting') return undefined;
  const step = stepAt(workflow, state);
  if (step === undefined || !((dueOf(state) ?? Infinity) <= now || hasEvent(state, step))) return undefined;
  const { [DUE]: _, ...others } = state.state;
  const next = 'run' in step ? step : stepAfter(workflow, state);
  return arrive(workflow, { ...state, state: others }, next, {}, now);
}

export function withEvent(state: WorkflowState, event: string, data: Uint8Array): WorkflowState {
  const key = `event/${event}`;
  return Object.hasOwn(state.state, key) ? state : { ...state, state: { ...state.state, [key]: data } };
}

/** Epoch milliseconds; `undefined` where it does not go on by itself. */
export function dueOf({ status, state }: WorkflowStateInput): number | undefined {
  const due = status.kind === 'waiting' ? state[DUE] : undefined;
  return due && decodeJson<number>(due);
}

function arrive(
  workflow: Workflow,
  state: WorkflowStateInput,
  step: Step | undefined,
  output: ByteMap,
  now: number,
): WorkflowStateInput {
  if (step === undefined) return complete(state, { output });
  const here = { ...state, currentStage: step.name };
  if ('run' in step) return enterStage(here, step.name);
  if ('sleep' in step) return park(here, 'timer', now + toMilliseconds(step.sleep));
  if (hasEvent(here, step)) return arrive(workflow, here, stepAfter(workflow, here), output, now);
  return park(here, step.event, step.within === undefined ? undefined : now + toMilliseconds(step.within));
}

function park(state: WorkflowStateInput, event: string, due: number | undefined): WorkflowStateInput {
  const timer = due === undefined ? {} : { [DUE]: encodeJson(due) };
  return waitFor({ ...state, state: { ...state.state, ...timer } }, event);
}

function retried<S extends WorkflowStateInput>(state: S): S {
  const { currentStage, retryAttempts, metrics } = state;
  return {
    ...state,
    retryAttempts: { ...retryAttempts, [currentStage]: (retryAttempts[currentStage] ?? 0) + 1 },
    metrics: { ...metrics, retryCount: metrics.retryCount + 1 },
  };
}

function hasEvent({ state }: WorkflowStateInput, step: Step): boolean {
  return 'event' in step && Object.hasOwn(state, `event/${step.event}`);
}

function stepAt({ steps }: Workflow, { currentStage }: WorkflowStateInput): Step | undefined {
  return steps.find(({ name }) => name === currentStage);
}

function stepAfter({ steps }: Workflow, { currentStage }: WorkflowStateInput): Step | undefined {
  return steps[steps.findIndex(({ name }) => name === currentStage) + 1];
}
