import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it } from 'vitest';
import { connect, statusOf } from './connect.js';
import type { ProfileName } from './profile.js';
import { startS3Server, type S3Server } from './s3-server.js';

const Bucket = 'test-bucket';
const other = '"00000000000000000000000000000000"';
const running: S3Server[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
});

async function start(profile: ProfileName): Promise<{ server: S3Server; client: S3Client }> {
  const server = await startS3Server({ profile });
  running.push(server);
  return { server, client: connect(server) };
}

const put = (client: S3Client, Key: string, condition: Partial<PutObjectCommandInput> = {}) =>
  client.send(new PutObjectCommand({ Bucket, Key, Body: 'body', ...condition }));

async function etagOf(client: S3Client, Key: string): Promise<string> {
  const { ETag } = await put(client, Key);
  if (ETag === undefined) throw new Error('no ETag');
  return ETag;
}

// what each store answers to a PUT with this condition
const table: readonly (readonly [string, Readonly<Record<ProfileName, number>>])[] = [
  ['If-None-Match: *, no object', all(200, { '501': 501 })],
  ['If-None-Match: *, object', all(412, { ignore: 200, '501': 501 })],
  ['If-Match quoted, equal', all(200, { ceph16: 412, '501': 501 })],
  ['If-Match bare, equal', all(200, { '501': 501 })],
  ['If-Match quoted, different', all(412, { ignore: 200, '501': 501 })],
  ['If-Match bare, different', all(412, { ignore: 200, '501': 501 })],
  ['If-Match, no object', all(404, { ceph16: 412, 'minio-before-2025-08': 200, ignore: 200, '501': 501 })],
  ['If-None-Match: <etag>', all(412, { aws: 501, ceph16: 200, ignore: 200, '501': 501 })],
];

function all(status: number, except: Partial<Record<ProfileName, number>>): Record<ProfileName, number> {
  const same = { aws: status, ceph16: status, minio: status, 'minio-before-2025-08': status, ignore: status };
  return { ...same, '501': status, ...except };
}

describe.each<ProfileName>(['aws', 'ceph16', 'minio', 'minio-before-2025-08', 'ignore', '501'])('%s', (profile) => {
  it.each(table)('PUT with %s', async (name, expected) => {
    const { server, client } = await start(profile);
    const tag = name.includes('no object') ? other : await etagOf(client, 'key');
    const value = name.includes('different') || name.includes('no object') ? other : tag;
    const condition: Partial<PutObjectCommandInput> = name.startsWith('If-None-Match: *')
      ? { IfNoneMatch: '*' }
      : name.startsWith('If-None-Match')
        ? { IfNoneMatch: value }
        : { IfMatch: name.includes('bare') ? value.slice(1, -1) : value };

    const before = server.bucket.get('key');
    const status = await statusOf(put(client, 'key', { ...condition, Body: 'new' }));
    expect(status).toBe(expected[profile]);
    const after = server.bucket.get('key');
    expect(status === 200 ? after?.body.toString() : after).toBe(status === 200 ? 'new' : before);
  });

  it('lets at most one of ten creators win where conditions are honoured', async () => {
    const { client } = await start(profile);
    const statuses = await Promise.all(
      Array.from({ length: 10 }, () => statusOf(put(client, 'key', { IfNoneMatch: '*' }))),
    );
    const wins = statuses.filter((status) => status === 200).length;
    expect(wins).toBe({ ignore: 10, '501': 0 }[profile as string] ?? 1);
  });

  it('DELETE with a stale ETag', async () => {
    const { server, client } = await start(profile);
    await etagOf(client, 'key');
    const status = await statusOf(client.send(new DeleteObjectCommand({ Bucket, Key: 'key', IfMatch: other })));
    expect(status).toBe({ aws: 412, '501': 501 }[profile as string] ?? 204);
    expect(server.bucket.get('key') === undefined).toBe(status === 204);
  });

  it('DeleteObjects with a stale ETag', async () => {
    const { server, client } = await start(profile);
    const tag = await etagOf(client, 'right');
    await etagOf(client, 'wrong');
    const Objects = [
      { Key: 'right', ETag: tag },
      { Key: 'wrong', ETag: other },
    ];
    const { Errors } = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    const failed = Object.fromEntries((Errors ?? []).map(({ Key, Code }) => [Key, Code]));
    const expected: Record<string, object> = {
      aws: { wrong: 'PreconditionFailed' },
      '501': { right: 'NotImplemented', wrong: 'NotImplemented' },
    };
    expect(failed).toEqual(expected[profile] ?? {});
    expect(server.bucket.keys()).toEqual(Object.keys(expected[profile] ?? {}).sort());
  });

  it('GET and HEAD with an ETag', async () => {
    const { client } = await start(profile);
    const ETag = await etagOf(client, 'key');
    const head = (IfNoneMatch: string) =>
      statusOf(client.send(new HeadObjectCommand({ Bucket, Key: 'key', IfNoneMatch })));
    const get = (condition: object) =>
      statusOf(client.send(new GetObjectCommand({ Bucket, Key: 'key', ...condition })));
    expect([await head(ETag), await head(other)]).toEqual([304, 200]);
    expect([await get({ IfNoneMatch: ETag }), await get({ IfNoneMatch: other })]).toEqual([304, 200]);
    expect([await get({ IfMatch: ETag }), await get({ IfMatch: other })]).toEqual([200, 412]);
  });
});

describe('aws', () => {
  it('answers 404 to a conditional DELETE where no object is, and 204 to a plain one', async () => {
    const { client } = await start('aws');
    const del = (condition: object) =>
      statusOf(client.send(new DeleteObjectCommand({ Bucket, Key: 'key', ...condition })));
    expect([await del({ IfMatch: other }), await del({ IfMatch: '*' }), await del({})]).toEqual([404, 404, 204]);
  });

  it('answers 501 to both conditions at once and to If-Match: *', async () => {
    const { client } = await start('aws');
    const tag = await etagOf(client, 'key');
    expect(await statusOf(put(client, 'key', { IfMatch: tag, IfNoneMatch: '*' }))).toBe(501);
    expect(await statusOf(put(client, 'key', { IfMatch: '*' }))).toBe(501);
  });
});
