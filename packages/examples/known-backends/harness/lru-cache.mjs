import { openStateStore } from '@workflow-state/core';
import { withLruCache } from '@workflow-state/lru-cache';
import { harness as filesystem } from './filesystem.mjs';

/** @type {typeof filesystem} */
export const harness = {
  ...filesystem,
  name: 'lru-cache over filesystem',
  open: async (backend, options) =>
    withLruCache(await openStateStore(backend, options), { max: 10_000, revalidate: 'always' }),
};
