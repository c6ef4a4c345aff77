// Save: one write follows another. Seven system calls; two more where the status changes.
//
//   1  create, write, fsync, close the candidate
//   2  a new status: link its marker from the token
//   3  rename the token from the old write to the new one: exactly one process can        <- the compare-and-set
//   4  rename the candidate over the data file                                            <- takes effect
//   5  unlink the marker of the old status (after 6 where directories are not ordered)
//   6  fsync the shard
//
// Who dies between 3 and 4 has committed: whoever comes next publishes for it (resolve.ts). Who sleeps anywhere wakes to
// ENOENT, because each name is consumed once. Before 3 every failure is cleaned up and is no write; after it, none is
// reported unless proved.

import {
  type BackendCall,
  type BackendRecord,
  NotApplied,
  RevisionConflict,
  type WriteRevision,
} from '@workflow-state/core/backend';
import { writeCandidate } from './candidate.js';
import { readHead } from './data-file.js';
import { checkSignal, notApplied, outcomeUnknown, storageError } from './failures.js';
import { codeOf, discard, rename, type Steps } from './file-ops.js';
import { turnOf } from './layout.js';
import { isThere } from './presence.js';
import { resolve } from './resolve.js';
import { enterStatus, leaveStatus, type Stay } from './status-index.js';
import { freshNonce, makeDurable, type Volume } from './volume.js';

interface Save {
  readonly volume: Volume;
  readonly record: BackendRecord;
  readonly expected: WriteRevision & Stay;
  /** Token of the expected write. */
  readonly from: string;
  /** Token of ours. */
  readonly to: string;
  readonly candidate: string;
  /** Only where the write enters a status. */
  readonly marker: string | undefined;
}

export function* save(
  volume: Volume,
  record: BackendRecord,
  expected: WriteRevision & Stay,
  call: BackendCall,
): Steps<void> {
  const { layout } = volume;
  const { id, revision } = record;
  const { status, entered } = revision;
  if (status === 'tombstone') throw new TypeError('a tombstone is not saved');
  const stay = entered.nonce === expected.entered.nonce ? undefined : { status, entered };
  const task: Save = {
    volume,
    record,
    expected,
    from: layout.token(id, expected, turnOf(expected.hint)),
    to: layout.token(id, revision),
    candidate: layout.candidate(id, revision),
    marker: stay && layout.marker(id, status, entered),
  };

  if (!(yield* prepare(task, stay, call)) || !(yield* commit(task))) {
    yield* withdraw(task);
    yield* sayWhyNot(task);
  }
  yield* publish(task);
  if (stay !== undefined && volume.ordered) yield* leaveStatus(volume, id, expected, status);
  try {
    yield* makeDurable(volume, layout.shard(id));
  } catch (error) {
    throw outcomeUnknown(
      `version ${revision.version} of ${id} can be read, but whether it survives a power cut is not known`,
      error,
      id,
    );
  }
  if (stay !== undefined && !volume.ordered) yield* leaveStatus(volume, id, expected, status);
}

/** Steps 1 and 2. `false`: the expected write is not current, or its token has a turn we do not know. */
function* prepare(task: Save, stay: Stay | undefined, call: BackendCall): Steps<boolean> {
  const { volume, record, from, candidate } = task;
  try {
    checkSignal(call);
    if ((yield* writeCandidate(volume, candidate, record.envelope)) === 'ENOENT') return false;
    checkSignal(call);
    if (stay === undefined) return true;
    if ((yield* enterStatus(volume, from, record.id, stay)) === 'ENOENT') return false;
    checkSignal(call);
    return true;
  } catch (error) {
    // A candidate under this very nonce is another attempt's: it may be committed.
    if (codeOf(error) !== 'EEXIST') yield* withdraw(task);
    throw notApplied(`${record.id} was not saved`, error, record.id);
  }
}

/** Step 3. */
function* commit(task: Save): Steps<boolean> {
  const { record, from, to, candidate } = task;
  try {
    return (yield* rename(from, to)) === 'done';
  } catch (error) {
    // An error is no proof. The new name is: nobody else makes it, and it goes only after the candidate has.
    if (yield* isThere(to, record.id, error)) return true;
    if (yield* isThere(candidate, record.id, error)) {
      yield* withdraw(task);
      throw notApplied(`${record.id} was not saved`, error, record.id);
    }
    throw outcomeUnknown(`whether ${record.id} was saved is not known`, error, record.id);
  }
}

/** Step 4: never offered twice, since only the first can find the candidate. */
function* publish(task: Save): Steps<void> {
  const { volume, record, candidate } = task;
  const { layout } = volume;
  try {
    if ((yield* rename(candidate, layout.data(record.id))) === 'ENOENT') yield* findOutWhoDid(task);
  } catch (error) {
    if (error instanceof NotApplied || error instanceof RevisionConflict) throw error;
    yield* takeBack(task, error);
  }
}

/**
 * The candidate is gone: somebody published it for us, or removed it from outside. Nobody can follow the expected write
 * but us, unless we were taken back, which leaves a void for as long as the instance lives.
 */
function* findOutWhoDid(task: Save): Steps<void> {
  const { volume, record, expected, marker } = task;
  const { id, revision } = record;
  const { version, nonce, incarnation } = revision;
  const now = yield* readHead(volume.layout, id);
  if (now?.nonce === expected.nonce) {
    yield* giveBackToken(task);
    throw new NotApplied(
      storageError(`${id} was not saved`, new Error('somebody removed its candidate from the shard')),
      { comeAgain: {} },
    );
  }
  if (now?.incarnation !== incarnation) throw new Error('it was deleted before it could be seen');
  if (
    now.nonce === nonce ||
    now.parent === nonce ||
    (now.version > version && !(yield* isThere(volume.layout.void(id, revision), id, 'gone')))
  )
    return;
  if (marker !== undefined) yield* discard(marker);
  throw new RevisionConflict();
}

/** The candidate could not be renamed. Removing it proves that nobody published it, nor will. */
function* takeBack(task: Save, cause: unknown): Steps<void> {
  const { record, candidate } = task;
  const { id } = record;
  const unknown = outcomeUnknown(
    `whether version ${record.revision.version} of ${id} was published is not known`,
    cause,
    id,
  );
  try {
    yield ['unlink', candidate];
    if ((yield* readHead(task.volume.layout, id))?.nonce !== task.expected.nonce) throw unknown;
    yield* giveBackToken(task);
  } catch {
    throw unknown;
  }
  throw notApplied(`${id} was not saved`, cause, id);
}

function* giveBackToken({ volume, record, expected, to, marker }: Save): Steps<void> {
  yield* rename(to, volume.layout.token(record.id, expected, freshNonce()));
  if (marker !== undefined) yield* discard(marker);
}

function* withdraw({ candidate, marker }: Save): Steps<void> {
  yield* discard(candidate, ...(marker === undefined ? [] : [marker]));
}

/** Our write is not there and never will be. @throws always. */
function* sayWhyNot({ volume, record, expected }: Save): Steps<never> {
  let found;
  try {
    found = yield* resolve(volume, record.id, expected);
  } catch (error) {
    throw notApplied(`${record.id} was not saved`, error, record.id);
  }
  if (typeof found === 'string') throw new RevisionConflict();
  throw new NotApplied(new Error('a sweep gave the token another turn'), { comeAgain: { hint: found.turn } });
}
