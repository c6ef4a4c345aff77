// One case on one harness: whether it is to run at all, and how it ended.

import assert from 'node:assert/strict';
import { isStateStoreError } from '../errors.js';
import { isNotApplied, isRevisionConflict } from '../state-backend.js';
import { type ConformanceCase, shortfall } from './case.js';
import { openContext } from './context.js';
import { ConformanceFailure, findingOf, NotApplicable, NotRun } from './failure.js';
import { type Harness, hasHook } from './harness.js';
import { History, showError } from './history.js';
import { seedFor } from './random.js';

/**
 * - `passed`, `failed`: ran to its end, or found a broken promise.
 * - `crashed`: broke off with an error that says nothing about the contract.
 * - `knownGap`: listed in the harness, and still failing.
 * - `unsupported`: needs a capability that the store does not declare.
 * - `notApplicable`: checks the absence of something that the store declares, or a level that is not examined.
 * - `notRun`: could have told something, and was not asked: a hook is missing, or it was left out.
 */
export type Outcome = 'passed' | 'failed' | 'crashed' | 'knownGap' | 'unsupported' | 'notApplicable' | 'notRun';

export interface CaseResult {
  readonly id: string;
  readonly clause: number;
  readonly title: string;
  readonly outcome: Outcome;
  /** Why, for every outcome but `passed`. */
  readonly reason?: string | undefined;
  readonly durationMs: number;
  readonly error?: unknown;
}

/** Why a case will not be run on a harness, before anything is. `undefined`: it will be. */
export function whyNot(
  one: ConformanceCase,
  harness: Harness,
): { readonly outcome: Outcome; readonly reason: string } | undefined {
  if (one.level === 'backend' && harness.open !== undefined) {
    return { outcome: 'notApplicable', reason: 'a wrapper is examined; its backend has a report of its own' };
  }
  const lacks = one.needs && shortfall(harness.expect, one.needs);
  if (lacks !== undefined) return { outcome: 'unsupported', reason: lacks };
  if (one.denies !== undefined && shortfall(harness.expect, one.denies) === undefined) {
    return { outcome: 'notApplicable', reason: `${JSON.stringify(one.denies).replace(/[{}"]/g, '')} is declared` };
  }
  const missing = one.hooks?.filter((hook) => !hasHook(harness, hook)) ?? [];
  if (missing.length > 0) return { outcome: 'notRun', reason: `the harness has no ${missing.join(', ')}` };
  return undefined;
}

export async function runCase(one: ConformanceCase, harness: Harness, seed: number): Promise<CaseResult> {
  const started = performance.now();
  const result = (outcome: Outcome, reason?: string, error?: unknown): CaseResult => ({
    id: one.id,
    clause: one.clause,
    title: one.title,
    outcome,
    reason,
    durationMs: Math.round(performance.now() - started),
    ...(error !== undefined && { error }),
  });

  const barred = whyNot(one, harness);
  if (barred !== undefined) return result(barred.outcome, barred.reason);

  const gap = harness.knownGaps?.[one.id];
  const error = await attempt(one, harness, seed);
  if (error instanceof NotApplicable) return result('notApplicable', error.message);
  if (error instanceof NotRun) return result('notRun', error.message);
  if (gap !== undefined) {
    if (error === undefined) return result('failed', `it is a known gap (${gap}), but passes: take it off knownGaps`);
    return result('knownGap', gap, error);
  }
  if (error === undefined) return result('passed');
  if (error instanceof ConformanceFailure) return result('failed', error.message, error);
  return result('crashed', error instanceof Error ? (error.stack ?? error.message) : showError(error), error);
}

async function attempt(one: ConformanceCase, harness: Harness, seed: number): Promise<unknown> {
  const history = new History();
  const failure = (finding: string, cause: unknown): ConformanceFailure =>
    new ConformanceFailure(one, finding, history, seed, cause);
  const judge = (error: unknown): unknown => {
    if (error instanceof ConformanceFailure || error instanceof NotApplicable || error instanceof NotRun) return error;
    if (error instanceof assert.AssertionError) return failure(findingOf(error), error);
    // A defined answer, where another was promised. Anything else that is thrown is nobody's answer, but a crash.
    if (isStateStoreError(error) || isRevisionConflict(error) || isNotApplied(error))
      return failure(`a call that was to succeed ended with ${showError(error)}`, error);
    return error;
  };
  const patience = harness.patience ?? 1;
  const limit = (one.timeoutMs ?? 30_000) * patience;
  let outcome: unknown;
  try {
    const context = await openContext(harness, history, seedFor(seed, one.id));
    try {
      await withLimit(one.run(context), limit, () => failure(`it has not ended after ${limit} ms`, undefined));
    } catch (error) {
      outcome = judge(error);
    }
    try {
      await withLimit(context.dispose(), 10_000 * patience, () =>
        failure('the stores it opened could not be closed within 10 s', undefined),
      );
    } catch (error) {
      outcome ??= judge(error);
    }
  } catch (error) {
    outcome = judge(error);
  }
  return outcome;
}

function withLimit<T>(work: Promise<T>, milliseconds: number, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), milliseconds);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
