// `fast-check` draws the properties. It is an optional peer: who has not installed it sees those cases as not run.

import assert from 'node:assert/strict';
import type * as fastCheck from 'fast-check';
import { isStateStoreError } from '../errors.js';
import type { CaseContext } from './case.js';
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

/** Runs a property with the seed of the case. A counterexample, shrunk, is what was found; anything else is a crash. */
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
  if (!failed) return;
  if (!(errorInstance instanceof assert.AssertionError) && !isStateStoreError(errorInstance))
    throw errorInstance ?? new Error('the property failed without an error');
  const finding =
    errorInstance instanceof assert.AssertionError
      ? errorInstance.message
      : `a call that was to succeed ended with ${showError(errorInstance)}`;
  assert.fail(`${finding}\nsmallest counterexample, after ${numShrinks} steps: ${fc.stringify(counterexample)}`);
}
