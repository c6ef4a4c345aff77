// Listings page by page: 2 500 instances, two names at a time, names that vanish between pages, two markers of one id.
import { InstanceId } from '@workflow-state/core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { s3Backend } from '../src/index.js';
import { connect } from './server/connect.js';
import { type S3Server, startS3Server } from './server/s3-server.js';
import { bucket, collect, keys, run, storeOn, TOMBSTONE } from './world.js';

let server: S3Server;
beforeAll(async () => {
  server = await startS3Server();
});
afterAll(() => server.close());
beforeEach(() => {
  server.reset();
  server.pageSize = 1000;
});

const id = (number: number): InstanceId => InstanceId.parse(number.toString(16).padStart(32, '0'));
const object = (bytes: number) => ({ body: Buffer.alloc(bytes), etag: 'e', lastModified: 0, headers: {} });
const nonce = (letter: string): string => letter.repeat(16);

/** Names only: listings read nothing else. */
function fill(count: number): InstanceId[] {
  const ids = Array.from({ length: count }, (_, index) => id(index + 1));
  for (const one of ids) {
    server.bucket.put(keys.instance(one), object(500));
    server.bucket.put(keys.marker(one, 'running', { version: 1, nonce: nonce('a'), at: 5 }), object(0));
  }
  return ids;
}

describe.each([1000, 2])('in pages of at most %d', (pageSize) => {
  it('list and listByStatus yield 2 500 instances, each once, ascending', { timeout: 120_000 }, async () => {
    const ids = fill(2500);
    const store = await storeOn(server);
    server.pageSize = pageSize;
    server.clearLog();
    expect(await collect(store.list())).toEqual(ids);
    expect(server.count('ListObjectsV2')).toBe(Math.ceil(2500 / pageSize));
    expect(await collect(store.listByStatus('running'))).toEqual(ids);
  });

  it('listPage goes through them by its cursor', async () => {
    const ids = fill(250);
    const store = await storeOn(server);
    server.pageSize = pageSize;
    const seen: InstanceId[] = [];
    for (let after: InstanceId | undefined; ;) {
      const page = await store.listPage({ status: 'running', after, limit: 40 });
      seen.push(...page.entries.map(({ instanceId }) => instanceId));
      after = page.next;
      if (after === undefined) break;
    }
    expect(seen).toEqual(ids);
  });

  it('names that vanish between two pages take nothing else with them', async () => {
    const ids = fill(20);
    const store = await storeOn(server);
    server.pageSize = pageSize;
    const seen: InstanceId[] = [];
    for await (const one of store.listByStatus('running')) {
      seen.push(one);
      // What was just yielded, and the one after the next page.
      server.bucket.delete(keys.marker(one, 'running', { version: 1, nonce: nonce('a'), at: 5 }));
      if (one === id(3)) server.bucket.delete(keys.marker(id(9), 'running', { version: 1, nonce: nonce('a'), at: 5 }));
    }
    expect(seen).toEqual(ids.filter((one) => pageSize === 1000 || one !== id(9)));
  });

  it('skips tombstones, by their size, and shows what is damaged', async () => {
    fill(3);
    server.bucket.put(keys.instance(id(2)), object(TOMBSTONE));
    server.bucket.put(keys.instance(id(3)), object(0));
    const store = await storeOn(server);
    server.pageSize = pageSize;
    expect(await collect(store.list())).toEqual([id(1), id(3)]);
  });

  it('names an instance once that has two markers, also across pages, by the older one', async () => {
    fill(3);
    server.bucket.put(keys.marker(id(2), 'running', { version: 10, nonce: nonce('b'), at: 9 }), object(0));
    const store = await storeOn(server);
    server.pageSize = pageSize;
    const { entries } = await store.listPage({ status: 'running', limit: 10 });
    expect(entries.map(({ instanceId, statusSince }) => [instanceId, statusSince?.getTime()])).toEqual([
      [id(1), 5],
      [id(2), 5],
      [id(3), 5],
    ]);
  });

  it('sweeps what is stale among them, and nothing else', async () => {
    const store = await storeOn(server);
    const kept = await Promise.all([1, 2, 3, 4, 5].map((number) => store.save(run({ instanceId: id(number) }))));
    const stale = [
      keys.marker(id(2), 'running', { version: 1, nonce: nonce('c'), at: 5 }),
      keys.marker(id(4), 'failed', { version: 2, nonce: nonce('d'), at: 5 }),
      keys.marker(id(6), 'failed', { version: 2, nonce: nonce('d'), at: 5 }),
    ];
    for (const key of stale) server.bucket.put(key, object(0)); // of 1970
    const young = keys.marker(id(3), 'paused', { version: 1, nonce: nonce('e'), at: 5 });
    server.bucket.put(young, { ...object(0), lastModified: Date.now() });
    server.pageSize = pageSize;
    expect((await store.cleanup({ days: 1 })).failures).toEqual([]);
    expect(server.bucket.keys('status/').filter((key) => stale.includes(key))).toEqual([]);
    expect(server.bucket.keys('status/')).toContain(young);
    expect(await collect(store.listByStatus('initializing'))).toEqual(kept.map(({ instanceId }) => instanceId));
  });
});

it('refuses a store that lists in no order', async () => {
  const client = connect(server);
  const backend = s3Backend({ bucket, client });
  fill(3);
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      (result.output as { Contents?: unknown[] }).Contents?.reverse();
      return result;
    },
    { step: 'deserialize', priority: 'high' },
  );
  await expect(collect(backend.scan({}, {}))).rejects.toMatchObject({
    code: 'NOT_SUPPORTED',
    message: expect.stringContaining('ascending order'),
  });
});
