// Removing what cannot be read: the condition of the write is not a revision but the very bytes.
//
// Without a header nobody knows which write is stored, so which of the tokens is its own. Must stay true: a token becomes
// a claim, which condemns the write it belongs to, only after these bytes were seen *while nobody else could move it*.
//
//   1  kill creates under way: without their candidate they cannot link a file whose token we are about to take
//   2  give every token a turn that only we know (others learn turns through a readable header), take every claim over
//   3  twice: nothing but ours in the shard. Remove all earlier pits
//   4  the bytes are still these: now nothing can change them
//   5  turn the tokens into claims                                                     <- committed
//   6  strike, fsync, and sweep what belonged to it
//
// Two who do this at once disturb each other at 2 or 5, and begin again; removal.ts says why none strikes late.

import {
  type BackendCall,
  type DamagedRecord,
  type InstanceId,
  RevisionConflict,
  StateStoreError,
} from '@workflow-state/core/backend';
import { readData } from './data-file.js';
import { checkSignal, notApplied, outcomeUnknown } from './failures.js';
import { call, mkdir, rename, rmdir, type Steps, unlink } from './file-ops.js';
import type { ShardName } from './layout.js';
import { namesOfInstance, strike } from './removal.js';
import { sweepInstance } from './sweep.js';
import { freshNonce, jitter, makeDurable, type Volume } from './volume.js';

const ATTEMPTS = 30;

export function* removeDamaged(
  volume: Volume,
  id: InstanceId,
  damaged: DamagedRecord,
  given: BackendCall,
): Steps<void> {
  let stage: 'free' | 'claiming' | 'claimed' = 'free';
  const failed = (error: unknown): unknown =>
    stage === 'free'
      ? notApplied(`the damaged record of ${id} was not removed`, error, id)
      : outcomeUnknown(`whether the damaged record of ${id} was removed is not known`, error, id);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      if (stage === 'free') checkSignal(given);
      const owned = yield* own(volume, id, damaged);
      if (owned === undefined) {
        yield* call('pause', jitter(3));
        continue;
      }
      if (stage === 'free') {
        checkSignal(given);
        stage = 'claiming';
      }
      if (!(yield* condemn(volume, id, owned))) continue;
      stage = 'claimed';
      if ((yield* strike(volume, id, owned.pit)) === 'ENOENT') continue;
      yield* makeDurable(volume, volume.layout.shard(id));
    } catch (error) {
      if (!(error instanceof RevisionConflict)) throw failed(error);
      // Condemned by us, struck by one who took over; or never ours.
      if (stage !== 'claimed') throw error;
      return yield* makeDurable(volume, volume.layout.shard(id));
    }
    // Its index entries are known by its id alone.
    try {
      yield* sweepInstance(volume, id, undefined);
    } catch {
      // The record is gone for good, and that is what was asked for. A sweep of the store meets the rest, and reports it.
    }
    return;
  }
  throw failed(
    new StateStoreError(
      'STORAGE_ERROR',
      `the token of the damaged record of ${id} is missing, or others keep moving it`,
      {
        instanceId: id,
        retryable: true,
        recoveryHints: [`if this stays: stop all that use the store and remove ${volume.layout.data(id)}`],
      },
    ),
  );
}

interface Owned {
  readonly owner: string;
  readonly pit: string;
  readonly tokens: readonly ShardName[];
}

/** Steps 1 to 4. `undefined`: somebody moved, or there is neither token nor claim. @throws `RevisionConflict` */
function* own(volume: Volume, id: InstanceId, { envelope }: DamagedRecord): Steps<Owned | undefined> {
  const { layout } = volume;
  yield* mustHold(volume, id, envelope);
  const names = yield* namesOfInstance(volume, id);
  const held = names.filter(isHold);
  for (const { kind, version, nonce } of names) {
    const committed = kind === 'tmp' && version > 1 && held.some((hold) => hold.kind === 'tok' && hold.nonce === nonce);
    // A write that replaced this one, not yet published: it is what is stored.
    if (committed && (yield* rename(layout.candidate(id, { version, nonce }), layout.data(id))) === 'done')
      return undefined;
    if (version === 1) yield* unlink(layout.candidate(id, { version, nonce }));
  }
  const [first] = held;
  if (first === undefined) return undefined;
  const owner = freshNonce();
  const pit = layout.pit(id, first, owner);
  yield* mkdir(pit);
  for (const hold of held) {
    const taken = hold.kind === 'tok' ? layout.token(id, hold, owner) : layout.claim(id, hold, owner);
    if ((yield* rename(`${layout.shard(id)}/${hold.name}`, taken)) === 'ENOENT') return undefined;
  }
  let now: readonly ShardName[] = [];
  // A readdir may miss a name that is being renamed; one that is renamed during both has changed the bytes in between.
  for (let look = 0; look < 2; look++) {
    now = yield* namesOfInstance(volume, id);
    const holds = now.filter(isHold);
    if (holds.length !== held.length || holds.some(({ by }) => by !== owner)) return undefined;
  }
  for (const { kind, by, name } of now) if (kind === 'pit' && by !== owner) yield* rmdir(`${layout.shard(id)}/${name}`);
  yield* mustHold(volume, id, envelope);
  return { owner, pit, tokens: now.filter(({ kind }) => kind === 'tok') };
}

/** Step 5. */
function* condemn({ layout }: Volume, id: InstanceId, { owner, tokens }: Owned): Steps<boolean> {
  for (const token of tokens) {
    if ((yield* rename(layout.token(id, token, owner), layout.claim(id, token, owner))) === 'ENOENT') return false;
  }
  return true;
}

function isHold({ kind }: ShardName): boolean {
  return kind === 'tok' || kind === 'dead';
}

function* mustHold({ layout }: Volume, id: InstanceId, envelope: Uint8Array): Steps<void> {
  const stored = yield* readData(layout, id);
  if (stored === undefined || Buffer.compare(stored, envelope) !== 0) throw new RevisionConflict();
}
