// Runs the cases without any test runner, into a report.

import type { ConformanceCase } from './case.js';
import { CASES } from './cases/index.js';
import type { Harness } from './harness.js';
import { type ConformanceReport, reportOf } from './report.js';
import { type CaseResult, runCase } from './run-case.js';

export interface ValidateOptions {
  /** Default: drawn anew. Failures name the one that was used. */
  readonly seed?: number | undefined;
  /** Ids of cases, or numbers of clauses. The others are *not run*. */
  readonly only?: readonly (string | number)[] | undefined;
  /** Whether a case that was not run makes the report red. */
  readonly strict?: boolean | undefined;
  readonly onProgress?: ((result: CaseResult) => void) | undefined;
  /** For cases of one's own beside those of the contract. Default: all of the contract. */
  readonly cases?: readonly ConformanceCase[] | undefined;
}

export async function validate(harness: Harness, options: ValidateOptions = {}): Promise<ConformanceReport> {
  const { seed = newSeed(), only, strict = false, onProgress, cases = CASES } = options;
  for (const wanted of only ?? []) {
    if (!cases.some(({ id, clause }) => id === wanted || clause === wanted))
      throw new RangeError(`only: there is no case or clause ${wanted}`);
  }
  const results: CaseResult[] = [];
  let unfit: string | undefined;
  for (const one of cases) {
    const left =
      only !== undefined && !only.includes(one.id) && !only.includes(one.clause)
        ? 'left out by the option `only`'
        : unfit;
    const result = left === undefined ? await runCase(one, harness, seed) : notRun(one, left);
    // On locations that share anything no other case can be trusted.
    if (one.clause === 0 && (result.outcome === 'failed' || result.outcome === 'crashed'))
      unfit = `the harness is not fit: ${one.id} ${result.outcome}`;
    results.push(result);
    onProgress?.(result);
  }
  return reportOf(results, { harness: harness.name, seed, knownGaps: Object.keys(harness.knownGaps ?? {}), strict });
}

export function newSeed(): number {
  return Math.floor(Math.random() * 0x1_0000_0000);
}

function notRun({ id, clause, title }: ConformanceCase, reason: string): CaseResult {
  return { id, clause, title, outcome: 'notRun', reason, durationMs: 0 };
}
