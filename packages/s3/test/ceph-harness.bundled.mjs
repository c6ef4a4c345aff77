var __defProp = Object.defineProperty;
var __getOwnPropNames = Object.getOwnPropertyNames;
var __esm = (fn, res, err) =>
  function __init() {
    if (err) throw err[0];
    try {
      return (fn && (res = (0, fn[__getOwnPropNames(fn)[0]])((fn = 0))), res);
    } catch (e) {
      throw ((err = [e]), e);
    }
  };
var __export = (target, all) => {
  for (var name in all) __defProp(target, name, { get: all[name], enumerable: true });
};

// packages/s3/src/deadline.ts
var LIMIT, DeadlinePassed, Operation;
var init_deadline = __esm({
  'packages/s3/src/deadline.ts'() {
    'use strict';
    LIMIT = 15 * 6e4;
    DeadlinePassed = class extends Error {
      name = 'DeadlinePassed';
      constructor() {
        super('the operation is older than 15 minutes; nothing more of it may be sent');
      }
    };
    Operation = class {
      signal;
      #wall = Date.now();
      #monotonic = performance.now();
      constructor(signal) {
        this.signal = signal;
      }
      /** Whether the caller has given up. */
      get aborted() {
        return this.signal?.aborted === true;
      }
      get overdue() {
        return Date.now() - this.#wall >= LIMIT || performance.now() - this.#monotonic >= LIMIT;
      }
      /** Waits up to `50 · 2^attempt` ms, at most 2 s, with full jitter. @throws the signal's reason. */
      async backoff(attempt) {
        const { signal } = this;
        await new Promise((resolve) => {
          const timer = setTimeout(done, Math.random() * Math.min(2e3, 50 * 2 ** attempt));
          signal?.addEventListener('abort', done);
          function done() {
            clearTimeout(timer);
            signal?.removeEventListener('abort', done);
            resolve();
          }
        });
        signal?.throwIfAborted();
      }
    };
  },
});

// packages/s3/src/s3-errors.ts
import { StateStoreError } from '@workflow-state/core/backend';
function sdkError(error) {
  return typeof error === 'object' && error !== null ? error : {};
}
function statusOf(error) {
  const { $metadata, $response } = sdkError(error);
  return $metadata?.httpStatusCode ?? $response?.statusCode;
}
function codeOf(error) {
  const { name = '', code, Code } = sdkError(error);
  return code ?? Code ?? name;
}
function neverConnected(error) {
  return ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN'].includes(codeOf(error));
}
function storeError(error, bucket) {
  const { message = '', $response } = sdkError(error);
  const status = statusOf(error);
  const code = codeOf(error);
  const [what, retryable, ...recoveryHints] = explain(
    status,
    code,
    bucket,
    $response?.headers?.['x-amz-bucket-region'],
  );
  const said = [status, code, message === code ? '' : message].filter(Boolean).join(' ');
  return new StateStoreError('STORAGE_ERROR', `s3: ${what} (${said})`, { cause: error, retryable, recoveryHints });
}
function explain(status, code, bucket, region) {
  if (/Expired|TokenRefreshRequired|InvalidToken/.test(code)) {
    return [
      'the credentials have expired',
      true,
      'let the SDK renew them: pass a credential provider instead of fixed keys',
    ];
  }
  if (/Skewed/.test(code))
    return ["this machine's clock is wrong", true, 'set the clock: the store refuses signatures of another time'];
  if (/Credentials/.test(code)) {
    return [
      'no credentials were found',
      false,
      'give the process a role, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
    ];
  }
  if (status === 301 || status === 307 || /Malformed|WrongRegion/.test(code)) {
    return [
      `bucket ${bucket} is in another region`,
      false,
      region === void 0 ? 'set region to that of the bucket' : `set region to ${region}`,
    ];
  }
  switch (status) {
    case 401:
    case 403:
      return [
        `access to bucket ${bucket} was denied`,
        false,
        'allow s3:GetObject, s3:PutObject and s3:DeleteObject on the prefix, and s3:ListBucket on the bucket',
        'without s3:ListBucket an absent object is answered as denied',
      ];
    case 404:
      return code === 'NoSuchBucket'
        ? [`there is no bucket ${bucket}`, false, 'create the bucket, or correct its name, the endpoint or the region']
        : ['the store answered 404 without naming what is missing', false, 'is the endpoint that of an S3 store?'];
    case 429:
    case 503:
      return ['the store asks to slow down', true, 'spread the load, or try again later'];
    case 501:
      return ['the store does not implement what was asked', false, 'use a store with conditional writes'];
    case void 0:
      return code === 'DeadlinePassed'
        ? ['the request was given up', true]
        : ['the store was not reached, or did not answer in time', true, 'check the endpoint and the network'];
    default:
      return ['the request failed', status >= 500 || status === 409 || status === 408];
  }
}
var init_s3_errors = __esm({
  'packages/s3/src/s3-errors.ts'() {
    'use strict';
  },
});

// packages/s3/src/bucket.ts
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
function isPassing(answer) {
  if (answer.kind === 'refused')
    return answer.status === 409 || answer.status === 429 || answer.code === 'RequestTimeTooSkewed';
  return answer.kind === 'doubt' || neverConnected(answer.error);
}
function isAbsent(answer) {
  return answer.status === 404 && answer.code === 'NoSuchKey';
}
function isDefinite(status) {
  return status !== void 0 && status >= 300 && status < 500 && status !== 408;
}
function bare(etag) {
  return etag?.replace(/^W\//, '').replace(/^"(.*)"$/, '$1');
}
function dateOf(response) {
  const { headers } = response;
  const date = Date.parse(headers?.['date'] ?? '');
  return Number.isNaN(date) ? void 0 : date;
}
function owned(bytes) {
  return bytes.length === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}
var TRIES, EMPTY, Bucket, AttemptFailed;
var init_bucket = __esm({
  'packages/s3/src/bucket.ts'() {
    'use strict';
    init_deadline();
    init_s3_errors();
    TRIES = 5;
    EMPTY = new Uint8Array();
    Bucket = class {
      client;
      name;
      /** Whether an ETag is sent in quotes, as HTTP has it, or bare, as Ceph before 20 wants it. */
      quoted = true;
      #timeout;
      constructor(client, name, timeout) {
        this.client = client;
        this.name = name;
        this.#timeout = timeout;
      }
      /** The whole object, or its first `length` bytes. */
      get(key, operation, length) {
        const range = length === void 0 ? {} : { Range: `bytes=0-${length - 1}` };
        const command = new GetObjectCommand({ Bucket: this.name, Key: key, ...range });
        return this.#attempt(command, operation, async ({ Body, ETag }) => ({
          bytes: owned((await Body?.transformToByteArray()) ?? EMPTY),
          etag: bare(ETag),
        }));
      }
      /** Resolves with the new ETag. */
      put(key, body, condition, operation) {
        const input = { Bucket: this.name, Key: key, Body: body };
        if (condition === '*') input.IfNoneMatch = '*';
        else if (condition !== void 0) input.IfMatch = this.#etag(condition.etag);
        return this.#attempt(new PutObjectCommand(input), operation, ({ ETag }) => bare(ETag));
      }
      delete(key, etag, operation) {
        const condition = etag === void 0 ? {} : { IfMatch: this.#etag(etag) };
        return this.#attempt(
          new DeleteObjectCommand({ Bucket: this.name, Key: key, ...condition }),
          operation,
          () => void 0,
        );
      }
      /** At most 1000 keys. Resolves with those that were not deleted: an answer of 200 may hold any number of them. */
      deleteBatch(keys, operation) {
        const Objects = keys.map(({ key, etag }) => ({ Key: key, ...(etag !== void 0 && { ETag: this.#etag(etag) }) }));
        const command = new DeleteObjectsCommand({ Bucket: this.name, Delete: { Objects, Quiet: true } });
        return this.#attempt(command, operation, ({ Errors = [] }) =>
          Errors.map(({ Key = '', Code = '', Message = '' }) => ({ key: Key, code: Code, message: Message })),
        );
      }
      /** One page of the names that begin with `prefix`, ascending, those up to and including `after` left out. */
      list(prefix, after, most, operation) {
        const start = after === void 0 ? {} : { StartAfter: after };
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
      async settled(operation, attempt, tries = TRIES) {
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
      error(answer) {
        return storeError(answer.error, this.name);
      }
      #etag(etag) {
        return this.quoted ? `"${etag}"` : etag;
      }
      async #attempt(command, operation, finish) {
        const { signal } = operation;
        let open = false;
        let sent = false;
        let date;
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
        const onAbort = () => giveUp.abort(signal?.reason);
        const timer = setTimeout(() => giveUp.abort(), this.#timeout);
        signal?.addEventListener('abort', onAbort);
        try {
          signal?.throwIfAborted();
          const output = await this.client.send(command, { abortSignal: giveUp.signal });
          return { kind: 'done', value: await finish(output, date), date };
        } catch (thrown) {
          const error = thrown instanceof AttemptFailed ? thrown.failure : thrown;
          const status = statusOf(error);
          if (isDefinite(status) && (sdkError(error).$metadata?.attempts ?? 1) <= 1)
            return { kind: 'refused', status, code: codeOf(error), error };
          return { kind: sent && !neverConnected(error) ? 'doubt' : 'unsent', error };
        } finally {
          clearTimeout(timer);
          signal?.removeEventListener('abort', onAbort);
        }
      }
    };
    AttemptFailed = class extends Error {
      name = 'AttemptFailed';
      failure;
      $response;
      constructor(failure) {
        super('the attempt failed');
        this.failure = failure;
        this.$response = sdkError(failure).$response;
      }
    };
  },
});

// packages/s3/src/read-back.ts
function judge(record, base, found, doubt) {
  const { nonce, version, incarnation, entered, status } = record.revision;
  const damaged = base !== void 0 && 'damaged' in base;
  const create = base === void 0 || damaged || nonce === incarnation;
  const lost = doubt === false ? 'lost' : 'unknown';
  if (found === void 0) return !create || damaged ? 'lost' : base === void 0 ? 'unchanged' : 'restart';
  const { header, etag } = found;
  if (damaged && etag !== void 0 && etag === base.hint) return 'unchanged';
  if (header === void 0) return lost;
  if (header.nonce === nonce) return 'written';
  if (header.parent === nonce || header.incarnation === nonce) return 'superseded';
  if (status !== 'tombstone' && entered.nonce === nonce && header.entered?.nonce === nonce) return 'superseded';
  if (damaged) return lost;
  if (header.nonce === base?.nonce) return 'unchanged';
  if (!create) {
    if (header.incarnation !== incarnation) return header.first ? 'lost' : lost;
    return header.version === version || header.version === version + 1 ? 'lost' : lost;
  }
  const replaced = base !== void 0 && header.parent === base.nonce && doubt !== 'on another base';
  const open = doubt !== false && !replaced;
  if (open && !header.first) return 'unknown';
  switch (header.kind) {
    case 'live':
      return 'lost';
    case 'tombstone':
      return 'continue';
    case 'condemned':
      return open ? 'unknown' : 'busy';
  }
}
var init_read_back = __esm({
  'packages/s3/src/read-back.ts'() {
    'use strict';
  },
});

// packages/s3/src/status-index.ts
function markerOf(keys, { id, revision }, base) {
  const { status, entered } = revision;
  return status === 'tombstone' || entryOf(base) === entered.nonce ? void 0 : keys.marker(id, status, entered);
}
function markerReplaced(keys, { id, revision }, base) {
  if (base === void 0 || 'damaged' in base || base.status === 'tombstone') return void 0;
  const kept = revision.status !== 'tombstone' && entryOf(base) === revision.entered.nonce;
  return kept ? void 0 : keys.marker(id, base.status, base.entered);
}
function entryOf(base) {
  return base === void 0 || 'damaged' in base || base.status === 'tombstone' ? void 0 : base.entered.nonce;
}
function putMarker(bucket, key, operation) {
  return bucket.settled(operation, () => bucket.put(key, EMPTY2, void 0, operation));
}
async function removeMarker(bucket, key, operation) {
  if (key === void 0 || operation.aborted) return;
  await bucket.settled(operation, () => bucket.delete(key, void 0, operation), 2).catch(() => void 0);
}
var EMPTY2;
var init_status_index = __esm({
  'packages/s3/src/status-index.ts'() {
    'use strict';
    EMPTY2 = new Uint8Array();
  },
});

// packages/s3/src/conditional-put.ts
import {
  EnvelopeError,
  HEADER_BYTES,
  NotApplied,
  readHeader,
  RevisionConflict,
  revisionOfHeader,
  StateStoreError as StateStoreError2,
} from '@workflow-state/core/backend';
async function look({ bucket, keys }, id, operation, length) {
  const answer = await bucket.settled(operation, () => bucket.get(keys.instance(id), operation, length));
  if (answer.kind === 'done') return answer.value;
  if (isAbsent(answer)) return void 0;
  if (answer.status === 416) return { bytes: new Uint8Array(), etag: void 0 };
  throw bucket.error(answer);
}
async function standing(place, id, operation) {
  const found = await look(place, id, operation, HEADER_BYTES);
  if (found === void 0) return void 0;
  const { bytes, etag } = found;
  try {
    const header = readHeader(bytes);
    return { etag, header: header.id === id ? header : void 0 };
  } catch (error) {
    if (error instanceof EnvelopeError) return { etag, header: void 0 };
    throw error;
  }
}
async function writeRecord(place, record, expected, call) {
  const operation = new Operation(call.signal);
  const condition = await conditionOn(place, record.id, expected, operation);
  const marker = markerOf(place.keys, record, expected);
  if (marker !== void 0) await announce(place, marker, operation);
  const own = record.revision.entered.nonce === record.revision.nonce ? marker : void 0;
  const attempt = new ConditionalPut(place, record, expected, condition, own, operation);
  const revision = await attempt.run();
  await removeMarker(place.bucket, markerReplaced(place.keys, record, expected), operation);
  return record.onto === void 0 ? revision.hint : revision;
}
async function conditionOn(place, id, expected, operation) {
  if (expected === void 0) return '*';
  if (expected.hint !== void 0) return { etag: expected.hint };
  const found = await standing(place, id, operation).catch((error) => {
    throw new NotApplied(error);
  });
  if (found?.etag === void 0 || 'damaged' in expected || found.header?.nonce !== expected.nonce)
    throw new RevisionConflict();
  return { etag: found.etag };
}
async function announce({ bucket }, marker, operation) {
  let answer;
  try {
    answer = await putMarker(bucket, marker, operation);
  } catch (error) {
    throw new NotApplied(error);
  }
  if (answer.kind !== 'done') throw new NotApplied(bucket.error(answer));
}
function isCondition(answer) {
  return answer.kind === 'refused' && ([409, 412].includes(answer.status) || isAbsent(answer));
}
function busy(id) {
  return new StateStoreError2(
    'STORAGE_ERROR',
    `${id} was not created: a deleted one of that name is just being removed`,
    {
      instanceId: id,
      retryable: true,
    },
  );
}
var ConditionalPut;
var init_conditional_put = __esm({
  'packages/s3/src/conditional-put.ts'() {
    'use strict';
    init_bucket();
    init_deadline();
    init_read_back();
    init_status_index();
    ConditionalPut = class {
      #place;
      #marker;
      #operation;
      #record;
      #base;
      #condition;
      /** Whether any copy has left this process. */
      #sent = false;
      /** Whether any copy was left without a definite answer. */
      #doubt = false;
      constructor(place, record, base, condition, marker, operation) {
        this.#place = place;
        this.#record = record;
        this.#base = base;
        this.#condition = condition;
        this.#marker = marker;
        this.#operation = operation;
      }
      /** Resolves with the revision that took effect, without a hint where it was superseded meanwhile. */
      async run() {
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
              return this.#written(void 0, found?.header);
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
              this.#goOn(verdict === 'restart' ? void 0 : found, last, answer);
              break;
            default:
              throw verdict;
          }
        }
      }
      /** The same create on another base. Nobody's turn to give way: what was met did not come in between. */
      #goOn(found, last, answer) {
        const { onto } = this.#record;
        if (last) throw this.#unknown(this.#place.bucket.error(answer));
        if (onto === void 0 || (found !== void 0 && (found.header === void 0 || found.etag === void 0))) {
          throw this.#doubt ? this.#unknown(this.#place.bucket.error(answer)) : new RevisionConflict();
        }
        if (this.#doubt !== false) this.#doubt = 'on another base';
        this.#base = found?.header && revisionOfHeader(found.header, found.etag);
        this.#condition = found?.etag === void 0 ? '*' : { etag: found.etag };
        this.#record = { ...onto(this.#base), onto };
      }
      async #readBack() {
        try {
          return await standing(this.#place, this.#record.id, this.#operation);
        } catch (error) {
          throw this.#operation.aborted ? error : this.#unknown(error);
        }
      }
      async #pause(tries) {
        try {
          await this.#operation.backoff(tries);
        } catch (reason) {
          throw this.#sent ? reason : new NotApplied(reason);
        }
      }
      #written(etag, found) {
        const { hint: _, ...revision } = this.#record.revision;
        const first = found?.incarnation === revision.incarnation ? found.first : revision.first;
        return { ...revision, first, ...(etag !== void 0 && { hint: etag }) };
      }
      /** Proved: no copy was applied or will be, so no object will ever name the marker. */
      async #notApplied(error) {
        await removeMarker(this.#place.bucket, this.#marker, this.#operation);
        return new NotApplied(error);
      }
      #unknown(cause) {
        const { id, revision } = this.#record;
        const what = revision.status === 'tombstone' ? 'delete' : `save of version ${revision.version}`;
        const why = cause instanceof Error ? cause.message : String(cause);
        return new StateStoreError2(
          'OUTCOME_UNKNOWN',
          `whether the ${what} of ${id} was written is not known: ${why}`,
          {
            cause,
            instanceId: id,
            recoveryHints: ['load the instance to see which state it is in, and go on from there'],
          },
        );
      }
    };
  },
});

// packages/s3/src/keys.ts
import { HEADER_BYTES as HEADER_BYTES2, StateStoreError as StateStoreError3 } from '@workflow-state/core/backend';
function keysUnder(prefix) {
  const path = prefix.replace(/\/$/, '');
  if (
    path !== '' &&
    (!/^[\w!.*'()=-]+(?:\/[\w!.*'()=-]+)*$/.test(path) || /(?:^|\/)\.\.?(?:\/|$)/.test(path) || path.length > 700)
  ) {
    throw new StateStoreError3(
      'INVALID_ARGUMENT',
      `prefix: ${JSON.stringify(prefix.slice(0, 100))} is not a path of plain names`,
      {
        recoveryHints: [
          "write names of letters, digits and !-_.*'()= with single slashes between them, such as team/workflows",
        ],
      },
    );
  }
  const root = path === '' ? '' : `${path}/`;
  const markers = (kind) => `${root}status/${kind}/`;
  return {
    root,
    verdict: `${root}probe/1`,
    instances: `${root}instances/`,
    instance: (id) => `${root}instances/${id}`,
    markers,
    marker: (id, kind, { version, nonce, at }) =>
      `${markers(kind)}${id}.${version.toString(16).padStart(8, '0')}.${nonce}.${at}`,
    scratch: (nonce) => `${root}probe/${nonce}`,
  };
}
function idOfInstance(name) {
  return /^[0-9a-f]{32}$/.test(name) ? name : void 0;
}
function readMarker(name) {
  const match = /^([0-9a-f]{32})\.([0-9a-f]{8})\.([0-9a-f]{16})\.(-?\d{1,16})$/.exec(name);
  if (match === null) return void 0;
  const [, id, version = '', nonce = '', since] = match;
  return { id, version: Number.parseInt(version, 16), nonce, since: Number(since) };
}
var TOMBSTONE_BYTES;
var init_keys = __esm({
  'packages/s3/src/keys.ts'() {
    'use strict';
    TOMBSTONE_BYTES = HEADER_BYTES2;
  },
});

// packages/s3/src/scan.ts
import { StateStoreError as StateStoreError4 } from '@workflow-state/core/backend';
async function* listNames(bucket, prefix, call, after, most = PAGE) {
  let last = after;
  for (let size = Math.min(most, PAGE); ; size = PAGE) {
    const operation = new Operation(call.signal);
    const start = last === void 0 ? void 0 : prefix + last;
    const answer = await bucket.settled(operation, () => bucket.list(prefix, start, size, operation));
    if (answer.kind === 'refused') throw bucket.error(answer);
    const { rows, more, date } = answer.value;
    for (const { name } of rows) {
      if (last !== void 0 && name <= last) throw disorder(bucket);
      last = name;
    }
    if (more && rows.length === 0) throw disorder(bucket);
    yield { rows, date };
    if (!more) return;
  }
}
async function* scan({ bucket, keys }, { status, after, limit }, call) {
  if (status === void 0) {
    for await (const { rows } of listNames(bucket, keys.instances, call, after, limit)) {
      yield rows.flatMap(({ name, size }) => {
        const id = idOfInstance(name);
        return id === void 0 || size === TOMBSTONE_BYTES ? [] : [{ id }];
      });
    }
    return;
  }
  let previous;
  for await (const { rows } of listNames(bucket, keys.markers(status), call, after && `${after}/`, limit)) {
    const batch = [];
    for (const { name } of rows) {
      const marker = readMarker(name);
      if (marker === void 0 || marker.id === previous) continue;
      previous = marker.id;
      batch.push({ id: marker.id, status, statusSince: marker.since });
    }
    yield batch;
  }
}
function disorder(bucket) {
  return new StateStoreError4('NOT_SUPPORTED', `s3: bucket ${bucket.name} does not list names in ascending order`, {
    recoveryHints: ['use a general-purpose bucket: directory buckets list in no order'],
  });
}
var PAGE;
var init_scan = __esm({
  'packages/s3/src/scan.ts'() {
    'use strict';
    init_deadline();
    init_keys();
    PAGE = 1e3;
  },
});

// packages/s3/src/probe.ts
var probe_exports = {};
__export(probe_exports, {
  abilitiesOf: () => abilitiesOf,
  probe: () => probe,
});
import { newNonce, StateStoreError as StateStoreError5 } from '@workflow-state/core/backend';
async function abilitiesOf(bucket, keys, call) {
  const operation = new Operation(call.signal);
  const stored = await bucket.settled(operation, () => bucket.get(keys.verdict, operation));
  if (stored.kind === 'done') {
    const verdict2 = parse(stored.value.bytes);
    if (verdict2 !== void 0) return verdict2;
  } else if (!isAbsent(stored)) {
    throw bucket.error(stored);
  }
  const verdict = await probe(bucket, keys, operation);
  const body = new TextEncoder().encode(JSON.stringify({ format: 1, ...verdict }));
  const written = await bucket.settled(operation, () => bucket.put(keys.verdict, body, void 0, operation));
  if (written.kind === 'refused') throw bucket.error(written);
  return verdict;
}
function parse(bytes) {
  try {
    const { format, quotedEtag, conditionalDelete, ifMatchNeedsObject } = JSON.parse(new TextDecoder().decode(bytes));
    const known =
      format === 1 && [quotedEtag, conditionalDelete, ifMatchNeedsObject].every((value) => typeof value === 'boolean');
    return known ? { quotedEtag, conditionalDelete, ifMatchNeedsObject } : void 0;
  } catch {
    return void 0;
  }
}
async function probe(bucket, keys, operation) {
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
        await bucket.settled(operation, () => bucket.delete(key, void 0, operation)).catch(() => void 0);
    }
  }
}
async function tryOut(bucket, key, operation) {
  const put = (body, condition) =>
    ask(bucket, operation, () => bucket.put(key, new TextEncoder().encode(body), condition, operation));
  const etag = await put('1', '*');
  if (etag === false) throw unsupported(bucket, 'PUT with If-None-Match: * (it refused to create)');
  if (etag === void 0) throw unsupported(bucket, 'the ETag of a PUT (it answered none)');
  if ((await put('2', '*')) !== false) throw unsupported(bucket, 'PUT with If-None-Match: * (it replaced an object)');
  bucket.quoted = true;
  let current = await put('3', { etag });
  if (current === false) {
    bucket.quoted = false;
    current = await put('3', { etag });
  }
  if (typeof current !== 'string') throw unsupported(bucket, 'PUT with If-Match (it refused the right ETag)');
  if ((await put('4', { etag })) !== false)
    throw unsupported(bucket, 'PUT with If-Match (it replaced an object of another ETag)');
  const remove = (match) => ask(bucket, operation, () => bucket.delete(key, match, operation));
  const batch = (match) =>
    ask(bucket, operation, async () => {
      const answer = await bucket.deleteBatch([{ key, etag: match }], operation);
      return answer.kind === 'done' && answer.value.length > 0
        ? { kind: 'refused', status: 412, code: '', error: void 0 }
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
async function ask(bucket, operation, attempt) {
  for (let tries = 1; ; tries++) {
    const answer = await attempt();
    if (answer.kind === 'done') return answer.value;
    operation.signal?.throwIfAborted();
    if (statusOf(answer.error) === 501) return false;
    if (answer.kind !== 'refused') throw new Disturbed('', { cause: bucket.error(answer) });
    if ([409, 429].includes(answer.status) && tries < TRIES)
      await operation.backoff(answer.status === 429 ? 4 + tries : tries);
    else if ([400, 404, 409, 412].includes(answer.status) && answer.code !== 'NoSuchBucket') return false;
    else throw bucket.error(answer);
  }
}
function unsupported(bucket, what) {
  return new StateStoreError5(
    'NOT_SUPPORTED',
    `s3: the store of bucket ${bucket.name} does not honour ${what}, so it cannot keep workflow state safely`,
    {
      recoveryHints: [
        'use a store with conditional writes: AWS S3, Ceph, MinIO, Cloudflare R2; the README has a table',
      ],
    },
  );
}
var RUNS, Disturbed;
var init_probe = __esm({
  'packages/s3/src/probe.ts'() {
    'use strict';
    init_bucket();
    init_deadline();
    init_s3_errors();
    RUNS = 3;
    Disturbed = class extends Error {};
  },
});

// packages/s3/src/reclaim.ts
import {
  HEADER_BYTES as HEADER_BYTES3,
  newNonce as newNonce2,
  readHeader as readHeader2,
  writeHeader,
} from '@workflow-state/core/backend';
async function condemn(place, id, etag, report, call) {
  const { bucket, keys } = place;
  const operation = new Operation(call.signal);
  try {
    const found = await look(place, id, operation, HEADER_BYTES3);
    if (found === void 0 || found.etag !== etag) return;
    const header = readHeader2(found.bytes);
    if (header.kind === 'live' || header.id !== id) return;
    const envelope = new Uint8Array(HEADER_BYTES3);
    const version = Math.min(header.version + 1, 4294967295);
    const facts = { ...header, kind: 'condemned', version, nonce: newNonce2(), parent: header.nonce };
    writeHeader(envelope, facts);
    const answer = await bucket.put(keys.instance(id), envelope, { etag }, operation);
    if (answer.kind !== 'done') {
      const now = await standing(place, id, operation);
      if (now?.header?.nonce !== facts.nonce) return;
    }
    const removed = await bucket.delete(keys.instance(id), void 0, operation);
    if (removed.kind !== 'done') throw bucket.error(removed);
    report.removed++;
  } catch (error) {
    call.signal?.throwIfAborted();
    report.failures.push({ what: keys.instance(id), error });
  }
}
var BATCH, Removal;
var init_reclaim = __esm({
  'packages/s3/src/reclaim.ts'() {
    'use strict';
    init_bucket();
    init_conditional_put();
    init_deadline();
    BATCH = 1e3;
    Removal = class {
      #bucket;
      #report;
      #call;
      #batch = [];
      constructor(bucket, report, call) {
        this.#bucket = bucket;
        this.#report = report;
        this.#call = call;
      }
      async add(removable) {
        this.#batch.push(removable);
        if (this.#batch.length >= BATCH) await this.flush();
      }
      async flush() {
        let batch = this.#batch;
        this.#batch = [];
        for (let tries = 1; batch.length > 0; tries++) {
          const operation = new Operation(this.#call.signal);
          const failures = await this.#remove(batch, operation);
          this.#report.removed += batch.length - failures.length;
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
      async #remove(batch, operation) {
        const bucket = this.#bucket;
        try {
          const answer = await bucket.settled(operation, () => bucket.deleteBatch(batch, operation));
          if (answer.kind === 'done') return answer.value;
        } catch (error) {
          if (operation.aborted) throw error;
          return batch.map(({ key }) => ({ key, code: '', message: String(error) }));
        }
        const failures = [];
        for (const { key, etag } of batch) {
          const one = new Operation(this.#call.signal);
          const answer = await bucket
            .settled(one, () => bucket.delete(key, etag, one))
            .catch((error) => ({ kind: 'failed', error }));
          this.#call.signal?.throwIfAborted();
          if (answer.kind === 'done') continue;
          const code = answer.kind === 'failed' ? '' : answer.status === 412 ? 'PreconditionFailed' : answer.code;
          failures.push({ key, code, message: String(answer.error) });
        }
        return failures;
      }
    };
  },
});

// packages/s3/src/sweep.ts
var sweep_exports = {};
__export(sweep_exports, {
  isStale: () => isStale,
  sweep: () => sweep,
});
import { STATUS_KINDS } from '@workflow-state/core';
async function sweep(place, olderThan, { reclaim }, call) {
  const grace = Math.max(LEAST_GRACE, (call.now ?? Date.now()) - olderThan);
  const report = { removed: 0, failures: [] };
  const removal = new Removal(place.bucket, report, call);
  const looks = /* @__PURE__ */ new Set();
  for await (const { id, markers, object } of byId(place, call)) {
    const live = object !== void 0 && object.size !== TOMBSTONE_BYTES;
    if (object?.etag !== void 0 && !live && object.age > grace) {
      if (reclaim === 'conditional') await removal.add({ key: object.key, etag: object.etag });
      if (reclaim === 'condemn') await condemn(place, id, object.etag, report, call);
    }
    if (markers.length === 0 || (markers.length === 1 && live)) continue;
    while (looks.size >= CONCURRENCY) await Promise.race(looks);
    const job = examine(id, markers).finally(() => looks.delete(job));
    looks.add(job);
  }
  await Promise.all(looks);
  await removal.flush();
  return report;
  async function examine(id, markers) {
    try {
      const found = await standing(place, id, new Operation(call.signal));
      if (found !== void 0 && found.header === void 0)
        throw new Error(`instance ${id} is damaged, so its markers cannot be judged`);
      for (const marker of markers) {
        if (isStale(marker, found?.header, marker.age > grace)) await removal.add({ key: marker.key });
      }
    } catch (error) {
      call.signal?.throwIfAborted();
      report.failures.push({ what: `markers of ${id}`, error });
    }
  }
}
function isStale({ version, nonce }, header, aged) {
  const live = header?.kind === 'live';
  if (live && header.entered?.nonce === nonce) return false;
  if (version === 1) return aged || header?.incarnation === nonce;
  return aged || !live || header.version >= version;
}
async function* byId(place, call) {
  const streams = [
    instances(place, call),
    ...STATUS_KINDS.map((kind) => markersOf(place, place.keys.markers(kind), call)),
  ];
  try {
    const heads = await Promise.all(streams.map((stream) => stream.next()));
    for (;;) {
      let id;
      for (const { done, value } of heads) if (done !== true && (id === void 0 || value.id < id)) id = value.id;
      if (id === void 0) return;
      const markers = [];
      let object;
      for (const [index, stream] of streams.entries()) {
        for (
          let head = heads[index];
          head?.done === false && head.value.id === id;
          heads[index] = head = await stream.next()
        ) {
          if ('marker' in head.value) markers.push(head.value.marker);
          else object = head.value.object;
        }
      }
      yield { id, markers, object };
    }
  } finally {
    await Promise.all(streams.map((stream) => stream.return(void 0)));
  }
}
async function* instances({ bucket, keys }, call) {
  for await (const { rows, date } of listNames(bucket, keys.instances, call)) {
    for (const row of rows) {
      const id = idOfInstance(row.name);
      if (id !== void 0) yield { id, object: { ...row, key: keys.instances + row.name, age: ageOf(row, date) } };
    }
  }
}
async function* markersOf({ bucket }, prefix, call) {
  for await (const { rows, date } of listNames(bucket, prefix, call)) {
    for (const row of rows) {
      const marker = readMarker(row.name);
      if (marker !== void 0)
        yield { id: marker.id, marker: { ...marker, key: prefix + row.name, age: ageOf(row, date) } };
    }
  }
}
function ageOf({ modified }, date) {
  return date === void 0 ? -Infinity : date - modified;
}
var LEAST_GRACE, CONCURRENCY;
var init_sweep = __esm({
  'packages/s3/src/sweep.ts'() {
    'use strict';
    init_conditional_put();
    init_deadline();
    init_keys();
    init_reclaim();
    init_scan();
    LEAST_GRACE = 864e5;
    CONCURRENCY = 8;
  },
});

// packages/s3/src/verify.ts
var verify_exports = {};
__export(verify_exports, {
  verify: () => verify,
});
import { STATUS_KINDS as STATUS_KINDS2 } from '@workflow-state/core';
async function* verify(place, call) {
  const { bucket, keys } = place;
  let group;
  for await (const { rows, date } of listNames(bucket, keys.root, call)) {
    for (const { name, modified } of rows) {
      const key = keys.root + name;
      const age = date === void 0 ? -Infinity : date - modified;
      const [, prefix = '', rest = ''] = /^(instances\/|status\/[^/]*\/|probe\/)?(.*)$/s.exec(name) ?? [];
      const marker = STATUS_KINDS2.some((kind) => prefix === `status/${kind}/`) ? readMarker(rest) : void 0;
      if (marker !== void 0) {
        if (group?.prefix !== prefix || group.markers[0]?.id !== marker.id) {
          yield* await staleOf(place, group, call);
          group = { prefix, markers: [] };
        }
        group.markers.push({ ...marker, key, age });
      } else if (prefix === 'probe/' && /^[0-9a-f]{16}$/.test(rest)) {
        if (age > NOBODY_S_ANY_MORE) yield { kind: 'leftover', what: key };
      } else if (key !== keys.verdict && !(prefix === 'instances/' && idOfInstance(rest) !== void 0)) {
        yield { kind: 'foreign', what: key };
      }
    }
  }
  yield* await staleOf(place, group, call);
}
async function staleOf(place, group, call) {
  const [{ id } = { id: void 0 }] = group?.markers ?? [];
  if (group === void 0 || id === void 0 || group.markers.length < 2) return [];
  const found = await standing(place, id, new Operation(call.signal));
  if (found?.header === void 0) return [];
  const { header } = found;
  return group.markers
    .filter(({ nonce, age }) => nonce !== header.entered?.nonce && age > NOBODY_S_ANY_MORE)
    .map(({ key }) => ({ kind: 'stale-index', what: key, instanceId: id }));
}
var NOBODY_S_ANY_MORE;
var init_verify = __esm({
  'packages/s3/src/verify.ts'() {
    'use strict';
    init_conditional_put();
    init_deadline();
    init_keys();
    init_scan();
    NOBODY_S_ANY_MORE = 36e5;
  },
});

// packages/s3/src/diagnose.ts
var diagnose_exports = {};
__export(diagnose_exports, {
  diagnose: () => diagnose,
});
import { isStateStoreError, newNonce as newNonce3 } from '@workflow-state/core/backend';
async function* diagnose(place, options, call) {
  const { bucket, keys } = place;
  const operation = new Operation(call.signal);
  const key = keys.scratch(newNonce3());
  const body = new TextEncoder().encode(key);
  let date;
  let before = Date.now();
  let isAllowed = true;
  const tries = [
    ['write', () => bucket.put(key, body, void 0, operation)],
    ['read', () => bucket.get(key, operation)],
    ['list', () => bucket.list(keys.root, void 0, 1, operation)],
    ['delete', () => bucket.delete(key, void 0, operation)],
  ];
  for (const [what, attempt] of tries) {
    const began = Date.now();
    const answer = await settled(place, operation, attempt);
    if (answer instanceof Error) {
      isAllowed = false;
      yield broken(what, answer);
    } else if (answer.date !== void 0) [date, before] = [answer.date, began];
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
async function settled({ bucket }, operation, attempt) {
  try {
    const answer = await bucket.settled(operation, attempt, 2);
    return answer.kind === 'done' ? answer : bucket.error(answer);
  } catch (error) {
    operation.signal?.throwIfAborted();
    return error instanceof Error ? error : new Error(String(error));
  }
}
function broken(what, error) {
  const [remedy = 'look up the answer in the documentation of the store'] = isStateStoreError(error)
    ? error.recoveryHints
    : [];
  return { what, verdict: 'broken', found: error instanceof Error ? error.message : String(error), remedy };
}
function* conditions({ conditionalDelete, ifMatchNeedsObject }, { reclaim }) {
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
function clock(date, before, after) {
  const what = 'clock';
  if (date === void 0)
    return {
      what,
      verdict: 'doubtful',
      found: 'the store does not tell its time',
      remedy: 'compare the clocks by hand',
    };
  const off = date + 1e3 < before ? date - before : Math.max(0, date - after);
  const seconds = Math.round(Math.abs(off) / 1e3);
  if (Math.abs(off) <= CLOCK_TOLERANCE)
    return { what, verdict: 'ok', found: `${seconds === 0 ? 'less than a second' : `${seconds} s`} from the store's` };
  return {
    what,
    verdict: 'doubtful',
    found: `this machine is ${seconds} s ${off < 0 ? 'ahead of' : 'behind'} the store`,
    remedy: 'synchronise this machine: the store refuses signatures that are 15 minutes off',
  };
}
var CLOCK_TOLERANCE;
var init_diagnose = __esm({
  'packages/s3/src/diagnose.ts'() {
    'use strict';
    init_deadline();
    init_probe();
    CLOCK_TOLERANCE = 6e4;
  },
});

// packages/s3/test/harness.ts
import { randomUUID } from 'node:crypto';
import {
  DeleteObjectCommand as DeleteObjectCommand2,
  GetObjectCommand as GetObjectCommand3,
  PutObjectCommand as PutObjectCommand2,
} from '@aws-sdk/client-s3';
import { forkBackend } from '@workflow-state/core/conformance';

// packages/s3/src/s3-backend.ts
init_bucket();
init_conditional_put();
init_deadline();
init_keys();
init_s3_errors();
init_scan();
import { GetObjectCommand as GetObjectCommand2, S3Client } from '@aws-sdk/client-s3';
import { HEADER_BYTES as HEADER_BYTES4, StateStoreError as StateStoreError6 } from '@workflow-state/core/backend';
var AWS = { quotedEtag: true, conditionalDelete: true, ifMatchNeedsObject: true };
var AWS_HOST = /(?:^|\.)amazonaws\.com(?:\.cn)?$/;
function s3Backend(options) {
  const { bucket: name, prefix = '', requestTimeout = 1e4, reclaim = 'keep' } = checked(options);
  const keys = keysUnder(prefix);
  const client = options.client ?? clientOf(options);
  const bucket = new Bucket(client, name, requestTimeout);
  const place = { bucket, keys };
  let tombstones = 'keep';
  let opening;
  async function open(call) {
    const host = await hostOf(client, name).catch((error) => {
      throw storeError(error, name);
    });
    const isAws = host === void 0 || AWS_HOST.test(host);
    const abilities = isAws
      ? AWS
      : await (await Promise.resolve().then(() => (init_probe(), probe_exports))).abilitiesOf(bucket, keys, call);
    bucket.quoted = abilities.quotedEtag;
    if (abilities.ifMatchNeedsObject) tombstones = abilities.conditionalDelete ? 'conditional' : reclaim;
  }
  async function stored(id, call, length) {
    const found = await look(place, id, new Operation(call.signal), length);
    return found && { envelope: found.bytes, ...(found.etag !== void 0 && { hint: found.etag }) };
  }
  return {
    name: 's3',
    /** `reclaims` is known once the store was opened. */
    get capabilities() {
      return Object.freeze({
        durability: 'power-loss',
        sharing: 'network',
        reads: 'latest',
        reclaims: tombstones !== 'keep',
        maxBodyBytes: Infinity,
      });
    },
    async open(call) {
      opening ??= open(call);
      await opening.catch((error) => {
        opening = void 0;
        throw error;
      });
    },
    read: (id, call) => stored(id, call),
    head: (id, call) => stored(id, call, HEADER_BYTES4),
    write: (record, expected, call) => writeRecord(place, record, expected, call),
    scan: (query, call) => scan(place, query, call),
    // Loaded when they are called for: what runs an order needs none of them.
    async sweep(olderThan, call) {
      return (await Promise.resolve().then(() => (init_sweep(), sweep_exports))).sweep(
        place,
        olderThan,
        { reclaim: tombstones },
        call,
      );
    },
    async *verify(call) {
      yield* (await Promise.resolve().then(() => (init_verify(), verify_exports))).verify(place, call);
    },
    async *diagnose(call) {
      yield* (await Promise.resolve().then(() => (init_diagnose(), diagnose_exports))).diagnose(
        place,
        { reclaim },
        call,
      );
    },
    async close() {
      if (options.client === void 0) client.destroy();
    },
  };
}
function checked(options) {
  const { bucket, client, region, endpoint, forcePathStyle, requestTimeout, reclaim } = options ?? {};
  if (typeof bucket !== 'string' || bucket === '') throw invalid('bucket: expected the name of a bucket');
  if (bucket.endsWith('--x-s3')) {
    throw new StateStoreError6(
      'NOT_SUPPORTED',
      `bucket: ${bucket} is a directory bucket, whose listings have no order`,
      {
        recoveryHints: ['use a general-purpose bucket'],
      },
    );
  }
  if (client !== void 0 && (region ?? endpoint ?? forcePathStyle) !== void 0) {
    throw invalid('client: it has a region, an endpoint and a path style of its own; pass either it or them');
  }
  if (requestTimeout !== void 0 && !(requestTimeout >= 1 && requestTimeout <= 6e5)) {
    throw invalid('requestTimeout: expected milliseconds from 1 to 600000');
  }
  if (reclaim !== void 0 && reclaim !== 'keep' && reclaim !== 'condemn')
    throw invalid("reclaim: expected 'keep' or 'condemn'");
  return options;
}
function invalid(message) {
  return new StateStoreError6('INVALID_ARGUMENT', message);
}
function clientOf({ region, endpoint, forcePathStyle = endpoint !== void 0 }) {
  const config = {
    forcePathStyle,
    // Compatible stores refuse or mangle the checksums that AWS alone asks for; an envelope has its own.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: 1,
    requestHandler: { connectionTimeout: 3e3 },
  };
  if (region !== void 0) config.region = region;
  if (endpoint !== void 0) config.endpoint = endpoint;
  return new S3Client(config);
}
async function hostOf(client, bucket) {
  const command = new GetObjectCommand2({ Bucket: bucket, Key: 'x' });
  let host;
  command.middlewareStack.add(
    () =>
      async ({ request }) => {
        host = request.hostname;
        return { response: void 0, output: { $metadata: {} } };
      },
    { step: 'build', priority: 'high', name: 'workflowStateHost' },
  );
  await command.resolveMiddleware(client.middlewareStack, client.config, {})(command);
  return host;
}

// packages/s3/test/harness.ts
function harnessOn({ name, bucket, reclaims, processes, server: serve, ...rest }) {
  const backendOn = async (server, prefix) => {
    const backend = s3Backend({ bucket, prefix, client: server.connect() });
    await backend.open?.({});
    return backend;
  };
  return {
    ...rest,
    name: `s3 (${name})`,
    expect: { durability: 'power-loss', sharing: 'network', reads: 'latest', reclaims, maxBodyBytes: Infinity },
    async create({ clock: clock2 }) {
      const server = await serve(clock2);
      const prefix = `conformance/${randomUUID()}`;
      return { prefix, server, backend: await backendOn(server, prefix), dispose: async () => server.close?.() };
    },
    peer: async ({ server, prefix }) => ({ backend: await backendOn(server, prefix) }),
    reopen: async ({ server, prefix }) => ({ backend: await backendOn(server, prefix) }),
    ...(processes === true && {
      peerProcess: ({ prefix }) =>
        forkBackend(new URL('./support/peer-process.mjs', import.meta.url), [bucket, prefix]),
    }),
    faults: {
      async corrupt({ server, prefix }, id, change) {
        const place = { Bucket: bucket, Key: `${prefix}/instances/${id}` };
        const client = server.connect();
        const { Body } = await client.send(new GetObjectCommand3(place));
        const bytes = change((await Body?.transformToByteArray()) ?? new Uint8Array());
        if (bytes === void 0) await client.send(new DeleteObjectCommand2(place));
        else await client.send(new PutObjectCommand2({ ...place, Body: bytes }));
        client.destroy();
      },
      async plantForeign({ server, prefix }) {
        const client = server.connect();
        const id = 'f'.repeat(32);
        const names = [
          `${prefix}/instances/README.txt`,
          `${prefix}/instances/${id}.bak`,
          `${prefix}/instances/${id.slice(1)}`,
          `${prefix}/instances/${id}/part`,
          `${prefix}/status/running/${id}`,
          `${prefix}/status/running/${id}.1.note`,
          `${prefix}/status/completed/.DS_Store`,
          `${prefix}/status/unheard-of/${id}.00000001.0123456789abcdef.0`,
          `${prefix}/notes`,
        ];
        for (const Key of names) await client.send(new PutObjectCommand2({ Bucket: bucket, Key, Body: `of ${Key}` }));
        return async () => {
          for (const Key of names) {
            const { Body } = await client.send(new GetObjectCommand3({ Bucket: bucket, Key }));
            if ((await Body?.transformToString()) !== `of ${Key}`) return false;
          }
          client.destroy();
          return true;
        };
      },
    },
  };
}
var knownGaps = {
  '10.mended-leaves-no-trace':
    'the marker of a damaged record cannot be told from that of a create under way: it stays until the sweep after the grace',
  '10.damage-in-storage':
    'a listing tells tombstones by their size, so an instance cut to exactly its header is taken for one; S3 itself never cuts an object',
};

// packages/s3/test/server/real-server.ts
import { S3Client as S3Client2 } from '@aws-sdk/client-s3';
function realServer(env = process.env) {
  const read = (name) => {
    const value = env[name];
    if (value === void 0) throw new Error(`${name} is not set; run this by scripts/with-ceph.mjs`);
    return value;
  };
  const endpoint = read('S3_ENDPOINT');
  const region = read('S3_REGION');
  const credentials = { accessKeyId: read('S3_ACCESS_KEY'), secretAccessKey: read('S3_SECRET_KEY') };
  return {
    endpoint,
    bucket: read('S3_BUCKET'),
    connect: (config = {}) =>
      new S3Client2({
        endpoint,
        region,
        credentials,
        forcePathStyle: true,
        maxAttempts: 1,
        requestChecksumCalculation: 'WHEN_REQUIRED',
        responseChecksumValidation: 'WHEN_REQUIRED',
        ...config,
      }),
  };
}

// packages/s3/test/ceph-harness.ts
var real = realServer();
var harness = harnessOn({
  name: 'ceph',
  bucket: real.bucket,
  processes: true,
  reclaims: false,
  knownGaps,
  patience: 2,
  async server() {
    return { connect: () => real.connect() };
  },
});
export { harness };
