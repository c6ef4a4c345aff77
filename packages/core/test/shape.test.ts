import { describe, expect, it } from 'vitest';
import { encodeJson, isStateStoreError, newWorkflowState, openStateStore } from '@workflow-state/core';
import { fakeBackend } from './fake-backend.js';

const valid = newWorkflowState({ workflowId: 'w', version: { major: 1, minor: 2, patch: 3 }, currentStage: 's' });

async function refusal(state: unknown): Promise<string> {
  const backend = fakeBackend();
  const store = await openStateStore(backend);
  const error: unknown = await store.save(state as typeof valid).then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!isStateStoreError(error)) throw new Error('not refused', { cause: error });
  expect(error.code).toBe('INVALID_STATE');
  expect(error.recoveryHints.length).toBeGreaterThan(0);
  expect(backend.records.size).toBe(0);
  return error.message;
}

class Custom {
  readonly a: Uint8Array = new Uint8Array();
}

describe('save refuses, naming path, value and what would be right', () => {
  it.each<[string, unknown, string]>([
    ['nothing at all', undefined, 'state: expected a plain object, got undefined'],
    ['an array', [], 'state: expected a plain object, got Array of 0'],
    [
      'a text in place of a list',
      { ...valid, status: { kind: 'failed', error: { code: 'X', message: 'no', recoveryHints: 'none' } } },
      'state.status.error.recoveryHints: expected an array, got "none"',
    ],
    [
      'a class instance',
      Object.assign(Object.create(Custom.prototype) as object, valid),
      'state: expected a plain object, got Custom',
    ],
    [
      'a missing field',
      { ...valid, workflowId: undefined },
      'state.workflowId: expected a well-formed string, got undefined',
    ],
    ['an unknown field', { ...valid, extra: 1 }, 'state.extra: expected no such property'],
    ['a symbol as key', { ...valid, [Symbol('x')]: 1 }, 'state: expected well-formed strings as keys, got Symbol(x)'],
    ['an uppercase id', { ...valid, instanceId: 'A'.repeat(32) }, 'state.instanceId'],
    [
      'an unpaired surrogate',
      { ...valid, currentStage: '\ud800' },
      'state.currentStage: expected a well-formed string, got "\\ud800"',
    ],
    [
      'an unpaired surrogate in a key',
      { ...valid, state: { '\udc00': new Uint8Array() } },
      'state.state: expected well-formed strings as keys, got "\\udc00"',
    ],
    [
      'an unknown status',
      { ...valid, status: { kind: 'done' } },
      'state.status.kind: expected one of initializing, running',
    ],
    ['a status as text', { ...valid, status: 'running' }, 'state.status.kind'],
    [
      'a status without its stage',
      { ...valid, status: { kind: 'running' } },
      'state.status.currentStage: expected a well-formed string, got undefined',
    ],
    [
      'a field of another status',
      { ...valid, status: { kind: 'paused', stage: 's', event: 'e' } },
      'state.status.event: expected no such property',
    ],
    [
      'an accessor',
      { ...valid, state: Object.defineProperty({}, 'a', { get: () => new Uint8Array(), enumerable: true }) },
      'state.state.a: expected a value, not an accessor',
    ],
    [
      'text for bytes',
      { ...valid, input: { 'a b': 'text' } },
      'state.input["a b"]: expected a Uint8Array (encodeJson makes one of a JSON value), got "text"',
    ],
    [
      'a DataView for bytes',
      { ...valid, input: { a: new DataView(new ArrayBuffer(1)) } },
      'state.input.a: expected a Uint8Array',
    ],
    ['a map as a Map', { ...valid, state: new Map() }, 'state.state: expected a plain object, got Map'],
    [
      'a version part beyond 32 bits',
      { ...valid, version: { major: 2 ** 32, minor: 0, patch: 0 } },
      'state.version.major: expected an integer from 0 to 4294967295, got 4294967296',
    ],
    ['a fraction as a count', { ...valid, metrics: { ...valid.metrics, retryCount: 1.5 } }, 'state.metrics.retryCount'],
    [
      'a negative duration',
      { ...valid, metrics: { ...valid.metrics, stageDurations: { s: -1 } } },
      'state.metrics.stageDurations.s: expected a finite number of at least 0, got -1',
    ],
    [
      'an infinite duration',
      { ...valid, metrics: { ...valid.metrics, stageDurations: { s: Infinity } } },
      'state.metrics.stageDurations.s',
    ],
    [
      'a bigint as a metric',
      { ...valid, metrics: { ...valid.metrics, custom: { a: 1n } } },
      'state.metrics.custom.a: expected a number, got 1n',
    ],
    [
      'an invalid date',
      { ...valid, createdAt: new Date(Number.NaN) },
      'state.createdAt: expected a valid Date, got Date null',
    ],
    ['a date as text', { ...valid, createdAt: '2026-01-01' }, 'state.createdAt'],
    [
      'a hole in a list',
      { ...valid, status: { kind: 'failed', error: { code: 'c', message: 'm', recoveryHints: Array(1) } } },
      'state.status.error.recoveryHints[0]',
    ],
    [
      'a checkpoint version without a revision',
      { ...valid, checkpointVersion: 3 },
      'state.checkpointVersion: expected 0, as the revision says, or none, got 3',
    ],
    [
      'a revision that is none',
      { ...valid, revision: 'W/"1"' },
      'state.revision: expected one that a store has returned, unchanged',
    ],
  ])('%s', async (_, state, message) => {
    expect(await refusal(state)).toContain(message);
  });

  it('a body larger than the store takes, with its size and the limit', async () => {
    const store = await openStateStore(fakeBackend(), { maxBodyBytes: 1000 });
    await expect(store.save({ ...valid, state: { a: new Uint8Array(1000) } })).rejects.toThrow(
      /state: expected at most 1000 bytes .*, got \d{4}$/,
    );
    const small = await openStateStore(
      fakeBackend({ capabilities: { ...fakeBackend().capabilities, maxBodyBytes: 10 } }),
    );
    await expect(small.save(valid)).rejects.toMatchObject({ code: 'INVALID_STATE' });
  });

  it('fields of the store that contradict the revision', async () => {
    const store = await openStateStore(fakeBackend());
    const saved = await store.save(valid);
    await expect(store.save({ ...saved, checkpointVersion: 2 })).rejects.toThrow(
      'state.checkpointVersion: expected 1, as the revision says, or none, got 2',
    );
    await expect(store.save({ ...saved, createdAt: new Date(0) })).rejects.toThrow('state.createdAt');
    expect(await store.load(saved.instanceId)).toEqual(saved);
  });

  it('not a map without a prototype', async () => {
    const store = await openStateStore(fakeBackend());
    const state = Object.assign(Object.create(null) as object, { a: encodeJson(1) });
    expect((await store.save({ ...valid, state })).state).toEqual({ a: encodeJson(1) });
  });

  it('nor hides what an argument throws by itself', async () => {
    const thrown = new Error('revoked');
    const trap = (): never => {
      throw thrown;
    };
    const store = await openStateStore(fakeBackend());
    await expect(store.save({ ...valid, state: new Proxy({}, { ownKeys: trap }) })).rejects.toBe(thrown);
    await expect(
      store.save({ ...valid, state: new Proxy({ a: 1 }, { getOwnPropertyDescriptor: trap }) as never }),
    ).rejects.toBe(thrown);
  });

  it('leaves the argument as it was, frozen or not', async () => {
    const store = await openStateStore(fakeBackend());
    const state = Object.freeze({ ...valid, state: Object.freeze({ a: encodeJson(1) }) });
    await store.save(state);
    expect(state.checkpointVersion).toBe(0);
    expect('revision' in state).toBe(false);
  });
});
