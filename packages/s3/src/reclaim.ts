// How objects are removed for good.
//
// - Markers: by name, in batches. A name is never used again, so a late or repeated DELETE does no harm.
// - Tombstones, where the store honours conditions on DELETE: in batches, each with the ETag of exactly that tombstone.
//   A create that replaces it first wins, and late copies find another ETag.
// - Tombstones elsewhere, on request: the tombstone is replaced, by compare-and-set, by a condemned one, which no
//   create goes on over. Whoever has won that sends ONE unconditional DELETE, once, whatever is answered: as long as
//   that copy is under way the object is condemned, and once it has been applied no copy is left. A condemned one
//   whose DELETE was lost is condemned anew after the grace, when the first has given up for certain.

import {
  type BackendCall,
  type EnvelopeFacts,
  HEADER_BYTES,
  type InstanceId,
  newNonce,
  readHeader,
  writeHeader,
} from '@workflow-state/core/backend';
import { type Bucket, type KeyFailure, TRIES } from './bucket.js';
import { look, type Place, standing } from './conditional-put.js';
import { Operation } from './deadline.js';

/** What one DeleteObjects takes. */
const BATCH = 1000;

/** What a sweep has done, counted while it goes on. */
export interface Report {
  removed: number;
  readonly failures: { readonly what: string; readonly error: unknown }[];
}

interface Removable {
  readonly key: string;
  /** Removed only while it is this. */
  readonly etag?: string;
}

/** Collects what is to be removed, and removes it a batch at a time. */
export class Removal {
  readonly #bucket: Bucket;
  readonly #report: Report;
  readonly #call: BackendCall;
  #batch: Removable[] = [];

  constructor(bucket: Bucket, report: Report, call: BackendCall) {
    this.#bucket = bucket;
    this.#report = report;
    this.#call = call;
  }

  async add(removable: Removable): Promise<void> {
    this.#batch.push(removable);
    if (this.#batch.length >= BATCH) await this.flush();
  }

  async flush(): Promise<void> {
    let batch: readonly Removable[] = this.#batch;
    this.#batch = [];
    for (let tries = 1; batch.length > 0; tries++) {
      const operation = new Operation(this.#call.signal);
      const failures = await this.#remove(batch, operation);
      this.#report.removed += batch.length - failures.length;
      // Gone, or replaced by somebody who needs it: neither removed nor a failure.
      const failed = failures.filter(({ code }) => code !== 'PreconditionFailed' && code !== 'NoSuchKey');
      if (tries === TRIES) {
        for (const { key, code, message } of failed)
          this.#report.failures.push({ what: key, error: new Error(`${code} ${message}`) });
        return;
      }
      if (failed.length > 0) await operation.backoff(tries);
      const again = new Set(failed.map(({ key }) => key));
      batch = batch.filter(({ key }) => again.has(key));
    }
  }

  async #remove(batch: readonly Removable[], operation: Operation): Promise<readonly KeyFailure[]> {
    const bucket = this.#bucket;
    try {
      const answer = await bucket.settled(operation, () => bucket.deleteBatch(batch, operation));
      if (answer.kind === 'done') return answer.value;
    } catch (error) {
      if (operation.aborted) throw error;
      return batch.map(({ key }) => ({ key, code: '', message: String(error) }));
    }
    // Some stores want another checksum there than the SDK sends. They take the same one by one.
    const failures: KeyFailure[] = [];
    for (const { key, etag } of batch) {
      const one = new Operation(this.#call.signal);
      const answer = await bucket
        .settled(one, () => bucket.delete(key, etag, one))
        .catch((error: unknown) => ({ kind: 'failed', error }) as const);
      this.#call.signal?.throwIfAborted();
      if (answer.kind === 'done') continue;
      const code = answer.kind === 'failed' ? '' : answer.status === 412 ? 'PreconditionFailed' : answer.code;
      failures.push({ key, code, message: String(answer.error) });
    }
    return failures;
  }
}

/** Removes the tombstone with that ETag where DELETE knows no condition. Two requests behind a look, each sent once. */
export async function condemn(
  place: Place,
  id: InstanceId,
  etag: string,
  report: Report,
  call: BackendCall,
): Promise<void> {
  const { bucket, keys } = place;
  const operation = new Operation(call.signal);
  try {
    const found = await look(place, id, operation, HEADER_BYTES);
    if (found === undefined || found.etag !== etag) return;
    const header = readHeader(found.bytes);
    if (header.kind === 'live' || header.id !== id) return;
    const envelope = new Uint8Array(HEADER_BYTES);
    const version = Math.min(header.version + 1, 0xffff_ffff);
    const facts: EnvelopeFacts = { ...header, kind: 'condemned', version, nonce: newNonce(), parent: header.nonce };
    writeHeader(envelope, facts);
    const answer = await bucket.put(keys.instance(id), envelope, { etag }, operation);
    if (answer.kind !== 'done') {
      const now = await standing(place, id, operation);
      if (now?.header?.nonce !== facts.nonce) return;
    }
    const removed = await bucket.delete(keys.instance(id), undefined, operation);
    if (removed.kind !== 'done') throw bucket.error(removed);
    report.removed++;
  } catch (error) {
    call.signal?.throwIfAborted();
    report.failures.push({ what: keys.instance(id), error });
  }
}
