// Create: a first write where nothing is. Eleven system calls.
//
//   1  create, write, fsync, close the candidate
//   2  create, close the token
//   3  link marker and entry from it
//   4  link the candidate to the name of the data file: fails if there is one      <- decides, and takes effect
//   5  unlink the candidate
//   6  fsync the shard
//
// Token and index come first: an instance that can be read can be saved and is listed. They go last, after the candidate:
// a create that can still happen finds its token. A sweep that meets the leftovers of a create removes the candidate,
// after which step 4 can only fail: then nothing was created, and the same is offered again under a new nonce.

import {
  type BackendCall,
  type BackendRecord,
  NotApplied,
  RevisionConflict,
  type WriteRevision,
} from '@workflow-state/core/backend';
import { writeCandidate } from './candidate.js';
import { readHead } from './data-file.js';
import { checkSignal, directoryRemoved, notApplied, outcomeUnknown } from './failures.js';
import { call, codeOf, discard, link, mkdir, type Steps } from './file-ops.js';
import { enterIds } from './id-index.js';
import { isThere } from './presence.js';
import { enterStatus, type Stay } from './status-index.js';
import { makeDurable, makeDurableFirst, type Volume } from './volume.js';

interface Create {
  readonly volume: Volume;
  readonly record: BackendRecord;
  readonly candidate: string;
  readonly token: string;
  readonly index: readonly string[];
}

export function* create(
  volume: Volume,
  record: BackendRecord & { readonly revision: WriteRevision & Stay },
  given: BackendCall,
): Steps<void> {
  const { layout } = volume;
  const { id, revision } = record;
  const task: Create = {
    volume,
    record,
    candidate: layout.candidate(id, { version: 1, nonce: revision.nonce }),
    token: layout.token(id, revision, revision.version === 1 ? undefined : revision.nonce),
    index: [layout.marker(id, revision.status, revision.entered), layout.idEntry(id, revision.incarnation)],
  };
  if (!(yield* prepare(task, revision, given))) yield* comeAgain(task);
  const decided = yield* decide(task);
  if (decided === 'ENOENT') yield* comeAgain(task);
  if (decided === 'EEXIST') {
    yield* withdraw(task);
    throw new RevisionConflict();
  }
  yield* discard(task.candidate);
  try {
    yield* makeDurable(volume, layout.shard(id));
  } catch (error) {
    throw outcomeUnknown(`${id} was created, but whether that survives a power cut is not known`, error, id);
  }
}

/** Steps 1 to 3. `false`: a sweep has taken us for dead. */
function* prepare(
  { volume, record, candidate, token, index }: Create,
  stay: WriteRevision & Stay,
  given: BackendCall,
): Steps<boolean> {
  const { id, envelope } = record;
  let foreign = true;
  try {
    checkSignal(given);
    if ((yield* writeCandidate(volume, candidate, envelope)) === 'ENOENT') {
      yield* makeShard(volume, record);
      if ((yield* writeCandidate(volume, candidate, envelope)) === 'ENOENT')
        throw directoryRemoved(volume.layout.shard(id), id);
    }
    foreign = false;
    checkSignal(given);
    yield* call('close', yield* call('create', token));
    if ((yield* enterStatus(volume, token, id, stay)) === 'ENOENT') return false;
    if ((yield* enterIds(volume, token, id, stay.incarnation)) === 'ENOENT') return false;
    // The shards may have been made by a process that has died before it made them last.
    yield* makeDurableFirst(volume, volume.layout.idsRoot);
    yield* makeDurableFirst(volume, volume.layout.dataRoot);
    checkSignal(given);
    return true;
  } catch (error) {
    // A candidate under this very nonce is another attempt's: it may be about to be linked.
    if (!foreign || codeOf(error) !== 'EEXIST') yield* discard(candidate, ...index, token);
    throw notApplied(`${id} was not created`, error, id);
  }
}

/** ids/<xx> first: who sees data/<xx> relies on it. */
function* makeShard(volume: Volume, { id }: BackendRecord): Steps<void> {
  const { layout } = volume;
  yield* mkdir(layout.idsShard(id));
  yield* makeDurable(volume, layout.idsRoot);
  yield* mkdir(layout.shard(id));
  yield* makeDurable(volume, layout.dataRoot);
}

/** Step 4. */
function* decide(task: Create): Steps<'done' | 'ENOENT' | 'EEXIST'> {
  const { volume, record, candidate, token } = task;
  const { id, revision } = record;
  try {
    return yield* link(candidate, volume.layout.data(id));
  } catch (error) {
    // An error is no proof. Without a candidate no late link can succeed; then the data file tells, unless our write has
    // been deleted since, which would have consumed the token.
    const unknown = outcomeUnknown(`whether ${id} was created is not known`, error, id);
    let head;
    try {
      yield ['unlink', candidate];
      head = yield* readHead(volume.layout, id);
    } catch {
      throw unknown;
    }
    if (head?.incarnation === revision.nonce) return 'done';
    if (!(yield* isThere(token, id, error))) throw unknown;
    yield* withdraw(task);
    throw notApplied(`${id} was not created`, error, id);
  }
}

function* comeAgain(task: Create): Steps<never> {
  yield* withdraw(task);
  throw new NotApplied(new Error('a sweep removed the candidate'), { comeAgain: {} });
}

function* withdraw({ candidate, index, token }: Create): Steps<void> {
  yield* discard(candidate, ...index, token);
}
