// What of the suite says nothing about a cache, and why.

import { CASES } from '@workflow-state/core/conformance';
import type { LruCacheOptions } from '../../src/index.js';

/**
 * These race over several handles, and then read back through each of them as if reads were `latest`. The store may
 * declare that they are not, so with `never` the handles are left out of them, and of nothing else.
 */
const READ_BACK_THROUGH_HANDLES: readonly string[] = ['3.racing-handles-one-winner', '3.racing-processes-one-winner'];

/** The cases that need a second handle, and that hold although its writes may be seen late. */
export const CASES_BESIDE_OTHERS: readonly string[] = CASES.filter(
  ({ id, hooks = [] }) =>
    hooks.some((hook) => hook === 'peer' || hook === 'peerProcess') && !READ_BACK_THROUGH_HANDLES.includes(id),
).map(({ id }) => id);

export function readsOf({ revalidate }: LruCacheOptions): 'latest' | 'may-be-stale' {
  return revalidate === 'always' ? 'latest' : 'may-be-stale';
}
