// The envelope of the project's own format, for contenders that store bytes: the same for all of them.

import type { WorkflowState, WorkflowStateInput } from '@workflow-state/core';

/** What of core's built, unexported codec is used here. */
interface StateCodec {
  encodeBody(body: object): Uint8Array;
  encodeRecord(write: object, body: Uint8Array): { readonly envelope: Uint8Array };
  decodeState(id: string, stored: { readonly envelope: Uint8Array }): WorkflowState | undefined;
}

const codec = (await import(new URL('../../../core/dist/state-codec.js', import.meta.url).href)) as StateCodec;
const nonce = '0123456789abcdef';

export function encode(state: WorkflowStateInput): Uint8Array {
  const { workflowId, version, status, currentStage, input, state: data, metrics, retryAttempts } = state;
  const revision = {
    version: 1,
    nonce,
    incarnation: nonce,
    first: true,
    status: status.kind,
    entered: { version: 1, nonce, at: 0 },
    createdAt: 0,
  };
  const body = { workflowId, version, status, currentStage, input, state: data, metrics, retryAttempts };
  return codec.encodeRecord({ id: state.instanceId, revision, parent: undefined, updatedAt: 0 }, codec.encodeBody(body))
    .envelope;
}

export function decode({ instanceId }: WorkflowStateInput, bytes: Uint8Array): WorkflowState {
  const state = codec.decodeState(instanceId, { envelope: bytes });
  if (state === undefined) throw new Error(`a tombstone is stored for ${instanceId}`);
  return state;
}
