import { ListObjectsV2Command, type ListObjectsV2CommandOutput, type S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareUtf8 } from './bucket.js';
import { connect, statusOf } from './connect.js';
import { startS3Server, type S3Server } from './s3-server.js';

const Bucket = 'test-bucket';
let server: S3Server;
let client: S3Client;

beforeEach(async () => {
  server = await startS3Server();
  client = connect(server);
});
afterEach(() => server.close());

function store(...keys: string[]): void {
  for (const key of keys)
    server.bucket.put(key, { body: Buffer.from(key), etag: 'e', lastModified: 1500, headers: {} });
}

const list = (input: Partial<ListObjectsV2Command['input']> = {}): Promise<ListObjectsV2CommandOutput> =>
  client.send(new ListObjectsV2Command({ Bucket, ...input }));

const keysOf = (page: ListObjectsV2CommandOutput): string[] => (page.Contents ?? []).map(({ Key }) => Key ?? '');

async function pages(input: Partial<ListObjectsV2Command['input']> = {}): Promise<string[][]> {
  const all: string[][] = [];
  for (let token: string | undefined; ;) {
    const page = await list({ ...input, ...(token === undefined ? {} : { ContinuationToken: token }) });
    all.push(keysOf(page));
    expect(page.IsTruncated).toBe(page.NextContinuationToken !== undefined);
    token = page.NextContinuationToken;
    if (token === undefined) return all;
  }
}

describe('ListObjectsV2', () => {
  it('lists 2500 keys in pages of 1000, ascending', async () => {
    const keys = Array.from({ length: 2500 }, (_, i) => `p/${((i * 7919) % 2500).toString(16).padStart(4, '0')}`);
    store(...keys);
    const all = await pages({ Prefix: 'p/', MaxKeys: 5000 });
    expect(all.map((page) => page.length)).toEqual([1000, 1000, 500]);
    expect(all.flat()).toEqual([...keys].sort());
  });

  it('lists only keys with the prefix, after StartAfter, with size, ETag and time', async () => {
    store('a', 'p/1', 'p/2', 'p/3', 'p0', 'q');
    expect(keysOf(await list({ Prefix: 'p/' }))).toEqual(['p/1', 'p/2', 'p/3']);
    expect(keysOf(await list({ Prefix: 'p/', StartAfter: 'p/1' }))).toEqual(['p/2', 'p/3']);
    expect(keysOf(await list({ Prefix: 'p/', StartAfter: 'p/10' }))).toEqual(['p/2', 'p/3']);
    expect(keysOf(await list({ Prefix: 'p/', StartAfter: 'z' }))).toEqual([]);
    expect((await list({ Prefix: 'q' })).Contents).toEqual([
      { Key: 'q', Size: 1, ETag: '"e"', LastModified: new Date(1000), StorageClass: 'STANDARD' },
    ]);
  });

  it('keeps to its own page size, and to no more than was asked', async () => {
    store('1', '2', '3', '4', '5');
    server.pageSize = 2;
    expect(await pages()).toEqual([['1', '2'], ['3', '4'], ['5']]);
    expect(await pages({ MaxKeys: 1 })).toEqual([['1'], ['2'], ['3'], ['4'], ['5']]);
    expect(await list()).toMatchObject({ KeyCount: 2, IsTruncated: true });
  });

  it('ends without a token when the last page is full', async () => {
    store('1', '2', '3', '4');
    server.pageSize = 2;
    expect(await pages()).toEqual([
      ['1', '2'],
      ['3', '4'],
    ]);
  });

  it('goes on behind a token when keys vanish and appear between the pages', async () => {
    store('1', '2', '3', '4');
    server.pageSize = 2;
    const first = await list();
    for (const key of ['1', '2', '3']) server.bucket.delete(key);
    store('15', '25');
    const second = await list({ ContinuationToken: first.NextContinuationToken });
    expect(keysOf(second)).toEqual(['25', '4']);
  });

  it('takes only tokens of its own', async () => {
    expect(await statusOf(list({ ContinuationToken: 'p/1' }))).toBe(400);
  });

  it('escapes names in XML, and encodes them when asked', async () => {
    const keys = ['<a>&amp;"\'', 'a b+c%2B', 'line\nbreak', '中😀'];
    store(...keys);
    expect(keysOf(await list())).toEqual([...keys].sort(compareUtf8));
    const page = await list({ EncodingType: 'url', Prefix: '<a' });
    expect(page).toMatchObject({ EncodingType: 'url', Prefix: '%3Ca' });
    expect(keysOf(page)).toEqual(['%3Ca%3E%26amp%3B%22%27']);
  });

  it('orders by UTF-8 bytes, not by UTF-16 units', async () => {
    store('\u{1F600}', '\uFFFD', 'z', 'é');
    expect(keysOf(await list())).toEqual(['z', 'é', '\uFFFD', '\u{1F600}']);
  });

  it('compares as a comparison of the bytes would', () => {
    const texts = [
      '',
      'a',
      'ab',
      '\u007f',
      '\u0080',
      '\ud7ff',
      '\ue000',
      '\uffff',
      '\u{10000}',
      '\u{10ffff}',
      'a\u{1F600}',
    ];
    for (const a of texts) {
      for (const b of texts) {
        expect(Math.sign(compareUtf8(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }
    }
  });
});
