// What the suite needs of this backend: fresh files, second handles, another process, and ways to damage a file.

import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StateBackend } from '@workflow-state/core/backend';
import { forkBackend, type Harness } from '@workflow-state/core/conformance';
import Database from 'better-sqlite3';
import { sqliteBackend } from '../src/index.js';
import { ownDisk } from './disk.js';

export interface Place {
  readonly backend: StateBackend;
  readonly directory: string;
  readonly file: string;
  dispose(): Promise<void>;
}

const disk = ownDisk();

export const harness: Harness<Place> = {
  name: 'sqlite',
  expect: {
    durability: 'power-loss',
    sharing: 'host',
    reads: 'latest',
    reclaims: true,
    maxBodyBytes: 16 * 1024 * 1024,
  },
  async create() {
    const directory = mkdtempSync(join(disk?.directory ?? tmpdir(), 'sqlite-backend-'));
    const file = join(directory, 'state.db');
    return {
      directory,
      file,
      backend: sqliteBackend({ file }),
      dispose: async () => rmSync(directory, { recursive: true, force: true }),
    };
  },
  peer: async ({ file }) => ({ backend: sqliteBackend({ file }) }),
  reopen: async ({ file }) => ({ backend: sqliteBackend({ file }) }),
  peerProcess: ({ file }) => forkBackend(new URL('./peer-process.js', import.meta.url), [file]),
  faults: {
    async corrupt({ file }, id, change) {
      using db = aside(file);
      const row = db.get<{ envelope: Uint8Array }>('SELECT envelope FROM instance WHERE id = ?', id);
      const bytes = row && change(new Uint8Array(row.envelope));
      if (bytes === undefined) db.run('DELETE FROM instance WHERE id = ?', id);
      else db.run('UPDATE instance SET envelope = ? WHERE id = ?', bytes, id);
    },
    async plantForeign({ backend, file }) {
      // A store by now: a file that holds only what is not ours is refused.
      await backend.open?.({});
      await backend.close?.();
      using db = aside(file);
      db.run('CREATE TABLE notes (id TEXT, status TEXT)');
      db.run("INSERT INTO notes VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'running')");
      return async () => {
        using again = aside(file);
        return again.get<{ n: number }>('SELECT count(*) AS n FROM notes')?.n === 1;
      };
    },
    ...(disk && { powerLoss: async ({ file }) => ({ backend: sqliteBackend({ file: disk.afterPowerCut(file) }) }) }),
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

/** A connection past the backend, for the length of one block. */
function aside(file: string) {
  const db = new Database(file);
  return {
    get: <T>(sql: string, ...values: unknown[]) => db.prepare<unknown[], T>(sql).get(...values),
    run: (sql: string, ...values: unknown[]) => db.prepare(sql).run(...values),
    [Symbol.dispose]: () => db.close(),
  };
}
