// What operators do to a whole store, beside what engines do: move it elsewhere, verify it, find out whether a place can
// hold one. Works on the backends beneath; engines need none of it. Subpath ./maintenance.

export { copyStore, type CopyOptions, type CopyResult } from './copy-store.js';
export { diagnoseStore } from './diagnose-store.js';
export { type CopyOutcome } from './copy-instance.js';
export { type Finding, type FindingKind, verifyStore, type VerifyOptions } from './verify-store.js';
export type { BackendFinding, Diagnosis } from '../state-backend.js';
