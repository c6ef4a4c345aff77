export { claim, claimNew } from './acquire.js';
export type { Change, Claimed, ClaimOptions } from './acquire.js';
export { LEASE_ENTRY, leaseOf, withoutLease } from './claim.js';
export type { Claim } from './claim.js';
export type { Lease } from './lease.js';
export { isHeld } from './terms.js';
export type { ClockOptions, LeaseTerms } from './terms.js';
