// A claim, and where it lies: in one entry of the state it is about, `workflow-state/lease`, as JSON.
//
// So it needs no lock of its own, no further request and no backend that knows of it: it is replaced, extended and given
// up by the very compare-and-set that saves the state, and whoever copies or deletes an instance takes its claim along.
//
// What must stay true:
// - Only an instance that is under way (`initializing`, `running`) carries a claim. One that waits, is paused or has ended
//   gives it up in the save that says so. Hence a listing of these two kinds finds every claim there is.
// - A claim is identified by its nonce. The owner's name is for people: two processes may share it.
// - The fencing number is the `checkpointVersion` of the save that made the claim. Versions only grow, so it grows from
//   claim to claim, also over releases, and nothing of a claim has to stay behind for it.

import {
  decodeJson,
  encodeJson,
  isTerminalKind,
  StateStoreError,
  type WorkflowState,
  type WorkflowStateInput,
} from '@workflow-state/core';

/** The key in `state` that this package owns. An engine that replaces `state` as a whole leaves it to `lease.save` to put it back. */
export const LEASE_ENTRY = 'workflow-state/lease';

/** Who may work on an instance, and until when. */
export interface Claim {
  /** As given to `claim`. For people: it does not decide anything. */
  readonly owner: string;
  /** Grows from claim to claim of an instance. Pass it to whatever else is written to, which can then refuse lower ones. */
  readonly fence: number;
  /** 16 hex digits, drawn for each claim. */
  readonly nonce: string;
  /** By the owner's clock. */
  readonly expires: Date;
}

/**
 * The claim in a state, expired or not. Costs nothing: it reads what was loaded.
 * @throws `DESERIALIZATION_ERROR` where the entry was not written by this package.
 */
export function leaseOf({ instanceId, state }: WorkflowStateInput): Claim | undefined {
  const bytes = Object.hasOwn(state, LEASE_ENTRY) ? state[LEASE_ENTRY] : undefined;
  if (bytes === undefined) return undefined;
  try {
    const { owner, fence, nonce, expires } = decodeJson<Record<keyof Claim, unknown>>(bytes);
    const date = new Date(typeof expires === 'string' ? expires : NaN);
    if (
      typeof owner === 'string' &&
      Number.isSafeInteger(fence) &&
      typeof nonce === 'string' &&
      !Number.isNaN(date.getTime())
    ) {
      return { owner, fence: fence as number, nonce, expires: date };
    }
  } catch {
    // Not JSON: the same answer.
  }
  throw new StateStoreError('DESERIALIZATION_ERROR', `${instanceId}: state["${LEASE_ENTRY}"] is no claim`, {
    instanceId,
    recoveryHints: ['this key is reserved: keep other data under another one', 'remove the entry to make it claimable'],
  });
}

/** The state without its claim: for those who end, or hand on, an instance that somebody else may hold. */
export function withoutLease<S extends WorkflowStateInput>(state: S): S {
  if (!Object.hasOwn(state.state, LEASE_ENTRY)) return state;
  const { [LEASE_ENTRY]: _, ...others } = state.state;
  return { ...state, state: others };
}

export function withClaim<S extends WorkflowStateInput>(state: S, claim: Claim): S {
  return { ...state, state: { ...state.state, [LEASE_ENTRY]: encodeJson(claim) } };
}

export function isUnderWay({ status }: WorkflowStateInput): boolean {
  return status.kind === 'initializing' || status.kind === 'running';
}

export function hasEnded({ status }: WorkflowState): boolean {
  return isTerminalKind(status.kind);
}
