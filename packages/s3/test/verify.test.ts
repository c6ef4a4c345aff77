// What an operator is told of a bucket.
import { openStateStore, type StateStore } from '@workflow-state/core';
import type { Diagnosis } from '@workflow-state/core/backend';
import { copyStore, diagnoseStore, type Finding, verifyStore } from '@workflow-state/core/maintenance';
import { afterEach, describe, expect, it } from 'vitest';
import { s3Backend } from '../src/index.js';
import { connect } from './server/connect.js';
import { type Fault, faultWhere } from './server/faults.js';
import { type Profile, profiles } from './server/profile.js';
import { type S3Server, startS3Server } from './server/s3-server.js';
import { age, bucket, collect, expectIndexed, expectNoStaleMarkers, keys, markers, run } from './world.js';

const servers: S3Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serve(
  profile: Partial<Profile> = {},
): Promise<{ readonly server: S3Server; readonly store: StateStore }> {
  const server = await startS3Server({ profile: { ...profiles.aws, ...profile } });
  servers.push(server);
  return { server, store: await openStateStore(s3Backend({ bucket, client: connect(server), requestTimeout: 2000 })) };
}

const denied: Fault = { kind: 'error', code: 'AccessDenied', applied: false };
const tell = ({ kind, what }: Finding): string => `${kind} ${what}`;

describe('verify', () => {
  it('finds nothing wrong with what operations leave, and reads each instance once', async () => {
    const { server, store } = await serve();
    const state = await store.save(run());
    await store.save({ ...state, status: { kind: 'cancelled' } });
    await store.delete((await store.save(run())).instanceId);
    server.clearLog();
    expect(await collect(verifyStore(store))).toEqual([]);
    const of = (operation: string): number => server.log.filter((request) => request.operation === operation).length;
    // All instances, seven kinds, and everything once more.
    expect([of('GetObject'), of('ListObjectsV2')]).toEqual([1, 9]);
  });

  it('names what is not ours, scratch of a probe that died, and a second marker, once they are old', async () => {
    const { server, store } = await serve();
    const state = await store.save(run());
    const second = keys.marker(state.instanceId, 'initializing', { version: 7, nonce: '0123456789abcdef', at: 0 });
    const foreign = ['notes.txt', 'instances/readme', 'status/odd/x', 'probe/2', 'status/running/x'];
    for (const key of [...foreign, second, keys.scratch('0123456789abcdef')])
      server.bucket.put(key, { ...server.bucket.get(markers(server)[0] ?? '')! });
    expect((await collect(verifyStore(store))).map(tell).sort()).toEqual(foreign.map((key) => `foreign ${key}`).sort());
    age(server);
    expect((await collect(verifyStore(store))).map(tell).sort()).toEqual(
      [
        ...foreign.map((key) => `foreign ${key}`),
        `leftover ${keys.scratch('0123456789abcdef')}`,
        `stale-index ${second}`,
      ].sort(),
    );
  });
});

describe('a copy', () => {
  it('into a bucket has its marker from before it is there, and an older one is replaced by one request', async () => {
    const [{ store: from }, { server, store: to }] = [await serve(), await serve()];
    let state = await from.save(run());
    for (const stage of ['b', 'c']) state = await from.save({ ...state, currentStage: stage });
    expect(await collect(copyStore(from, to))).toMatchObject([{ outcome: 'copied' }]);
    // A sweep between the marker and the object would take a marker of a later version for a stale one.
    expect(markers(server)).toEqual([expect.stringMatching(/\.00000001\.[0-9a-f]{16}\./)]);
    state = await from.save({ ...state, status: { kind: 'waiting', stage: 'c', event: 'e' } });
    state = await from.save(state);
    server.clearLog();
    expect(await collect(copyStore(from, to))).toMatchObject([{ outcome: 'updated' }]);
    expect(server.log.map(({ operation }) => operation).filter((name) => name?.startsWith('Put'))).toHaveLength(2);
    expectIndexed(server);
    expectNoStaleMarkers(server);
    server.clearLog();
    expect(await collect(copyStore(from, to))).toMatchObject([{ outcome: 'present' }]);
    expect(server.log.map(({ operation }) => operation)).toEqual(['GetObject']);
    const saved = await to.save(await to.load(state.instanceId));
    expect(saved.checkpointVersion).toBe(6);
  });
});

describe('diagnosis', () => {
  const diagnosed = async (profile: Partial<Profile>): Promise<readonly Diagnosis[]> => {
    const { server, store } = await serve(profile);
    const before = server.bucket.keys();
    const found = await collect(diagnoseStore(store));
    expect(server.bucket.keys()).toEqual(before);
    return found;
  };
  const short = ({ what, verdict }: Diagnosis): string => `${what} ${verdict}`;

  it('tries the conditions out, also where a verdict is stored, and leaves nothing', async () => {
    expect((await diagnosed({})).map(short)).toEqual([
      'rights ok',
      'clock ok',
      'conditional writes ok',
      'tombstones ok',
    ]);
    const [tombstones] = (await diagnosed(profiles.ceph16)).filter(({ what }) => what === 'tombstones');
    expect(tombstones).toMatchObject({ verdict: 'doubtful', remedy: expect.stringContaining('reclaim=condemn') });
  });

  it('finds a server that came to ignore conditions since it was opened', async () => {
    const { server, store } = await serve(profiles.ceph16);
    Object.assign(server, { profile: profiles.ignore });
    expect(await collect(diagnoseStore(store))).toContainEqual(
      expect.objectContaining({ what: 'conditional writes', verdict: 'broken', remedy: expect.any(String) }),
    );
  });

  it('names the right that is missing', async () => {
    const { server, store } = await serve();
    server.onRequest(faultWhere(({ operation }) => operation === 'DeleteObject', denied, Infinity));
    const found = await collect(diagnoseStore(store));
    expect(found).toContainEqual(
      expect.objectContaining({
        what: 'delete',
        verdict: 'broken',
        remedy: expect.stringContaining('s3:DeleteObject'),
      }),
    );
  });
});
