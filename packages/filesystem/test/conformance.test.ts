import type { InstanceId } from '@workflow-state/core';
import { type Harness, registerConformance } from '@workflow-state/core/conformance';
import { readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { describe, it } from 'vitest';
import { fileSystemBackend, type FileSystemBackendOptions } from '../src/index.js';
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
    faults: {
      async corrupt(place, id, change) {
        const path = dataOf(place, id);
        const bytes = change(readFileSync(path));
        if (bytes === undefined) rmSync(path);
        else writeFileSync(path, bytes);
      },
      async plantForeign({ directory }) {
        const half = `.${'a'.repeat(32)}.2.`;
        const shard = readdirSync(`${directory}/data`)[0];
        const names = [
          'notes.txt',
          'data/.DS_Store',
          'ids/README',
          'status/running/README',
          `status/running/${'a'.repeat(32)}.1`,
          'status/elsewhere',
          ...(shard === undefined ? [] : [`data/${shard}/${half}`, `data/${shard}/${'a'.repeat(32)}~`, `data/${shard}/.swp`, `ids/${shard}/${'b'.repeat(32)}`]),
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

for (const durability of ['full', 'process'] as const) {
  for (const io of ['hybrid', 'async'] as const) {
    // The four ways on the fastest filesystem; the default one on all others too.
    const where = durability === 'full' && io === 'hybrid' ? parents : [fastParent];
    for (const parent of where) registerConformance({ describe, it, skip: it.skip }, harness(parent, { durability, io }));
  }
}
