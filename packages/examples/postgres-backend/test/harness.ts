// What the suite needs of this backend: fresh schemas, second handles, another process, and ways to damage a table.
// The server is the one that the environment names: see with-postgres.ts.

import { randomUUID } from 'node:crypto';
import type { StateBackend } from '@workflow-state/core/backend';
import { forkBackend, type Harness } from '@workflow-state/core/conformance';
import { Client } from 'pg';
import { postgresBackend } from '../src/index.js';
import { onOwnDisk, startAfterPowerCut } from './server.js';

interface Place {
  readonly backend: StateBackend;
  readonly schema: string;
  dispose(): Promise<void>;
}

export const harness: Harness<Place> = {
  name: 'postgres',
  expect: {
    durability: 'power-loss',
    sharing: 'network',
    reads: 'latest',
    reclaims: true,
    maxBodyBytes: 16 * 1024 * 1024,
  },
  async create() {
    const schema = `conformance_${randomUUID().replaceAll('-', '')}`;
    return {
      schema,
      backend: postgresBackend({ schema }),
      dispose: async () => void (await aside(`DROP SCHEMA IF EXISTS ${schema} CASCADE`)),
    };
  },
  peer: async ({ schema }) => ({ backend: postgresBackend({ schema }) }),
  reopen: async ({ schema }) => ({ backend: postgresBackend({ schema }) }),
  peerProcess: ({ schema }) => forkBackend(new URL('./peer-process.js', import.meta.url), [schema]),
  faults: {
    async corrupt({ schema }, id, change) {
      const [row] = await aside(`SELECT envelope FROM ${schema}.instance WHERE id = $1`, id);
      const bytes = row && change(new Uint8Array(row['envelope']));
      if (bytes === undefined) await aside(`DELETE FROM ${schema}.instance WHERE id = $1`, id);
      else await aside(`UPDATE ${schema}.instance SET envelope = $2 WHERE id = $1`, id, bytes);
    },
    async plantForeign({ schema }) {
      await aside(`CREATE SCHEMA ${schema}`);
      await aside(`CREATE TABLE ${schema}.notes AS SELECT repeat('a', 32) AS id, 'running' AS status`);
      return async () => (await aside(`SELECT FROM ${schema}.notes`)).length === 1;
    },
    ...(onOwnDisk && {
      async powerLoss({ schema }: Place) {
        const { host, stop } = startAfterPowerCut(process.env['PGHOST'] ?? '');
        return { backend: postgresBackend({ schema, connection: { host } }), dispose: async () => stop() };
      },
    }),
    openHandles: () => process.getActiveResourcesInfo().filter((kind) => kind === 'PipeWrap').length,
  },
};

/** One statement past the backend. */
async function aside(text: string, ...values: readonly unknown[]) {
  const client = new Client();
  await client.connect();
  try {
    return (await client.query(text, [...values])).rows;
  } finally {
    await client.end();
  }
}
