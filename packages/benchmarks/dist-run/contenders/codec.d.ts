import type { WorkflowState, WorkflowStateInput } from '@workflow-state/core';
export declare function encode(state: WorkflowStateInput): Uint8Array;
export declare function decode({ instanceId }: WorkflowStateInput, bytes: Uint8Array): WorkflowState;
//# sourceMappingURL=codec.d.ts.map
