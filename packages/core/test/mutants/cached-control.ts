// A wrapper that is right, and declares that its reads may be stale: what it has loaded or saved it does not ask for
// again. The second control: the suite must not take a permitted stale read for a broken promise.

import type { Harness } from '../../src/conformance/index.js';
import type { InstanceId } from '../../src/instance-id.js';
import { openStateStore } from '../../src/open-state-store.js';
import type { WorkflowState } from '../../src/state.js';
import type { StateStore } from '../../src/state-store.js';
import { CONTROL_CAPABILITIES } from './control-backend.js';
import { controlHarness, type ControlLocation } from './control-harness.js';
import { withMethods } from './mutant.js';

export function cachedHarness(name: string, { dropsOnConflict = true } = {}): Harness<ControlLocation> {
  const capabilities = Object.freeze({ ...CONTROL_CAPABILITIES, reads: 'may-be-stale' as const });
  return controlHarness(undefined, {
    name,
    expect: capabilities,
    open: async (backend, options) => cached(await openStateStore(backend, options), capabilities, dropsOnConflict),
  });
}

function cached(store: StateStore, capabilities: StateStore['capabilities'], dropsOnConflict: boolean): StateStore {
  const cache = new Map<InstanceId, WorkflowState>();
  /** Counts what could have changed an instance, so that a load that began before never fills the cache after. */
  const changes = new Map<InstanceId, number>();
  const drop = (id: InstanceId): void => {
    changes.set(id, (changes.get(id) ?? 0) + 1);
    cache.delete(id);
  };
  const changing = async <T>(id: InstanceId, call: () => Promise<T>): Promise<T> => {
    if (!dropsOnConflict) return call();
    drop(id);
    try {
      return await call();
    } finally {
      drop(id);
    }
  };
  const find: StateStore['find'] = async (id, options) => {
    const hit = store.closed || options !== undefined ? undefined : cache.get(id);
    if (hit !== undefined) return structuredClone(hit);
    const begun = changes.get(id);
    const state = await store.find(id, options);
    if (state !== undefined && changes.get(id) === begun) cache.set(id, structuredClone(state));
    return state;
  };
  return withMethods(store, {
    capabilities,
    find,
    load: async (id, options) => (await find(id, options)) ?? store.load(id, options),
    save: (state, options) => changing(state?.instanceId, () => store.save(state, options)),
    update: (id, change, options) => changing(id, () => store.update(id, change, options)),
    delete: (id, options) => changing(id, () => store.delete(id, options)),
    cleanup: (retention, options) => {
      cache.clear();
      return store.cleanup(retention, options);
    },
  });
}
