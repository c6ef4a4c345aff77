// Which cases run beside handles without a cache, and what the wrapper declares of its reads.

import { CASES } from '@workflow-state/core/conformance';
import type { LruCacheOptions } from '../../src/index.js';

/** The cases that need a second handle. */
export const CASES_BESIDE_OTHERS: readonly string[] = CASES.filter(({ hooks = [] }) =>
  hooks.some((hook) => hook === 'peer' || hook === 'peerProcess'),
).map(({ id }) => id);

export function readsOf({ revalidate }: LruCacheOptions): 'latest' | 'may-be-stale' {
  return revalidate === 'always' ? 'latest' : 'may-be-stale';
}
