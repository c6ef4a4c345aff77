// Workflow state in a PostgreSQL table, shared by every host that reaches the server.
//
// What must stay true:
// - A write is one statement with its condition in the WHERE clause, and its own transaction: one round trip. The server
//   locks the row, compares again what it finds then, and moves the index with the row.
// - When a connection is lost, its statement may still be under way, and land after all that came since. A late UPDATE
//   finds its nonce gone. A late INSERT would revive what was deleted meanwhile: so tombstones stay rows, until `sweep`.
// - Not applied is what was never sent, or was rolled back by the server's own word. All else is for core to settle.

import type { BackendCall, InstanceId, ScanEntry, StateBackend, Stored } from '@workflow-state/core/backend';
import {
  HEADER_BYTES,
  isNotApplied,
  NotApplied,
  RevisionConflict,
  StateStoreError,
} from '@workflow-state/core/backend';
import { DatabaseError, escapeIdentifier, Pool, type PoolClient, type PoolConfig, type QueryResultRow } from 'pg';

export interface PostgresBackendOptions {
  /** How to reach the primary server, as `pg.Pool` takes it; without it by the variables `PGHOST`, `PGUSER` and so on. */
  readonly connection?: PoolConfig | undefined;
  /** Where the table is, made when absent. Default `workflow_state`. */
  readonly schema?: string | undefined;
}

const FORMAT = 'workflow-state 1';
/** SQLSTATEs after which the statement may have been committed: lost connections, the server's own end, broken disks. */
const UNSURE = /^(?:08|40003|57P|58|XX)/;
const ROWS_PER_ANSWER = 1000;

export function postgresBackend({ connection, schema = 'workflow_state' }: PostgresBackendOptions = {}): StateBackend {
  // A server that has gone silent must not hold a call for ever.
  const pool = new Pool({ connectionTimeoutMillis: 10_000, query_timeout: 60_000, ...connection });
  const table = `${escapeIdentifier(schema)}.instance`;
  const insert = `INSERT INTO ${table} VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`;
  const update = `UPDATE ${table} SET nonce = $2, status = $3, since = $4, envelope = $5 WHERE id = $1 AND nonce = $6`;
  const mend = update.replace('nonce = $6', 'envelope = $6');
  const entries = `SELECT id, status, since::float8 AS "statusSince" FROM ${table} WHERE id > $1`;
  const clients = new Set<PoolClient>();
  // A connection that breaks fails its statement; what it emits besides would end the process if nobody listened.
  pool.on('error', () => {});
  pool.on('connect', (client) => clients.add(client.on('error', () => {}).once('end', () => clients.delete(client))));

  /** One statement. @throws NotApplied where it was not sent, or was rolled back; anything else is a doubt. */
  async function run<Row extends QueryResultRow>({ signal }: BackendCall, text: string, values?: unknown[]) {
    const client = await pool.connect().catch((error: unknown) => Promise.reject(new NotApplied(error)));
    // Cuts the connection under the statement, which fails it.
    const cut = (): void => void client.end();
    let usable = true;
    try {
      if (signal?.aborted === true) throw new NotApplied(signal.reason);
      signal?.addEventListener('abort', cut);
      return await client.query<Row>(text, values);
    } catch (error) {
      if (isNotApplied(error)) throw error;
      const state = error instanceof DatabaseError ? error.code : undefined;
      usable = state !== undefined && !UNSURE.test(state);
      throw usable ? new NotApplied(error, state?.startsWith('40') ? { comeAgain: {} } : {}) : error;
    } finally {
      signal?.removeEventListener('abort', cut);
      client.release(!usable);
    }
  }

  async function envelope(id: InstanceId, part: string, call: BackendCall): Promise<Stored | undefined> {
    const [row] = (await run<Stored>(call, `SELECT ${part} AS envelope FROM ${table} WHERE id = $1`, [id])).rows;
    // A copy, because small buffers are parts of a larger one.
    return row && { envelope: new Uint8Array(row.envelope) };
  }

  return {
    name: 'postgres',
    capabilities: Object.freeze({
      durability: 'power-loss',
      sharing: 'network',
      reads: 'latest',
      reclaims: true,
      maxBodyBytes: 16 * 1024 * 1024,
    }),

    async open(call) {
      try {
        const [found] = (await run<{ flaw: string | null; is: string | null }>(call, FIND, [table])).rows;
        const { flaw = null, is = null } = found ?? {};
        if (flaw !== null) throw new StateStoreError('NOT_SUPPORTED', `the server ${flaw}`);
        if (is === null) await run(call, schemaOf(escapeIdentifier(schema), table));
        else if (is !== FORMAT) throw new StateStoreError('UNSUPPORTED_FORMAT', `${table} is ${is}, not ${FORMAT}`);
      } catch (error) {
        await pool.end();
        throw error;
      }
    },

    read: (id, call) => envelope(id, 'envelope', call),
    head: (id, call) => envelope(id, `substring(envelope FOR ${HEADER_BYTES})`, call),
    isCurrent: async (id, { nonce }, call) =>
      (await run(call, `SELECT FROM ${table} WHERE id = $1 AND nonce = $2`, [id, nonce])).rowCount === 1,

    async write({ id, revision, envelope: bytes }, expected, call) {
      const base = expected === undefined ? [] : ['damaged' in expected ? expected.envelope : expected.nonce];
      const row = [id, revision.nonce, revision.status, revision.entered.at, bytes, ...base];
      const { rowCount } = await run(
        call,
        expected === undefined ? insert : 'damaged' in expected ? mend : update,
        row,
      );
      if (rowCount === 0) throw new RevisionConflict();
    },

    async *scan({ status, after, limit = ROWS_PER_ANSWER }, call) {
      const text = `${entries} AND ${status === undefined ? `status <> 'tombstone'` : 'status = $3'} ORDER BY id LIMIT $2`;
      const size = Math.min(limit, ROWS_PER_ANSWER);
      for (let last: string | undefined = after ?? ''; last !== undefined;) {
        const values = status === undefined ? [last, size] : [last, size, status];
        const rows: readonly ScanEntry[] = (await run<ScanEntry>(call, text, values)).rows;
        yield rows;
        last = rows[size - 1]?.id;
      }
    },

    async sweep(olderThan, call) {
      const text = `DELETE FROM ${table} WHERE status = 'tombstone' AND since < $1`;
      return { removed: (await run(call, text, [olderThan])).rowCount ?? 0, failures: [] };
    },

    async close() {
      // The pool says that it has ended before its sockets have.
      const sockets = [...clients].map((client) => new Promise((ended) => client.once('end', ended)));
      await Promise.all([pool.end(), ...sockets]);
    },
  };
}

/** What the table is, if it is there, and what about the server breaks a promise. */
const FIND = `SELECT
  CASE WHEN to_regclass($1) IS NOT NULL THEN coalesce(obj_description(to_regclass($1), 'pg_class'), 'another') END AS is,
  CASE WHEN pg_is_in_recovery() THEN 'is a replica' WHEN current_setting('fsync') = 'off' THEN 'has fsync off'
       WHEN current_setting('synchronous_commit') = 'off' THEN 'answers before a commit is durable' END AS flaw`;

/** One transaction, under a lock of its own: IF NOT EXISTS alone fails when two come at once. */
const schemaOf = (schema: string, table: string): string => `
  SELECT pg_advisory_xact_lock(hashtext('workflow-state')); CREATE SCHEMA IF NOT EXISTS ${schema};
  CREATE TABLE IF NOT EXISTS ${table} (
    id text COLLATE "C" PRIMARY KEY, nonce text NOT NULL, status text NOT NULL, since bigint NOT NULL, envelope bytea NOT NULL
  );
  ALTER TABLE ${table} ALTER envelope SET STORAGE EXTERNAL;
  CREATE INDEX IF NOT EXISTS instance_by_status ON ${table} (status, id) INCLUDE (since);
  COMMENT ON TABLE ${table} IS '${FORMAT}';`;
