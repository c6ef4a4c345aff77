import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  CopyObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  NoSuchBucket,
  NoSuchKey,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connect, statusOf } from './connect.js';
import { startS3Server, type S3Server } from './s3-server.js';

const Bucket = 'test-bucket';
let now = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
let server: S3Server;
let client: S3Client;

beforeEach(async () => {
  server = await startS3Server({ clock: () => now });
  client = connect(server);
});
afterEach(() => server.close());

describe('objects', () => {
  it('gives back bytes, metadata, the MD5 as ETag and the time of its own clock in whole seconds', async () => {
    now = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
    const Body = Buffer.from([0, 255, 10, 13]);
    await client.send(new PutObjectCommand({ Bucket, Key: 'a/b', Body, Metadata: { nonce: 'n1', version: '7' } }));
    const got = await client.send(new GetObjectCommand({ Bucket, Key: 'a/b' }));
    expect(Buffer.from((await got.Body?.transformToByteArray()) ?? [])).toEqual(Body);
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'a/b' }));
    expect(head).toMatchObject({
      Metadata: { nonce: 'n1', version: '7' },
      ETag: `"${createHash('md5').update(Body).digest('hex')}"`,
      ContentLength: 4,
      LastModified: new Date(Date.UTC(2026, 0, 2, 3, 4, 5)),
    });
  });

  it.each(['a b', 'a+b', 'a%20b', 'ü/中/😀', `q'"&=;:@,$?#<>`, '~!*()'])('keeps the key %s', async (key) => {
    await client.send(new PutObjectCommand({ Bucket, Key: key, Body: 'x' }));
    expect(server.bucket.keys()).toEqual([key]);
    expect(server.log[0]).toMatchObject({ operation: 'PutObject', key });
    expect(await statusOf(client.send(new HeadObjectCommand({ Bucket, Key: key })))).toBe(200);
  });

  it('takes a streamed body with its trailing checksum, as the SDK sends it', async () => {
    const text = 'part '.repeat(30_000);
    const Body = Readable.from([Buffer.from(text.slice(0, 9)), Buffer.from(text.slice(9))]);
    await client.send(new PutObjectCommand({ Bucket, Key: 'key', Body, ContentLength: text.length }));
    expect(server.log[0]?.headers['content-encoding']).toContain('aws-chunked');
    expect(server.bucket.get('key')?.body.toString()).toBe(text);
    const got = await client.send(new GetObjectCommand({ Bucket, Key: 'key' }));
    expect(got.ChecksumCRC32).toBeDefined();
    expect(await got.Body?.transformToString()).toBe(text);
  });

  it('refuses a body that is not the one the checksum is of', async () => {
    const send = (checksum: object) =>
      statusOf(client.send(new PutObjectCommand({ Bucket, Key: 'key', Body: 'abc', ...checksum })));
    expect(await send({ ContentMD5: createHash('md5').update('abd').digest('base64') })).toBe(400);
    expect(await send({ ChecksumCRC32: 'AAAAAA==' })).toBe(400);
    expect(await send({ ContentMD5: createHash('md5').update('abc').digest('base64') })).toBe(200);
  });

  it('gives the first bytes of an object', async () => {
    for (const [Key, Body] of Object.entries({ long: 'abcdef', short: 'a', empty: '' })) {
      await client.send(new PutObjectCommand({ Bucket, Key, Body: Buffer.from(Body) }));
    }
    const first = (Key: string) => client.send(new GetObjectCommand({ Bucket, Key, Range: 'bytes=0-2' }));
    const long = await first('long');
    expect(long).toMatchObject({ ContentRange: 'bytes 0-2/6', $metadata: { httpStatusCode: 206 } });
    expect(await long.Body?.transformToString()).toBe('abc');
    expect(await (await first('short')).Body?.transformToString()).toBe('a');
    expect(await statusOf(first('empty'))).toBe(416);
  });

  it('limits metadata to 2 KB and keys to 1024 bytes', async () => {
    const put = (Key: string, v: string) =>
      statusOf(client.send(new PutObjectCommand({ Bucket, Key, Body: 'x', Metadata: { v } })));
    expect([await put('key', 'v'.repeat(2047)), await put('key', 'v'.repeat(2048))]).toEqual([200, 400]);
    expect([await put('k'.repeat(1024), 'v'), await put('k'.repeat(1025), 'v')]).toEqual([200, 400]);
  });
});

describe('DeleteObjects', () => {
  it('deletes 1000 keys with names that need escapes, and counts missing ones as deleted', async () => {
    const keys = Array.from({ length: 999 }, (_, i) => `<&>"'${i}`);
    for (const key of keys) server.bucket.put(key, { body: Buffer.of(), etag: '', lastModified: 0, headers: {} });
    const Objects = [...keys, 'missing'].map((Key) => ({ Key }));
    const answer = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    expect(answer.Deleted?.map(({ Key }) => Key)).toEqual([...keys, 'missing']);
    expect(server.bucket.keys()).toEqual([]);
  });

  it('answers only failures when asked to be quiet, and refuses 1001 keys', async () => {
    const send = (count: number) => {
      const Objects = Array.from({ length: count }, (_, i) => ({ Key: `k${i}` }));
      return client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }));
    };
    expect(await send(3)).not.toHaveProperty('Deleted');
    expect(await statusOf(send(1001))).toBe(400);
  });
});

describe('errors', () => {
  it('names a missing key and a missing bucket', async () => {
    await expect(client.send(new GetObjectCommand({ Bucket, Key: 'none' }))).rejects.toBeInstanceOf(NoSuchKey);
    const elsewhere = client.send(new ListObjectsV2Command({ Bucket: 'elsewhere' }));
    await expect(elsewhere).rejects.toBeInstanceOf(NoSuchBucket);
    expect(await statusOf(client.send(new HeadObjectCommand({ Bucket, Key: 'none' })))).toBe(404);
  });

  it('redirects a request that was signed for another region', async () => {
    const far = connect(server, { region: 'eu-central-1' });
    const error = await far.send(new GetObjectCommand({ Bucket, Key: 'key' })).catch((e: unknown) => e);
    expect(error).toMatchObject({ name: 'PermanentRedirect', $metadata: { httpStatusCode: 301 } });
    expect(error).toHaveProperty('$response.headers.x-amz-bucket-region', 'us-east-1');
  });

  it.each([
    ['AccessDenied', 403],
    ['ExpiredToken', 400],
    ['SlowDown', 503],
    ['InternalError', 500],
    ['ConditionalRequestConflict', 409],
    ['RequestTimeTooSkewed', 403],
  ] as const)('answers %s on demand', async (code, status) => {
    server.onRequest(() => ({ kind: 'error', code, applied: false }));
    const error = await client.send(new GetObjectCommand({ Bucket, Key: 'key' })).catch((e: unknown) => e);
    expect(error).toMatchObject({ name: code, $metadata: { httpStatusCode: status } });
  });

  it('answers 501 to what it does not imitate', async () => {
    const copy = new CopyObjectCommand({ Bucket, Key: 'b', CopySource: `${Bucket}/a` });
    expect(await statusOf(client.send(copy))).toBe(501);
    expect(await statusOf(client.send(new ListObjectsV2Command({ Bucket, Delimiter: '/' })))).toBe(501);
    expect(await statusOf(client.send(new GetObjectCommand({ Bucket, Key: 'a', Range: 'bytes=1-2' })))).toBe(501);
  });

  it('refuses streamed bodies where Ceph does', async () => {
    const ceph = await startS3Server({ profile: 'ceph16' });
    const Body = Readable.from([Buffer.from('abc')]);
    const put = connect(ceph).send(new PutObjectCommand({ Bucket, Key: 'key', Body, ContentLength: 3 }));
    expect(await statusOf(put)).toBe(411);
    await ceph.close();
  });
});
