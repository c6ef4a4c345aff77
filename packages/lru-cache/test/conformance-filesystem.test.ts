// The whole suite through the wrapper, over the filesystem, with other processes as peers.

import { forkBackend, type Harness, type Location } from '@workflow-state/core/conformance';
import { fileSystemBackend } from '@workflow-state/filesystem';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { bundled } from '../../filesystem/test/support/fork.js';
import { freshDirectory } from '../../filesystem/test/support/place.js';
import { registerCached } from './support/conformance.js';

interface Place extends Location {
  readonly directory: string;
}

const durability = 'process';
const handleOn = async ({ directory }: Place) => ({ backend: fileSystemBackend({ directory, durability }) });

const filesystem: Harness<Place> = {
  name: 'filesystem',
  expect: fileSystemBackend({ directory: '.', durability }).capabilities,
  async create() {
    const directory = freshDirectory();
    return {
      directory,
      backend: fileSystemBackend({ directory, durability }),
      dispose: async () => rmSync(directory, { recursive: true, force: true }),
    };
  },
  peer: handleOn,
  reopen: handleOn,
  peerProcess: async ({ directory }) =>
    forkBackend(await bundled(new URL('../../filesystem/test/support/peer-process.ts', import.meta.url)), [
      JSON.stringify({ directory, durability }),
    ]),
  faults: {
    async corrupt({ directory }, id, change) {
      const path = `${directory}/data/${id.slice(0, 2)}/${id}`;
      const bytes = change(readFileSync(path));
      if (bytes === undefined) rmSync(path);
      else writeFileSync(path, bytes);
    },
  },
};

registerCached(filesystem, { max: 10_000, revalidate: 'always' });
registerCached(filesystem, { max: 10_000, revalidate: 'never' });
