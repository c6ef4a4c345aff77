// The envelope of the project's own format, for contenders that store bytes: the same for all of them.
const nonce = '0123456789abcdef';
/** Needs a build; whoever only names contenders does not. */
export async function envelopeCodec() {
  const dist = new URL('../../../core/dist/state-codec.js', import.meta.url).href;
  const codec = await import(dist);
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
//# sourceMappingURL=codec.js.map
