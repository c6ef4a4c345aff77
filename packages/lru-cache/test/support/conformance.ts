// Runs the suite through the wrapper: in one go with `always`. With `never` in two: without other handles, and, beside
// handles that have no cache and so always see what is there, all cases that need others.

import { openStateStore, type StateStore, type StateStoreOptions } from '@workflow-state/core';
import type { StateBackend } from '@workflow-state/core/backend';
import {
  type Handle,
  type Harness,
  type Location,
  registerConformance,
  validate,
} from '@workflow-state/core/conformance';
import { describe, expect, it } from 'vitest';
import { type LruCacheOptions, withLruCache } from '../../src/index.js';
import { CASES_BESIDE_OTHERS, readsOf } from './stale-reads.js';

const runner = { describe, it, skip: it.skip };

export function registerCached<L extends Location>(beneath: Harness<L>, options: LruCacheOptions): void {
  const cached: Harness<L> = {
    ...beneath,
    name: `lru-cache (${Object.values(options).join(', ')}) over ${beneath.name}`,
    expect: { ...beneath.expect, reads: readsOf(options) },
    open: async (backend, storeOptions) => withLruCache(await openStateStore(backend, storeOptions), options),
  };
  if (options.revalidate === 'always') {
    registerConformance(runner, cached);
    return;
  }
  const { peer: _, peerProcess: __, ...alone } = cached;
  registerConformance(runner, alone);
  describe(`conformance of ${cached.name}, beside handles without a cache`, () => {
    it.for(CASES_BESIDE_OTHERS)('%s', { timeout: 120_000 }, async (id, context) => {
      const report = await validate(besideOthers(cached, beneath), { only: [id] });
      const { outcome = 'not found', reason = '', error } = report.results.find((one) => one.id === id) ?? {};
      if (outcome === 'failed' || outcome === 'crashed') throw error ?? new Error(reason);
      if (outcome !== 'passed') context.skip(`${outcome}: ${reason}`);
      expect(outcome).toBe('passed');
    });
  });
}

function besideOthers<L extends Location>(cached: Harness<L>, { peer, peerProcess }: Harness<L>): Harness<L> {
  const others = new WeakSet<Handle>();
  const known = <H extends Handle>(handle: H): H => {
    others.add(handle);
    return handle;
  };
  return {
    ...cached,
    ...(peer !== undefined && { peer: async (location: L) => known(await peer(location)) }),
    ...(peerProcess !== undefined && { peerProcess: async (location: L) => known(await peerProcess(location)) }),
    open: async (backend: StateBackend, options: StateStoreOptions, handle: Handle): Promise<StateStore> =>
      others.has(handle) ? openStateStore(backend, options) : (cached.open ?? openStateStore)(backend, options, handle),
  };
}
