// What each call costs, counted at the SDK.
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
} from '@aws-sdk/client-s3';
import { cancel, enterStage, openStateStore, type StateStore, type WorkflowState } from '@workflow-state/core';
import { sdkStreamMixin } from '@smithy/util-stream';
import { mockClient } from 'aws-sdk-client-mock';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { beforeEach, describe, expect, it } from 'vitest';
import { s3Backend } from '../src/index.js';
import { collect, run } from './world.js';

// The least of S3 that the calls below need: keys, bytes and conditions.
const objects = new Map<string, Uint8Array>();
const etagOf = (body: Uint8Array): string => `"${createHash('md5').update(body).digest('hex')}"`;
const failure = (status: number, name: string): Error =>
  Object.assign(new Error(name), { name, $metadata: { httpStatusCode: status, attempts: 1 } });
const client = new S3Client({ region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } });
const mock = mockClient(client);

function put({ Key = '', Body, IfMatch, IfNoneMatch }: PutObjectCommandInput): { ETag: string } {
  const current = objects.get(Key);
  if (IfMatch !== undefined && current === undefined) throw failure(404, 'NoSuchKey');
  if (
    (IfNoneMatch === '*' && current !== undefined) ||
    (IfMatch !== undefined && current !== undefined && IfMatch !== etagOf(current))
  ) {
    throw failure(412, 'PreconditionFailed');
  }
  objects.set(Key, Body as Uint8Array);
  return { ETag: etagOf(Body as Uint8Array) };
}

let store: StateStore;

beforeEach(async () => {
  mock.reset();
  objects.clear();
  mock.on(PutObjectCommand).callsFake(put);
  mock.on(GetObjectCommand).callsFake(({ Key, Range }: { Key: string; Range?: string }) => {
    const body = objects.get(Key);
    if (body === undefined) throw failure(404, 'NoSuchKey');
    const sent = Range === undefined ? body : body.subarray(0, 128);
    return { Body: sdkStreamMixin(Readable.from([sent])), ETag: etagOf(body) };
  });
  mock.on(DeleteObjectCommand).callsFake(({ Key }: { Key: string }) => {
    objects.delete(Key);
    return {};
  });
  mock
    .on(ListObjectsV2Command)
    .callsFake(({ Prefix, StartAfter = '', MaxKeys }: { Prefix: string; StartAfter?: string; MaxKeys: number }) => {
      const keys = [...objects.keys()].filter((key) => key.startsWith(Prefix) && key > StartAfter).sort();
      const Contents = keys.slice(0, MaxKeys).map((Key) => ({ Key, Size: objects.get(Key)?.length }));
      return { Contents, IsTruncated: keys.length > MaxKeys };
    });
  store = await openStateStore(s3Backend({ bucket: 'orders', client }));
});

/** The names of the requests that `act` sends. */
async function requestsOf(act: () => Promise<unknown>): Promise<string[]> {
  mock.resetHistory();
  await act();
  return mock.calls().map(({ args: [command] }) => command.constructor.name.replace('Command', ''));
}

const saved = (): Promise<WorkflowState> => store.save(run());
const waiting = (state: WorkflowState): WorkflowState => ({
  ...state,
  status: { kind: 'waiting', stage: 'pay', event: 'paid' },
});

describe('requests', () => {
  it('open on AWS: none', async () => {
    expect(await requestsOf(() => openStateStore(s3Backend({ bucket: 'orders', client })))).toEqual([]);
  });

  it('create: 2', async () => {
    expect(await requestsOf(saved)).toEqual(['PutObject', 'PutObject']);
  });

  it('save: 1, also of a state that went through another process', async () => {
    const state = await store.save(enterStage(await saved(), 'pay'));
    const sent = structuredClone(state);
    expect(await requestsOf(() => store.save(enterStage(sent, 'ship')))).toEqual(['PutObject']);
  });

  it('change of status: 3, the marker first and the old one last', async () => {
    const state = await saved();
    expect(await requestsOf(() => store.save(waiting(state)))).toEqual(['PutObject', 'PutObject', 'DeleteObject']);
    const [marker, object, old] = mock.calls().map(({ args: [command] }) => (command.input as { Key: string }).Key);
    expect([marker, object, old]).toEqual([
      expect.stringContaining('status/waiting/'),
      `instances/${state.instanceId}`,
      expect.stringContaining('status/initializing/'),
    ]);
  });

  it('terminal save: 3, also of what is terminal already', async () => {
    const ended = await store.save(cancel(await saved()));
    expect(await requestsOf(() => store.save(cancel(ended)))).toEqual(['PutObject', 'PutObject', 'DeleteObject']);
  });

  it('load: 1, head: 1', async () => {
    const { instanceId } = await saved();
    expect(await requestsOf(() => store.load(instanceId))).toEqual(['GetObject']);
    expect(await requestsOf(() => store.head(instanceId))).toEqual(['GetObject']);
    expect(await requestsOf(() => store.isCurrent(instanceId, '' as never).catch(() => undefined))).toEqual([]);
  });

  it('delete of a known revision: 2, else 3', async () => {
    const { instanceId, revision } = await saved();
    expect(await requestsOf(() => store.delete(instanceId, { revision }))).toEqual(['PutObject', 'DeleteObject']);
    const other = await saved();
    expect(await requestsOf(() => store.delete(other.instanceId))).toEqual(['GetObject', 'PutObject', 'DeleteObject']);
  });

  it('create over a tombstone: 4', async () => {
    const input = run();
    await store.save(input);
    await store.delete(input.instanceId);
    expect(await requestsOf(() => store.save(input))).toEqual(['PutObject', 'PutObject', 'GetObject', 'PutObject']);
  });

  it('lists of N: one request per 1000, without reading an object', async () => {
    for (let count = 0; count < 2500; count++) await saved();
    expect(await requestsOf(() => collect(store.list()))).toEqual(Array(3).fill('ListObjectsV2'));
    expect(await requestsOf(() => collect(store.listByStatus('initializing')))).toEqual(Array(3).fill('ListObjectsV2'));
    expect(await requestsOf(() => store.count('waiting'))).toEqual(['ListObjectsV2']);
    expect(await requestsOf(() => store.listPage({ limit: 10 }))).toEqual(['ListObjectsV2']);
  });
});
