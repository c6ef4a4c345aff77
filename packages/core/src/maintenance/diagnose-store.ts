// Whether a place offers what the contract needs, as far as its backend can try it out.

import { storageError } from '../backend-access.js';
import type { Diagnosis } from '../state-backend.js';
import type { CallOptions, StateStore } from '../state-store.js';
import { beneath } from './beneath.js';

/** Nothing where the backend cannot tell. Writes only under names that are no instance's, and removes them. */
export async function* diagnoseStore(store: StateStore, options?: CallOptions): AsyncGenerator<Diagnosis, void> {
  const backend = beneath(store);
  try {
    yield* backend.diagnose?.({ signal: options?.signal }) ?? [];
  } catch (error) {
    options?.signal?.throwIfAborted();
    throw storageError(backend, error);
  }
}
