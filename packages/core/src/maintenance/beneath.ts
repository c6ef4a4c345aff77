// The backend beneath a store. Shown under a symbol, not by a method: nothing of an engine's business is there.

import { StateStoreError } from '../errors.js';
import { BACKEND, type StateBackend } from '../state-backend.js';
import type { StateStore } from '../state-store.js';

/** @throws `STORE_CLOSED`; `NOT_SUPPORTED` for a wrapper that does not show it. */
export function beneath(store: StateStore): StateBackend {
  if (store.closed) throw new StateStoreError('STORE_CLOSED', 'the store was closed');
  const backend = store[BACKEND];
  if (backend !== undefined) return backend;
  throw new StateStoreError('NOT_SUPPORTED', 'this store does not show the backend beneath it', {
    recoveryHints: ['open the store that it wraps'],
  });
}
