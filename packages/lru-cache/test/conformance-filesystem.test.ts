// The whole suite through the wrapper, over the filesystem, with other processes as peers. Their stores have a cache of
// their own, around a backend that lives in the other process.

import { openStateStore } from '@workflow-state/core';
import { type Harness, type Location, registerConformance } from '@workflow-state/core/conformance';
import { fileSystemBackend } from '@workflow-state/filesystem';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, it } from 'vitest';
import { forkPeer } from '../../filesystem/test/support/peer.js';
import { freshDirectory } from '../../filesystem/test/support/place.js';
import { type LruCacheOptions, withLruCache } from '../src/index.js';
import { staleReads } from './support/stale-reads.js';

interface Place extends Location {
  readonly directory: string;
}

function harness(options: LruCacheOptions): Harness<Place> {
  const handleOn = async ({ directory }: Place) => ({ backend: fileSystemBackend({ directory, durability: 'process' }) });
  const { capabilities } = fileSystemBackend({ directory: '.', durability: 'process' });
  return {
    name: `lru-cache (${options.revalidate}) over filesystem`,
    expect: { ...capabilities, reads: options.revalidate === 'always' ? 'latest' : 'may-be-stale' },
    async create() {
      const directory = freshDirectory();
      return {
        directory,
        backend: fileSystemBackend({ directory, durability: 'process' }),
        dispose: async () => rmSync(directory, { recursive: true, force: true }),
      };
    },
    open: async (backend, storeOptions) => withLruCache(await openStateStore(backend, storeOptions), options),
    peer: handleOn,
    reopen: handleOn,
    peerProcess: ({ directory }) => forkPeer({ directory, durability: 'process' }),
    faults: {
      async corrupt({ directory }, id, change) {
        const path = `${directory}/data/${id.slice(0, 2)}/${id}`;
        const bytes = change(readFileSync(path));
        if (bytes === undefined) rmSync(path);
        else writeFileSync(path, bytes);
      },
    },
    knownGaps: staleReads(options),
  };
}

registerConformance({ describe, it, skip: it.skip }, harness({ max: 10_000, revalidate: 'always' }));
registerConformance({ describe, it, skip: it.skip }, harness({ max: 10_000, revalidate: 'never' }));
