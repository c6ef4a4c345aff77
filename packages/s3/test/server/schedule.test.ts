import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connect, statusOf } from './connect.js';
import { Gate } from './gate.js';
import { everySchedule, replay, runInterleaved, type Choose } from './schedule.js';
import { startS3Server, type S3Server } from './s3-server.js';

const Bucket = 'test-bucket';
let server: S3Server;

beforeEach(async () => {
  server = await startS3Server({ clock: () => 0 });
});
afterEach(() => server.close());

/** Reads a counter and writes one more: with or without a condition. */
function increment(actor: string, conditional: boolean): () => Promise<number | string> {
  const client = connect(server, { actor });
  return async () => {
    const { Body, ETag } = await client.send(new GetObjectCommand({ Bucket, Key: 'counter' }));
    const next = String(Number(await Body?.transformToString()) + 1);
    const condition = conditional ? { IfMatch: ETag } : {};
    return statusOf(client.send(new PutObjectCommand({ Bucket, Key: 'counter', Body: next, ...condition })));
  };
}

function startCounter(): void {
  server.reset();
  server.bucket.put('counter', { body: Buffer.from('0'), etag: 'first', lastModified: 0, headers: {} });
}

const counter = (): number => Number(server.bucket.get('counter')?.body.toString());

describe('Gate', () => {
  it('holds requests until the test lets them go, in the order of its choice', async () => {
    const gate = new Gate(({ operation }) => operation === 'PutObject');
    server.onRequest(gate.handler);
    const client = connect(server);
    const put = (Key: string) => client.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
    const sent = [put('a'), put('b')];
    const b = await gate.next(({ key }) => key === 'b');
    const a = await gate.next(({ key }) => key === 'a');
    expect(server.bucket.keys()).toEqual([]);
    b.proceed();
    await sent[1];
    expect(server.bucket.keys()).toEqual(['b']);
    a.proceed({ kind: 'cutBefore' });
    await expect(sent[0]).rejects.toHaveProperty('code', 'ECONNRESET');
    expect(() => a.proceed()).toThrow('already gone on');
  });

  it('holds nothing once it is open', async () => {
    const gate = new Gate();
    server.onRequest(gate.handler);
    const client = connect(server);
    const get = () => statusOf(client.send(new GetObjectCommand({ Bucket, Key: 'a' })));
    const sent = get();
    await gate.next();
    gate.open();
    expect([await sent, await get()]).toEqual([404, 404]);
  });
});

describe('everySchedule', () => {
  it('finds the lost update of writers without conditions', async () => {
    const actors = { a: increment('a', false), b: increment('b', false) };
    const ends = new Set<number>();
    const run = async (choose: Choose): Promise<void> => {
      startCounter();
      await runInterleaved(server, actors, choose);
      ends.add(counter());
    };
    expect(await everySchedule(run, { every: 'path' })).toBe(6); // (2 + 2)! / (2! 2!)
    expect(ends).toEqual(new Set([1, 2]));

    ends.clear();
    expect(await everySchedule(run, { every: 'state' })).toBeLessThan(6);
    expect(ends).toEqual(new Set([1, 2]));
  });

  it('finds as many successes as increments with conditions, for three writers', async () => {
    const actors = { a: increment('a', true), b: increment('b', true), c: increment('c', true) };
    const outcomes = { path: new Set<string>(), state: new Set<string>() };
    const run = (every: 'path' | 'state') => async (choose: Choose) => {
      startCounter();
      const results = await runInterleaved(server, actors, choose);
      const statuses = Object.values(results).map((result) => result.status === 'fulfilled' && result.value);
      expect(counter()).toBe(statuses.filter((status) => status === 200).length);
      outcomes[every].add(statuses.join());
    };
    expect(await everySchedule(run('path'), { every: 'path' })).toBe(90); // 6! / (2! 2! 2!)
    expect(await everySchedule(run('state'), { every: 'state' })).toBeLessThan(60);
    expect(outcomes.state).toEqual(outcomes.path);
  });

  it('shows every state between two requests', async () => {
    const put = (actor: string) => {
      const client = connect(server, { actor });
      return () => client.send(new PutObjectCommand({ Bucket, Key: actor, Body: actor }));
    };
    const actors = { a: put('a'), b: put('b') };
    const states = new Set<string>();
    const run = async (choose: Choose): Promise<void> => {
      server.reset();
      await runInterleaved(server, actors, choose, () => states.add(server.bucket.keys().join()));
    };
    await everySchedule(run, { every: 'state' });
    expect(states).toEqual(new Set(['', 'a', 'b', 'a,b']));
  });

  it('names the choices that led to a failure, so that they can be taken again', async () => {
    const actors = { a: increment('a', false), b: increment('b', false) };
    const run = async (choose: Choose): Promise<void> => {
      startCounter();
      await runInterleaved(server, actors, choose);
      expect(counter()).toBe(2);
    };
    await expect(everySchedule(run, { every: 'path' })).rejects.toThrow('schedule [0, 1, 0]');
    await expect(everySchedule(run, { every: 'state' })).rejects.toThrow('schedule [0, 1, 0]');
    await expect(run(replay([0, 1, 0]))).rejects.toThrow('expected 1 to be 2');
    await run(replay([0, 0]));
  });

  it('refuses to end before it has seen all', async () => {
    const two = async (choose: Choose): Promise<void> => void [choose(2), choose(2)];
    await expect(everySchedule(two, { every: 'path', limit: 3 })).rejects.toThrow('more than 3');
    expect(await everySchedule(two, { every: 'path', limit: 4 })).toBe(4);
  });

  it('goes on with an actor that sends requests in parallel', async () => {
    const client = connect(server, { actor: 'both' });
    const put = (Key: string) => client.send(new PutObjectCommand({ Bucket, Key, Body: new Uint8Array(0) }));
    const run = async (choose: Choose): Promise<void> => {
      startCounter();
      await runInterleaved(server, { both: async () => void (await Promise.all([put('x'), put('y')])) }, choose);
      expect(server.bucket.keys()).toEqual(['counter', 'x', 'y']);
    };
    expect(await everySchedule(run, { every: 'path' })).toBe(1);
  });
});
