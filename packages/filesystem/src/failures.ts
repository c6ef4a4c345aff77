// How this backend says what went wrong. Three answers, never mixed up: proved not written (`NotApplied`), proved lost
// (`RevisionConflict`), not known (`OUTCOME_UNKNOWN`).

import {
  isNotApplied,
  isRevisionConflict,
  isStateStoreError,
  NotApplied,
  StateStoreError,
} from '@workflow-state/core/backend';
import type { BackendCall, InstanceId } from '@workflow-state/core/backend';
import { codeOf } from './file-ops.js';

const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: 'free space or inodes on that filesystem, then save again',
  EDQUOT: 'raise the quota or free space, then save again',
  EACCES: 'give this process read and write access to the whole directory of the store',
  EPERM: 'give this process ownership of, or write access to, the files of the store (hard links need it)',
  EROFS: 'mount the filesystem writable',
  EMFILE: 'raise the limit of open files, or save fewer instances at once',
  ENFILE: 'raise the limit of open files of the machine',
  EISDIR: 'a directory has the name of a file of the store: move it away, and restore the file',
  ENOTDIR: 'something has the name of a directory of the store: move it away, and restore the directory',
  EIO: 'the device reports errors: look at the kernel log, and move the store to a sound one',
};

/** What the machine said, with what it was about and what to do. */
export function storageError(what: string, error: unknown, instanceId?: InstanceId): StateStoreError {
  if (isStateStoreError(error)) return error;
  const remedy = REMEDIES[codeOf(error) ?? ''];
  return new StateStoreError('STORAGE_ERROR', `${what}: ${messageOf(error)}`, {
    cause: error,
    instanceId,
    retryable: true,
    recoveryHints: remedy === undefined ? [] : [remedy],
  });
}

/** Nobody but an outsider removes directories of a store. */
export function directoryRemoved(path: string, instanceId: InstanceId): StateStoreError {
  return new StateStoreError('STORAGE_ERROR', `${path} was removed while the store is in use`, {
    instanceId,
    retryable: true,
    recoveryHints: ['make that directory again, or restore it; then run cleanup, which completes the index'],
  });
}

/** For a failure before the commit, with everything cleaned up: the write did not happen, and never will. */
export function notApplied(what: string, error: unknown, instanceId: InstanceId): unknown {
  if (isNotApplied(error) || isRevisionConflict(error)) return error;
  // What is unknown then is another's write, which this call came to help.
  const known =
    isStateStoreError(error) && error.code === 'OUTCOME_UNKNOWN' ? new Error(error.message, { cause: error }) : error;
  return new NotApplied(storageError(what, known, instanceId));
}

/** For a failure after the commit, where a read proves nothing. */
export function outcomeUnknown(what: string, error: unknown, instanceId: InstanceId): StateStoreError {
  return new StateStoreError('OUTCOME_UNKNOWN', `${what}: ${messageOf(error)}`, {
    cause: error,
    instanceId,
    recoveryHints: [
      'load the instance to see which state it is in, and go on from there',
      ...storageError(what, error).recoveryHints,
    ],
  });
}

/** The last look at the signal before a commit. */
export function checkSignal({ signal }: BackendCall): void {
  if (signal?.aborted === true) throw new NotApplied(signal.reason);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
