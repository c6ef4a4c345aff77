import { registerConformance } from '@workflow-state/core/conformance';
import { describe, it } from 'vitest';
import { memoryBackend, MemorySpace } from '../src/index.js';

interface InMemory {
  readonly backend: ReturnType<typeof memoryBackend>;
  readonly space: MemorySpace;
}

registerConformance(
  { describe, it, skip: it.skip },
  {
    name: 'memory',
    expect: { durability: 'none', sharing: 'process', reads: 'latest', reclaims: true, maxBodyBytes: Infinity },
    async create(): Promise<InMemory> {
      const space = new MemorySpace();
      return { space, backend: memoryBackend({ space }) };
    },
    peer: async ({ space }: InMemory) => ({ backend: memoryBackend({ space }) }),
    // After a restart there is nothing.
    reopen: async () => ({ backend: memoryBackend() }),
  },
);
