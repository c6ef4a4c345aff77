import type { InstanceId } from '@workflow-state/core';
import { forkBackend, type Harness, registerConformance, validate } from '@workflow-state/core/conformance';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { asyncFileOps, type FileOps, hybridFileOps } from '../src/file-ops.js';
import { fileSystemBackendOn } from '../src/filesystem-backend.js';
import { ORDERED } from '../src/filesystem-type.js';
import { fileSystemBackend, type FileSystemBackendOptions } from '../src/index.js';
import { bundled } from './support/fork.js';
import { fastParent, freshDirectory, parents } from './support/place.js';
import { PowerCut } from './support/power-cut.js';

interface Place {
  readonly backend: ReturnType<typeof fileSystemBackend>;
  readonly directory: string;
  readonly power: PowerCut;
  dispose(): Promise<void>;
}

const dataOf = ({ directory }: Place, id: InstanceId): string => `${directory}/data/${id.slice(0, 2)}/${id}`;

/** `lies`: as for `PowerCut`. */
function harness(
  parent: string,
  options: Omit<FileSystemBackendOptions, 'directory'>,
  lies: readonly (keyof FileOps)[] = [],
): Harness<Place> {
  const handleOn = async ({ directory }: Pick<Place, 'directory'>) => ({
    backend: fileSystemBackend({ directory, ...options }),
  });
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
      const power = new PowerCut(directory, options.io === 'async' ? asyncFileOps() : hybridFileOps(), lies);
      return {
        directory,
        power,
        backend: fileSystemBackendOn({ directory, ...options }, power.ops),
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
      async powerLoss({ power }) {
        const directory = freshDirectory(parent);
        // As the backend takes it, too.
        const order = ORDERED.has(statfsSync(parent).type) ? 'ordered' : 'dirs';
        power.leave(directory, order, (below) => Math.floor(Math.random() * below));
        return handleOn({ directory });
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

it.each([['fsync'], ['write']] as const)(
  'the power cut that the suite is given takes what a lying %s has not kept',
  async (call) => {
    const lying = harness(fastParent, { durability: 'full', io: 'hybrid' }, [call]);
    const { red } = await validate(lying, { only: ['7.power-loss'] });
    expect(red).toEqual([expect.stringContaining('7.power-loss')]);
  },
);
