// One conditional write through all its endings: written, lost, not applied, come again, in doubt.

import { committed, storageError } from './backend-access.js';
import { backoff } from './backoff.js';
import { isOutcomeUnknown, settle } from './doubtful-outcome.js';
import {
  type BackendCall,
  type BackendRecord,
  type Expected,
  isNotApplied,
  isRevisionConflict,
  type StateBackend,
} from './state-backend.js';
import { newNonce } from './revision.js';

const COME_AGAIN = 30;

/**
 * Offers what `make` builds on `expected`, under a fresh nonce for each time the backend asks to come again.
 * Resolves with what was stored; with `undefined` once it is proved that what is stored is not `expected`, and that
 * nothing was written.
 * @throws `OUTCOME_UNKNOWN`, `STORAGE_ERROR` or another proved failure, or the signal's reason with nothing written.
 */
export async function commit(
  backend: StateBackend,
  make: (nonce: string) => BackendRecord,
  expected: Expected,
  call: BackendCall,
): Promise<BackendRecord | undefined> {
  let condition = expected;
  for (let attempt = 0; ; attempt++) {
    call.signal?.throwIfAborted();
    const record = make(newNonce());
    try {
      return committed(record, await backend.write(record, condition, call));
    } catch (error) {
      if (isRevisionConflict(error)) return undefined;
      if (isNotApplied(error)) {
        call.signal?.throwIfAborted();
        if (error.comeAgain === undefined || attempt === COME_AGAIN)
          throw storageError(backend, error.cause, record.id);
        const { hint = condition?.hint } = error.comeAgain;
        condition &&= { ...condition, hint };
        if (attempt > 2) await backoff(attempt - 2, 1, 50, call.signal);
        continue;
      }
      if (isOutcomeUnknown(error)) throw error;
      return settle(backend, record, condition, call, error);
    }
  }
}
