// The `ceph16` profile claims to answer as the real server does. Both are asked the same questions here, so that what
// is proven in-process with this profile holds for the server.
import { randomUUID } from 'node:crypto';
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, statusOf } from './connect.js';
import { realServer } from './real-server.js';
import { startS3Server, type S3Server } from './s3-server.js';

const real = realServer();
const run = `profile/${randomUUID()}/`;
const other = '"00000000000000000000000000000000"';
let server: S3Server;

beforeAll(async () => {
  server = await startS3Server({ profile: 'ceph16', bucket: real.bucket });
});
afterAll(() => server.close());

type Question = (client: S3Client, key: string, etag: string) => Promise<{ $metadata: { httpStatusCode?: number } }>;

const Bucket = real.bucket;
const put =
  (condition: (etag: string) => object): Question =>
  (client, Key, etag) =>
    client.send(new PutObjectCommand({ Bucket, Key, Body: 'new', ...condition(etag) }));
const bare = (etag: string): string => etag.replaceAll('"', '');

const questions: Readonly<Record<string, Question>> = {
  PUT: put(() => ({})),
  'PUT If-None-Match: *': put(() => ({ IfNoneMatch: '*' })),
  'PUT If-None-Match: bare etag': put((etag) => ({ IfNoneMatch: bare(etag) })),
  'PUT If-None-Match: quoted etag': put((etag) => ({ IfNoneMatch: etag })),
  'PUT If-None-Match: other etag': put(() => ({ IfNoneMatch: bare(other) })),
  'PUT If-Match: *': put(() => ({ IfMatch: '*' })),
  'PUT If-Match: bare etag': put((etag) => ({ IfMatch: bare(etag) })),
  'PUT If-Match: quoted etag': put((etag) => ({ IfMatch: etag })),
  'PUT If-Match: other bare etag': put(() => ({ IfMatch: bare(other) })),
  'PUT If-Match: other quoted etag': put(() => ({ IfMatch: other })),
  'PUT both': put((etag) => ({ IfMatch: bare(etag), IfNoneMatch: '*' })),
  'PUT with 3 KB of metadata': put(() => ({ Metadata: { v: 'v'.repeat(3000) } })),
  GET: (client, Key) => client.send(new GetObjectCommand({ Bucket, Key })),
  'GET If-Match: other': (client, Key) => client.send(new GetObjectCommand({ Bucket, Key, IfMatch: other })),
  'GET If-None-Match: etag': (client, Key, etag) =>
    client.send(new GetObjectCommand({ Bucket, Key, IfNoneMatch: etag })),
  HEAD: (client, Key) => client.send(new HeadObjectCommand({ Bucket, Key })),
  'HEAD If-None-Match: etag': (client, Key, etag) =>
    client.send(new HeadObjectCommand({ Bucket, Key, IfNoneMatch: etag })),
  DELETE: (client, Key) => client.send(new DeleteObjectCommand({ Bucket, Key })),
  'DELETE If-Match: other': (client, Key) => client.send(new DeleteObjectCommand({ Bucket, Key, IfMatch: other })),
  'DeleteObjects, other etag': async (client, Key) => {
    const Delete = { Objects: [{ Key, ETag: other }] };
    const answer = await client.send(new DeleteObjectsCommand({ Bucket, Delete }));
    expect(answer.Errors).toBeUndefined();
    return answer;
  },
  'GET the first bytes': (client, Key) => client.send(new GetObjectCommand({ Bucket, Key, Range: 'bytes=0-1' })),
  'GET the first bytes of an empty object': async (client, Key) => {
    await client.send(new PutObjectCommand({ Bucket, Key, Body: new Uint8Array(0) }));
    return client.send(new GetObjectCommand({ Bucket, Key, Range: 'bytes=0-1' }));
  },
  'no such bucket': (client, Key) => client.send(new GetObjectCommand({ Bucket: 'no-such-bucket', Key })),
};

/** Asks, and says what was answered and what is there afterwards. */
async function ask(client: S3Client, question: Question, Key: string, present: boolean): Promise<unknown> {
  let etag = other;
  if (present) etag = (await client.send(new PutObjectCommand({ Bucket, Key, Body: 'old' }))).ETag ?? '';
  const status = await statusOf(question(client, Key, etag));
  const after = await client.send(new GetObjectCommand({ Bucket, Key })).catch(() => undefined);
  return { status, after: await after?.Body?.transformToString(), etag: after?.ETag };
}

describe.each([true, false])('object present: %s', (present) => {
  it.each(Object.keys(questions))('%s', async (name) => {
    const question = questions[name];
    if (question === undefined) throw new Error('no question');
    const key = `${run}${name}/${present}`;
    const answers = [real.connect(), connect(server)].map((client) => ask(client, question, key, present));
    const [fromReal, fromOurs] = await Promise.all(answers);
    expect(fromOurs).toEqual(fromReal);
  });
});

describe('listing', () => {
  it('pages over 2500 keys alike', { timeout: 120_000 }, async () => {
    const keys = Array.from(
      { length: 2500 },
      (_, i) => `${run}list/${((i * 7919) % 2500).toString(16).padStart(4, '0')}`,
    );
    const list = async (client: S3Client): Promise<string[][]> => {
      const rest = keys[Symbol.iterator]();
      const store = async (): Promise<void> => {
        for (const Key of rest) await client.send(new PutObjectCommand({ Bucket, Key, Body: new Uint8Array(0) }));
      };
      await Promise.all(Array.from({ length: 16 }, store));
      const pages: string[][] = [];
      for (let token: string | undefined; ;) {
        const input = { Bucket, Prefix: `${run}list/`, ...(token === undefined ? {} : { ContinuationToken: token }) };
        const page = await client.send(new ListObjectsV2Command(input));
        pages.push((page.Contents ?? []).map(({ Key }) => Key ?? ''));
        token = page.NextContinuationToken;
        if (token === undefined) return pages;
      }
    };
    const fromReal = await list(real.connect());
    expect(fromReal.map((page) => page.length)).toEqual([1000, 1000, 500]);
    expect(await list(connect(server))).toEqual(fromReal);
  });

  it('names keys with odd characters alike', async () => {
    const names = [`a&b<c>"d'`, 'sp ace+plus%25', 'é\u{1F600}', '\uFFFD', 'line\nbreak'];
    const list = async (client: S3Client): Promise<(string | undefined)[]> => {
      for (const name of names) {
        await client.send(new PutObjectCommand({ Bucket, Key: `${run}odd/${name}`, Body: new Uint8Array(0) }));
      }
      const page = await client.send(new ListObjectsV2Command({ Bucket, Prefix: `${run}odd/` }));
      return (page.Contents ?? []).map(({ Key }) => Key);
    };
    expect(await list(connect(server))).toEqual(await list(real.connect()));
  });
});

describe('the real server', () => {
  it('lets one of 24 writers with the same ETag win, and answers the others 412 or 500', async () => {
    const client = real.connect();
    const Key = `${run}race`;
    const { ETag = '' } = await client.send(new PutObjectCommand({ Bucket, Key, Body: 'old' }));
    const statuses = await Promise.all(
      Array.from({ length: 24 }, (_, i) =>
        statusOf(client.send(new PutObjectCommand({ Bucket, Key, Body: `new ${i}`, IfMatch: bare(ETag) }))),
      ),
    );
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => status !== 200 && status !== 412 && status !== 500)).toEqual([]);
  });
});
