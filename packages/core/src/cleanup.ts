// Cleanup: deletes what ended long ago, each instance only if it is still the write that was judged.
//
// Must stay true: only terminal instances, only with now − updatedAt > retention, and never one that changed between
// the judgement and the delete. The index only proposes; the header, read afterwards, decides; its revision fences.

import { headDecoded } from './backend-access.js';
import { backoff } from './backoff.js';
import type { InstanceId } from './instance-id.js';
import { scanBatches } from './listing.js';
import type { BackendCall, StateBackend, WriteRevision } from './state-backend.js';
import type { CleanupFailure, CleanupReport } from './state-store.js';
import type { TerminalKind } from './status.js';

const CONCURRENCY = 8;
/** Where a backend is synchronous, nothing else would turn the loop: timers and sockets would wait for the whole cleanup. */
const WAVES_PER_TURN = 8;

export interface CleanupPlan {
  readonly now: number;
  readonly ages: ReadonlyMap<TerminalKind, number>;
  readonly limit: number;
  readonly dryRun: boolean;
  /** Deletes exactly that write; `false` where something else is stored by now. */
  readonly remove: (id: InstanceId, revision: WriteRevision) => Promise<boolean>;
  readonly onRemoved?: ((id: InstanceId) => void) | undefined;
}

export async function cleanUp(backend: StateBackend, plan: CleanupPlan, call: BackendCall): Promise<CleanupReport> {
  const { now, ages, limit, dryRun } = plan;
  const failures: CleanupFailure[] = [];
  // Only those that are asked for: of a million removed, the number will do.
  const ids: InstanceId[] | undefined = dryRun ? [] : undefined;
  const underWay: Promise<void>[] = [];
  let waves = 0;
  let scanned = 0;
  let removed = 0;
  let skipped = 0;
  let done = true;

  // Never rejects: nobody may be waiting for it just then.
  const judge = async (id: InstanceId): Promise<void> => {
    try {
      const decoded = await headDecoded(backend, id, call);
      const age = ages.get(decoded?.revision.status as TerminalKind) ?? Infinity;
      const isOld = decoded !== undefined && now - decoded.header.updatedAt > age;
      if (isOld && (dryRun || (await plan.remove(id, decoded.revision)))) {
        removed++;
        if (dryRun) ids?.push(id);
        else plan.onRemoved?.(id);
      } else skipped++;
    } catch (error) {
      failures.push({ instanceId: id, error });
    }
  };

  try {
    scan: for (const [kind, age] of ages) {
      for await (const batch of scanBatches(backend, { kinds: [kind] }, {}, call)) {
        for (const { id, statusSince = -Infinity } of batch) {
          scanned++;
          // A terminal status is entered anew by every save, so where the index knows since when, it knows the age.
          if (!(now - statusSince > age)) continue;
          if (underWay.length >= Math.min(CONCURRENCY, limit - removed)) {
            await Promise.all(underWay.splice(0));
            if (++waves % WAVES_PER_TURN === 0) await backoff(0, 0, 0, call.signal);
          }
          if (removed >= limit) {
            done = false;
            break scan;
          }
          call.signal?.throwIfAborted();
          underWay.push(judge(id));
        }
      }
    }
  } finally {
    await Promise.all(underWay);
  }
  call.signal?.throwIfAborted();
  return { scanned, removed, skipped, failures, done, ids: ids?.sort() };
}
