import type { InstanceId, StateStore, WorkflowState, WorkflowStateInput } from '@workflow-state/core';
import { expectTypeOf, test } from 'vitest';
import { claim, claimNew, type Lease } from '../src/index.js';

declare const store: StateStore;
declare const id: InstanceId;
declare const input: WorkflowStateInput;

test('misuse does not compile', async () => {
  // @ts-expect-error a claim without an owner and a length
  await claim(store, id, {});
  // @ts-expect-error a length in days: an hour is the most, but a name of a unit that there is
  await claim(store, id, { owner: 'a', for: { weeks: 1 } });
  // @ts-expect-error an id that nobody has checked
  await claim(store, 'abc', { owner: 'a', for: { seconds: 30 } });

  const { lease } = await claim(store, id, { owner: 'a', for: { seconds: 30 } });
  // @ts-expect-error nobody has looked whether there is a lease
  await lease.save(lease.state);
  if (lease === undefined) return;
  // @ts-expect-error a state that never came from a store
  await lease.save(input);
  expectTypeOf(await lease.save(lease.state)).toEqualTypeOf<WorkflowState>();
  expectTypeOf(await claimNew(store, input, { owner: 'a', for: 30_000 })).toEqualTypeOf<Lease>();
  // @ts-expect-error the state of a lease is the lease's to set
  lease.state = await store.load(id);
});
