// Becoming the holder: of an instance that nobody holds, of one whose holder is overdue, of one that is just created.
//
// What must stay true: a claim is one only once its save is known to be stored. Where the answer is missing, the instance
// is read once more, and the nonce tells; if it is not there, or cannot be read, the doubt is passed on and the claim is
// none. Should it be stored nevertheless, or later, it belongs to nobody and expires like any other.

import {
  type CallOptions,
  enterStage,
  type InstanceId,
  isStateStoreError,
  type StateStore,
  StateStoreError,
  type WorkflowState,
  type WorkflowStateInput,
} from '@workflow-state/core';
import { type Claim, hasEnded, isUnderWay, leaseOf, withClaim, withoutLease } from './claim.js';
import { Holder, type Lease } from './lease.js';
import { type Begun, type LeaseTerms, Terms } from './terms.js';

export interface ClaimOptions extends LeaseTerms, CallOptions {}

/**
 * What to make of the state in the save that claims it: `overdue` is the claim that is taken over, of an owner that died,
 * was frozen or forgot. May run several times, so without effects. `undefined`: do not claim. A state that is `waiting`,
 * `paused` or terminal is saved without a claim.
 */
export type Change = (
  state: WorkflowState,
  overdue: Claim | undefined,
) => WorkflowStateInput | undefined | Promise<WorkflowStateInput | undefined>;

/** With a lease: it is yours, and `state` is `lease.state`. Without: `state` is what was found, or was saved instead. */
export interface Claimed {
  readonly lease: Lease | undefined;
  readonly state: WorkflowState;
}

/**
 * Claims an instance that has not ended and that nobody holds, or whose holder's time is up. Costs a load, and a save
 * where there is something to save. An instance that is claimed runs: without a `change` it enters its current stage.
 * @throws what `store.update` throws. `STATE_NOT_FOUND`. `CHECKPOINT_CONFLICT`: five others were quicker.
 * `OUTCOME_UNKNOWN`: not claimed, as far as anybody can know; what may be stored of the claim expires.
 */
export async function claim(
  store: StateStore,
  instanceId: InstanceId,
  options: ClaimOptions,
  change: Change = (state) => enterStage(state, state.currentStage),
): Promise<Claimed> {
  const terms = new Terms(options);
  const nonce = newNonce();
  let begun: Begun | undefined;
  const attempt = async (state: WorkflowState): Promise<WorkflowStateInput | undefined> => {
    begun = undefined;
    const overdue = leaseOf(state);
    if (hasEnded(state) || (overdue !== undefined && !terms.clocks.mayTake(overdue))) return undefined;
    const next = await change(state, overdue);
    if (next === undefined) return undefined;
    if (!isUnderWay(next)) return withoutLease(next);
    begun = terms.begin({ nonce, fence: state.checkpointVersion + 1 });
    return withClaim(next, begun.claim);
  };
  let state: WorkflowState;
  try {
    state = await store.update(instanceId, attempt, { signal: options.signal });
  } catch (error) {
    state = await foundAfter(error, store, instanceId, begun, options);
  }
  return { state, lease: begun && new Holder(store, terms, state, begun) };
}

/**
 * Creates an instance that is claimed from its first save on. Costs what a create costs.
 * @throws what `store.save` throws; `INVALID_ARGUMENT` where the status is neither `initializing` nor `running`.
 */
export async function claimNew(store: StateStore, state: WorkflowStateInput, options: ClaimOptions): Promise<Lease> {
  const terms = new Terms(options);
  if (!isUnderWay(state)) {
    throw new StateStoreError(
      'INVALID_ARGUMENT',
      `state.status: expected initializing or running, got ${state.status.kind}`,
      {
        instanceId: state.instanceId,
      },
    );
  }
  const begun = terms.begin({ nonce: newNonce(), fence: 1 });
  let created: WorkflowState;
  try {
    created = await store.save(withClaim(state, begun.claim), { signal: options.signal });
  } catch (error) {
    created = await foundAfter(error, store, state.instanceId, begun, options);
  }
  return new Holder(store, terms, created, begun);
}

/** The instance with our claim in it, after a save in doubt. @throws the doubt, where it is not to be found. */
async function foundAfter(
  doubt: unknown,
  store: StateStore,
  instanceId: InstanceId,
  begun: Begun | undefined,
  { signal }: CallOptions,
): Promise<WorkflowState> {
  if (begun === undefined || !isStateStoreError(doubt) || doubt.code !== 'OUTCOME_UNKNOWN') throw doubt;
  const found = await store.find(instanceId, { signal }).catch(() => undefined);
  if (found === undefined || leaseOf(found)?.nonce !== begun.claim.nonce) throw doubt;
  return found;
}

function newNonce(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
