// The whole suite through the wrapper, over memory.

import type { Harness, Location } from '@workflow-state/core/conformance';
import { memoryBackend, MemorySpace } from '@workflow-state/memory';
import { registerCached } from './support/conformance.js';

interface Place extends Location {
  readonly space: MemorySpace;
}

const memory: Harness<Place> = {
  name: 'memory',
  expect: memoryBackend().capabilities,
  async create() {
    const space = new MemorySpace();
    return { space, backend: memoryBackend({ space }) };
  },
  peer: async ({ space }) => ({ backend: memoryBackend({ space }) }),
};

registerCached(memory, { max: 10_000, revalidate: 'always' });
// So few that most entries are evicted before they are met again.
registerCached(memory, { max: 3, revalidate: 'always' });
registerCached(memory, { max: 10_000, revalidate: 'never' });
registerCached(memory, { maxSize: 50_000_000, revalidate: 'never', cacheAbsence: true });
