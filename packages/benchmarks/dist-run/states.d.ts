import { type WorkflowStateInput } from '@workflow-state/core';
/** Random numbers that are the same in every run: unsigned, 32 bits. */
export declare function generator(seed: number): () => number;
/** A state with about `bytes` bytes in byte arrays: two maps of up to 24 each, keyed by stage. */
export declare function sampleState(bytes: number, seed: number): WorkflowStateInput;
export declare function sampleStates(count: number, bytes: number): readonly WorkflowStateInput[];
/** Of the byte arrays, without their names. */
export declare function payloadBytes({ input, state }: WorkflowStateInput): number;
//# sourceMappingURL=states.d.ts.map
