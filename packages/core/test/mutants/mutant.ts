// A mutant is a store that breaks one promise, as a real one once did. It must be killed by the cases that claim it: by
// a failed assertion, which tells its author what is broken, and not by a crash, which tells nothing.

import { type Harness, interpose, type Interposition } from '../../src/conformance/index.js';
import { openStateStore } from '../../src/open-state-store.js';
import type { StateBackend } from '../../src/state-backend.js';
import type { StateStore, StateStoreOptions } from '../../src/state-store.js';
import { type BackendClass, controlHarness, type ControlLocation } from './control-harness.js';

export interface Mutant {
  readonly id: string;
  /** What it does, and where that was seen. */
  readonly copies: string;
  /** Cases that must each fail on it. */
  readonly killedBy: readonly string[];
  readonly harness: Harness<ControlLocation>;
}

interface Story {
  readonly copies: string;
  readonly killedBy: readonly string[];
}

/** A broken backend. */
export function backendMutant(
  id: string,
  story: Story,
  Backend: BackendClass,
  change: Partial<Harness<ControlLocation>> = {},
): Mutant {
  return { id, ...story, harness: controlHarness(Backend, { ...change, name: id }) };
}

/** Core's store over a backend that is right, with something broken between the two: as if core itself were. */
export function coreMutant(id: string, story: Story, between: (backend: StateBackend) => Interposition): Mutant {
  return storeMutant(id, story, (backend, options) => openStateStore(interpose(backend, between(backend)), options));
}

/** A broken store or wrapper. */
export function storeMutant(
  id: string,
  story: Story,
  open: (backend: StateBackend, options: StateStoreOptions) => Promise<StateStore>,
): Mutant {
  return { id, ...story, harness: controlHarness(undefined, { name: id, open }) };
}

/** A wrapper that answers some calls in its own way. */
export function wrapperMutant(
  id: string,
  story: Story,
  change: (store: StateStore, backend: StateBackend, options: StateStoreOptions) => Partial<StateStore>,
): Mutant {
  return storeMutant(id, story, async (backend, options) => {
    const store = await openStateStore(backend, options);
    return withMethods(store, change(store, backend, options));
  });
}

export function withMethods(store: StateStore, methods: Partial<StateStore>): StateStore {
  return new Proxy(store, {
    get(target, name) {
      if (Object.hasOwn(methods, name)) return Reflect.get(methods, name);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
