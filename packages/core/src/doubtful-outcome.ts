// A write whose answer never came, settled once for all backends.
//
// What must stay true: "written" only with proof that it was; "not written" only with proof that it was not and never
// will be; everything else is OUTCOME_UNKNOWN. The proof is in the header that is stored now:
//
//   its nonce is ours                                  written, and current
//   its parent, its incarnation or its entry is ours   written, and superseded since
//   our base, unchanged                                a copy of ours may still be under way: send the same bytes under
//                                                      the same condition (at most one copy can take effect)
//   nothing, as a create expects                       the same where tombstones are kept for ever; elsewhere unknown:
//                                                      ours may have been written, deleted and removed without a trace
//   same incarnation, our version or the next          lost: ours would be this record or its parent, and is neither
//   anything else                                      unknown: two successors, or a delete, may hide ours
//
// A refusal of a resend proves nothing about the first copy, so it leads back to the header.

import { committed, headStored } from './backend-access.js';
import { backoff } from './backoff.js';
import { HEADER_BYTES } from './envelope/header.js';
import { equal } from './equal.js';
import { isStateStoreError, messageOf, StateStoreError } from './errors.js';
import type {
  BackendCall,
  BackendCapabilities,
  BackendRecord,
  Expected,
  StateBackend,
  Stored,
  WriteRevision,
} from './state-backend.js';
import { decodeHeader } from './state-codec.js';

export type Verdict = 'written' | 'resend' | 'lost' | 'unknown';

const LOOKS = 4;

/** What is stored, proof that `record` is lost (`undefined`), or `OUTCOME_UNKNOWN`. */
export async function settle(
  backend: StateBackend,
  record: BackendRecord,
  expected: Expected,
  call: BackendCall,
  doubt: unknown,
): Promise<BackendRecord | undefined> {
  const { signal } = call;
  for (let look = 1; look <= LOOKS && signal?.aborted !== true; look++) {
    try {
      if (look > 1) await backoff(look, 5, 1000, signal);
      const stored = await headStored(backend, record.id, call);
      const verdict = judge(record, expected, stored, backend.capabilities);
      if (verdict === 'written') return committed(record, currentRevision(record, stored));
      if (verdict === 'lost') return undefined;
      if (verdict === 'unknown') break;
      if (look < LOOKS) return committed(record, await backend.write(record, expected, call));
    } catch (error) {
      // The backend knows that no look can prove anything, as after a failed fsync.
      if (isOutcomeUnknown(error)) throw error;
      // Else neither a look that failed nor a refused resend proves anything about the first copy: look again.
    }
  }
  const cause = signal?.aborted === true ? signal.reason : doubt;
  throw new StateStoreError('OUTCOME_UNKNOWN', `${record.id} may or may not have been written: ${messageOf(cause)}`, {
    cause,
    instanceId: record.id,
    recoveryHints: ['load the instance to see, and go on from what is there'],
  });
}

export function isOutcomeUnknown(error: unknown): boolean {
  return isStateStoreError(error) && error.code === 'OUTCOME_UNKNOWN';
}

/** Exported for the test that walks through every row. */
export function judge(
  record: BackendRecord,
  expected: Expected,
  stored: Stored | undefined,
  { reclaims }: Pick<BackendCapabilities, 'reclaims'>,
): Verdict {
  if (stored === undefined) return expected === undefined && !reclaims ? 'resend' : 'unknown';
  const damaged = expected !== undefined && 'damaged' in expected;
  // The header is all that a look is sure to bring.
  if (damaged && equal(stored.envelope.subarray(0, HEADER_BYTES), expected.envelope.subarray(0, HEADER_BYTES)))
    return 'resend';
  const { header } = decodeHeader(record.id, stored);
  const { nonce, version, incarnation } = record.revision;
  if ([header.nonce, header.parent, header.incarnation, header.entered?.nonce].includes(nonce)) return 'written';
  if (expected === undefined || damaged) return 'unknown';
  if (header.nonce === expected.nonce) return 'resend';
  return header.incarnation === incarnation && [version, version + 1].includes(header.version) ? 'lost' : 'unknown';
}

/** As it is stored, unless it was superseded since. */
function currentRevision(record: BackendRecord, stored: Stored | undefined): WriteRevision | undefined {
  const revision = stored && decodeHeader(record.id, stored).revision;
  return revision?.nonce === record.revision.nonce ? revision : undefined;
}
