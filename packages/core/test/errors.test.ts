import { expect, it } from 'vitest';
import { isStateStoreError, StateStoreError } from '@workflow-state/core';

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
