// A store that does not keep conditions is refused before anything is kept there.
import assert from 'node:assert/strict';
import { openStateStore, type StateStore } from '@workflow-state/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { s3Backend } from '../src/index.js';
import { connect } from './server/connect.js';
import { faultAt, faultsOf } from './server/faults.js';
import { type Profile, profiles } from './server/profile.js';
import { type S3Server, startS3Server } from './server/s3-server.js';
import { age, bucket, DAY, keys, run, stored } from './world.js';

let server: S3Server;
afterEach(async () => {
  vi.restoreAllMocks();
  await server.close();
});

async function openOn(profile: Partial<Profile>, reclaim?: 'condemn'): Promise<StateStore> {
  server = await startS3Server({ profile: { ...profiles.aws, ...profile } });
  return openStateStore(s3Backend({ bucket, client: connect(server), reclaim }));
}

describe('open refuses', () => {
  it.each<[string, Partial<Profile>, RegExp]>([
    ['a store that ignores conditions', profiles.ignore, /If-None-Match: \* \(it replaced an object\)/],
    ['a store without conditions', profiles['501'], /If-None-Match: \* \(it refused to create\)/],
  ])('%s, naming what failed, and leaves nothing there', async (_what, profile, message) => {
    await expect(openOn(profile)).rejects.toMatchObject({
      code: 'NOT_SUPPORTED',
      message: expect.stringMatching(message),
    });
    expect(server.bucket.keys()).toEqual([]);
  });

  it('a directory bucket', () => {
    expect(() => s3Backend({ bucket: 'orders--use1-az4--x-s3' })).toThrow(/directory bucket/);
  });
});

describe('open', () => {
  it('asks once, and reads the stored verdict from then on', async () => {
    await openOn(profiles.ceph16);
    expect(JSON.parse(server.bucket.get(keys.verdict)?.body.toString() ?? '')).toEqual({
      format: 1,
      quotedEtag: false,
      conditionalDelete: false,
      ifMatchNeedsObject: true,
    });
    expect(server.bucket.keys()).toEqual([keys.verdict]);
    server.clearLog();
    const store = await openStateStore(s3Backend({ bucket, client: connect(server) }));
    expect(server.log.map(({ operation, key }) => `${operation} ${key}`)).toEqual(['GetObject probe/1']);
    const state = await store.save(run());
    await store.save(state);
    expect(server.log.at(-1)?.headers['if-match']).toMatch(/^[0-9a-f]{32}$/);
  });

  it.each([
    ['aws', 'conditional', true, true],
    ['ceph16', 'kept', false, true],
    ['minio', 'kept', false, true],
    ['minio-before-2025-08', 'kept, also where condemning was asked for', false, false],
  ] as const)('finds out what %s does with tombstones: %s', async (name, _what, reclaims, condemns) => {
    const store = await openOn(profiles[name]);
    expect(store.capabilities.reclaims).toBe(reclaims);
    const { instanceId } = await store.save(run());
    await store.delete(instanceId);
    age(server, 30 * DAY);
    await store.cleanup(0);
    expect(stored(server).has(instanceId)).toBe(!reclaims);

    const condemning = await openStateStore(s3Backend({ bucket, client: connect(server), reclaim: 'condemn' }));
    expect(condemning.capabilities.reclaims).toBe(condemns);
    await condemning.cleanup(0);
    expect(stored(server).has(instanceId)).toBe(!condemns);
  });

  it('comes to the same verdict whatever befalls one of its requests', { timeout: 60_000 }, async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    await openOn(profiles.ceph16);
    const verdict = server.bucket.get(keys.verdict)?.body;
    const requests = [...server.log];
    for (const [index, request] of requests.entries()) {
      for (const { name, fault } of faultsOf(request)) {
        server.reset();
        server.onRequest(faultAt(index + 1, fault));
        const requestTimeout = fault.kind === 'hang' ? 250 : 5000;
        await openStateStore(s3Backend({ bucket, client: connect(server), requestTimeout })).catch((error: unknown) =>
          assert.fail(`${name} at ${request.operation} ${index + 1}: ${String(error)}`),
        );
        expect(server.bucket.get(keys.verdict)?.body, `${name} at ${request.operation} ${index + 1}`).toEqual(verdict);
      }
    }
  });

  it('can be called again after it failed', async () => {
    server = await startS3Server({ bucket: 'not-yet' });
    const backend = s3Backend({ bucket, client: connect(server) });
    await expect(backend.open?.({})).rejects.toMatchObject({ code: 'STORAGE_ERROR' });
  });
});
