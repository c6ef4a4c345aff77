import { describe, expect, it } from 'vitest';
import { fileSystemBackendOn } from '../src/filesystem-backend.js';
import { created, following } from './support/records.js';
import { Seam } from './support/seam.js';
import { listed, NO_CALL, opened, write } from './support/store.js';

// Step lists as the seam sees them. test/integration/syscalls.test.ts counts the same with strace.
describe('system calls', () => {
  for (const io of ['hybrid', 'sync', 'async'] as const) {
    it(`${io}: create takes 11, save 7, a change of status 9, load 4, delete 9`, async () => {
      const { backend, seam } = await opened({ io });
      // The first use of a shard makes it, and opens it for its fsyncs.
      const first = created('running');
      await write(backend, first);
      const neighbour = { ...created('running', `${first.id.slice(0, 2)}${'0'.repeat(30)}` as typeof first.id) };

      seam.forget();
      await write(backend, neighbour);
      expect(seam.texts).toEqual([
        'create tmp:1',
        'write',
        'fsync',
        'close',
        'create tok:1',
        'close',
        'link tok:1 running:1',
        'link tok:1 id',
        'link tmp:1 data',
        'unlink tmp:1',
        'fsync',
      ]);

      seam.forget();
      const second = following(neighbour);
      await write(backend, second, neighbour.revision);
      expect(seam.texts).toEqual([
        'create tmp:2',
        'write',
        'fsync',
        'close',
        'rename tok:1 tok:2',
        'rename tmp:2 data',
        'fsync',
      ]);

      seam.forget();
      const third = following(second, 'waiting');
      await write(backend, third, second.revision);
      expect(seam.texts).toEqual([
        'create tmp:3',
        'write',
        'fsync',
        'close',
        'link tok:2 waiting:3',
        'rename tok:2 tok:3',
        'rename tmp:3 data',
        'unlink running:1',
        'fsync',
      ]);

      seam.forget();
      await backend.read(third.id, NO_CALL);
      expect(seam.texts).toEqual(['open data', 'size', 'read', 'close']);
      seam.forget();
      await backend.head(third.id, NO_CALL);
      expect(seam.texts).toEqual(['open data', 'read', 'close']);
      seam.forget();
      await backend.isCurrent(third.id, third.revision, NO_CALL);
      expect(seam.texts).toEqual(['exists tok:3']);

      seam.forget();
      await write(backend, following(third, 'tombstone'), third.revision);
      expect(seam.texts).toEqual([
        'mkdir pit:3',
        'rename tok:3 dead:3',
        'rename data pit:3/d',
        'fsync',
        'unlink waiting:3',
        'unlink id',
        'unlink dead:3',
        'unlink pit:3/d',
        'rmdir pit:3',
      ]);
    });
  }

  it('durability process does the same without the fsyncs', async () => {
    const { backend, seam } = await opened({ durability: 'process' });
    const first = created('running');
    await write(backend, first);
    const second = following(first, 'waiting');
    await write(backend, second, first.revision);
    await write(backend, following(second, 'tombstone'), second.revision);
    expect(seam.texts.filter((text) => text.startsWith('fsync'))).toEqual([]);
    seam.forget();
    const other = created('running', first.id);
    await write(backend, other);
    expect(seam.texts).toHaveLength(9);
    seam.forget();
    await write(backend, following(other), other.revision);
    expect(seam.texts).toHaveLength(5);
  });

  it('where directories are not ordered, an index directory is synced before the commit and left after the shard is synced', async () => {
    const BTRFS = 0x9123683e;
    const { backend, seam } = await opened({}, BTRFS);
    const first = created('running');
    await write(backend, first);
    expect(seam.texts.filter((text) => /^(?:create|mkdir|open|fsync|link)/.test(text)).join(', ')).toBe(
      [
        'create tmp:1',
        'mkdir ids/xx, open ids, fsync, mkdir data/xx, open data, fsync',
        'create tmp:1, fsync, create tok:1',
        'link tok:1 running:1, open status/running, fsync, link tok:1 id, open ids/xx, fsync',
        // Once more: another process may have made the shards, and died before it synced them.
        'fsync, fsync, link tmp:1 data, open data/xx, fsync',
      ].join(', '),
    );
    const opensOf = (): string[] => seam.texts.filter((text) => !/^(?:write|close)$/.test(text));
    seam.forget();
    const second = following(first, 'waiting');
    await write(backend, second, first.revision);
    expect(opensOf()).toEqual([
      'create tmp:2',
      'fsync',
      'link tok:1 waiting:2',
      'open status/waiting',
      'fsync',
      'rename tok:1 tok:2',
      'rename tmp:2 data',
      'fsync',
      'unlink running:1',
    ]);
  });

  it('listings read directories and nothing else', async () => {
    const { backend, seam } = await opened();
    const records = Array.from({ length: 20 }, () => created('running'));
    for (const record of records) await write(backend, record);
    seam.forget();
    await listed(backend, 'running');
    expect(seam.texts).toEqual(['bytes status/running', 'readdir status/running']);
    seam.forget();
    await listed(backend, 'completed');
    expect(seam.texts).toEqual([
      'times status/completed.swaps',
      'bytes status/completed',
      'readdir status/completed',
      'times status/completed.swaps',
    ]);
    seam.forget();
    await listed(backend);
    expect(new Set(seam.texts)).toEqual(new Set(['readdir ids', 'bytes ids/xx', 'readdir ids/xx']));
    expect(seam.texts).toHaveLength(1 + 2 * new Set(records.map(({ id }) => id.slice(0, 2))).size);
  });

  it('opening reads no record and costs the same at any size', async () => {
    const large = await opened();
    for (let i = 0; i < 30; i++) await write(large.backend, created('running'));
    const calls = async (directory: string): Promise<string[]> => {
      const seam = new Seam();
      await fileSystemBackendOn({ directory }, seam.ops).open?.(NO_CALL);
      return seam.texts.map((text) => text.replace(/workflow-state-\w+|\.probe\.\w+/g, '…'));
    };
    const { directory: empty } = await opened();
    expect(await calls(large.directory)).toEqual(await calls(empty));
    expect((await calls(large.directory)).filter((text) => /xx|data$/.test(text))).toEqual(['mkdir data']);
  });
});
