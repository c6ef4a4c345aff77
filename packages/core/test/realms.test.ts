import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { InstanceId, isStateStoreError, newWorkflowState, openStateStore } from '@workflow-state/core';
import { fakeBackend } from './fake-backend.js';

// As a test runner hands them over that runs each file in a context of its own.
const foreign = runInNewContext(`({
  bytes: new Uint8Array([1, 2, 3]),
  id: new Uint8Array(16),
  date: new Date(1700000000123),
  words: new Uint16Array(3),
  pretender: { getTime: () => 0, [Symbol.toStringTag]: 'Date' },
  counterfeit: { length: 0, [Symbol.toStringTag]: 'Uint8Array' },
})`) as Record<'bytes' | 'id', Uint8Array> & { readonly date: Date } & Record<
    'words' | 'pretender' | 'counterfeit',
    unknown
  >;

const input = newWorkflowState({ workflowId: 'w', version: { major: 1, minor: 0, patch: 0 }, currentStage: 's' });

it('takes bytes and dates of another realm for what they are, and gives back its own', async () => {
  expect(foreign.bytes).not.toBeInstanceOf(Uint8Array);
  expect(foreign.date).not.toBeInstanceOf(Date);
  const store = await openStateStore(fakeBackend());
  const { instanceId } = await store.save({ ...input, createdAt: foreign.date, state: { data: foreign.bytes } });
  const loaded = await store.load(instanceId);
  expect(loaded.createdAt).toEqual(new Date(1_700_000_000_123));
  expect(loaded.state).toEqual({ data: new Uint8Array([1, 2, 3]) });
  expect(InstanceId.fromBytes(foreign.id)).toBe('0'.repeat(32));
});

it('finds what has a full status whose bytes are of another realm', async () => {
  const store = await openStateStore(fakeBackend());
  const status = (output: Uint8Array) => ({
    kind: 'completed' as const,
    result: { output: { data: output }, durationMs: 1, metrics: input.metrics },
  });
  const { instanceId } = await store.save({ ...input, status: status(new Uint8Array([1, 2, 3])) });
  const found: InstanceId[] = [];
  for await (const id of store.listByStatus(status(foreign.bytes))) found.push(id);
  expect(found).toEqual([instanceId]);
});

it.each([
  ['numbers of two bytes', { state: { data: foreign.words } }, 'state.state.data'],
  ['what only says that it is bytes', { state: { data: foreign.counterfeit } }, 'state.state.data'],
  ['what only says that it is a date', { createdAt: foreign.pretender }, 'state.createdAt'],
])('does not take %s', async (_, change, path) => {
  const store = await openStateStore(fakeBackend());
  const error: unknown = await store.save({ ...input, ...change } as typeof input).catch((thrown: unknown) => thrown);
  expect(isStateStoreError(error) && error.code).toBe('INVALID_STATE');
  expect(String(error)).toContain(path);
});
