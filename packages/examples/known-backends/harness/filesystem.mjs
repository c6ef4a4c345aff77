import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { forkBackend } from '@workflow-state/core/conformance';
import { fileSystemBackend } from '@workflow-state/filesystem';

const parent = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/**
 * @typedef {{ backend: import('@workflow-state/core/backend').StateBackend, directory: string, dispose(): Promise<void> }} Place
 * @param {Place} place
 */
const another = async ({ directory }) => ({ backend: fileSystemBackend({ directory }) });

/** @type {import('@workflow-state/core/conformance').Harness<Place>} */
export const harness = {
  name: 'filesystem',
  expect: fileSystemBackend({ directory: parent }).capabilities,
  async create() {
    const directory = mkdtempSync(`${parent}/known-backends-`);
    return {
      directory,
      backend: fileSystemBackend({ directory }),
      dispose: async () => rmSync(directory, { recursive: true, force: true }),
    };
  },
  peer: another,
  reopen: another,
  peerProcess: ({ directory }) => forkBackend(new URL('filesystem-peer.mjs', import.meta.url), [directory]),
  faults: {
    async corrupt({ directory }, id, change) {
      const path = `${directory}/data/${id.slice(0, 2)}/${id}`;
      const bytes = change(readFileSync(path));
      if (bytes === undefined) rmSync(path);
      else writeFileSync(path, bytes);
    },
    async plantForeign({ backend, directory }) {
      await backend.open?.({});
      const names = ['notes.txt', 'data/.DS_Store', 'ids/README', 'status/running/README'];
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
