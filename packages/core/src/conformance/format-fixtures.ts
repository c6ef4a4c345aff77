// Records as released versions have stored them, for ever: a fixture is added with a format, and none is changed.

import { InstanceId } from '../instance-id.js';
import { setOwn } from '../set-own.js';
import type { WorkflowStateInput } from '../state.js';

export interface FormatFixture {
  readonly name: string;
  /** As stored. */
  readonly envelope: Uint8Array;
  /** As loaded, but for the revision. */
  readonly state: WorkflowStateInput;
}

const everything: WorkflowStateInput = {
  instanceId: InstanceId.parse('00112233445566778899aabbccddeeff'),
  workflowId: '\uFEFFinvoice 👩‍👩‍👧‍👦',
  version: { major: 4_294_967_295, minor: 0, patch: 256 },
  status: {
    kind: 'completed',
    result: {
      output: withProto({ '': new Uint8Array(0) }, new Uint8Array([0, 127, 128, 255])),
      durationMs: 1234.5,
      metrics: { stagesExecuted: 3, retryCount: 23, errorCount: 24, stageDurations: { fetch: 0.1 }, custom: {} },
    },
  },
  currentStage: 'nul\0inside',
  input: { 'a/b': Uint8Array.from({ length: 256 }, (_, i) => i), ['x'.repeat(300)]: new Uint8Array([1]) },
  state: { zeros: new Uint8Array(300) },
  metrics: {
    stagesExecuted: 65_536,
    retryCount: 255,
    errorCount: 0,
    stageDurations: { fetch: 0, render: 1e300, pay: 12 },
    custom: {
      nan: Number.NaN,
      'minus zero': -0,
      infinity: Infinity,
      'minus infinity': -Infinity,
      'safe integer': Number.MAX_SAFE_INTEGER,
      'minus safe integer': Number.MIN_SAFE_INTEGER,
      'above it': Number.MAX_SAFE_INTEGER + 1,
      small: 5e-324,
      third: 1 / 3,
      one: 1,
      'minus one': -1,
    },
  },
  retryAttempts: { fetch: 0, render: 4_294_967_295 },
  createdAt: new Date(-62_135_596_800_000),
  updatedAt: new Date(1_700_000_000_123),
  checkpointVersion: 70_000,
};

const failed: WorkflowStateInput = {
  instanceId: InstanceId.parse('ffffffffffffffffffffffffffffffff'),
  workflowId: '',
  version: { major: 0, minor: 0, patch: 0 },
  status: {
    kind: 'failed',
    error: { code: 'E', message: 'e\u0301', trace: 'at x\n  at y', recoveryHints: ['again', ''] },
  },
  currentStage: '',
  input: {},
  state: {},
  metrics: { stagesExecuted: 0, retryCount: 0, errorCount: 0, stageDurations: {}, custom: {} },
  retryAttempts: {},
  createdAt: new Date(8.64e15),
  updatedAt: new Date(-8.64e15),
  checkpointVersion: 1,
};

const waiting: WorkflowStateInput = {
  ...failed,
  instanceId: InstanceId.parse('0123456789abcdef0123456789abcdef'),
  status: { kind: 'waiting', stage: 'sign', event: 'signed' },
  currentStage: 'sign',
  createdAt: new Date(0),
  updatedAt: new Date(1),
  checkpointVersion: 2,
};

function withProto<T>(object: Record<string, T>, value: T): Record<string, T> {
  setOwn(object, '__proto__', value);
  return object;
}

export const FORMAT_1: readonly FormatFixture[] = [
  {
    name: 'everything',
    envelope: fromBase64(
      'V0ZTVAEBBQQAESIzRFVmd4iZqrvM3e7/AAERcAAABdcAAAAAAAAAH7Gyw9Tl9gcBobLD1OX2BwEAAAAAAAAAHwABEXBIY7vSQni8/laHsADCzEGJFmwAAEJ4' +
        'vP5Wh7AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIE7pLaoandvcmtmbG93SWR4JO+7v2ludm9pY2Ug8J+RqeKAjfCfkanigI3wn5Gn4oCN8J+Rpmd2' +
        'ZXJzaW9uo2VtYWpvchr/////ZW1pbm9yAGVwYXRjaBkBAGZzdGF0dXOiZGtpbmRpY29tcGxldGVkZnJlc3VsdKNmb3V0cHV0omBAaV9fcHJvdG9fX0QAf4D/' +
        'amR1cmF0aW9uTXP7QJNKAAAAAABnbWV0cmljc6Vuc3RhZ2VzRXhlY3V0ZWQDanJldHJ5Q291bnQXamVycm9yQ291bnQYGG5zdGFnZUR1cmF0aW9uc6FlZmV0' +
        'Y2j7P7mZmZmZmZpmY3VzdG9toGxjdXJyZW50U3RhZ2VqbnVsAGluc2lkZWVpbnB1dKJjYS9iWQEAAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g' +
        'ISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0BBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5fYGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6' +
        'e3x9fn+AgYKDhIWGh4iJiouMjY6PkJGSk5SVlpeYmZqbnJ2en6ChoqOkpaanqKmqq6ytrq+wsbKztLW2t7i5uru8vb6/wMHCw8TFxsfIycrLzM3Oz9DR0tPU' +
        '1dbX2Nna29zd3t/g4eLj5OXm5+jp6uvs7e7v8PHy8/T19vf4+fr7/P3+/3kBLHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4' +
        'eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4' +
        'eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4' +
        'eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eEEBZXN0YXRloWV6ZXJv' +
        'c1kBLAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' +
        'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' +
        'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' +
        'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAGdtZXRyaWNzpW5zdGFnZXNFeGVjdXRlZBoAAQAAanJldHJ5Q291bnQY/2plcnJvckNvdW50AG5z' +
        'dGFnZUR1cmF0aW9uc6NlZmV0Y2gAZnJlbmRlcvt+N+Q8iAB1nGNwYXkMZmN1c3RvbatjbmFu+3/4AAAAAAAAam1pbnVzIHplcm/7gAAAAAAAAABoaW5maW5p' +
        'dHn7f/AAAAAAAABubWludXMgaW5maW5pdHn7//AAAAAAAABsc2FmZSBpbnRlZ2VyGwAf////////cm1pbnVzIHNhZmUgaW50ZWdlcjsAH////////mhhYm92' +
        'ZSBpdPtDQAAAAAAAAGVzbWFsbPsAAAAAAAAAAWV0aGlyZPs/1VVVVVVVVWNvbmUBaW1pbnVzIG9uZSBtcmV0cnlBdHRlbXB0c6JlZmV0Y2gAZnJlbmRlchr/' +
        '////',
    ),
    state: everything,
  },
  {
    name: 'failed',
    envelope: fromBase64(
      'V0ZTVAEBBgT/////////////////////AAAAAQAAAPUAAAAAAAAALwAAAAAAAAAAAAAAAAAAAC8AAAAAAAAALwAAAAHtnx3Ewz6yCMLcAABDPrIIwtwAAMM+' +
        'sgjC3AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAL+6VS+oandvcmtmbG93SWRgZ3ZlcnNpb26jZW1ham9yAGVtaW5vcgBlcGF0Y2gAZnN0YXR1c6Jk' +
        'a2luZGZmYWlsZWRlZXJyb3KkZGNvZGVhRWdtZXNzYWdlY2XMgWV0cmFjZWthdCB4CiAgYXQgeW1yZWNvdmVyeUhpbnRzgmVhZ2FpbmBsY3VycmVudFN0YWdl' +
        'YGVpbnB1dKBlc3RhdGWgZ21ldHJpY3OlbnN0YWdlc0V4ZWN1dGVkAGpyZXRyeUNvdW50AGplcnJvckNvdW50AG5zdGFnZUR1cmF0aW9uc6BmY3VzdG9toG1y' +
        'ZXRyeUF0dGVtcHRzoA==',
    ),
    state: failed,
  },
  {
    name: 'waiting',
    envelope: fromBase64(
      'V0ZTVAEBAwQBI0VniavN7wEjRWeJq83vAAAAAgAAANAAAAAAAAAAP7Gyw9Tl9gcDobLD1OX2BwOhssPU5fYHAwAAAAFeMxzIAAAAAAAAAAAAAAAAAAAAAD/w' +
        'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABXiiR+oandvcmtmbG93SWRgZ3ZlcnNpb26jZW1ham9yAGVtaW5vcgBlcGF0Y2gAZnN0YXR1c6Nk' +
        'a2luZGd3YWl0aW5nZXN0YWdlZHNpZ25lZXZlbnRmc2lnbmVkbGN1cnJlbnRTdGFnZWRzaWduZWlucHV0oGVzdGF0ZaBnbWV0cmljc6Vuc3RhZ2VzRXhlY3V0' +
        'ZWQAanJldHJ5Q291bnQAamVycm9yQ291bnQAbnN0YWdlRHVyYXRpb25zoGZjdXN0b22gbXJldHJ5QXR0ZW1wdHOg',
    ),
    state: waiting,
  },
];

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
