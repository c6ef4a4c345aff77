// Removing the data file of a deleted write, so that nobody who was asleep can ever remove its successor.
//
// POSIX has no conditional unlink: a process that pauses before `unlink(D)` removes whatever is there when it wakes, a
// re-created instance included. But `rename(D, P/d)` fails once the directory P is gone, and `rmdir(P)` against it is
// decided by the kernel. So each owner of a claim X strikes through a pit P of its own, made *before* it owned X; who
// takes the claim over removes all earlier pits first, and only then looks whether D is still the write it was meant for.

import type { EnvelopeHeader, InstanceId } from '@workflow-state/core/backend';
import { readHead } from './data-file.js';
import { outcomeUnknown } from './failures.js';
import { call, discard, mkdir, readdir, rename, rmdir, type Steps } from './file-ops.js';
import { parseShardName, type ShardName, type WriteName } from './layout.js';
import { leaveStatus, type Stay } from './status-index.js';
import { freshNonce, jitter, makeDurable, type Volume } from './volume.js';

/** What the index knows of a write. */
export interface Indexed extends WriteName, Stay {
  readonly incarnation: string;
}

export function indexedOf({ version, nonce, incarnation, status, entered }: EnvelopeHeader): Indexed {
  if (status === undefined || entered === undefined) throw new TypeError('only a live record is in the index');
  return { version, nonce, incarnation, status, entered };
}

/** `ENOENT`: the pit or the data file is gone, so somebody took over. Taken effect once done. */
export function strike(volume: Volume, id: InstanceId, pit: string): Steps<'done' | 'ENOENT'> {
  return rename(volume.layout.data(id), `${pit}/d`);
}

/** The data file is gone: makes that last, and removes what belonged to it. */
export function* bury(
  volume: Volume,
  id: InstanceId,
  was: Indexed,
  claim: string,
  pits: readonly string[],
): Steps<void> {
  const { layout } = volume;
  try {
    yield* makeDurable(volume, layout.shard(id));
  } catch (error) {
    throw outcomeUnknown(`${id} was deleted, but whether that survives a power cut is not known`, error, id);
  }
  yield* leaveStatus(volume, id, was, undefined);
  yield* discard(layout.idEntry(id, was.incarnation), claim);
  for (const pit of pits) yield* removePit(pit);
}

export function* removePit(pit: string): Steps<void> {
  yield* discard(`${pit}/d`);
  try {
    yield* rmdir(pit);
  } catch {
    // As for `discard`.
  }
}

/**
 * Takes over a delete of the stored write `was` that its owner has not finished. Whether it did, or somebody else was
 * quicker, the caller sees in the data file.
 */
export function* finishDelete(volume: Volume, id: InstanceId, was: Indexed, claim: ShardName): Steps<void> {
  const { layout } = volume;
  // Its owner is probably alive, and two finishers can take the claim from each other again and again.
  yield* call('pause', jitter(2));
  const owner = freshNonce();
  const pit = layout.pit(id, was, owner);
  const own = layout.claim(id, was, owner);
  if ((yield* mkdir(pit)) === 'ENOENT') return;
  if ((yield* rename(`${layout.shard(id)}/${claim.name}`, own)) === 'ENOENT') {
    yield* rmdir(pit);
    return;
  }
  const others = (yield* namesOfInstance(volume, id))
    .filter(({ kind, nonce, by }) => kind === 'pit' && nonce === was.nonce && by !== owner)
    .map(({ name }) => `${layout.shard(id)}/${name}`);
  // Not empty: that owner has struck. Either way it cannot strike any more.
  for (const other of others) yield* rmdir(other);
  if ((yield* readHead(layout, id))?.nonce === was.nonce && (yield* strike(volume, id, pit)) === 'ENOENT') return;
  yield* bury(volume, id, was, own, [pit, ...others]);
}

/** Everything of ours in the shard that belongs to this instance, but the data file. */
export function* namesOfInstance({ layout }: Volume, id: InstanceId): Steps<readonly ShardName[]> {
  const names: ShardName[] = [];
  for (const name of yield* readdir(layout.shard(id))) {
    const parsed = name.startsWith(`.${id}.`) ? parseShardName(name) : undefined;
    if (parsed !== undefined) names.push(parsed);
  }
  return names;
}
