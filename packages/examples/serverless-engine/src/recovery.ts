// Finding the runs whose owner died, without reading those that are fresh, idle or finished.
//
// A run that waits has the status `waiting`, one that has ended a terminal one: neither is in the listing that is read
// here, and neither has an owner. What is left are the runs under way, no more than there are processes, and the dead. Of
// these the listing itself tells since when they run: who began less than a lease ago is not overdue, and costs nothing.
// Of the others the header tells the last save (one small read): each save extends the lease, so a recent one says the
// same. Only what is left then is loaded, by `claim`, which looks at the claim itself. Two sweeps at once do no harm.

import type { InstanceId, StateStore } from '@workflow-state/core';

/** Runs that nobody has saved for at least `age` milliseconds. */
export async function* abandoned(store: StateStore, now: () => number, age: number): AsyncGenerator<InstanceId> {
  for (let after: InstanceId | undefined; ;) {
    const { entries, next } = await store.listPage({ status: 'running', after, limit: 1000 });
    for (const { instanceId, statusSince } of entries) {
      if (statusSince !== undefined && now() - statusSince.getTime() < age) continue;
      const head = await store.head(instanceId);
      if (head !== undefined && now() - head.updatedAt.getTime() >= age) yield instanceId;
    }
    if (next === undefined) return;
    after = next;
  }
}
