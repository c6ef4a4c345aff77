// The whole suite through the wrapper, over memory: with `always` nothing may be missing, with `never` exactly `reads: 'latest'`.

import { openStateStore } from '@workflow-state/core';
import { type Harness, type Location, registerConformance } from '@workflow-state/core/conformance';
import { memoryBackend, MemorySpace } from '@workflow-state/memory';
import { describe, it } from 'vitest';
import { type LruCacheOptions, withLruCache } from '../src/index.js';

interface MemoryLocation extends Location {
  readonly space: MemorySpace;
}

function harness(name: string, options: LruCacheOptions): Harness<MemoryLocation> {
  const { capabilities } = memoryBackend();
  return {
    name: `lru-cache (${name}) over memory`,
    expect: { ...capabilities, reads: options.revalidate === 'always' ? 'latest' : 'may-be-stale' },
    async create() {
      const space = new MemorySpace();
      return { space, backend: memoryBackend({ space }) };
    },
    open: async (backend, storeOptions) => withLruCache(await openStateStore(backend, storeOptions), options),
    peer: async ({ space }) => ({ backend: memoryBackend({ space }) }),
  };
}

const runner = { describe, it, skip: it.skip };

registerConformance(runner, harness('always', { max: 10_000, revalidate: 'always' }));
registerConformance(runner, harness('always, a few entries at a time', { max: 3, revalidate: 'always' }));
registerConformance(runner, harness('never', { max: 10_000, revalidate: 'never' }));
registerConformance(runner, harness('never, absence too', { maxSize: 50_000_000, revalidate: 'never', cacheAbsence: true }));
