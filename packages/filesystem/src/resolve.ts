// "Our token name was not there": finds out why, helps whoever is in the way, and says what became of the call.
//
// Must stay true: a conflict is reported only after the data file was seen without the expected write. A candidate is
// published only while a token names it; a token is rolled back only after its candidate was gone *and then* the data
// file still old, because then nobody can publish it any more. Every name made here carries a fresh nonce.

import { type EnvelopeHeader, type InstanceId, StateStoreError } from '@workflow-state/core/backend';
import { readHead } from './data-file.js';
import { call, link, rename, type Steps } from './file-ops.js';
import { isOfCreate, type ShardName, type WriteName } from './layout.js';
import { finishDelete, indexedOf, namesOfInstance } from './removal.js';
import { leaveStatus } from './status-index.js';
import { freshNonce, jitter, makeDurableFirst, type Volume } from './volume.js';

/** `changed`, `missing`: the expected write is gone for ever. Otherwise it is stored, and its token now has that turn. */
export type Resolved = 'changed' | 'missing' | { readonly turn: string | undefined };

/** Each round without a finding means that somebody else has moved between two looks. So many mean that nobody does. */
const ROUNDS = 40;

export function* resolve(volume: Volume, id: InstanceId, expected: WriteName): Steps<Resolved> {
  for (let round = 0; round < ROUNDS;) {
    const head = yield* readHead(volume.layout, id);
    if (head === undefined) return 'missing';
    if (head.nonce !== expected.nonce) return 'changed';
    const names = yield* namesOfInstance(volume, id);
    const is = (kind: ShardName['kind'], version: number, nonce?: string) => (name: ShardName) =>
      name.kind === kind && name.version === version && (nonce === undefined || name.nonce === nonce);

    const ahead = names.filter(is('tok', head.version + 1)).find((token) => !isOfCreate(token));
    const claim = names.find(is('dead', head.version, head.nonce));
    const own = names.find(is('tok', head.version, head.nonce));
    const behind = names.find(is('tok', head.version - 1, head.parent));
    if (ahead !== undefined) yield* publishFor(volume, id, head, ahead);
    else if (claim !== undefined) yield* finishDelete(volume, id, indexedOf(head), claim);
    else if (own !== undefined) return { turn: own.by };
    // One behind its data: no crash leaves that, but a filesystem that lost a single operation may.
    else if (behind !== undefined && head.parent !== undefined) yield* reclaimToken(volume, id, behind, head);
    else {
      round++;
      yield* call('pause', round < 4 ? 0 : jitter(5));
    }
  }
  throw new StateStoreError(
    'STORAGE_ERROR',
    `the token of ${id}, version ${expected.version}, is missing: somebody removed files of the store`,
    {
      instanceId: id,
      recoveryHints: [
        `it can still be read: load it, stop all that use the store, remove ${volume.layout.data(id)}, and save it without its revision`,
      ],
    },
  );
}

/** Publishes a committed candidate whose writer has not come to it: perhaps it never will. */
function* publishFor(volume: Volume, id: InstanceId, head: EnvelopeHeader, ahead: ShardName): Steps<void> {
  const { layout } = volume;
  const published = (yield* rename(layout.candidate(id, ahead), layout.data(id))) === 'done';
  const now = yield* readHead(layout, id);
  if (published) {
    if (now === undefined || now.entered?.nonce === head.entered?.nonce) return;
    yield* makeDurableFirst(volume, layout.shard(id));
    yield* leaveStatus(volume, id, indexedOf(head), now.status);
  } else if (now?.nonce === head.nonce) {
    // Its candidate was removed from outside. Gone once, it never comes back. Its writer, asleep, may wake when the data
    // file is several writes further: the void tells it that none of them followed its own.
    if ((yield* link(`${layout.shard(id)}/${ahead.name}`, layout.void(id, ahead))) !== 'ENOENT')
      yield* reclaimToken(volume, id, ahead, head);
  }
}

/** Gives the stored write its token back, under a turn nobody has seen. `ENOENT`: somebody else did. */
function* reclaimToken({ layout }: Volume, id: InstanceId, token: ShardName, stored: WriteName): Steps<void> {
  yield* rename(`${layout.shard(id)}/${token.name}`, layout.token(id, stored, freshNonce()));
}
