// Whether a bucket offers what the protocol rests on, tried out on names of its own, which it removes. The server is
// tried anew, whatever verdict is stored: that one may be older than the server.

import { type BackendCall, type Diagnosis, isStateStoreError, newNonce } from '@workflow-state/core/backend';
import type { Answer } from './bucket.js';
import type { Place } from './conditional-put.js';
import { Operation } from './deadline.js';
import { type Abilities, probe } from './probe.js';

/** Servers refuse a signature some 15 minutes away from their own time. */
const CLOCK_TOLERANCE = 60_000;

/** As `StateBackend.diagnose`. */
export async function* diagnose(
  place: Place,
  options: { readonly reclaim: 'keep' | 'condemn' },
  call: BackendCall,
): AsyncGenerator<Diagnosis> {
  const { bucket, keys } = place;
  const operation = new Operation(call.signal);
  const key = keys.scratch(newNonce());
  const body = new TextEncoder().encode(key);
  let date: number | undefined;
  let before = Date.now();
  let isAllowed = true;
  const tries: readonly (readonly [what: string, attempt: () => Promise<Answer<unknown>>])[] = [
    ['write', () => bucket.put(key, body, undefined, operation)],
    ['read', () => bucket.get(key, operation)],
    ['list', () => bucket.list(keys.root, undefined, 1, operation)],
    ['delete', () => bucket.delete(key, undefined, operation)],
  ];
  for (const [what, attempt] of tries) {
    const began = Date.now();
    const answer = await settled(place, operation, attempt);
    if (answer instanceof Error) {
      isAllowed = false;
      yield broken(what, answer);
    } else if (answer.date !== undefined) [date, before] = [answer.date, began];
  }
  if (isAllowed)
    yield {
      what: 'rights',
      verdict: 'ok',
      found: `write, read, list and delete under ${keys.root || 'the whole bucket'}`,
    };
  yield clock(date, before, Date.now());
  if (!isAllowed) return;
  try {
    yield* conditions(await probe(bucket, keys, operation), options);
  } catch (error) {
    call.signal?.throwIfAborted();
    yield broken('conditional writes', error);
  }
}

async function settled(
  { bucket }: Place,
  operation: Operation,
  attempt: () => Promise<Answer<unknown>>,
): Promise<{ readonly date: number | undefined } | Error> {
  try {
    const answer = await bucket.settled(operation, attempt, 2);
    return answer.kind === 'done' ? answer : bucket.error(answer);
  } catch (error) {
    operation.signal?.throwIfAborted();
    return error instanceof Error ? error : new Error(String(error));
  }
}

function broken(what: string, error: unknown): Diagnosis {
  const [remedy = 'look up the answer in the documentation of the store'] = isStateStoreError(error)
    ? error.recoveryHints
    : [];
  return { what, verdict: 'broken', found: error instanceof Error ? error.message : String(error), remedy };
}

function* conditions(
  { conditionalDelete, ifMatchNeedsObject }: Abilities,
  { reclaim }: { readonly reclaim: 'keep' | 'condemn' },
): Generator<Diagnosis> {
  yield { what: 'conditional writes', verdict: 'ok', found: 'If-Match and If-None-Match decide who wins' };
  const what = 'tombstones';
  if (!ifMatchNeedsObject) {
    yield {
      what,
      verdict: 'doubtful',
      found: 'If-Match on a missing object is carried out, so the tombstones of deleted instances stay for ever',
      remedy: 'use a newer server, and delete probe/1 under the prefix',
    };
  } else if (conditionalDelete || reclaim === 'condemn') {
    yield { what, verdict: 'ok', found: 'cleanup removes them once their grace is over' };
  } else {
    yield {
      what,
      verdict: 'doubtful',
      found: 'conditions on DELETE are ignored, so the tombstones of deleted instances stay for ever',
      remedy: "add reclaim=condemn to the URL (or reclaim: 'condemn') to have cleanup remove them",
    };
  }
}

/** The Date of an answer has whole seconds. */
function clock(date: number | undefined, before: number, after: number): Diagnosis {
  const what = 'clock';
  if (date === undefined)
    return {
      what,
      verdict: 'doubtful',
      found: 'the store does not tell its time',
      remedy: 'compare the clocks by hand',
    };
  const off = date + 1000 < before ? date - before : Math.max(0, date - after);
  const seconds = Math.round(Math.abs(off) / 1000);
  if (Math.abs(off) <= CLOCK_TOLERANCE)
    return { what, verdict: 'ok', found: `${seconds === 0 ? 'less than a second' : `${seconds} s`} from the store's` };
  return {
    what,
    verdict: 'doubtful',
    found: `this machine is ${seconds} s ${off < 0 ? 'ahead of' : 'behind'} the store`,
    remedy: 'synchronise this machine: the store refuses signatures that are 15 minutes off',
  };
}
