// Cleanup: deletes what ended long ago, each instance only if it is still the write that was judged.
//
// Must stay true: only terminal instances, only with now − updatedAt > retention, and never one that changed between
// the judgement and the delete. The index only proposes; the header, read afterwards, decides; its revision fences.

import { headDecoded } from './backend-access.js';
import type { InstanceId } from './instance-id.js';
import { scanBatches } from './listing.js';
import type { BackendCall, StateBackend, WriteRevision } from './state-backend.js';
import type { CleanupFailure, CleanupReport } from './state-store.js';
import { isTerminalKind, type TerminalKind } from './status.js';

const CONCURRENCY = 8;

export interface CleanupPlan {
  readonly now: number;
  readonly ages: ReadonlyMap<TerminalKind, number>;
  readonly limit: number;
  readonly dryRun: boolean;
  /** Deletes exactly that write; `false` where something else is stored by now. */
  readonly remove: (id: InstanceId, revision: WriteRevision) => Promise<boolean>;
}

export async function cleanUp(backend: StateBackend, plan: CleanupPlan, call: BackendCall): Promise<CleanupReport> {
  const { now, ages, limit, dryRun } = plan;
  const failures: CleanupFailure[] = [];
  const ids: InstanceId[] = [];
  const underWay = new Set<Promise<void>>();
  let scanned = 0;
  let removed = 0;
  let skipped = 0;
  let done = true;

  const judge = async (id: InstanceId): Promise<void> => {
    try {
      const decoded = await headDecoded(backend, id, call);
      const kind = decoded?.revision.status;
      const age = isTerminalKind(kind) ? ages.get(kind) : undefined;
      if (decoded === undefined || age === undefined || !(now - decoded.header.updatedAt > age)) skipped++;
      else if (dryRun || (await plan.remove(id, decoded.revision))) {
        removed++;
        ids.push(id);
      } else skipped++;
    } catch (error) {
      call.signal?.throwIfAborted();
      failures.push({ instanceId: id, error });
    }
  };

  try {
    scan: for (const [kind, age] of ages) {
      for await (const batch of scanBatches(backend, [kind], {}, call)) {
        for (const { id, statusSince } of batch) {
          scanned++;
          // A terminal status is entered anew by every save, so where the index knows since when, it knows the age.
          if (statusSince !== undefined && !(now - statusSince > age)) continue;
          while (underWay.size >= CONCURRENCY || (underWay.size > 0 && removed + underWay.size >= limit)) {
            await Promise.race(underWay);
          }
          if (removed >= limit) {
            done = false;
            break scan;
          }
          call.signal?.throwIfAborted();
          const job = judge(id).finally(() => underWay.delete(job));
          underWay.add(job);
        }
      }
    }
  } finally {
    await Promise.allSettled(underWay);
  }
  call.signal?.throwIfAborted();
  return { scanned, removed, skipped, failures, done, ...(dryRun && { ids: ids.sort() }) };
}
