// A write whose answer never came, settled once for all backends.
//
// What must stay true: "written" only with proof that it was; "not written" only with proof that it was not and never
// will be; everything else is OUTCOME_UNKNOWN. The proof is in the header that is stored now:
//
//   its nonce is ours                                  written, and current
//   its parent, its incarnation or its entry is ours   written, and superseded since
//   our base, unchanged                                a copy of ours may still be under way: send the same bytes under
//                                                      the same condition (at most one copy can take effect)
//   same incarnation, our version or the next          lost: ours would be this record or its parent, and is neither
//   anything else                                      unknown: two successors, or a delete, may hide ours
//
// A refusal of a resend proves nothing about the first copy, so it leads back to the header.

import { type Committed, committed, headStored, storageError } from './backend-access.js';
import { backoff } from './backoff.js';
import { StateStoreError } from './errors.js';
import type { BackendCall, BackendRecord, Expected, StateBackend, Stored, WriteRevision } from './state-backend.js';
import { decodeHeader } from './state-codec.js';

export type Verdict = 'written' | 'resend' | 'lost' | 'unknown';

const LOOKS = 4;

/** Proof of what became of `record`, or `OUTCOME_UNKNOWN`. */
export async function settle(
  backend: StateBackend,
  record: BackendRecord,
  expected: Expected,
  call: BackendCall,
  doubt: unknown,
): Promise<Committed | 'lost'> {
  for (let look = 0; look < LOOKS; look++) {
    try {
      call.signal?.throwIfAborted();
      if (look > 0) await backoff(look, 10, 1000, call.signal);
      const stored = await headStored(backend, record.id, call);
      const verdict = judge(record, expected, stored);
      if (verdict === 'written') return committed(record, currentRevision(record, stored));
      if (verdict === 'lost') return verdict;
      if (verdict === 'unknown') break;
      if (look + 1 < LOOKS) return committed(record, await backend.write(record, expected, call));
    } catch {
      // Neither a look that failed nor a refused resend proves anything about the first copy: look again.
      if (call.signal?.aborted === true) break;
    }
  }
  throw outcomeUnknown(backend, record, call.signal?.aborted === true ? call.signal.reason : doubt);
}

export function outcomeUnknown(backend: StateBackend, record: BackendRecord, cause: unknown): StateStoreError {
  const { message } = storageError(backend, cause);
  const what = record.revision.status === 'tombstone' ? 'delete' : `save of version ${record.revision.version}`;
  return new StateStoreError(
    'OUTCOME_UNKNOWN',
    `whether the ${what} of ${record.id} was written is not known: ${message}`,
    {
      cause,
      instanceId: record.id,
      recoveryHints: ['load the instance to see which state it is in, and go on from there'],
    },
  );
}

/** Exported for the test that walks through every row. */
export function judge(record: BackendRecord, expected: Expected, stored: Stored | undefined): Verdict {
  if (stored === undefined) return expected === undefined ? 'resend' : 'unknown';
  if (expected !== undefined && 'damaged' in expected) {
    if (sameStart(stored.envelope, expected.envelope)) return 'resend';
  }
  const { header } = decodeHeader(record.id, stored);
  const { nonce, version, incarnation } = record.revision;
  if ([header.nonce, header.parent, header.incarnation, header.entered?.nonce].includes(nonce)) return 'written';
  if (expected === undefined || 'damaged' in expected) return 'unknown';
  if (header.nonce === expected.nonce) return 'resend';
  if (header.incarnation === incarnation && (header.version === version || header.version === version + 1))
    return 'lost';
  return 'unknown';
}

/** As it is stored, unless it was superseded since. */
function currentRevision(record: BackendRecord, stored: Stored | undefined): WriteRevision | undefined {
  const revision = stored && decodeHeader(record.id, stored).revision;
  return revision?.nonce === record.revision.nonce ? revision : undefined;
}

function sameStart(a: Uint8Array, b: Uint8Array): boolean {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return false;
  return true;
}
