// Workflow state in this process's memory: for tests, and for runs that may forget.
//
// What must stay true: one write is one synchronous step over the space, so that no other handle can come between the
// comparison and the set, nor between the record and its index. What is written is ours from then on, and what is read is
// a copy, so nobody else holds our bytes.

import type {
  BackendCall,
  Expected,
  InstanceId,
  ScanEntry,
  ScanQuery,
  StateBackend,
  StatusKind,
  Stored,
} from '@workflow-state/core/backend';
import { NotApplied, RevisionConflict } from '@workflow-state/core/backend';

/** A tombstone has none. */
interface Cell {
  readonly envelope: Uint8Array;
  readonly nonce: string;
  /** As listings tell it. */
  readonly entry: ScanEntry & { readonly status: StatusKind };
}

/** What memory backends share: two over one space are two handles on one location. */
export class MemorySpace {
  /** @internal */
  readonly cells: Map<InstanceId, Cell> = new Map();
  /** @internal */
  readonly byStatus: Map<StatusKind, Set<InstanceId>> = new Map();
}

export interface MemoryBackendOptions {
  /** Default: a space of its own. */
  readonly space?: MemorySpace | undefined;
}

/** Ids yielded at a time; between two batches other work of this thread gets its turn. */
const BATCH = 1000;

export function memoryBackend({ space = new MemorySpace() }: MemoryBackendOptions = {}): StateBackend {
  return {
    name: 'memory',
    capabilities: Object.freeze({
      durability: 'none',
      sharing: 'process',
      reads: 'latest',
      reclaims: true,
      maxBodyBytes: Infinity,
    }),

    async read(id): Promise<Stored | undefined> {
      const cell = space.cells.get(id);
      return cell && { envelope: cell.envelope.slice() };
    },

    async isCurrent(id, revision): Promise<boolean> {
      return space.cells.get(id)?.nonce === revision.nonce;
    },

    async write({ id, revision, envelope }, expected, call): Promise<void> {
      if (call.signal?.aborted === true) throw new NotApplied(call.signal.reason);
      const old = space.cells.get(id);
      if (!isExpected(old, expected)) throw new RevisionConflict();
      if (old !== undefined) space.byStatus.get(old.entry.status)?.delete(id);
      const { status, nonce, entered } = revision;
      // No late write can land here, so a tombstone is carried out at once.
      if (status === 'tombstone') {
        space.cells.delete(id);
        return;
      }
      space.cells.set(id, { envelope, nonce, entry: { id, status, statusSince: entered.at } });
      const listed = space.byStatus.get(status);
      if (listed === undefined) space.byStatus.set(status, new Set([id]));
      else listed.add(id);
    },

    async *scan({ status, after }: ScanQuery, _call: BackendCall): AsyncGenerator<readonly ScanEntry[]> {
      const ids = [...(status === undefined ? space.cells.keys() : (space.byStatus.get(status) ?? []))]
        .filter((id) => after === undefined || id > after)
        .sort();
      for (let start = 0; start < ids.length; start += BATCH) {
        yield ids.slice(start, start + BATCH).flatMap((id) => {
          // As it is by now.
          const entry = space.cells.get(id)?.entry;
          return entry !== undefined && (status === undefined || entry.status === status) ? [entry] : [];
        });
      }
    },
  };
}

function isExpected(cell: Cell | undefined, expected: Expected): boolean {
  if (cell === undefined || expected === undefined) return cell === expected;
  if ('damaged' in expected)
    return (
      cell.envelope.length === expected.envelope.length &&
      cell.envelope.every((byte, i) => byte === expected.envelope[i])
    );
  return cell.nonce === expected.nonce;
}
