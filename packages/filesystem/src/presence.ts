// Whether a name is there, as proof: an error is neither yes nor no.

import type { InstanceId } from '@workflow-state/core/backend';
import { directoryRemoved, outcomeUnknown } from './failures.js';
import { call, codeOf, link, type Steps } from './file-ops.js';

/** Asked after a call failed with `doubt`, in order to learn what it did. @throws `OUTCOME_UNKNOWN` */
export function* isThere(path: string, id: InstanceId, doubt: unknown): Steps<boolean> {
  try {
    yield* call('times', path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw outcomeUnknown(`what became of a write of ${id} is not known`, doubt, id);
  }
}

/** As `link`; but where it is the directory that is not there, that is not taken for the lack of `from`. */
export function* linkInto(
  directory: string,
  from: string,
  to: string,
  id: InstanceId,
): Steps<'done' | 'ENOENT' | 'EEXIST'> {
  const linked = yield* link(from, to);
  if (linked === 'ENOENT' && !(yield* call('exists', directory))) throw directoryRemoved(directory, id);
  return linked;
}
