// All instances of a store to another one: ascending, in bounded parallel, and again from the start as often as one likes.
// Nothing is remembered between two runs: what is there already is found out by a header read on either side.

import { checkOptions } from '../arguments.js';
import type { InstanceId } from '../instance-id.js';
import { scanBatches } from '../listing.js';
import { integer } from '../shape.js';
import type { CallOptions, StateStore } from '../state-store.js';
import { ahead } from './ahead.js';
import { beneath } from './beneath.js';
import { copyInstance, type Copied } from './copy-instance.js';

export interface CopyOptions extends CallOptions {
  /** Instances under way at a time, 1 to 1000. Default 16. */
  readonly concurrency?: number | undefined;
}

export interface CopyResult extends Partial<Copied> {
  readonly instanceId: InstanceId;
  /** Instead of an outcome: why it was not copied. The others are, all the same. */
  readonly error?: unknown;
}

/**
 * Copies every instance of `from`, and yields what became of each. Versions, times, status and every byte of the state
 * stay as they are; the `revision` is the target's own. See `CopyOutcome`: what the target's engines have written is
 * never replaced.
 *
 * Safe to run again, after it was killed as well, and beside itself. Engines may go on meanwhile. In the source: each
 * instance is copied as it was at some moment of the run, and one that is created later may be missed; run it again once
 * they have stopped. In the target: what they have saved stays.
 *
 * Costs a header read on either side; for what must be copied a read, a conditional write and a read more. After an abort
 * what was begun comes to its end and is yielded.
 * @throws what listing the source throws; the signal's reason; `NOT_SUPPORTED` for a wrapper that hides its backend.
 */
export async function* copyStore(
  from: StateStore,
  to: StateStore,
  options?: CopyOptions,
): AsyncGenerator<CopyResult, void> {
  checkOptions(options, { concurrency: integer(1, 1000) });
  const source = beneath(from);
  const target = beneath(to);
  const { signal, concurrency = 16 } = options ?? {};
  const copy = async (instanceId: InstanceId): Promise<CopyResult> => {
    try {
      return { instanceId, ...(await copyInstance(instanceId, source, target, {})) };
    } catch (error) {
      return { instanceId, error };
    }
  };
  yield* ahead(scanBatches(source, {}, {}, { signal }), concurrency, ({ id }) => copy(id), signal);
}
