// A lease in the hand of its holder.
//
// What must stay true: between a claim and its successor only the holder's saves are accepted. Each save is a
// compare-and-set on a revision that this lease itself wrote, or loaded while its own nonce was in it; a successor's claim
// replaced that revision. So a holder that was frozen, and wakes up however late, writes nothing. Never a revision that
// somebody else's claim made: hence `save` takes only states made from `lease.state`.
//
// An answer that never came (`OUTCOME_UNKNOWN`) leaves the lease as it was before the call: neither taken for written nor
// for lost. `reload` finds out, by the nonce.

import {
  type CallOptions,
  isStateStoreError,
  type StateStore,
  StateStoreError,
  type WorkflowState,
  type WorkflowStateInput,
} from '@workflow-state/core';
import { type Claim, isUnderWay, leaseOf, withClaim, withoutLease } from './claim.js';
import type { Begun, Terms } from './terms.js';

/** How often `update` applies its change at most. */
const ATTEMPTS = 10;

export interface Lease {
  /** As this lease last stored or loaded it. */
  readonly state: WorkflowState;
  readonly claim: Claim;
  /** Given up, or found to be lost. Then every call but `release` rejects with `CHECKPOINT_CONFLICT`. */
  readonly over: boolean;

  /**
   * Milliseconds in which to begin something that others should not do at the same time; 0 or less once there are none.
   * Ask before each step. It decides nothing about saves: one that comes late is accepted if nobody took over, and is a
   * conflict otherwise.
   */
  remaining(): number;

  /**
   * Stores a checkpoint and extends the lease with it; gives the lease up where the new status is `waiting`, `paused` or
   * terminal. The entry of the claim is put in, whatever `next` has under its key. Costs one save. One at a time.
   * @throws what `store.save` throws. `CHECKPOINT_CONFLICT`: somebody has written: another holder, or an event for this
   * one (`reload` tells). `OUTCOME_UNKNOWN`: `reload`, and go on from what it finds. `INVALID_ARGUMENT`: `next` was not
   * made from `lease.state`.
   */
  save(next: WorkflowState, options?: CallOptions): Promise<WorkflowState>;

  /**
   * As `save`, of what `change` makes of the state; after a conflict again, on what is there then, as long as the claim is
   * still this one: for instances that others send events to. Costs one save without a conflict: nothing is loaded first.
   *
   * `change` may run several times, so it has no effect but its result, or one that may be repeated. `undefined` or the
   * same object: nothing to write. After an `OUTCOME_UNKNOWN` it may meet the result of its own earlier run, which came
   * late: look for a mark of that in the state before adding anything to it.
   * @throws as `save`. `CHECKPOINT_CONFLICT`: the lease is lost.
   */
  update(
    change: (state: WorkflowState) => WorkflowStateInput | undefined | Promise<WorkflowStateInput | undefined>,
    options?: CallOptions,
  ): Promise<WorkflowState>;

  /** Saves the state as it is, with a later expiry. Costs one save. @throws as `update`. */
  extend(options?: CallOptions): Promise<WorkflowState>;

  /**
   * Gives the instance up as it is. Costs one save; nothing where the lease is over. Not an error where it is lost.
   * @throws `STORAGE_ERROR`, `OUTCOME_UNKNOWN`: the claim may stay until it expires.
   */
  release(options?: CallOptions): Promise<void>;

  /**
   * Loads the instance. Resolves with its state where the claim is still this one, and the lease goes on from there;
   * with `undefined` where it is not, and the lease is over.
   */
  reload(options?: CallOptions): Promise<WorkflowState | undefined>;
}

export class Holder implements Lease {
  readonly #store: StateStore;
  readonly #terms: Terms;
  #state: WorkflowState;
  #begun: Begun;
  #over = false;

  constructor(store: StateStore, terms: Terms, state: WorkflowState, begun: Begun) {
    this.#store = store;
    this.#terms = terms;
    this.#state = state;
    this.#begun = begun;
  }

  get state(): WorkflowState {
    return this.#state;
  }

  get claim(): Claim {
    return this.#begun.claim;
  }

  get over(): boolean {
    return this.#over;
  }

  remaining(): number {
    return this.#over ? 0 : this.#terms.remaining(this.#begun);
  }

  async save(next: WorkflowState, options?: CallOptions): Promise<WorkflowState> {
    if (!this.#over && next.revision !== this.#state.revision) {
      throw new StateStoreError(
        'INVALID_ARGUMENT',
        `${this.#state.instanceId}: the state was not made from lease.state`,
        {
          instanceId: this.#state.instanceId,
          recoveryHints: ['change lease.state and save that; one save at a time'],
        },
      );
    }
    return this.#put(next, isUnderWay(next), options);
  }

  update: Lease['update'] = (change, options) =>
    this.#retry(options, async () => {
      const state = this.#state;
      const next = await change(state);
      return next === undefined || next === state ? state : this.#put(next, isUnderWay(next), options);
    });

  extend(options?: CallOptions): Promise<WorkflowState> {
    return this.#retry(options, () => this.#put(this.#state, true, options));
  }

  async release(options?: CallOptions): Promise<void> {
    if (this.#over) return;
    try {
      await this.#retry(options, () => this.#put(this.#state, false, options));
    } catch (error) {
      if (!this.#over) throw error;
    }
  }

  async reload(options?: CallOptions): Promise<WorkflowState | undefined> {
    const found = await this.#store.find(this.#state.instanceId, options);
    const held = !this.#over && found !== undefined && leaseOf(found)?.nonce === this.claim.nonce;
    if (held) return (this.#state = found);
    this.#over = true;
    return undefined;
  }

  /** One compare-and-set on the state that this lease knows. */
  async #put(next: WorkflowStateInput, keep: boolean, options: CallOptions | undefined): Promise<WorkflowState> {
    const { instanceId, createdAt, updatedAt, checkpointVersion, revision } = this.#state;
    if (this.#over) {
      throw new StateStoreError('CHECKPOINT_CONFLICT', `${instanceId}: the lease ${this.claim.fence} is over`, {
        instanceId,
        conflict: { reason: 'changed', expected: checkpointVersion, actual: undefined },
        recoveryHints: ['leave the instance to its new holder, or claim it again'],
      });
    }
    const begun = this.#terms.begin(this.claim);
    const marked = keep ? withClaim(next, begun.claim) : withoutLease(next);
    const own = { instanceId, createdAt, updatedAt, checkpointVersion, revision };
    const saved = await this.#store.save({ ...marked, ...own }, options);
    this.#state = saved;
    if (keep) this.#begun = begun;
    else this.#over = true;
    return saved;
  }

  async #retry(options: CallOptions | undefined, attempt: () => Promise<WorkflowState>): Promise<WorkflowState> {
    for (let attempts = 1; ; attempts++) {
      try {
        return await attempt();
      } catch (error) {
        if (this.#over || !isConflict(error) || attempts === ATTEMPTS) throw error;
        if ((await this.reload(options)) === undefined) throw error;
      }
    }
  }
}

function isConflict(error: unknown): boolean {
  return isStateStoreError(error) && error.code === 'CHECKPOINT_CONFLICT';
}
