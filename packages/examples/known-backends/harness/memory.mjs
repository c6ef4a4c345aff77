import { forkBackend } from '@workflow-state/core/conformance';
import { memoryBackend, MemorySpace } from '@workflow-state/memory';

/** @typedef {{ backend: import('@workflow-state/core/backend').StateBackend, space: MemorySpace }} Place */

/** @type {import('@workflow-state/core/conformance').Harness<Place>} */
export const harness = {
  name: 'memory',
  expect: memoryBackend().capabilities,
  async create() {
    const space = new MemorySpace();
    return { space, backend: memoryBackend({ space }) };
  },
  peer: async ({ space }) => ({ backend: memoryBackend({ space }) }),
  reopen: async () => ({ backend: memoryBackend() }),
  peerProcess: () => forkBackend(new URL('memory-peer.mjs', import.meta.url)),
};
