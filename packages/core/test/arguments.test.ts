import { expect, it } from 'vitest';
import { InstanceId, openStateStore } from '@workflow-state/core';
import { fakeBackend } from './fake-backend.js';

it.each([[5], [null], ['signal'], [true]])('options are an object, not %j', async (options) => {
  const store = await openStateStore(fakeBackend());
  await expect(store.load(InstanceId.generate(), options as never)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('options: expected an object, got'),
  });
});
