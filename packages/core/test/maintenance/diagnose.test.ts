import { openStateStore } from '@workflow-state/core';
import type { BackendCall, Diagnosis } from '@workflow-state/core/backend';
import { expect, it } from 'vitest';
import { diagnoseStore } from '../../src/maintenance/index.js';
import { fakeBackend } from '../fake-backend.js';

async function diagnosed(
  diagnose?: (call: BackendCall) => AsyncIterable<Diagnosis>,
  signal?: AbortSignal,
): Promise<readonly Diagnosis[]> {
  const store = await openStateStore(fakeBackend(diagnose && { diagnose }));
  const found: Diagnosis[] = [];
  for await (const one of diagnoseStore(store, signal && { signal })) found.push(one);
  return found;
}

it('a backend that cannot tell has nothing to tell', async () => {
  expect(await diagnosed()).toEqual([]);
});

it('what it tells is passed on, and it hears the signal', async () => {
  const { signal } = new AbortController();
  const one: Diagnosis = { what: 'renames', verdict: 'ok', found: 'they are' };
  let heard: BackendCall | undefined;
  async function* diagnose(call: BackendCall): AsyncGenerator<Diagnosis> {
    heard = call;
    yield one;
  }
  expect(await diagnosed(diagnose, signal)).toEqual([one]);
  expect(heard?.signal).toBe(signal);
});

it('what it fails with is an error of the store, unless the caller has given up', async () => {
  const cause = new Error('EIO');
  // oxlint-disable-next-line require-yield -- it fails before
  async function* failing(): AsyncGenerator<Diagnosis> {
    throw cause;
  }
  await expect(diagnosed(failing)).rejects.toMatchObject({ code: 'STORAGE_ERROR', message: 'fake: EIO', cause });
  const reason = new Error('enough');
  await expect(diagnosed(failing, AbortSignal.abort(reason))).rejects.toBe(reason);
  await expect(diagnosed(failing, new AbortController().signal)).rejects.toMatchObject({ cause });
});
