// The runner: takes a run through its stages, with a checkpoint after each batch.
//
// What must stay true: the results of a batch and the fact that it is done are one save. So a run that dies anywhere
// goes on behind its last finished batch, and the batch it died in is done again: a task may run twice, and has to leave
// the same behind when it does.

import type { StageId, StateStore, WorkflowState, WorkflowStateInput } from '@workflow-state/core';
import { complete, decodeJson, encodeJson, enterStage, fail } from '@workflow-state/core';

/** One unit of work. What it resolves with is kept in the state, as JSON. */
export type Task = () => Promise<unknown>;

export interface Stage {
  readonly name: StageId;
  /** The stage's work, cut into batches: the same at each call, for what the stages before have left in the state. */
  batches(state: WorkflowStateInput): readonly (readonly Task[])[];
}

/** Where a run is. Counts from 0. */
export interface Position {
  readonly stage: StageId;
  readonly batch: number;
  readonly batches: number;
  readonly task: number;
  readonly tasks: number;
}

/** Told what a run does, while it does it. */
export interface Watcher {
  /** Before each task. */
  working(position: Position): Promise<void>;
  /** After the checkpoint of a batch. */
  saved(stage: StageId, batch: number): void;
}

/**
 * Runs a stored state to its end, and returns it as stored: completed, or failed where a task threw.
 * @throws `StateStoreError`. `CHECKPOINT_CONFLICT`: somebody else has taken this run on, so leave it to them. All others:
 * the run is as it was at its last checkpoint, and whoever resumes it goes on from there.
 */
export async function advance(
  store: StateStore,
  run: WorkflowState,
  stages: readonly Stage[],
  watcher?: Watcher,
): Promise<WorkflowState> {
  let state = run;
  const first = stages.findIndex(({ name }) => name === run.currentStage);
  if (first === -1) throw new Error(`this workflow has no stage ${JSON.stringify(run.currentStage)}`);
  for (const stage of stages.slice(first)) {
    if (state.currentStage !== stage.name) state = await store.save(enterStage(state, stage.name));
    const batches = stage.batches(state);
    for (let batch = batchesDone(state, stage.name); batch < batches.length; batch++) {
      const began = performance.now();
      let results: readonly unknown[];
      try {
        results = await runTasks(batches[batch] ?? [], (task, tasks) =>
          watcher?.working({ stage: stage.name, batch, batches: batches.length, task, tasks }),
        );
      } catch (error) {
        return store.save(fail(countError(state), { code: 'TASK_FAILED', message: String(error) }));
      }
      state = await store.save(withBatch(state, batch, results, performance.now() - began));
      watcher?.saved(stage.name, batch);
    }
    state = { ...state, metrics: { ...state.metrics, stagesExecuted: state.metrics.stagesExecuted + 1 } };
  }
  const output = { [state.currentStage]: encodeJson(resultsOf(state, state.currentStage)) };
  return store.save(complete(state, { output }));
}

async function runTasks(
  tasks: readonly Task[],
  before: (task: number, tasks: number) => Promise<void> | undefined,
): Promise<readonly unknown[]> {
  const results: unknown[] = [];
  for (const [index, task] of tasks.entries()) {
    await before(index, tasks.length);
    results.push(await task());
  }
  return results;
}

/** How many batches of a stage have their checkpoint. */
export function batchesDone(state: WorkflowStateInput, stage: StageId): number {
  let done = 0;
  while (state.state[keyOf(stage, done)] !== undefined) done++;
  return done;
}

/** What the tasks of a stage resolved with, in their order. The type argument is the caller's claim. */
export function resultsOf<T>(state: WorkflowStateInput, stage: StageId): readonly T[] {
  const results: T[] = [];
  for (let batch = 0; ; batch++) {
    const bytes = state.state[keyOf(stage, batch)];
    if (bytes === undefined) return results;
    results.push(...decodeJson<readonly T[]>(bytes));
  }
}

/** What somebody who resumes a run notes in it. A run that has ended meanwhile stays as it is. */
export function countRetry(state: WorkflowState): WorkflowState | undefined {
  if (state.status.kind !== 'running') return undefined;
  const attempts = (state.retryAttempts[state.currentStage] ?? 0) + 1;
  return {
    ...state,
    retryAttempts: { ...state.retryAttempts, [state.currentStage]: attempts },
    metrics: { ...state.metrics, retryCount: state.metrics.retryCount + 1 },
  };
}

function withBatch(
  state: WorkflowState,
  batch: number,
  results: readonly unknown[],
  durationMs: number,
): WorkflowState {
  const stage = state.currentStage;
  const { stageDurations } = state.metrics;
  return {
    ...state,
    state: { ...state.state, [keyOf(stage, batch)]: encodeJson(results) },
    metrics: {
      ...state.metrics,
      stageDurations: { ...stageDurations, [stage]: (stageDurations[stage] ?? 0) + durationMs },
    },
  };
}

function countError(state: WorkflowState): WorkflowState {
  return { ...state, metrics: { ...state.metrics, errorCount: state.metrics.errorCount + 1 } };
}

function keyOf(stage: StageId, batch: number): string {
  return `${stage}/${batch}`;
}
