import type { StateStore } from '@workflow-state/core';
import { expectTypeOf, it } from 'vitest';
import { type CachedStateStore, withLruCache } from '../src/index.js';

declare const store: StateStore;

it('one bound is required by the type', () => {
  expectTypeOf(withLruCache(store, { max: 1, revalidate: 'always' })).toEqualTypeOf<CachedStateStore>();
  withLruCache(store, { maxSize: 1, revalidate: 'never', ttl: undefined, cacheAbsence: true });
  // @ts-expect-error no bound
  withLruCache(store, { revalidate: 'always' });
  // @ts-expect-error a ttl is no bound
  withLruCache(store, { ttl: 1000, revalidate: 'always' });
  // @ts-expect-error how fresh?
  withLruCache(store, { max: 1 });
  // @ts-expect-error absence cannot be revalidated
  withLruCache(store, { max: 1, revalidate: 'always', cacheAbsence: true });
});
