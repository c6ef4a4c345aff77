import { expectTypeOf, it } from 'vitest';
import {
  complete,
  enterStage,
  newWorkflowState,
  type InstanceId,
  type Revision,
  type StateStore,
  type WorkflowState,
  type WorkflowStateInput,
  type WorkflowStatus,
} from '@workflow-state/core';

declare const store: StateStore;
declare const state: WorkflowState;

it('an id and a revision are not any string', () => {
  expectTypeOf<string>().not.toExtend<InstanceId>();
  expectTypeOf<string>().not.toExtend<Revision>();
  expectTypeOf<InstanceId>().toExtend<string>();
  // @ts-expect-error: parse it first
  void store.load('00112233445566778899aabbccddeeff');
});

it('helpers keep what they are given: a saved state stays one', () => {
  expectTypeOf(enterStage(state, 's')).toEqualTypeOf<WorkflowState>();
  const fresh = newWorkflowState({ workflowId: 'w', version: { major: 1, minor: 0, patch: 0 }, currentStage: 's' });
  expectTypeOf(complete(fresh)).toEqualTypeOf<WorkflowStateInput>();
  expectTypeOf(store.save(fresh)).resolves.toEqualTypeOf<WorkflowState>();
});

it('a status is told apart by its kind', () => {
  const status: WorkflowStatus = state.status;
  if (status.kind === 'running') expectTypeOf(status.currentStage).toEqualTypeOf<string>();
  // @ts-expect-error: a waiting run has an event
  void ({ kind: 'waiting', stage: 's' } satisfies WorkflowStatus);
  expectTypeOf(store.find(state.instanceId)).resolves.toEqualTypeOf<WorkflowState | undefined>();
});
