// `fast-check` draws the properties. It is an optional peer: who has not installed it sees those cases as not run.

import assert from 'node:assert/strict';
import type * as fastCheck from 'fast-check';
import { isStateStoreError } from '../errors.js';
import type { CaseContext } from './case.js';
import { findingOf } from './failure.js';
import { showError } from './history.js';

export type FastCheck = typeof fastCheck;

export async function loadFastCheck(context: CaseContext): Promise<FastCheck> {
  try {
    return await import('fast-check');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')
      return context.notRun('fast-check, which draws it, is not installed: npm install --save-dev fast-check');
    return context.notRun(`fast-check could not be loaded: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/**
 * Runs a property with the seed of the case. A counterexample, shrunk and run once more so that the history tells of it
 * alone, is what was found; anything else is a crash.
 */
export async function checkProperty<T>(
  fc: FastCheck,
  property: fastCheck.IAsyncProperty<T>,
  context: CaseContext,
  numRuns: number,
): Promise<void> {
  const { failed, counterexample, numShrinks, errorInstance } = await fc.check(property, {
    seed: context.seed | 0,
    numRuns,
  });
  if (!failed || counterexample === null) return;
  context.history.clear();
  const again = await property.run(counterexample);
  const error = again !== null && 'error' in again ? again.error : errorInstance;
  if (!(error instanceof assert.AssertionError) && !isStateStoreError(error))
    throw error ?? new Error('the property failed without an error');
  const finding =
    error instanceof assert.AssertionError
      ? findingOf(error)
      : `a call that was to succeed ended with ${showError(error)}`;
  assert.fail(`${finding}\nsmallest counterexample, after ${numShrinks} steps: ${fc.stringify(counterexample)}`);
}
