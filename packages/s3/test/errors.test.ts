// Each failure of the store is its own clear error, and never "absent".
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { InstanceId, openStateStore, type StateStore } from '@workflow-state/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { s3Backend } from '../src/index.js';
import { connect } from './server/connect.js';
import type { ErrorCode } from './server/errors.js';
import { type S3Server, startS3Server } from './server/s3-server.js';
import { bucket, keys, markers, run, storeOn } from './world.js';

let server: S3Server;
let store: StateStore;
const id = InstanceId.generate();

beforeEach(async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  server = await startS3Server();
  store = await storeOn(server);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await server.close();
});

const always = (code: ErrorCode): void => server.onRequest(() => ({ kind: 'error', code, applied: false }));
const failureOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => expect.fail('it succeeded'),
    (error: unknown) => error,
  );

describe.each<[ErrorCode, boolean, RegExp, RegExp]>([
  ['AccessDenied', false, /access to bucket test-bucket was denied/, /s3:ListBucket/],
  ['NoSuchBucket', false, /there is no bucket test-bucket/, /create the bucket/],
  ['PermanentRedirect', false, /test-bucket is in another region/, /set region/],
  ['AuthorizationHeaderMalformed', false, /in another region/, /set region/],
  ['ExpiredToken', true, /credentials have expired/, /credential provider/],
  ['InvalidAccessKeyId', false, /denied/, /./],
  ['SignatureDoesNotMatch', false, /denied/, /./],
  ['RequestTimeTooSkewed', true, /clock is wrong/, /set the clock/],
  ['SlowDown', true, /slow down/, /later/],
  ['TooManyRequests', true, /slow down/, /later/],
  ['InternalError', true, /failed/, /^/],
])('%s', (code, retryable, message, remedy) => {
  it.each<[string, () => Promise<unknown>]>([
    ['load', () => store.load(id)],
    ['find', () => store.find(id)],
    ['head', () => store.head(id)],
    ['delete', () => store.delete(id)],
    ['list', () => store.listPage({ limit: 1 })],
    ['save', () => store.save(run())],
  ])('is a clear STORAGE_ERROR of %s', async (_op, call) => {
    always(code);
    const error = await failureOf(call());
    expect(error).toMatchObject({ code: 'STORAGE_ERROR', retryable });
    expect((error as Error).message).toMatch(message);
    expect((error as { recoveryHints: string[] }).recoveryHints.join()).toMatch(remedy);
    expect(server.bucket.keys()).toEqual([keys.verdict]);
  });
});

it('names the region that the store names', async () => {
  const elsewhere = await openStateStore(s3Backend({ bucket, client: connect(server, { region: 'eu-west-1' }) })).catch(
    (e: unknown) => e,
  );
  expect(elsewhere).toMatchObject({ code: 'STORAGE_ERROR', recoveryHints: ['set region to us-east-1'] });
});

it('a store that cannot be reached: nothing was written, try again later', async () => {
  await server.close();
  expect(await failureOf(store.save(run()))).toMatchObject({
    code: 'STORAGE_ERROR',
    retryable: true,
    message: expect.stringContaining('ECONNREFUSED'),
  });
  server = await startS3Server();
});

it('missing credentials are said to be missing', async () => {
  const client = connect(server, {
    credentials: async () => Promise.reject(Object.assign(new Error('none'), { name: 'CredentialsProviderError' })),
  });
  const error = await failureOf(openStateStore(s3Backend({ bucket, client })));
  expect(error).toMatchObject({ code: 'STORAGE_ERROR', message: expect.stringContaining('no credentials were found') });
});

it.each([
  ['an empty object', ''],
  [
    'an object of somebody else',
    '{"order": 7, "note": "this is not ours, and it is longer than the header of a record, which has only one hundred and twenty-eight bytes"}',
  ],
])('%s under one of our names is damage, to be deleted or overwritten on request', async (_what, body) => {
  const client = connect(server);
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: keys.instance(id), Body: body }));
  for (const call of [() => store.load(id), () => store.head(id), () => store.save(run({ instanceId: id }))]) {
    const error = await failureOf(call());
    expect(error).toMatchObject({ code: 'DESERIALIZATION_ERROR', instanceId: id });
    expect((error as Error).message).toMatch(body === '' ? /0 bytes long/ : /magic/);
  }
  expect(markers(server)).toEqual([]);
  expect(await store.delete(id)).toBe(true);
  expect(await store.find(id)).toBeUndefined();
});

it('does not take a page of a proxy for an absent instance', async () => {
  const client = connect(server);
  client.middlewareStack.add(
    () => async () => {
      throw Object.assign(new Error('<html>not found</html>'), {
        name: 'UnknownError',
        $metadata: { httpStatusCode: 404 },
      });
    },
    { step: 'deserialize', priority: 'low' },
  );
  const blind = s3Backend({ bucket, client });
  await expect(blind.read(id, {})).rejects.toMatchObject({
    code: 'STORAGE_ERROR',
    message: expect.stringContaining('404 without naming'),
  });
});
