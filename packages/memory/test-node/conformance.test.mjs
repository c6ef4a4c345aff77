// The suite as a third party uses it: the built packages, Node's own test runner, and without any runner at all.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { forkBackend, registerConformance, validate } from '@workflow-state/core/conformance';
import { memoryBackend, MemorySpace } from '@workflow-state/memory';

const expect = { durability: 'none', sharing: 'process', reads: 'latest', reclaims: true, maxBodyBytes: Infinity };

registerConformance(
  { describe, it, skip: it.skip },
  {
    name: 'memory',
    expect,
    async create() {
      const space = new MemorySpace();
      return { space, backend: memoryBackend({ space }) };
    },
    peer: async ({ space }) => ({ backend: memoryBackend({ space }) }),
    reopen: async () => ({ backend: memoryBackend() }),
    peerProcess: () => forkBackend(new URL('./backend-process.mjs', import.meta.url)),
  },
);

describe('a backend in another process', () => {
  it('keeps the contract across the channel as it does at home', { timeout: 120_000 }, async () => {
    const report = await validate(
      {
        name: 'memory, served',
        expect,
        create: () => forkBackend(new URL('./backend-process.mjs', import.meta.url)),
      },
      {
        only: [
          0,
          2,
          3,
          '1.envelope-bytes',
          '6.lost-reply',
          '6.abort-while-writing',
          '8.backend-scan',
          '13.idle-iterators',
        ],
      },
    );
    assert.deepEqual(report.red, [], report.toText());
    assert.ok(report.counts.passed >= 20, report.toText());
  });

  it('answers with an error once it was killed', async () => {
    const { backend, kill } = await forkBackend(new URL('./backend-process.mjs', import.meta.url));
    const id = '0'.repeat(32);
    assert.equal(await backend.read(id, {}), undefined);
    const last = backend.read(id, {});
    await Promise.all([assert.rejects(last, /gone/).catch(() => undefined), kill()]);
    await assert.rejects(backend.read(id, {}), /the process with the backend is gone/);
    await backend.close();
  });
});
