import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundled } from '../support/fork.js';
import type { Seen } from '../support/on-disk.js';
import { freshDirectory } from '../support/place.js';

// Needs root and mounts; npm run test:power-loss fails where there are none.
const OWN_MOUNTS = ['--mount', '--propagation', 'private'];
const mounts =
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  spawnSync('unshare', [...OWN_MOUNTS, 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;

const ext4 = spawnSync('mkfs.ext4', ['-V']).error === undefined;

/** In a mount namespace of its own: no mount outlives it. */
async function seenIn(scenario: string): Promise<Seen> {
  const script = await bundled(new URL('../support/on-disk.ts', import.meta.url));
  const directory = join(freshDirectory(), 'mounted');
  mkdirSync(directory);
  const files = scenario === 'too many open files' ? 'ulimit -n 64; ' : '';
  const { stdout, stderr } = spawnSync(
    'unshare',
    [...OWN_MOUNTS, 'sh', '-c', `${files}exec "$@"`, 'sh', process.execPath, script, scenario, directory],
    { encoding: 'utf8', env: { ...process.env, NODE_NO_WARNINGS: '' } },
  );
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Seen;
}

const ALL_WELL = {
  load: 'ok',
  save: 'ok',
  'change of status': 'ok',
  create: 'ok',
  delete: 'ok',
  list: 'ok',
  open: 'ok',
  cleanup: 'ok',
};

describe.skipIf(!mounts)('a real', () => {
  it.each(['full tmpfs', ...(ext4 ? ['full ext4'] : []), 'no inodes left'])(
    '%s: the old state stays, and is told',
    async (scenario) => {
      const { during, still, after } = await seenIn(scenario);
      expect(during).toMatchObject({
        load: 'ok',
        save: 'STORAGE_ERROR ENOSPC',
        'change of status': 'STORAGE_ERROR ENOSPC',
        create: 'STORAGE_ERROR ENOSPC',
        list: 'ok',
      });
      expect(still).toEqual([1, 2]);
      expect(after).toEqual(ALL_WELL);
    },
  );

  it('read-only filesystem: what is there can be read, nothing is opened for writing', async () => {
    const { during, still, after } = await seenIn('read-only');
    expect(during).toEqual({
      load: 'ok',
      save: 'STORAGE_ERROR EROFS',
      'change of status': 'STORAGE_ERROR EROFS',
      create: 'STORAGE_ERROR EROFS',
      list: 'ok',
      open: 'STORAGE_ERROR EROFS',
    });
    expect(still).toEqual([1, 2]);
    expect(after).toEqual(ALL_WELL);
  });

  it('process out of files: each call says so, and none is lost', async () => {
    const { during, still, after } = await seenIn('too many open files');
    expect(new Set(Object.values(during))).toEqual(new Set(['STORAGE_ERROR EMFILE']));
    expect(still).toEqual([1, 2]);
    expect(after).toEqual(ALL_WELL);
  });

  it('process without rights: reads what it may, writes nothing', async () => {
    const { during, still, after } = await seenIn('no rights');
    expect(during).toMatchObject({
      save: 'STORAGE_ERROR EACCES',
      create: 'STORAGE_ERROR EACCES',
      open: 'STORAGE_ERROR EACCES',
    });
    expect(still).toEqual([1, 2]);
    expect(after).toEqual(ALL_WELL);
  });

  it('volatile overlay: warned of', async () => {
    const { after, warnings } = await seenIn('volatile overlay');
    expect(warnings).toEqual(['WORKFLOW_STATE_VOLATILE']);
    expect(after).toEqual(ALL_WELL);
  });
});
