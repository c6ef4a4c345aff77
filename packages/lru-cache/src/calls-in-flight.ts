// Which reads and writes of an instance are under way, so that none of them puts into the cache what has been replaced.
//
// An instance has a record here only while calls on it are under way: nothing accumulates. Its `generation` changes
// whenever a write of it ends, whatever came of that write, and whenever somebody is shown a revision that was not in the
// cache. A call that wants to put something into the cache may do so only if the generation is what it was when the
// call began.

import type { InstanceId } from '@workflow-state/core';
import type { SharedRead } from './shared-read.js';

export class InstanceCalls<T> {
  readonly id: InstanceId;
  calls = 0;
  generation = 0;
  /** The read that others may join, or queue behind. */
  reading: SharedRead<T> | undefined;
  /** The read that begins when that one has ended, for those who asked after it had begun. */
  next: SharedRead<T> | undefined;

  constructor(id: InstanceId) {
    this.id = id;
  }

  /** What is under way may be out of date from now on: it puts nothing into the cache, and nobody joins it. What has not begun yet may. */
  supersede(): void {
    this.generation++;
    this.reading = undefined;
  }
}

export class CallsInFlight<T> {
  readonly #instances = new Map<InstanceId, InstanceCalls<T>>();

  enter(id: InstanceId): InstanceCalls<T> {
    let instance = this.#instances.get(id);
    if (instance === undefined) this.#instances.set(id, (instance = new InstanceCalls(id)));
    instance.calls++;
    return instance;
  }

  leave(instance: InstanceCalls<T>): void {
    if (--instance.calls === 0) this.#instances.delete(instance.id);
  }

  supersede(id: InstanceId): void {
    this.#instances.get(id)?.supersede();
  }

  supersedeAll(): void {
    for (const instance of this.#instances.values()) instance.supersede();
  }
}
