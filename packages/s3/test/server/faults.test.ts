import {
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connect, statusOf } from './connect.js';
import { faultAt, faultsOf, faultWhere, type Fault } from './faults.js';
import { startS3Server, type S3Server } from './s3-server.js';

const Bucket = 'test-bucket';
let server: S3Server;
let client: S3Client;

beforeEach(async () => {
  server = await startS3Server();
  client = connect(server);
});
afterEach(() => server.close());

const create = (Key = 'key', Body = 'mine', by = client) =>
  by.send(new PutObjectCommand({ Bucket, Key, Body, IfNoneMatch: '*' }));
const stored = (): string | undefined => server.bucket.get('key')?.body.toString();

describe('one request meets', () => {
  it.each<[string, Fault, number | string, string | undefined]>([
    ['pass', { kind: 'pass' }, 200, 'mine'],
    ['cutBefore', { kind: 'cutBefore' }, 'ECONNRESET', undefined],
    ['lostAfter', { kind: 'lostAfter' }, 'ECONNRESET', 'mine'],
    ['500, applied', { kind: 'error', code: 'InternalError', applied: true }, 500, 'mine'],
    ['500, not applied', { kind: 'error', code: 'InternalError', applied: false }, 500, undefined],
    ['409', { kind: 'error', code: 'ConditionalRequestConflict', applied: false }, 409, undefined],
    ['503', { kind: 'error', code: 'SlowDown', applied: false }, 503, undefined],
    ['delayed', { kind: 'delayed' }, 'ECONNRESET', undefined],
    ['delayedDuplicate', { kind: 'delayedDuplicate' }, 200, 'mine'],
  ])('%s', async (_name, fault, status, body) => {
    server.onRequest(faultAt(1, fault));
    expect(await statusOf(create())).toBe(status);
    expect(stored()).toBe(body);
    expect(server.log[0]).toMatchObject({ number: 1, fault: fault.kind, applied: body === undefined ? [] : [200] });
  });
});

describe('a lost answer', () => {
  it('makes the retry of the SDK meet its own object', async () => {
    server.onRequest(faultAt(1, { kind: 'lostAfter' }));
    const error = await create('key', 'mine', connect(server, { maxAttempts: 3 })).catch((e: unknown) => e);
    expect(error).toMatchObject({ name: 'PreconditionFailed', $metadata: { attempts: 2 } });
    expect(stored()).toBe('mine');
    expect(server.log.map(({ answered }) => answered)).toEqual(['connection cut', 412]);
    expect(server.log[1]?.rawBody).toEqual(server.log[0]?.rawBody);
  });
});

describe('a late copy', () => {
  it('is applied when released, if its condition still holds', async () => {
    server.onRequest(faultAt(1, { kind: 'delayed' }));
    await statusOf(create());
    expect(server.pending.map(({ kind }) => kind)).toEqual(['delayed']);
    expect(server.releaseAll()).toEqual([200]);
    expect(stored()).toBe('mine');
    expect(server.pending).toEqual([]);
  });

  it('is refused when released, if its condition holds no more', async () => {
    server.onRequest(faultAt(1, { kind: 'delayed' }));
    await statusOf(create());
    await create('key', 'theirs');
    expect(server.releaseAll()).toEqual([412]);
    expect(stored()).toBe('theirs');
    expect(server.log[0]?.applied).toEqual([412]);
  });

  it('revives a deleted object, when it is the duplicate of a create', async () => {
    server.onRequest(faultAt(1, { kind: 'delayedDuplicate' }));
    await create();
    server.bucket.delete('key');
    const [late] = server.pending;
    expect(late?.release()).toBe(200);
    expect(stored()).toBe('mine');
    expect(server.log[0]).toMatchObject({ applied: [200, 200], answered: 200 });
    expect(() => late?.release()).toThrow('not pending');
  });
});

describe('a request that hangs', () => {
  it.each([true, false])('is answered when released, applied before: %s', async (applied) => {
    server.onRequest(faultAt(1, { kind: 'hang', applied }));
    const sent = create();
    await vi.waitFor(() => expect(server.pending).toHaveLength(1));
    expect(stored()).toBe(applied ? 'mine' : undefined);
    server.releaseAll();
    expect(await statusOf(sent)).toBe(200);
    expect(server.log[0]?.applied).toEqual([200]);
  });

  it('can be given up by the client, and be applied afterwards', async () => {
    server.onRequest(faultAt(1, { kind: 'hang', applied: false }));
    const abort = new AbortController();
    const sent = client.send(new PutObjectCommand({ Bucket, Key: 'key', Body: 'mine' }), { abortSignal: abort.signal });
    await vi.waitFor(() => expect(server.pending).toHaveLength(1));
    abort.abort();
    await expect(sent).rejects.toHaveProperty('name', 'AbortError');
    await vi.waitFor(() => expect(server.log[0]?.answered).toBe('client gone'));
    expect(server.releaseAll()).toEqual([200]);
    expect(stored()).toBe('mine');
  });
});

describe('a batch', () => {
  it('fails for some keys with status 200', async () => {
    for (const key of ['a', 'b']) await create(key);
    server.onRequest(() => ({ kind: 'partial', failure: (key) => (key === 'b' ? 'InternalError' : undefined) }));
    const Delete = { Objects: [{ Key: 'a' }, { Key: 'b' }] };
    const answer = await client.send(new DeleteObjectsCommand({ Bucket, Delete }));
    expect(answer.Deleted).toEqual([{ Key: 'a' }]);
    expect(answer.Errors).toMatchObject([{ Key: 'b', Code: 'InternalError' }]);
    expect(server.bucket.keys()).toEqual(['b']);
  });
});

describe('plans and log', () => {
  it('describe, number and count requests, by actor', async () => {
    const writer = connect(server, { actor: 'writer-1' });
    await create('key', 'mine', writer);
    await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'k' }));
    expect(server.log).toMatchObject([
      { number: 1, actor: 'writer-1', method: 'PUT', operation: 'PutObject', key: 'key', bucket: Bucket },
      { number: 2, actor: undefined, method: 'GET', operation: 'ListObjectsV2', key: '' },
    ]);
    expect(server.log[0]?.headers).toMatchObject({ 'if-none-match': '*' });
    expect(server.log[1]?.query.get('prefix')).toBe('k');
    expect([server.count(), server.count('PutObject'), server.count('GetObject')]).toEqual([2, 1, 0]);
    server.clearLog();
    await client.send(new ListObjectsV2Command({ Bucket }));
    expect(server.log).toMatchObject([{ number: 1 }]);
  });

  it('let a fault befall the first requests of a kind', async () => {
    server.onRequest(faultWhere(({ operation }) => operation === 'GetObject', { kind: 'cutBefore' }, 2));
    const get = () => statusOf(client.send(new GetObjectCommand({ Bucket, Key: 'key' })));
    expect([await statusOf(create()), await get(), await get(), await get()]).toEqual([
      200,
      'ECONNRESET',
      'ECONNRESET',
      200,
    ]);
  });

  it('start anew after a reset, a request that hangs is cut', async () => {
    server.onRequest(() => ({ kind: 'hang', applied: true }));
    const sent = statusOf(create());
    await vi.waitFor(() => expect(server.pending).toHaveLength(1));
    server.reset();
    expect(await sent).toBe('ECONNRESET');
    expect([server.log, server.pending, server.bucket.keys()]).toEqual([[], [], []]);
    expect(await statusOf(create())).toBe(200);
  });

  it('return to a snapshot of the bucket', async () => {
    await create('a');
    const before = server.bucket.snapshot();
    await create('b');
    server.bucket.delete('a');
    server.bucket.restore(before);
    expect(server.bucket.keys()).toEqual(['a']);
  });
});

describe('faultsOf', () => {
  it('names each fault once, and only those that can befall the request', async () => {
    await create();
    await client.send(new ListObjectsV2Command({ Bucket }));
    await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'x' }] } }));
    const names = server.log.map((request) => faultsOf(request).map(({ name }) => name));
    for (const list of names) expect(new Set(list).size).toBe(list.length);
    expect(names[0]).toContain('409');
    expect(names[1]).toEqual(['cut before', 'lost after', '500', '503', 'hang']);
    expect(names[2]).toContain('partial: all keys');
    expect(names[2]).not.toContain('409');
  });
});
