// The envelope of the project's own format, for contenders that store bytes: the same for all of them.

import type { WorkflowState, WorkflowStateInput } from '@workflow-state/core';
import { coreSource } from '../core-source.js';

/** What of core's unexported codec is used here. */
interface StateCodec {
  encodeBody(body: object): Uint8Array;
  encodeRecord(write: object, body: Uint8Array): { readonly envelope: Uint8Array };
  decodeState(id: string, stored: { readonly envelope: Uint8Array }): WorkflowState | undefined;
}

export interface EnvelopeCodec {
  readonly encode: (state: WorkflowStateInput) => Uint8Array;
  readonly decode: (state: WorkflowStateInput, bytes: Uint8Array) => WorkflowState;
}

const nonce = '0123456789abcdef';

export async function envelopeCodec(): Promise<EnvelopeCodec> {
  const codec = await coreSource<StateCodec>('state-codec.ts');
  return {
    encode({ instanceId: id, workflowId, version, status, currentStage, input, state, metrics, retryAttempts }) {
      const revision = {
        version: 1,
        nonce,
        incarnation: nonce,
        first: true,
        status: status.kind,
        entered: { version: 1, nonce, at: 0 },
        createdAt: 0,
      };
      const body = { workflowId, version, status, currentStage, input, state, metrics, retryAttempts };
      const write = { id, revision, parent: undefined, updatedAt: 0 };
      return codec.encodeRecord(write, codec.encodeBody(body)).envelope;
    },
    decode({ instanceId }, bytes) {
      const state = codec.decodeState(instanceId, { envelope: bytes });
      if (state === undefined) throw new Error(`a tombstone is stored for ${instanceId}`);
      return state;
    },
  };
}
