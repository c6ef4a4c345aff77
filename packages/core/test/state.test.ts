import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  cancel,
  complete,
  decodeJson,
  encodeJson,
  enterStage,
  fail,
  newWorkflowState,
  pause,
  waitFor,
} from '@workflow-state/core';

const state = newWorkflowState({
  workflowId: 'order',
  version: { major: 1, minor: 0, patch: 0 },
  currentStage: 'pay',
  createdAt: new Date(1000),
});

afterEach(() => void vi.useRealTimers());

describe('a state changed by', () => {
  it.each([
    ['enterStage', enterStage(state, 'ship'), { kind: 'running', currentStage: 'ship' }, 'ship'],
    ['waitFor', waitFor(state, 'paid'), { kind: 'waiting', stage: 'pay', event: 'paid' }, 'pay'],
    ['pause', pause(state), { kind: 'paused', stage: 'pay' }, 'pay'],
    ['cancel', cancel(state), { kind: 'cancelled' }, 'pay'],
    [
      'fail',
      fail(state, { message: 'no' }),
      { kind: 'failed', error: { code: 'ERROR', message: 'no', recoveryHints: [], stage: 'pay' } },
      'pay',
    ],
    [
      'fail, elsewhere',
      fail(state, { message: 'no', code: 'DECLINED', recoveryHints: ['another card'], stage: 'bank' }),
      { kind: 'failed', error: { code: 'DECLINED', message: 'no', recoveryHints: ['another card'], stage: 'bank' } },
      'bank',
    ],
    [
      'fail, nowhere',
      fail(state, { message: 'no', stage: undefined }),
      { kind: 'failed', error: { code: 'ERROR', message: 'no', recoveryHints: [], stage: undefined } },
      'pay',
    ],
  ])('%s has that status, and is otherwise as it was', (_, changed, status, currentStage) => {
    expect(changed).toEqual({ ...state, status, currentStage });
  });

  it('complete has taken as long as since it was made, and no time by a clock that went back', () => {
    const result = { output: {}, metrics: state.metrics };
    vi.useFakeTimers({ toFake: ['Date'], now: 1500 });
    expect(complete(state).status).toEqual({ kind: 'completed', result: { ...result, durationMs: 500 } });
    vi.setSystemTime(500);
    expect(complete(state).status).toEqual({ kind: 'completed', result: { ...result, durationMs: 0 } });
    const given = { output: { a: encodeJson(1) }, durationMs: 7, metrics: { ...state.metrics, errorCount: 3 } };
    expect(complete(state, given).status).toEqual({ kind: 'completed', result: given });
  });
});

describe('JSON', () => {
  it.each([[null], [{ a: [1, 'ü', { b: null }] }], [''], [0.5]])('%j comes back', (value) => {
    expect(decodeJson(encodeJson(value))).toEqual(value);
  });

  it('has no text for what it would leave out', () => {
    expect(() => encodeJson(undefined)).toThrow(new TypeError('JSON has no text for undefined'));
    expect(() => encodeJson(() => 5)).toThrow('JSON has no text for function');
  });

  it('is refused where the bytes are none', () => {
    expect(() => decodeJson(new Uint8Array([0xff]))).toThrow(TypeError);
    expect(() => decodeJson(new Uint8Array([0x7b]))).toThrow(SyntaxError);
  });
});
