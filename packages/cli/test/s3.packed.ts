// On the real server: `node scripts/with-ceph.mjs -- …` says where it is.

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, it } from 'vitest';
import { begin, onTerminal, place, run } from './support/command.js';
import { seedMany, seedOrders } from './support/seed.js';

const { S3_ENDPOINT: endpoint, S3_REGION: region, S3_BUCKET: bucket } = process.env;
const COUNT = 200;

let source: string;
let ids: readonly string[];
const fresh = (): string => `s3://${bucket}/cli/${randomUUID()}?endpoint=${endpoint}&region=${region}`;
const json = (text: string): unknown[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as unknown);
const told = async (args: readonly string[]): Promise<unknown[]> => json((await run(args)).stdout);
const states = (of: string): Promise<unknown[]> => told(['ls', '--long', '--json', '--store', of]);

beforeAll(async () => {
  if (bucket === undefined) throw new Error('run it by scripts/with-ceph.mjs');
  source = `file:${join(place(), 'orders')}`;
  ids = [...(await seedOrders(source.slice(5)))];
});

describe('on a real S3 server', () => {
  it('a store is copied there and back, listed, counted, shown, cleaned up and verified', async () => {
    const store = fresh();
    expect(await told(['copy', source, store, '--json'])).toMatchObject([{ summary: { copied: 5 } }]);
    expect(await states(store)).toEqual(await states(source));
    expect(await told(['count', '--json', '--store', store])).toMatchObject([{ failed: 1, total: 5 }]);
    expect((await run(['get', ids[2]?.slice(0, 10) ?? '', 'output.invoice', '--store', store])).stdout).toBe(
      '{"sent":true}\n',
    );
    const back = `file:${join(place(), 'back')}`;
    expect(await told(['copy', store, back, '--json'])).toMatchObject([{ summary: { copied: 5 } }]);
    expect(await states(back)).toEqual(await states(source));
    expect(await told(['cleanup', '--older-than', '30d', '--json', '--store', store])).toMatchObject([{ removed: 2 }]);
    expect((await run(['rm', '--yes', ids[0] ?? '', '--store', store])).code).toBe(0);
    expect(await run(['verify', '--store', store])).toMatchObject({
      stdout: '2 instances read, nothing wrong\n',
      code: 0,
    });
    // What the target has deleted stays deleted.
    const again = await run(['copy', source, store, '--json']);
    expect([again.code, json(again.stdout).at(-1)]).toMatchObject([1, { summary: { deleted: 3, present: 2 } }]);
  });

  it('a copy that is killed half-way, and run again, ends with the same states', async () => {
    const many = join(place(), 'many');
    await seedMany(many, { count: COUNT, old: 50 });
    const store = fresh();
    const first = begin(['copy', `file:${many}`, store, '--concurrency', '4']);
    const client = new S3Client({ endpoint: endpoint ?? '', region: region ?? '', forcePathStyle: true });
    const prefix = /cli\/[^?]+/.exec(store)?.[0];
    // The least of the ids: once it is there, the copy is under way.
    const Key = `${prefix}/instances/${'0'.repeat(32)}`;
    for (let isThere = false; !isThere && first.exitCode === null;)
      isThere = await client.send(new GetObjectCommand({ Bucket: bucket, Key })).then(
        () => true,
        () => false,
      );
    first.kill('SIGKILL');
    expect((await first.ended).code).toBeNull();
    const second = await told(['copy', `file:${many}`, store, '--json']);
    const { summary } = second.at(-1) as { readonly summary: Readonly<Record<string, number>> };
    expect((summary['copied'] ?? 0) + (summary['present'] ?? 0)).toBe(COUNT);
    expect(summary['present']).toBeGreaterThan(0);
    expect(await states(store)).toEqual(await states(`file:${many}`));

    await client.send(new PutObjectCommand({ Bucket: bucket, Key: `${prefix}/notes.txt`, Body: 'mine' }));
    await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'not a record' }));
    client.destroy();
    const found = (await told(['verify', '--json', '--store', store])).slice(0, -1);
    expect(found).toMatchObject([
      { kind: 'damaged', instanceId: '0'.repeat(32) },
      { kind: 'foreign', what: `${prefix}/notes.txt` },
    ]);
  });

  it('doctor tries the conditions out, and has a remedy for what this server does not do', async () => {
    const { code, screen } = await onTerminal(['doctor', '--store', fresh()], { env: { NO_COLOR: '1' } });
    expect(screen).toMatch(
      /✓ rights[\s\S]*✓ clock[\s\S]*✓ conditional writes[\s\S]*! tombstones[\s\S]*→ add reclaim=condemn/,
    );
    expect(code).toBe(1);
    expect((await run(['doctor', '--store', `${fresh()}&reclaim=condemn`])).code).toBe(0);
  });

  it('a bucket that is not there, and rights that are missing, are told in one line', async () => {
    const none = await run(['count', '--store', `s3://no-such-bucket?endpoint=${endpoint}&region=${region}`]);
    expect([none.code, none.stderr]).toEqual([
      2,
      expect.stringMatching(/there is no bucket no-such-bucket.*; create the bucket/),
    ]);
    const denied = await run(['count', '--store', fresh()], { env: { AWS_SECRET_ACCESS_KEY: 'wrong' } });
    expect([denied.code, denied.stderr]).toEqual([2, expect.stringMatching(/was denied.*; allow s3:/)]);
  });
});
