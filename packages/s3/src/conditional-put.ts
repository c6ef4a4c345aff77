// One conditional write from its first request to a proved end: written, lost, not applied, or honestly unknown.
//
//   HEAD                where the revision brings no ETag (a superseded save's)
//   PUT marker          where the write enters a status; answered before the next
//   PUT object          If-Match: <ETag of the base>, or If-None-Match: *
//   read back           after any answer but 200, and then again from the line above, or the end
//   DELETE old marker   once success is known; the own one once it is proved that the write is lost
//
// The loop is here, not in core, because here it is known which copies were answered, and because all of it must share
// one deadline. A create that meets a tombstone stays the same write, under the same marker: a copy of its first PUT
// may still land once that tombstone has been reclaimed.

import {
  type BackendCall,
  type BackendRecord,
  EnvelopeError,
  type EnvelopeHeader,
  type Expected,
  HEADER_BYTES,
  type InstanceId,
  NotApplied,
  readHeader,
  RevisionConflict,
  revisionOfHeader,
  StateStoreError,
  type WriteRevision,
} from '@workflow-state/core/backend';
import {
  type Bucket,
  type Condition,
  type Failed,
  type Found,
  isAbsent,
  isPassing,
  type Refused,
  TRIES,
} from './bucket.js';
import { Operation } from './deadline.js';
import type { Keys } from './keys.js';
import { type Doubt, judge, type Standing } from './read-back.js';
import { markerOf, markerReplaced, putMarker, removeMarker } from './status-index.js';

/** A bucket and the names in it. */
export interface Place {
  readonly bucket: Bucket;
  readonly keys: Keys;
}

/** The object of that id, or its first `length` bytes; `undefined` only where it is proved that there is none. */
export async function look(
  { bucket, keys }: Place,
  id: InstanceId,
  operation: Operation,
  length?: number,
): Promise<Found | undefined> {
  const answer = await bucket.settled(operation, () => bucket.get(keys.instance(id), operation, length));
  if (answer.kind === 'done') return answer.value;
  if (isAbsent(answer)) return undefined;
  // An empty object has no first byte to answer with.
  if (answer.status === 416) return { bytes: new Uint8Array(), etag: undefined };
  throw bucket.error(answer);
}

/** What is stored under that id, as far as a decision about a write needs it. */
export async function standing(place: Place, id: InstanceId, operation: Operation): Promise<Standing | undefined> {
  const found = await look(place, id, operation, HEADER_BYTES);
  if (found === undefined) return undefined;
  const { bytes, etag } = found;
  try {
    const header = readHeader(bytes);
    return { etag, header: header.id === id ? header : undefined };
  } catch (error) {
    if (error instanceof EnvelopeError) return { etag, header: undefined };
    throw error;
  }
}

/** As `StateBackend.write`. */
export async function writeRecord(
  place: Place,
  record: BackendRecord,
  expected: Expected,
  call: BackendCall,
): Promise<WriteRevision | string | void> {
  const operation = new Operation(call.signal);
  const condition = await conditionOn(place, record.id, expected, operation);
  const marker = markerOf(place.keys, record, expected);
  if (marker !== undefined) await announce(place, marker, operation);
  // The marker of an entry by another write is not ours to take away.
  const own = record.revision.entered.nonce === record.revision.nonce ? marker : undefined;
  const attempt = new ConditionalPut(place, record, expected, condition, own, operation);
  const revision = await attempt.run();
  await removeMarker(place.bucket, markerReplaced(place.keys, record, expected), operation);
  return record.onto === undefined ? revision.hint : revision;
}

async function conditionOn(place: Place, id: InstanceId, expected: Expected, operation: Operation): Promise<Condition> {
  if (expected === undefined) return '*';
  if (expected.hint !== undefined) return { etag: expected.hint };
  const found = await standing(place, id, operation).catch((error: unknown) => {
    throw new NotApplied(error);
  });
  if (found?.etag === undefined || 'damaged' in expected || found.header?.nonce !== expected.nonce)
    throw new RevisionConflict();
  return { etag: found.etag };
}

async function announce({ bucket }: Place, marker: string, operation: Operation): Promise<void> {
  let answer;
  try {
    answer = await putMarker(bucket, marker, operation);
  } catch (error) {
    throw new NotApplied(error);
  }
  if (answer.kind !== 'done') throw new NotApplied(bucket.error(answer));
}

class ConditionalPut {
  readonly #place: Place;
  readonly #marker: string | undefined;
  readonly #operation: Operation;
  #record: BackendRecord;
  #base: Expected;
  #condition: Condition;
  /** Whether any copy has left this process. */
  #sent = false;
  /** Whether any copy was left without a definite answer. */
  #doubt: Doubt = false;

  constructor(
    place: Place,
    record: BackendRecord,
    base: Expected,
    condition: Condition,
    marker: string | undefined,
    operation: Operation,
  ) {
    this.#place = place;
    this.#record = record;
    this.#base = base;
    this.#condition = condition;
    this.#marker = marker;
    this.#operation = operation;
  }

  /** Resolves with the revision that took effect, without a hint where it was superseded meanwhile. */
  async run(): Promise<WriteRevision> {
    const { bucket, keys } = this.#place;
    const key = keys.instance(this.#record.id);
    for (let tries = 1; ; tries++) {
      const answer = await bucket.put(key, this.#record.envelope, this.#condition, this.#operation);
      if (answer.kind === 'done') return this.#written(answer.value);
      if (answer.kind === 'doubt') this.#doubt ||= 'on this base';
      if (answer.kind !== 'unsent') this.#sent = true;
      const last = tries >= TRIES || this.#operation.overdue;

      if (this.#operation.aborted)
        throw this.#sent ? this.#operation.signal?.reason : new NotApplied(this.#operation.signal?.reason);
      if (this.#doubt === false && !isCondition(answer)) {
        // Every copy was refused, and for no reason that lies in what is stored.
        if (last || !isPassing(answer)) throw await this.#notApplied(bucket.error(answer));
        await this.#pause(tries);
        continue;
      }

      const found = await this.#readBack();
      const verdict = judge(this.#record, this.#base, found, this.#doubt);
      switch (verdict) {
        case 'written':
          return this.#written(found?.etag, found?.header);
        case 'superseded':
          return this.#written(undefined, found?.header);
        case 'lost':
          await removeMarker(bucket, this.#marker, this.#operation);
          throw new RevisionConflict();
        case 'busy':
          throw await this.#notApplied(busy(this.#record.id));
        case 'unknown':
          throw this.#unknown(bucket.error(answer));
        case 'unchanged':
          if (last)
            throw this.#doubt ? this.#unknown(bucket.error(answer)) : await this.#notApplied(bucket.error(answer));
          await this.#pause(tries);
          break;
        case 'restart':
        case 'continue':
          this.#goOn(verdict === 'restart' ? undefined : found, last, answer);
          break;
        default:
          throw verdict satisfies never;
      }
    }
  }

  /** The same create on another base. Nobody's turn to give way: what was met did not come in between. */
  #goOn(found: Standing | undefined, last: boolean, answer: Refused | Failed): void {
    const { onto } = this.#record;
    if (last) throw this.#unknown(this.#place.bucket.error(answer));
    if (onto === undefined || (found !== undefined && (found.header === undefined || found.etag === undefined))) {
      // The marker stays: the caller may go on with the same write, and a late DELETE would take it away under it.
      throw this.#doubt ? this.#unknown(this.#place.bucket.error(answer)) : new RevisionConflict();
    }
    if (this.#doubt !== false) this.#doubt = 'on another base';
    this.#base = found?.header && revisionOfHeader(found.header, found.etag);
    this.#condition = found?.etag === undefined ? '*' : { etag: found.etag };
    this.#record = { ...onto(this.#base), onto };
  }

  async #readBack(): Promise<Standing | undefined> {
    try {
      return await standing(this.#place, this.#record.id, this.#operation);
    } catch (error) {
      throw this.#operation.aborted ? error : this.#unknown(error);
    }
  }

  async #pause(tries: number): Promise<void> {
    try {
      await this.#operation.backoff(tries);
    } catch (reason) {
      throw this.#sent ? reason : new NotApplied(reason);
    }
  }

  #written(etag: string | undefined, found?: EnvelopeHeader): WriteRevision {
    const { hint: _, ...revision } = this.#record.revision;
    // A copy of a create sent before, on another base, may be the one that took effect: its whole chain tells.
    const first = found?.incarnation === revision.incarnation ? found.first : revision.first;
    return { ...revision, first, ...(etag !== undefined && { hint: etag }) };
  }

  /** Proved: no copy was applied or will be, so no object will ever name the marker. */
  async #notApplied(error: Error): Promise<NotApplied> {
    await removeMarker(this.#place.bucket, this.#marker, this.#operation);
    return new NotApplied(error);
  }

  #unknown(cause: unknown): StateStoreError {
    const { id, revision } = this.#record;
    const what = revision.status === 'tombstone' ? 'delete' : `save of version ${revision.version}`;
    const why = cause instanceof Error ? cause.message : String(cause);
    return new StateStoreError('OUTCOME_UNKNOWN', `whether the ${what} of ${id} was written is not known: ${why}`, {
      cause,
      instanceId: id,
      recoveryHints: ['load the instance to see which state it is in, and go on from there'],
    });
  }
}

/** Refusals that have to do with what is stored, or may have. */
function isCondition(answer: Refused | Failed): boolean {
  return answer.kind === 'refused' && ([409, 412].includes(answer.status) || isAbsent(answer));
}

function busy(id: InstanceId): StateStoreError {
  return new StateStoreError(
    'STORAGE_ERROR',
    `${id} was not created: a deleted one of that name is just being removed`,
    {
      instanceId: id,
      retryable: true,
    },
  );
}
