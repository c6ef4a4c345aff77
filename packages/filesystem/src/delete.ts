// Delete: a tombstone carried out as a removal. Nine system calls.
//
//   1  mkdir the pit
//   2  rename the token to our claim: exactly one process can                         <- the compare-and-set
//   3  rename the data file into the pit                                              <- takes effect
//   4  fsync the shard
//   5  unlink marker, entry, claim and what is in the pit; rmdir the pit
//
// Nothing needs to be remembered of the deleted instance: no late writer can find its token, no late deleter its pit.

import {
  type BackendCall,
  type InstanceId,
  isNotApplied,
  RevisionConflict,
  type WriteRevision,
} from '@workflow-state/core/backend';
import { checkSignal, notApplied, outcomeUnknown } from './failures.js';
import { mkdir, rename, rmdir, type Steps } from './file-ops.js';
import { turnOf } from './layout.js';
import { isThere } from './presence.js';
import { bury, strike } from './removal.js';
import { resolve } from './resolve.js';
import type { Stay } from './status-index.js';
import { freshNonce, makeDurable, type Volume } from './volume.js';

export function* remove(
  volume: Volume,
  id: InstanceId,
  expected: WriteRevision & Stay,
  call: BackendCall,
): Steps<void> {
  const { layout } = volume;
  let turn = turnOf(expected.hint);
  for (;;) {
    const owner = freshNonce();
    const pit = layout.pit(id, expected, owner);
    const claim = layout.claim(id, expected, owner);
    if (yield* claimToken(id, layout.token(id, expected, turn), claim, pit, call)) {
      return yield* carryOut(volume, id, expected, claim, pit);
    }
    let found;
    try {
      found = yield* resolve(volume, id, expected);
      // Somebody else deleted it, perhaps just now: "it is gone" is an answer too, and must last.
      if (found === 'missing') yield* makeDurableIfThere(volume, id);
    } catch (error) {
      throw notApplied(`${id} was not deleted`, error, id);
    }
    if (typeof found === 'string') throw new RevisionConflict();
    turn = found.turn;
  }
}

/** Steps 1 and 2. */
function* claimToken(id: InstanceId, token: string, claim: string, pit: string, call: BackendCall): Steps<boolean> {
  try {
    checkSignal(call);
    if ((yield* mkdir(pit)) === 'ENOENT') return false;
  } catch (error) {
    throw notApplied(`${id} was not deleted`, error, id);
  }
  try {
    checkSignal(call);
    if ((yield* rename(token, claim)) === 'done') return true;
  } catch (error) {
    // An error is no proof; the two names are: a token that was renamed never comes back.
    if (!isNotApplied(error)) {
      if (yield* isThere(claim, id, error)) return true;
      if (!(yield* isThere(token, id, error)))
        throw outcomeUnknown(`whether ${id} was deleted is not known`, error, id);
    }
    yield* dropPit(pit);
    throw notApplied(`${id} was not deleted`, error, id);
  }
  yield* dropPit(pit);
  return false;
}

function* carryOut(
  volume: Volume,
  id: InstanceId,
  expected: WriteRevision & Stay,
  claim: string,
  pit: string,
): Steps<void> {
  try {
    if ((yield* strike(volume, id, pit)) === 'done') return yield* bury(volume, id, expected, claim, [pit]);
    // Somebody thought us dead and took over. The delete is committed: it only remains to see it done, and to last.
    if (typeof (yield* resolve(volume, id, expected)) !== 'string') throw new Error('its token came back');
    yield* makeDurable(volume, volume.layout.shard(id));
  } catch (error) {
    throw outcomeUnknown(`whether the delete of ${id} has taken effect is not known`, error, id);
  }
}

function* makeDurableIfThere(volume: Volume, id: InstanceId): Steps<void> {
  if (volume.durable && (yield ['exists', volume.layout.shard(id)]))
    yield* makeDurable(volume, volume.layout.shard(id));
}

function* dropPit(pit: string): Steps<void> {
  try {
    yield* rmdir(pit);
  } catch {
    // The next sweep meets it.
  }
}
