import type { InstanceId } from '@workflow-state/core';
import { forkBackend, type Harness, registerConformance } from '@workflow-state/core/conformance';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { describe, it } from 'vitest';
import { fileSystemBackend, type FileSystemBackendOptions } from '../src/index.js';
import { bundled } from './support/fork.js';
import { fastParent, freshDirectory, parents } from './support/place.js';

interface Place {
  readonly backend: ReturnType<typeof fileSystemBackend>;
  readonly directory: string;
  dispose(): Promise<void>;
}

const dataOf = ({ directory }: Place, id: InstanceId): string => `${directory}/data/${id.slice(0, 2)}/${id}`;

function harness(parent: string, options: Omit<FileSystemBackendOptions, 'directory'>): Harness<Place> {
  const handleOn = async ({ directory }: Place) => ({ backend: fileSystemBackend({ directory, ...options }) });
  return {
    name: `filesystem (${options.durability}, ${options.io}, ${parent})`,
    expect: {
      durability: options.durability === 'full' ? 'power-loss' : 'process',
      sharing: 'host',
      reads: 'latest',
      reclaims: true,
      maxBodyBytes: Infinity,
    },
    async create() {
      const directory = freshDirectory(parent);
      return {
        directory,
        backend: fileSystemBackend({ directory, ...options }),
        dispose: async () => rmSync(directory, { recursive: true, force: true }),
      };
    },
    peer: handleOn,
    reopen: handleOn,
    peerProcess: async ({ directory }) =>
      forkBackend(await bundled(new URL('./support/peer-process.ts', import.meta.url)), [
        JSON.stringify({ directory, ...options }),
      ]),
    faults: {
      async corrupt(place, id, change) {
        const path = dataOf(place, id);
        const bytes = change(readFileSync(path));
        if (bytes === undefined) rmSync(path);
        else writeFileSync(path, bytes);
      },
      async plantForeign({ directory, backend }) {
        // A store by now: a directory that holds only what is not ours is refused.
        await backend.open?.({});
        for (const shard of ['data/aa', 'ids/aa']) mkdirSync(`${directory}/${shard}`, { recursive: true });
        const id = 'a'.repeat(32);
        const names = [
          'notes.txt',
          'data/.DS_Store',
          `data/aa/.${id}.2.`,
          `data/aa/${id}~`,
          'data/aa/.swp',
          'ids/README',
          `ids/aa/${id}`,
          'status/elsewhere',
          'status/running/README',
          `status/failed/${id}.1`,
        ];
        for (const name of names) writeFileSync(`${directory}/${name}`, name);
        return async () => names.every((name) => readFileSync(`${directory}/${name}`, 'utf8') === name);
      },
      openHandles: ({ directory }) =>
        readdirSync('/proc/self/fd').filter((fd) => {
          try {
            return readlinkSync(`/proc/self/fd/${fd}`).startsWith(directory);
          } catch {
            return false;
          }
        }).length,
    },
  };
}

// Every way on the fastest filesystem; the default one on all others too.
for (const [durability, io, where] of [
  ['full', 'hybrid', parents],
  ['full', 'sync', [fastParent]],
  ['full', 'async', [fastParent]],
  ['process', 'hybrid', [fastParent]],
] as const) {
  for (const parent of where) registerConformance({ describe, it, skip: it.skip }, harness(parent, { durability, io }));
}
