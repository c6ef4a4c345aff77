// The five requests of the protocol, one attempt at a time, with an honest account of how each attempt ended.
//
// Must stay true:
// - One call sends at most one copy. The SDK's own retries would hide whether an earlier copy was applied, and would
//   turn our own success into a 412. They are suppressed for every client, also for one that was passed in, by a
//   middleware of the command: it hands failures up in a form that no retry strategy recognises, and refuses a second
//   attempt if one is made nevertheless.
// - The deadline is checked in that same middleware: after signing, directly before the request is sent.
// - Every attempt ends in time, whatever the client's own time-outs are, reading the body included.
// - `doubt` unless the answer is definite: 200, or 3xx and 4xx except 408.

import {
  type $Command,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
  type S3ClientResolvedConfig,
  type ServiceInputTypes,
  type ServiceOutputTypes,
} from '@aws-sdk/client-s3';
import { DeadlinePassed, type Operation } from './deadline.js';
import { codeOf, neverConnected, sdkError, statusOf, storeError } from './s3-errors.js';

export interface Done<T> {
  readonly kind: 'done';
  readonly value: T;
  /** The server's clock at the answer, epoch milliseconds. */
  readonly date: number | undefined;
}

/** Answered definitely: this copy was not and will not be applied. */
export interface Refused {
  readonly kind: 'refused';
  readonly status: number;
  readonly code: string;
  readonly error: unknown;
}

/** `unsent`: no byte has left. `doubt`: may have been applied, may be applied later, or never. */
export interface Failed {
  readonly kind: 'unsent' | 'doubt';
  readonly error: unknown;
}

export type Answer<T> = Done<T> | Refused | Failed;

export interface Found {
  readonly bytes: Uint8Array;
  readonly etag: string | undefined;
}

/** One row of a listing. */
export interface Listed {
  /** Without what was asked for in front. */
  readonly name: string;
  readonly size: number;
  readonly etag: string | undefined;
  /** Server's clock, epoch milliseconds. */
  readonly modified: number;
}

export interface Page {
  readonly rows: readonly Listed[];
  readonly more: boolean;
  readonly date: number | undefined;
}

/** `*`: nothing is stored under that key. Otherwise the ETag of what is. */
export type Condition = '*' | { readonly etag: string };

export interface KeyFailure {
  readonly key: string;
  readonly code: string;
  readonly message: string;
}

/** How often a request that may safely be repeated is sent, and a conditional one offered again. */
export const TRIES = 5;

const EMPTY = new Uint8Array();

type Command<I extends ServiceInputTypes, O extends ServiceOutputTypes> = $Command<
  I,
  O,
  S3ClientResolvedConfig,
  ServiceInputTypes,
  ServiceOutputTypes
>;

export class Bucket {
  readonly client: S3Client;
  readonly name: string;
  /** Whether an ETag is sent in quotes, as HTTP has it, or bare, as Ceph before 20 wants it. */
  quoted = true;
  readonly #timeout: number;

  constructor(client: S3Client, name: string, timeout: number) {
    this.client = client;
    this.name = name;
    this.#timeout = timeout;
  }

  /** The whole object, or its first `length` bytes. */
  get(key: string, operation: Operation, length?: number): Promise<Answer<Found>> {
    const range = length === undefined ? {} : { Range: `bytes=0-${length - 1}` };
    const command = new GetObjectCommand({ Bucket: this.name, Key: key, ...range });
    return this.#attempt(command, operation, async ({ Body, ETag }) => ({
      bytes: owned((await Body?.transformToByteArray()) ?? EMPTY),
      etag: bare(ETag),
    }));
  }

  /** Resolves with the new ETag. */
  put(
    key: string,
    body: Uint8Array,
    condition: Condition | undefined,
    operation: Operation,
  ): Promise<Answer<string | undefined>> {
    const input: PutObjectCommandInput = { Bucket: this.name, Key: key, Body: body };
    if (condition === '*') input.IfNoneMatch = '*';
    else if (condition !== undefined) input.IfMatch = this.#etag(condition.etag);
    return this.#attempt(new PutObjectCommand(input), operation, ({ ETag }) => bare(ETag));
  }

  delete(key: string, etag: string | undefined, operation: Operation): Promise<Answer<void>> {
    const condition = etag === undefined ? {} : { IfMatch: this.#etag(etag) };
    return this.#attempt(
      new DeleteObjectCommand({ Bucket: this.name, Key: key, ...condition }),
      operation,
      () => undefined,
    );
  }

  /** At most 1000 keys. Resolves with those that were not deleted: an answer of 200 may hold any number of them. */
  deleteBatch(
    keys: readonly { readonly key: string; readonly etag?: string | undefined }[],
    operation: Operation,
  ): Promise<Answer<KeyFailure[]>> {
    const Objects = keys.map(({ key, etag }) => ({ Key: key, ...(etag !== undefined && { ETag: this.#etag(etag) }) }));
    const command = new DeleteObjectsCommand({ Bucket: this.name, Delete: { Objects, Quiet: true } });
    return this.#attempt(command, operation, ({ Errors = [] }) =>
      Errors.map(({ Key = '', Code = '', Message = '' }) => ({ key: Key, code: Code, message: Message })),
    );
  }

  /** One page of the names that begin with `prefix`, ascending, those up to and including `after` left out. */
  list(prefix: string, after: string | undefined, most: number, operation: Operation): Promise<Answer<Page>> {
    const start = after === undefined ? {} : { StartAfter: after };
    const command = new ListObjectsV2Command({ Bucket: this.name, Prefix: prefix, MaxKeys: most, ...start });
    return this.#attempt(command, operation, ({ Contents = [], IsTruncated = false }, date) => ({
      rows: Contents.map(({ Key = '', Size = 0, ETag, LastModified }) => ({
        name: Key.slice(prefix.length),
        size: Size,
        etag: bare(ETag),
        modified: LastModified?.getTime() ?? Infinity,
      })),
      more: IsTruncated,
      date,
    }));
  }

  /** Repeats a request that does no harm when it is applied twice or late, until it is answered definitely. */
  async settled<T>(
    operation: Operation,
    attempt: () => Promise<Answer<T>>,
    tries: number = TRIES,
  ): Promise<Done<T> | Refused> {
    for (let count = 1; ; count++) {
      const answer = await attempt();
      if (answer.kind === 'done') return answer;
      operation.signal?.throwIfAborted();
      if (!isPassing(answer) || count >= tries) {
        if (answer.kind === 'refused') return answer;
        throw this.error(answer);
      }
      await operation.backoff(count);
    }
  }

  error(answer: Refused | Failed): Error {
    return storeError(answer.error, this.name);
  }

  #etag(etag: string): string {
    return this.quoted ? `"${etag}"` : etag;
  }

  async #attempt<I extends ServiceInputTypes, O extends ServiceOutputTypes, T>(
    command: Command<I, O>,
    operation: Operation,
    finish: (output: O, date: number | undefined) => T | Promise<T>,
  ): Promise<Answer<T>> {
    const { signal } = operation;
    let open = false;
    let sent = false;
    let date: number | undefined;
    command.middlewareStack.add(
      (next) => async (args) => {
        if (open) throw new Error('a second copy of a request whose first is still open was not sent');
        if (operation.overdue) throw new DeadlinePassed();
        open = sent = true;
        try {
          const result = await next(args);
          date = dateOf(result.response);
          return result;
        } catch (error) {
          open = !isDefinite(statusOf(error));
          throw new AttemptFailed(error);
        }
      },
      { step: 'deserialize', priority: 'high', name: 'workflowStateAttempt' },
    );
    const giveUp = new AbortController();
    const onAbort = (): void => giveUp.abort(signal?.reason);
    const timer = setTimeout(() => giveUp.abort(), this.#timeout);
    signal?.addEventListener('abort', onAbort);
    try {
      signal?.throwIfAborted();
      const output = await this.client.send(command, { abortSignal: giveUp.signal });
      return { kind: 'done', value: await finish(output, date), date };
    } catch (thrown) {
      const error = thrown instanceof AttemptFailed ? thrown.failure : thrown;
      const status = statusOf(error);
      // An SDK that has made several attempts tells of the last one only.
      if (isDefinite(status) && (sdkError(error).$metadata?.attempts ?? 1) <= 1)
        return { kind: 'refused', status, code: codeOf(error), error };
      return { kind: sent && !neverConnected(error) ? 'doubt' : 'unsent', error };
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }
}

/** Whether the same request may fare better in a moment. */
export function isPassing(answer: Refused | Failed): boolean {
  if (answer.kind === 'refused')
    return answer.status === 409 || answer.status === 429 || answer.code === 'RequestTimeTooSkewed';
  return answer.kind === 'doubt' || neverConnected(answer.error);
}

/** Whether what was asked for is proved not to be there. Anything else that is answered 404 is not "absent". */
export function isAbsent(answer: Refused): boolean {
  return answer.status === 404 && answer.code === 'NoSuchKey';
}

function isDefinite(status: number | undefined): status is number {
  return status !== undefined && status >= 300 && status < 500 && status !== 408;
}

/** One form of ETag everywhere, so that what a save returned equals what a load finds. */
function bare(etag: string | undefined): string | undefined {
  return etag?.replace(/^W\//, '').replace(/^"(.*)"$/, '$1');
}

function dateOf(response: unknown): number | undefined {
  const { headers } = response as { readonly headers?: Readonly<Record<string, string>> };
  const date = Date.parse(headers?.['date'] ?? '');
  return Number.isNaN(date) ? undefined : date;
}

/** Small bodies come on a buffer that Node.js shares among many. */
function owned(bytes: Uint8Array): Uint8Array {
  return bytes.length === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}

/** Hides a failure from the SDK's retries. Keeps the response, from which the SDK learns that the clock is wrong. */
class AttemptFailed extends Error {
  override readonly name = 'AttemptFailed';
  readonly failure: unknown;
  readonly $response: unknown;

  constructor(failure: unknown) {
    super('the attempt failed');
    this.failure = failure;
    this.$response = sdkError(failure).$response;
  }
}
