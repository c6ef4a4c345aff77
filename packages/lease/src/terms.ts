// How long a claim lasts, and when somebody else may take it over: the only place where clocks matter.
//
// Clocks decide who *tries*, never who *wins*: a holder whose claim was taken over saves from a revision that is gone,
// whatever any clock says. Wrong clocks can cost work done twice, not a state.
//
// What must stay true while every clock is within `maxClockSkew` of the true time:
// - Holder and taker never overlap: the holder stops that long before the expiry, the taker waits that long after it.
// - The holder goes by two clocks, and by the one that says less: the wall clock, which may be set back, and the monotonic
//   one, which stands still on some hosts while they are suspended. Both count from before the claim was sent.
// And whatever the clocks do:
// - Nothing is stuck for ever. No claim is longer than MAX_LEASE, so one that expires later than that from now was made by
//   a broken clock (or read by one), and is void. The longest that a wrong expiry is honoured is thus about MAX_LEASE.

import { type Duration, StateStoreError, toMilliseconds, type WorkflowStateInput } from '@workflow-state/core';
import { type Claim, leaseOf } from './claim.js';

/** One hour. Who works for longer extends. */
const MAX_LEASE = 3_600_000;

export interface ClockOptions {
  /** How far the clock of any host that uses this store may be from the true time. The same everywhere. Default: 1 second. */
  readonly maxClockSkew?: Duration | undefined;
  /** Wall clock, epoch milliseconds. Default `Date.now`. */
  readonly clock?: (() => number) | undefined;
  /** A clock in milliseconds that never goes back. Default `performance.now`. */
  readonly monotonic?: (() => number) | undefined;
}

export interface LeaseTerms extends ClockOptions {
  /** Who claims, for people: a host, a process, a request id. */
  readonly owner: string;
  /** From each claim or save until others may take over. Longer than `maxClockSkew`, at most one hour. */
  readonly for: Duration;
}

/** Whether somebody may still be working on it: it carries a claim that nobody may take over yet. */
export function isHeld(state: WorkflowStateInput, options: ClockOptions = {}): boolean {
  const claim = leaseOf(state);
  return claim !== undefined && !new Clocks(options).mayTake(claim);
}

export class Clocks {
  readonly skew: number;
  readonly #wall: () => number;
  readonly #monotonic: () => number;

  constructor({ maxClockSkew = 1000, clock = Date.now, monotonic = () => performance.now() }: ClockOptions) {
    this.skew = toMilliseconds(maxClockSkew, 'options.maxClockSkew');
    this.#wall = clock;
    this.#monotonic = monotonic;
  }

  mayTake({ expires }: Claim): boolean {
    const left = expires.getTime() - this.#wall();
    return left < -this.skew || left > MAX_LEASE + 2 * this.skew;
  }

  now(): Instant {
    return { wall: this.#wall(), monotonic: this.#monotonic() };
  }

  /** Milliseconds since, by the clock that says more. */
  since({ wall, monotonic }: Instant): number {
    return Math.max(this.#wall() - wall, this.#monotonic() - monotonic);
  }
}

export interface Instant {
  readonly wall: number;
  readonly monotonic: number;
}

/** Checked terms: what every claim and extension of one lease is made from. */
export class Terms {
  readonly owner: string;
  readonly length: number;
  readonly clocks: Clocks;

  /** @throws `INVALID_ARGUMENT`. */
  constructor(options: LeaseTerms) {
    this.owner = options.owner;
    this.length = toMilliseconds(options.for, 'options.for');
    this.clocks = new Clocks(options);
    if (typeof this.owner !== 'string' || !this.owner.isWellFormed())
      throw new StateStoreError('INVALID_ARGUMENT', 'options.owner: expected a well-formed string');
    const { skew } = this.clocks;
    if (!(this.length > skew && this.length <= MAX_LEASE)) {
      throw new StateStoreError(
        'INVALID_ARGUMENT',
        `options.for: expected more than maxClockSkew (${skew} ms) and at most ${MAX_LEASE} ms, got ${this.length}`,
        { recoveryHints: ['for longer work, extend the lease from time to time'] },
      );
    }
  }

  /** A claim from now on. */
  begin(identity: Pick<Claim, 'fence' | 'nonce'>): Begun {
    const at = this.clocks.now();
    const { fence, nonce } = identity;
    return { at, claim: { owner: this.owner, fence, nonce, expires: new Date(at.wall + this.length) } };
  }

  /** Milliseconds in which the holder may begin something. */
  remaining({ at }: Begun): number {
    return this.length - this.clocks.skew - this.clocks.since(at);
  }
}

/** A claim, and when it was made by the holder's clocks. */
export interface Begun {
  readonly claim: Claim;
  readonly at: Instant;
}
