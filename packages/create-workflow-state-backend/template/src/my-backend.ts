// A backend that works, in memory: replace the Map by your storage, one method at a time, and run `npm test` after each.
//
// What must stay true, whatever it is kept in:
// - A write happens only if exactly the expected write is stored, and nobody comes between the comparison and the set:
//   here nothing is awaited between them; in a database the condition is in the statement itself.
// - The index moves with the record: here it is the same Map; elsewhere the same transaction.
// - Whoever gets bytes owns them: they are copied on the way in and on the way out.

import type { Expected, InstanceId, ScanEntry, StateBackend, WriteRevision } from '@workflow-state/core/backend';
import { NotApplied, RevisionConflict } from '@workflow-state/core/backend';

interface Row {
  readonly envelope: Uint8Array;
  readonly revision: WriteRevision;
}

/** Where states are kept. Two backends on one place see the same instances, as two connections to one database do. */
export class MyPlace {
  readonly rows: Map<InstanceId, Row> = new Map();
}

export interface MyBackendOptions {
  /** Default: a place of its own. */
  readonly place?: MyPlace | undefined;
}

/** Entries of a listing that are yielded at a time. */
const BATCH = 500;

export function myBackend({ place = new MyPlace() }: MyBackendOptions = {}): StateBackend {
  const { rows } = place;
  return {
    name: 'my-backend',

    // The suite examines each of these in both directions. Declare what you can prove, neither more nor less.
    capabilities: Object.freeze({
      durability: 'none',
      sharing: 'process',
      reads: 'latest',
      reclaims: true,
      maxBodyBytes: Infinity,
    }),

    // open: connect, and refuse a place that cannot keep the contract. close: release what open has taken.

    async read(id) {
      const row = rows.get(id);
      return row && { envelope: row.envelope.slice() };
    },

    async write({ id, revision, envelope }, expected, { signal }) {
      // Nothing was sent yet, so an abort is certain to have written nothing.
      if (signal?.aborted === true) throw new NotApplied(signal.reason);
      if (!isExpected(rows.get(id), expected)) throw new RevisionConflict();
      // A delete is the write of a tombstone. No late write can land in a Map, so it is carried out at once; where one can
      // (a lost connection, a request that is sent again), keep the tombstone, and remove it in `sweep`.
      if (revision.status === 'tombstone') rows.delete(id);
      else rows.set(id, { envelope: envelope.slice(), revision });
    },

    async *scan({ status, after }) {
      // By key, not by position: what is created or removed between two batches moves nothing.
      const ids = [...rows.keys()].filter((id) => after === undefined || id > after).sort();
      for (let start = 0; start < ids.length; start += BATCH) {
        const batch: ScanEntry[] = [];
        for (const id of ids.slice(start, start + BATCH)) {
          const revision = rows.get(id)?.revision;
          if (revision === undefined || revision.status === 'tombstone') continue;
          if (status === undefined || revision.status === status)
            batch.push({ id, status: revision.status, statusSince: revision.entered.at });
        }
        yield batch;
      }
    },
  };
}

/** Whether exactly that write is stored: `nonce` names it. What is damaged is named by its bytes. */
function isExpected(row: Row | undefined, expected: Expected): boolean {
  if (row === undefined || expected === undefined) return row === expected;
  if ('damaged' in expected) return Buffer.compare(row.envelope, expected.envelope) === 0;
  return row.revision.nonce === expected.nonce;
}
