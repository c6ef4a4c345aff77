import { randomUUID } from 'node:crypto';
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { statusOf } from './connect.js';
import { startFaultProxy, type FaultProxy } from './fault-proxy.js';
import { faultAt } from './faults.js';
import { realServer } from './real-server.js';

const real = realServer();
const Bucket = real.bucket;
let proxy: FaultProxy;

beforeAll(async () => {
  proxy = await startFaultProxy(real.endpoint);
});
afterAll(() => proxy.close());

async function bodyOf(Key: string): Promise<string | undefined> {
  const got = await real.connect().send(new GetObjectCommand({ Bucket, Key }));
  return got.Body?.transformToString();
}

describe('in front of Ceph', () => {
  it('hands on requests with valid signatures', async () => {
    proxy.onRequest(() => ({ kind: 'pass' }));
    const client = real.connect({ endpoint: proxy.endpoint });
    const Key = `proxy/${randomUUID()} ü&+`;
    await client.send(new PutObjectCommand({ Bucket, Key, Body: 'mine', Metadata: { nonce: 'n' } }));
    const got = await client.send(new GetObjectCommand({ Bucket, Key }));
    expect([await got.Body?.transformToString(), got.Metadata]).toEqual(['mine', { nonce: 'n' }]);
    expect(await statusOf(client.send(new DeleteObjectCommand({ Bucket, Key })))).toBe(204);
  });

  it('loses an answer, so that the retry of the SDK meets its own object', async () => {
    const Key = `proxy/${randomUUID()}`;
    proxy.log.length = 0;
    proxy.onRequest(faultAt(1, { kind: 'lostAfter' }));
    const client = real.connect({ endpoint: proxy.endpoint, maxAttempts: 3 });
    const create = client.send(new PutObjectCommand({ Bucket, Key, Body: 'mine', IfNoneMatch: '*' }));
    await expect(create).rejects.toMatchObject({ name: 'PreconditionFailed', $metadata: { attempts: 2 } });
    expect(proxy.log.map(({ applied }) => applied)).toEqual([[200], [412]]);
    expect(await bodyOf(Key)).toBe('mine');
  });

  it('brings a late copy of a create, which revives a deleted object', async () => {
    const Key = `proxy/${randomUUID()}`;
    proxy.log.length = 0;
    proxy.onRequest(faultAt(1, { kind: 'delayedDuplicate' }));
    const client = real.connect({ endpoint: proxy.endpoint });
    await client.send(new PutObjectCommand({ Bucket, Key, Body: 'mine', IfNoneMatch: '*' }));
    await client.send(new DeleteObjectCommand({ Bucket, Key }));
    expect(await Promise.all(proxy.pending.map((copy) => copy.release()))).toEqual([200]);
    expect(await bodyOf(Key)).toBe('mine');
  });

  it('cuts a request that never arrives', async () => {
    const Key = `proxy/${randomUUID()}`;
    proxy.log.length = 0;
    proxy.onRequest(faultAt(1, { kind: 'cutBefore' }));
    const client = real.connect({ endpoint: proxy.endpoint });
    const put = client.send(new PutObjectCommand({ Bucket, Key, Body: 'mine' }));
    expect(await statusOf(put)).toBe('ECONNRESET');
    expect(await statusOf(real.connect().send(new GetObjectCommand({ Bucket, Key })))).toBe(404);
  });
});
