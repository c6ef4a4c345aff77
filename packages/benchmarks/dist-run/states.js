import { InstanceId, newWorkflowState } from '@workflow-state/core';
/** Random numbers that are the same in every run: unsigned, 32 bits. */
export function generator(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}
/** A state with about `bytes` bytes in byte arrays: two maps of up to 24 each, keyed by stage. */
export function sampleState(bytes, seed) {
  const random = generator(seed + 1);
  const stages = Math.max(2, Math.min(24, Math.floor(bytes / 512)));
  const each = Math.max(16, Math.floor((bytes - 200) / (stages * 2)));
  const arrays = (prefix) =>
    Object.fromEntries(
      Array.from({ length: stages }, (_, stage) => [
        `${prefix}-${stage}`,
        Uint8Array.from({ length: each }, () => random() & 255),
      ]),
    );
  const id = Array.from({ length: 4 }, () => random().toString(16).padStart(8, '0')).join('');
  const state = newWorkflowState({
    instanceId: InstanceId.parse(id),
    workflowId: 'invoice',
    version: { major: 1, minor: 4, patch: 2 },
    status: { kind: 'running', currentStage: 'step-1' },
    currentStage: 'step-1',
    createdAt: new Date(1_700_000_000_000),
    input: arrays('in'),
    state: arrays('step'),
  });
  const metrics = {
    stagesExecuted: stages,
    retryCount: 2,
    errorCount: 0,
    stageDurations: { 'step-0': 12.5, 'step-1': 340 },
    custom: { score: 0.25 },
  };
  return { ...state, metrics, retryAttempts: { 'step-1': 2 } };
}
export function sampleStates(count, bytes) {
  return Array.from({ length: count }, (_, seed) => sampleState(bytes, seed));
}
/** Of the byte arrays, without their names. */
export function payloadBytes({ input, state }) {
  return [...Object.values(input), ...Object.values(state)].reduce((sum, bytes) => sum + bytes.length, 0);
}
//# sourceMappingURL=states.js.map
