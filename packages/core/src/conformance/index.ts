// The conformance suite: what a backend or a wrapper must keep, as cases, and two ways to run them. See CONTRACT.md.

export type { CapabilityBound, CaseContext, ConformanceCase, TestClock } from './case.js';
export { isMandatory } from './case.js';
export { CASES } from './cases/index.js';
export { CLAUSES, type Clause } from './clauses.js';
export { ConformanceFailure } from './failure.js';
export type { Faults, Handle, Harness, HookName, Location, ProcessHandle, Sizes } from './harness.js';
export { History, type Operation } from './history.js';
export { gate, type Gate, interpose, type Interposition } from './interpose.js';
export { type Random, seededRandom } from './random.js';
export { type Channel, connectBackend, forkBackend, serveBackend } from './remote-backend.js';
export { type RegisterOptions, registerConformance, type TestRunner } from './register.js';
export type { ClauseReport, ConformanceReport, Counts } from './report.js';
export type { CaseResult, Outcome } from './run-case.js';
export { validate, type ValidateOptions } from './validate.js';
