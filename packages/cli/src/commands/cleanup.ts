// Deletes what ended long ago, and sweeps what deletes and crashes left. For a schedule.

import type { InstanceId, StatusKind } from '@workflow-state/core';
import { ENDED } from '../arguments.js';
import { shortly } from '../error-line.js';
import { EXIT, type ExitCode } from '../exit.js';
import { progress } from '../progress.js';
import type { Session } from '../session.js';
import { print, printJson, say } from '../terminal.js';
import { duration, plural } from '../text.js';

export interface CleanupOptions {
  /** Milliseconds. */
  readonly olderThan: number;
  readonly status?: readonly StatusKind[];
  readonly dryRun?: boolean;
  readonly limit?: number;
  readonly json?: boolean;
}

export async function cleanup(session: Session, options: CleanupOptions): Promise<ExitCode> {
  const { olderThan, status = ENDED, dryRun = false, limit, json = false } = options;
  const store = await session.open();
  const retention = Object.fromEntries(status.map((kind) => [kind, olderThan]));
  const line = progress('cleaning up', 'removed');
  let removed = 0;
  const onRemoved = (_: InstanceId): void => {
    removed++;
    line.tick();
  };
  try {
    const report = await store.cleanup(retention, { dryRun, limit, onRemoved, signal: session.signal });
    line.end();
    for (const { instanceId, what, error } of report.failures)
      say(`${instanceId ?? what ?? 'sweep'}: ${shortly(error)}`);
    if (json) {
      const failures = report.failures.map(({ instanceId, what, error }) => ({
        instanceId,
        what,
        error: shortly(error),
      }));
      await printJson({ ...report, failures });
    } else if (dryRun) {
      for (const id of report.ids ?? []) await print(id);
      say(`${plural(report.removed, 'instance')} would be removed`);
    } else {
      await print(summary(report.removed, olderThan, status));
      if (report.skipped > 0) say(`${report.skipped} kept: changed, or gone, by the time they were judged`);
      if (!report.done) say('there are more: --limit ended it; run it again');
    }
    return report.failures.length > 0 ? EXIT.problems : EXIT.ok;
  } catch (error) {
    line.end();
    if (session.signal.aborted) say(`stopped: ${plural(removed, 'instance')} removed; run it again to go on`);
    throw error;
  }
}

function summary(removed: number, olderThan: number, kinds: readonly StatusKind[]): string {
  return `removed ${plural(removed, 'instance')} that ended (${kinds.join(', ')}) more than ${duration(olderThan)} ago`;
}
