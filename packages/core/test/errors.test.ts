import { expect, it } from 'vitest';
import { isStateStoreError, StateStoreError } from '@workflow-state/core';
import { isNotApplied, isRevisionConflict, NotApplied, RevisionConflict } from '@workflow-state/core/backend';

it('an error says what it is, and nothing that nobody has said', () => {
  const error = new StateStoreError('STORE_CLOSED', 'the store was closed');
  expect(String(error)).toBe('StateStoreError: the store was closed');
  expect(error).toMatchObject({ code: 'STORE_CLOSED', retryable: false, recoveryHints: [] });
  expect([error.instanceId, error.conflict, error.cause]).toEqual([undefined, undefined, undefined]);
});

it('is known also where another copy of the package has made it, and by nothing else', () => {
  const foreign = Object.assign(new Error('x'), { [Symbol.for('workflow-state.StateStoreError')]: true });
  expect(isStateStoreError(foreign)).toBe(true);
  expect(isStateStoreError(new Error('x'))).toBe(false);
  expect(isStateStoreError({ [Symbol.for('workflow-state.StateStoreError')]: true })).toBe(false);
});

it('what a backend answers has a name, and is known also where another copy of the package has made it', () => {
  expect(String(new RevisionConflict())).toBe('RevisionConflict: what is stored is not what was expected');
  expect(String(new NotApplied('full'))).toBe('NotApplied: full');
  const foreign = (name: string): Error =>
    Object.assign(new Error('x'), { [Symbol.for(`workflow-state.${name}`)]: true });
  expect([isRevisionConflict(foreign('RevisionConflict')), isNotApplied(foreign('NotApplied'))]).toEqual([true, true]);
  expect([isRevisionConflict(foreign('NotApplied')), isNotApplied(new Error('x'))]).toEqual([false, false]);
});
