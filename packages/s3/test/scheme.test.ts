import { openStateStoreFromUrl } from '@workflow-state/core';
import { describe, expect, it, vi } from 'vitest';
import { s3Backend, s3Scheme } from '../src/index.js';
import { startS3Server } from './server/s3-server.js';
import { run } from './world.js';

const open = (url: string) => openStateStoreFromUrl(url, { schemes: [s3Scheme] });

describe('s3:', () => {
  it('opens a store under bucket and prefix, on the endpoint that it names, with credentials of the environment', async () => {
    await using server = await startS3Server();
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
    const store = await open(
      `s3://test-bucket/team/orders?region=us-east-1&endpoint=${encodeURIComponent(server.endpoint)}&requestTimeout=5000`,
    );
    const { instanceId } = await store.save(run());
    expect(server.bucket.keys()).toContain(`team/orders/instances/${instanceId}`);
    await store.close();
    vi.unstubAllEnvs();
  });

  it.each([
    ['s3://key:secret@bucket/prefix', /holds credentials/],
    ['s3://bucket?secretAccessKey=hunter2', /holds credentials/],
    ['s3://bucket?accessKeyId=hunter2', /holds credentials/],
    ['s3://bucket?endpoint=http://me:hunter2@host', /holds credentials/],
    ['s3:', /names no bucket/],
    ['s3:///prefix', /names no bucket/],
    ['s3://bucket?color=red', /color/],
    ['s3://bucket?forcePathStyle=yes', /true or false/],
    ['s3://bucket?requestTimeout=soon', /milliseconds/],
    ['s3://bucket?reclaim=always', /keep or condemn/],
    ['s3://bucket/a//b', /prefix/],
    ['s3://bucket/a/../b', /prefix/],
  ])('refuses %s, and repeats no secret', async (url, message) => {
    const error: unknown = await open(url).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) });
    expect(String(error)).not.toContain('hunter2');
  });
});

describe('s3Backend refuses', () => {
  it.each([
    [{ bucket: '' }, /bucket/],
    [{ bucket: 'b', client: {} as never, region: 'us-east-1' }, /client/],
    [{ bucket: 'b', requestTimeout: 0 }, /requestTimeout/],
    [{ bucket: 'b', reclaim: 'always' as never }, /reclaim/],
    [{ bucket: 'b', prefix: '/a' }, /prefix/],
    [{ bucket: 'b', prefix: 'ü' }, /prefix/],
  ])('%j', (options, message) => {
    expect(() => s3Backend(options)).toThrow(message);
  });
});
