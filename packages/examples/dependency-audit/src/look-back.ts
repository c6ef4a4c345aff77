// What operators do with a store: count, list, clean up.

import { type StateStore, STATUS_KINDS } from '@workflow-state/core';
import type { DemoArguments } from './arguments.js';
import type { Display } from './display.js';

export async function lookBack(store: StateStore, { store: kept }: DemoArguments, display: Display): Promise<void> {
  const counts = await Promise.all(STATUS_KINDS.map(async (kind) => ({ kind, count: await store.count(kind) })));
  display.line(
    `count    ${counts
      .filter(({ count }) => count > 0)
      .map(({ kind, count }) => `${count} ${kind}`)
      .join(', ')}`,
  );
  for await (const { instanceId, workflowId, checkpointVersion } of store.states({ status: 'completed' })) {
    display.line(`list     ${instanceId} ${workflowId}, checkpoint ${checkpointVersion}`);
  }
  const { removed } = await store.cleanup({ completed: { days: 30 }, failed: { days: 90 } });
  display.line(`cleanup  of what completed more than 30 days ago: ${removed} removed`);
  if (kept !== undefined) {
    display.line(`kept     in ${kept}`);
    return;
  }
  const all = await store.cleanup(0);
  display.line(`cleanup  of all that has ended: ${all.removed} removed, ${await store.count()} left`);
}
