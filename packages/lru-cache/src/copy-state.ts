// A copy of a state that shares nothing with it. Written by hand for this one shape: several times faster than
// `structuredClone`, and a field that is added to the state does not compile until it is copied here.
//
// All byte arrays of a copy lie in one new buffer, as those of a loaded state do: one allocation in place of dozens.

import type { ByteMap, WorkflowMetrics, WorkflowState, WorkflowStatus } from '@workflow-state/core';

/** How the byte arrays get into the copy. */
export type CopyBytes = (state: WorkflowState) => (map: ByteMap) => ByteMap;

export function copyState(state: WorkflowState, bytes: CopyBytes): WorkflowState {
  const copyMap = bytes(state);
  const copy: { readonly [K in keyof Required<WorkflowState>]: WorkflowState[K] } = {
    instanceId: state.instanceId,
    workflowId: state.workflowId,
    version: { ...state.version },
    status: copyStatus(state.status, copyMap),
    currentStage: state.currentStage,
    input: copyMap(state.input),
    state: copyMap(state.state),
    metrics: copyMetrics(state.metrics),
    retryAttempts: { ...state.retryAttempts },
    createdAt: new Date(state.createdAt.getTime()),
    updatedAt: new Date(state.updatedAt.getTime()),
    checkpointVersion: state.checkpointVersion,
    revision: state.revision,
  };
  return copy;
}

/** The bytes are copied too. */
export const ownBytes: CopyBytes = (state) => {
  const { status } = state;
  const output = status.kind === 'completed' ? byteLength(status.result.output) : 0;
  const buffer = new ArrayBuffer(byteLength(state.input) + byteLength(state.state) + output);
  const all = new Uint8Array(buffer);
  let at = 0;
  return (map) => {
    // The spread makes every key an own property, `__proto__` included, so that assigning to it only sets its value.
    const copy: Record<string, Uint8Array> = { ...map };
    for (const key of Object.keys(copy)) {
      const value = copy[key];
      if (value === undefined) continue;
      all.set(value, at);
      copy[key] = new Uint8Array(buffer, at, value.length);
      at += value.length;
    }
    return copy;
  };
};

/** The maps are copied, the byte arrays in them are not. */
export const sharedBytes: CopyBytes = () => (map) => ({ ...map });

function copyStatus(status: WorkflowStatus, copyMap: (map: ByteMap) => ByteMap): WorkflowStatus {
  switch (status.kind) {
    case 'completed': {
      const { output, durationMs, metrics } = status.result;
      return { kind: 'completed', result: { output: copyMap(output), durationMs, metrics: copyMetrics(metrics) } };
    }
    case 'failed':
      return { kind: 'failed', error: { ...status.error, recoveryHints: [...status.error.recoveryHints] } };
    case 'initializing':
    case 'running':
    case 'waiting':
    case 'paused':
    case 'cancelled':
      return { ...status };
  }
}

function copyMetrics(metrics: WorkflowMetrics): WorkflowMetrics {
  return { ...metrics, stageDurations: { ...metrics.stageDurations }, custom: { ...metrics.custom } };
}

function byteLength(map: ByteMap): number {
  let length = 0;
  for (const key of Object.keys(map)) length += map[key]?.length ?? 0;
  return length;
}
