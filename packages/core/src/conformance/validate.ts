// Runs the cases without any test runner, into a report.

import type { ConformanceCase } from './case.js';
import { CASES } from './cases/index.js';
import type { Harness } from './harness.js';
import { type ConformanceReport, LEFT_OUT, reportOf } from './report.js';
import { type CaseResult, runCase } from './run-case.js';
import { selectCases } from './select.js';

export interface ValidateOptions {
  /** Default: drawn anew. Failures name the one that was used. */
  readonly seed?: number | undefined;
  /** Clauses (`3`), ids, beginnings of ids (`3.racing`) or globs (`*-one-winner`). The others are *not run*. */
  readonly only?: readonly (string | number)[] | undefined;
  /** Whether a case that was asked for and could not be run makes the report red. */
  readonly strict?: boolean | undefined;
  /** Called before each case that is about to run. */
  readonly onBegin?: ((one: ConformanceCase) => void) | undefined;
  /** Called with the result of each case, also of those that were not run. */
  readonly onProgress?: ((result: CaseResult) => void) | undefined;
  /** For cases of one's own beside those of the contract. Default: all of the contract. */
  readonly cases?: readonly ConformanceCase[] | undefined;
}

export async function validate(harness: Harness, options: ValidateOptions = {}): Promise<ConformanceReport> {
  const { seed = newSeed(), only, strict = false, onBegin, onProgress, cases = CASES } = options;
  const selected = only && selectCases(cases, only);
  const results: CaseResult[] = [];
  let unfit: string | undefined;
  for (const one of cases) {
    const left = selected?.has(one) === false ? LEFT_OUT : unfit;
    if (left === undefined) onBegin?.(one);
    const result = left === undefined ? await runCase(one, harness, seed) : notRun(one, left);
    // On locations that share anything no other case can be trusted.
    if (one.clause === 0 && (result.outcome === 'failed' || result.outcome === 'crashed'))
      unfit = `the harness is not fit: ${one.id} ${result.outcome}`;
    // What a case has left behind, such as a rejection that nobody handles, comes to light in its own time, not the next's.
    if (left === undefined) await new Promise((resolve) => setImmediate(resolve));
    results.push(result);
    onProgress?.(result);
  }
  const { name, expect: capabilities } = harness;
  return reportOf(results, {
    harness: name,
    capabilities,
    seed,
    knownGaps: Object.keys(harness.knownGaps ?? {}),
    strict,
  });
}

export function newSeed(): number {
  return Math.floor(Math.random() * 0x1_0000_0000);
}

function notRun({ id, clause, title }: ConformanceCase, reason: string): CaseResult {
  return { id, clause, title, outcome: 'notRun', reason, durationMs: 0 };
}
