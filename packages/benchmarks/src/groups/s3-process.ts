// Run by scripts/with-ceph.mjs, which says in the environment where the server is. Prints its result as JSON; what it is
// doing goes to the other stream.

import { spawnSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  complete,
  enterStage,
  openStateStore,
  type WorkflowState,
  type WorkflowStateInput,
} from '@workflow-state/core';
import { withLruCache } from '@workflow-state/lru-cache';
import { s3Backend } from '@workflow-state/s3';
import { at } from '../at.js';
import { contest } from '../contest.js';
import type { Figure, Table } from '../results.js';
import { spreadOf } from '../spread.js';
import { sampleState } from '../states.js';

const quick = process.argv[2] === 'quick';
const ROUNDS = quick ? 20 : 150;
const INSTANCES = quick ? [1000] : [1000, 10_000];
/** One in so many has the status that is listed. */
const SHARE = 20;
const PARALLEL = 24;

const { S3_ENDPOINT: endpoint = '', S3_REGION: region = '', S3_BUCKET: Bucket = '' } = process.env;
const { S3_ACCESS_KEY: accessKeyId = '', S3_SECRET_KEY: secretAccessKey = '' } = process.env;
if (endpoint === '') throw new Error('S3_ENDPOINT is not set; run this by scripts/with-ceph.mjs');

const connect = (): S3Client =>
  new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });

const raw = connect();
const client = connect();
const requests: string[] = [];
client.middlewareStack.add(
  (next, context) => (args) => {
    requests.push(
      String(context.commandName)
        .replace(/Object(?:sV2)?Command$/, '')
        .toUpperCase(),
    );
    return next(args);
  },
  // After the middleware that retries: each attempt counts.
  { step: 'finalizeRequest', priority: 'low', name: 'count' },
);

const prefix = `bench/${randomUUID()}`;
const store = await openStateStore(s3Backend({ bucket: Bucket, prefix, client }));
const fresh = (): WorkflowStateInput => sampleState(16 * 1024, randomBytes(4).readUInt32LE());
const waiting = { kind: 'waiting', stage: 'step-1', event: 'paid' } as const;

const tables: Table[] = [];
say('requests');
tables.push(await requestsOfOperations());
say('latency');
tables.push(...(await latencies()));
for (const instances of INSTANCES) {
  say(`listings of ${instances}`);
  tables.push(await listings(instances));
}
await store.close();
raw.destroy();
process.stdout.write(JSON.stringify({ facts: { server: `${serverVersion()}, in memory, on this machine` }, tables }));

function serverVersion(): string {
  const { stdout } = spawnSync('radosgw', ['--version'], { encoding: 'utf8' });
  return `Ceph RGW ${/ceph version (\S+)/.exec(stdout ?? '')?.[1] ?? ''}`.trim();
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

async function requestsOfOperations(): Promise<Table> {
  const figures: Figure[] = [];
  const count = async <Result>(name: string, act: () => Promise<Result>): Promise<Result> => {
    requests.length = 0;
    const result = await act();
    const kinds = [...requests].sort().join(' + ');
    figures.push({ name: `${name}: ${kinds}`, time: spreadOf([requests.length]) });
    return result;
  };
  let state: WorkflowState = await count('create', () => store.save(fresh()));
  state = await count('save', () => store.save(enterStage(state, 'step-1')));
  state = await count('status change', () => store.save({ ...state, status: waiting }));
  await count('load', () => store.load(state.instanceId));
  await count('head', () => store.head(state.instanceId));
  state = await count('terminal save', () => store.save(complete(state)));
  const { instanceId, revision } = state;
  await count('delete of a known revision', () => store.delete(instanceId, { revision }));
  state = await count('create over a tombstone', () => store.save({ ...fresh(), instanceId }));
  await count('delete', () => store.delete(instanceId));
  return { id: 'requests', title: 'requests of an operation', unit: 'requests', figures };
}

async function latencies(): Promise<Table[]> {
  let state = await store.save(enterStage(await store.save(fresh()), 'step-1'));
  const place = { Bucket, Key: `${prefix}/instances/${state.instanceId}` };
  const copy = { Bucket, Key: `${prefix}/raw` };
  const body = await (await raw.send(new GetObjectCommand(place))).Body?.transformToByteArray();
  if (body === undefined) throw new Error('the server answered without a body');
  const Body = new Uint8Array(body);
  let writes = 0;
  const put = async (condition: { IfMatch?: string; IfNoneMatch?: string }): Promise<string> => {
    new DataView(Body.buffer).setUint32(200, writes++); // equal bytes would have equal ETags
    const { ETag } = await raw.send(new PutObjectCommand({ ...copy, Body, ...condition }));
    return (ETag ?? '').replaceAll('"', '');
  };
  let etag = await put({ IfNoneMatch: '*' });
  const cached = withLruCache(store, { max: 10, revalidate: 'always' });
  const pair = async (
    id: string,
    title: string,
    ours: () => Promise<unknown>,
    theirs: () => Promise<unknown>,
  ): Promise<Table> => {
    const milliseconds = (act: () => Promise<unknown>) => async (): Promise<number> => {
      const begin = performance.now();
      await act();
      return performance.now() - begin;
    };
    const entrants = [
      { name: 'workflow-state', round: milliseconds(ours) },
      { name: 'raw SDK', round: milliseconds(theirs) },
    ];
    return {
      id,
      title,
      unit: 'ms',
      floor: 'raw SDK',
      figures: await contest(entrants, { rounds: ROUNDS, warmUp: 20, floor: 'raw SDK' }),
    };
  };
  return [
    await pair(
      'save',
      'save, 16 KB, beside one conditional PUT',
      async () => (state = await store.save(enterStage(state, 'step-1'))),
      async () => (etag = await put({ IfMatch: etag })),
    ),
    await pair(
      'load',
      'load, 16 KB, beside one GET',
      () => store.load(state.instanceId),
      async () => (await raw.send(new GetObjectCommand(place))).Body?.transformToByteArray(),
    ),
    await pair(
      'head',
      'head beside one HEAD',
      () => store.head(state.instanceId),
      () => raw.send(new HeadObjectCommand(place)),
    ),
    await pair(
      'proved-hit',
      'a cached state, proved current, beside one HEAD',
      () => cached.load(state.instanceId),
      () => raw.send(new HeadObjectCommand(place)),
    ),
  ];
}

async function listings(instances: number): Promise<Table> {
  const root = `${prefix}-${instances}`;
  const listed = await openStateStore(s3Backend({ bucket: Bucket, prefix: root, client }));
  await inParallel(instances, async (index) => {
    const state = sampleState(1024, index);
    await listed.save(index % SHARE === 0 ? { ...state, status: waiting } : state);
  });
  const figures: Figure[] = [];
  const timed = async (name: string, rounds: number, act: () => Promise<void>): Promise<void> => {
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      requests.length = 0;
      const begin = performance.now();
      await act();
      times.push(performance.now() - begin);
    }
    figures.push({
      name:
        requests.length === 0 ? name : `${name}: ${requests.length} ${requests.length === 1 ? 'request' : 'requests'}`,
      time: spreadOf(times),
    });
  };
  const consume = async (ids: AsyncIterable<unknown>): Promise<void> => {
    for await (const _ of ids);
  };
  await timed('listByStatus', 5, () => consume(listed.listByStatus('waiting')));
  await timed('list', 5, () => consume(listed.list()));
  await timed('count by status', 5, async () => void (await listed.count('waiting')));
  await timed('raw SDK, every object read', 1, async () => {
    const keys: string[] = [];
    for (let after: string | undefined; ; after = keys.at(-1)) {
      const page = await raw.send(
        new ListObjectsV2Command({ Bucket, Prefix: `${root}/instances/`, StartAfter: after }),
      );
      keys.push(...(page.Contents ?? []).map(({ Key = '' }) => Key));
      if (page.IsTruncated !== true) break;
    }
    await inParallel(keys.length, async (index) =>
      (await raw.send(new GetObjectCommand({ Bucket, Key: at(keys, index) }))).Body?.transformToByteArray(),
    );
  });
  await listed.close();
  return {
    id: `listing-${instances}`,
    title: `${instances / SHARE} of ${instances} instances by status`,
    unit: 'ms',
    figures,
  };
}

async function inParallel(count: number, act: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await act(next++);
  };
  await Promise.all(Array.from({ length: PARALLEL }, lane));
}
