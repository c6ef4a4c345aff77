// One conditional write through all its endings: written, lost, not applied, come again, in doubt.

import { type Committed, committed, storageError } from './backend-access.js';
import { backoff } from './backoff.js';
import { outcomeUnknown, settle } from './doubtful-outcome.js';
import { isStateStoreError } from './errors.js';
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
 * `lost`: proved that what is stored is not `expected`, and that nothing was written.
 * @throws `OUTCOME_UNKNOWN`, `STORAGE_ERROR` or another proved failure, or the signal's reason with nothing written.
 */
export async function commit(
  backend: StateBackend,
  make: (nonce: string) => BackendRecord,
  expected: Expected,
  call: BackendCall,
): Promise<Committed | 'lost'> {
  let condition = expected;
  for (let attempt = 0; ; attempt++) {
    call.signal?.throwIfAborted();
    const record = make(newNonce());
    try {
      return committed(record, await backend.write(record, condition, call));
    } catch (error) {
      if (isRevisionConflict(error)) return 'lost';
      if (isNotApplied(error)) {
        call.signal?.throwIfAborted();
        if (error.comeAgain === undefined || attempt === COME_AGAIN)
          throw storageError(backend, error.cause, record.id);
        if (condition !== undefined && error.comeAgain.hint !== undefined)
          condition = { ...condition, hint: error.comeAgain.hint };
        if (attempt > 2) await backoff(attempt - 2, 1, 50, call.signal);
        continue;
      }
      if (isStateStoreError(error) && error.code === 'OUTCOME_UNKNOWN') throw error;
      if (call.signal?.aborted === true) throw outcomeUnknown(backend, record, call.signal.reason);
      return settle(backend, record, condition, call, error);
    }
  }
}
