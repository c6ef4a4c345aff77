// What the server honours. Asked once per location, not believed: stores that ignore conditions answer 200 to
// everything, and would let two engines run one order.
//
// AWS is known, so a cold start there costs no request. Elsewhere the verdict is stored beside the instances, and read
// at each start; without one, the server is tried on names of our own. A refusal is never stored.

import { type BackendCall, newNonce, StateStoreError } from '@workflow-state/core/backend';
import { type Answer, type Bucket, isAbsent, TRIES } from './bucket.js';
import { Operation } from './deadline.js';
import type { Keys } from './keys.js';
import { statusOf } from './s3-errors.js';

/** What a location does beyond the conditional PUT that all must have. */
export interface Abilities {
  /** An ETag in quotes is understood; else it is sent bare. */
  readonly quotedEtag: boolean;
  /** DELETE and DeleteObjects keep what has another ETag. */
  readonly conditionalDelete: boolean;
  /** PUT `If-Match` writes nothing where nothing is. Where it does, nothing may ever be removed. */
  readonly ifMatchNeedsObject: boolean;
}

const RUNS = 3;

/** The stored verdict, or a new one. @throws `NOT_SUPPORTED`, naming what the store does not honour. */
export async function abilitiesOf(bucket: Bucket, keys: Keys, call: BackendCall): Promise<Abilities> {
  const operation = new Operation(call.signal);
  const stored = await bucket.settled(operation, () => bucket.get(keys.verdict, operation));
  if (stored.kind === 'done') {
    const verdict = parse(stored.value.bytes);
    if (verdict !== undefined) return verdict;
  } else if (!isAbsent(stored)) {
    throw bucket.error(stored);
  }
  const verdict = await probe(bucket, keys, operation);
  const body = new TextEncoder().encode(JSON.stringify({ format: 1, ...verdict }));
  const written = await bucket.settled(operation, () => bucket.put(keys.verdict, body, undefined, operation));
  if (written.kind === 'refused') throw bucket.error(written);
  return verdict;
}

function parse(bytes: Uint8Array): Abilities | undefined {
  try {
    const { format, quotedEtag, conditionalDelete, ifMatchNeedsObject } = JSON.parse(
      new TextDecoder().decode(bytes),
    ) as Readonly<Record<string, unknown>>;
    const known =
      format === 1 && [quotedEtag, conditionalDelete, ifMatchNeedsObject].every((value) => typeof value === 'boolean');
    return known ? ({ quotedEtag, conditionalDelete, ifMatchNeedsObject } as Abilities) : undefined;
  } catch {
    return undefined;
  }
}

/** Some answer was lost, so that the next one may be about a copy of our own. */
class Disturbed extends Error {}

/** Tries the server out. @throws `NOT_SUPPORTED`, naming what it does not honour. */
export async function probe(bucket: Bucket, keys: Keys, operation: Operation): Promise<Abilities> {
  for (let run = 1; ; run++) {
    const key = keys.scratch(newNonce());
    try {
      return await tryOut(bucket, key, operation);
    } catch (error) {
      if (!(error instanceof Disturbed)) throw error;
      if (run === RUNS) throw error.cause;
      await operation.backoff(run);
    } finally {
      if (!operation.aborted)
        await bucket.settled(operation, () => bucket.delete(key, undefined, operation)).catch(() => undefined);
    }
  }
}

async function tryOut(bucket: Bucket, key: string, operation: Operation): Promise<Abilities> {
  const put = (body: string, condition: '*' | { readonly etag: string }): Promise<string | false | undefined> =>
    ask(bucket, operation, () => bucket.put(key, new TextEncoder().encode(body), condition, operation));

  const etag = await put('1', '*');
  if (etag === false) throw unsupported(bucket, 'PUT with If-None-Match: * (it refused to create)');
  if (etag === undefined) throw unsupported(bucket, 'the ETag of a PUT (it answered none)');
  if ((await put('2', '*')) !== false) throw unsupported(bucket, 'PUT with If-None-Match: * (it replaced an object)');

  // The form of an ETag that matches must be found before a mismatch means anything.
  bucket.quoted = true;
  let current = await put('3', { etag });
  if (current === false) {
    bucket.quoted = false;
    current = await put('3', { etag });
  }
  if (typeof current !== 'string') throw unsupported(bucket, 'PUT with If-Match (it refused the right ETag)');
  if ((await put('4', { etag })) !== false)
    throw unsupported(bucket, 'PUT with If-Match (it replaced an object of another ETag)');

  const remove = (match?: string): Promise<unknown> =>
    ask(bucket, operation, () => bucket.delete(key, match, operation));
  const batch = (match: string): Promise<unknown> =>
    ask(bucket, operation, async () => {
      const answer = await bucket.deleteBatch([{ key, etag: match }], operation);
      return answer.kind === 'done' && answer.value.length > 0
        ? { kind: 'refused', status: 412, code: '', error: undefined }
        : answer;
    });
  const conditionalDelete =
    (await remove(etag)) === false &&
    (await batch(etag)) === false &&
    (await batch(current)) !== false &&
    (await put('5', '*')) !== false;
  await remove();
  const ifMatchNeedsObject = (await put('6', { etag: current })) === false;
  return { quotedEtag: bucket.quoted, conditionalDelete, ifMatchNeedsObject };
}

/** What one request resolved with, or `false` where it was refused. Anything else tells nothing about the store. */
async function ask<T>(bucket: Bucket, operation: Operation, attempt: () => Promise<Answer<T>>): Promise<T | false> {
  for (let tries = 1; ; tries++) {
    const answer = await attempt();
    if (answer.kind === 'done') return answer.value;
    operation.signal?.throwIfAborted();
    if (statusOf(answer.error) === 501) return false;
    if (answer.kind !== 'refused') throw new Disturbed('', { cause: bucket.error(answer) });
    // Some stores take one write of a name per second; a conflict may be over, or be how a store refuses.
    if ([409, 429].includes(answer.status) && tries < TRIES)
      await operation.backoff(answer.status === 429 ? 4 + tries : tries);
    else if ([400, 404, 409, 412].includes(answer.status) && answer.code !== 'NoSuchBucket') return false;
    else throw bucket.error(answer);
  }
}

function unsupported(bucket: Bucket, what: string): StateStoreError {
  return new StateStoreError(
    'NOT_SUPPORTED',
    `s3: the store of bucket ${bucket.name} does not honour ${what}, so it cannot keep workflow state safely`,
    {
      recoveryHints: [
        'use a store with conditional writes: AWS S3, Ceph, MinIO, Cloudflare R2; the README has a table',
      ],
    },
  );
}
