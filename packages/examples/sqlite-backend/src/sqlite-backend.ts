// Workflow state in one SQLite file, shared by the processes of one host.
//
// What must stay true:
// - A write is one SQL statement with its condition in the WHERE clause. SQLite lets one writer in at a time, so nobody
//   comes between the comparison and the set, nor between the record and its index, which is SQLite's own.
// - A statement has ended when its call returns, and nothing ever sends it again. No late write can land, so a tombstone
//   is carried out at once, as a DELETE: there is nothing to keep, and nothing to sweep.
// - With a write-ahead log and synchronous=FULL the log is synced before a commit is answered.

import { resolve } from 'node:path';
import { setImmediate as othersTurn } from 'node:timers/promises';
import type { Expected, InstanceId, ScanEntry, StateBackend, Stored } from '@workflow-state/core/backend';
import { HEADER_BYTES, NotApplied, RevisionConflict, StateStoreError } from '@workflow-state/core/backend';
import Database from 'better-sqlite3';

export interface SqliteBackendOptions {
  /** A file of its own on a local disk, made when absent. SQLite puts `-wal` and `-shm` beside it. */
  readonly file: string;
}

/** "WfSt": marks the file as ours, for us and for the command `file`. */
const APPLICATION = 0x57_66_53_74;
const FORMAT = 1;

// The envelope comes last, so that reading what is before it never follows its overflow pages.
const SCHEMA = `
  CREATE TABLE instance (
    id TEXT PRIMARY KEY, nonce TEXT NOT NULL, status TEXT NOT NULL, since INTEGER NOT NULL, envelope BLOB NOT NULL
  ) STRICT;
  CREATE INDEX instance_by_status ON instance (status, id, since);
  PRAGMA application_id = ${APPLICATION};
  PRAGMA user_version = ${FORMAT};`;

/** Rows of a listing that are read without a turn for anybody else. */
const BATCH = 500;

export function sqliteBackend({ file }: SqliteBackendOptions): StateBackend {
  const path = resolve(file);
  let db: Database.Database;
  let sql: ReturnType<typeof prepare>;

  return {
    name: 'sqlite',
    capabilities: Object.freeze({
      durability: 'power-loss',
      sharing: 'host',
      reads: 'latest',
      reclaims: true,
      maxBodyBytes: 16 * 1024 * 1024,
    }),

    async open() {
      db = new Database(path);
      try {
        // Under the write lock: of several processes that find an empty file, one makes the tables.
        db.transaction(() => claim(db, path)).immediate();
        if (db.pragma('journal_mode = WAL', { simple: true }) !== 'wal')
          throw refusal(path, 'cannot have a shared log');
        db.pragma('synchronous = FULL');
        sql = prepare(db);
      } catch (error) {
        db.close();
        throw error;
      }
    },

    read: async (id) => owned(sql.read.get({ id })),
    head: async (id) => owned(sql.head.get({ id })),
    isCurrent: async (id, { nonce }) => sql.isCurrent.get({ id, nonce }) !== undefined,

    async write({ id, revision, envelope }, expected, { signal }) {
      if (signal?.aborted === true) throw new NotApplied(signal.reason);
      const row = { id, nonce: revision.nonce, status: revision.status, since: revision.entered.at, envelope };
      const { changes } = definite(id, () => {
        if (expected === undefined) return sql.create.run(row);
        return (revision.status === 'tombstone' ? sql.remove : sql.replace).run({ ...row, base: baseOf(expected) });
      });
      if (changes === 0) throw new RevisionConflict();
    },

    async *scan({ status, after = '' as InstanceId, limit = BATCH }) {
      const page = { status, after, limit: Math.min(limit, BATCH) };
      for (;;) {
        const rows = (status === undefined ? sql.list : sql.listByStatus).all(page);
        yield rows;
        const last = rows.at(-1);
        if (last === undefined || rows.length < page.limit) return;
        page.after = last.id;
        await othersTurn();
      }
    },

    async close() {
      db.close();
    },
  };
}

/** Makes the tables of an empty file. Any other file has to be ours. */
function claim(db: Database.Database, path: string): void {
  const [application, format] = ['application_id', 'user_version'].map((name) => db.pragma(name, { simple: true }));
  if (application === APPLICATION && format === FORMAT) return;
  if (application === APPLICATION) throw new StateStoreError('UNSUPPORTED_FORMAT', `${path} is of a newer release`);
  if (db.prepare('SELECT 1 FROM sqlite_schema').get() !== undefined) throw refusal(path, 'is of something else');
  db.exec(SCHEMA);
}

function refusal(path: string, why: string): StateStoreError {
  const recoveryHints = ['give the store a file of its own on a local disk'];
  return new StateStoreError('INVALID_ARGUMENT', `the database ${path} ${why}`, { recoveryHints });
}

function prepare(db: Database.Database) {
  const from = 'FROM instance WHERE id = @id';
  const entries = 'SELECT id, status, since AS statusSince FROM instance WHERE id > @after';
  const page = 'ORDER BY id LIMIT @limit';
  const same = 'WHERE id = @id AND (nonce = @base OR envelope = @base)';
  const row = '@id, @nonce, @status, @since, @envelope';
  const values = 'nonce = @nonce, status = @status, since = @since, envelope = @envelope';
  return {
    read: db.prepare<object, Stored>(`SELECT envelope ${from}`),
    head: db.prepare<object, Stored>(`SELECT substr(envelope, 1, ${HEADER_BYTES}) AS envelope ${from}`),
    isCurrent: db.prepare<object>(`SELECT 1 ${from} AND nonce = @nonce`),
    create: db.prepare<object>(`INSERT INTO instance VALUES (${row}) ON CONFLICT DO NOTHING`),
    replace: db.prepare<object>(`UPDATE instance SET ${values} ${same}`),
    remove: db.prepare<object>(`DELETE FROM instance ${same}`),
    list: db.prepare<object, ScanEntry>(`${entries} ${page}`),
    listByStatus: db.prepare<object, ScanEntry>(`${entries} AND status = @status ${page}`),
  };
}

/** What identifies the write to be replaced: its nonce, or, where that cannot be read any more, all of its bytes. */
const baseOf = (expected: NonNullable<Expected>) => ('damaged' in expected ? expected.envelope : expected.nonce);

/** A copy, because small buffers may be parts of a larger one. */
const owned = (row: Stored | undefined) => row && { envelope: new Uint8Array(row.envelope) };

/** Runs one statement, and says of a failure what it has left behind. */
function definite<T>(id: InstanceId, statement: () => T): T {
  try {
    return statement();
  } catch (error) {
    const code = error instanceof Database.SqliteError ? error.code : '';
    // Rolled back, or never begun.
    if (/^SQLITE_(?:BUSY|LOCKED|FULL|READONLY|CANTOPEN|TOOBIG|NOMEM)/.test(code)) throw new NotApplied(error);
    // The log may hold the commit or lose it at a power cut: what a read shows now proves neither.
    if (!code.startsWith('SQLITE_IOERR')) throw error;
    throw new StateStoreError('OUTCOME_UNKNOWN', `${id} may or may not have been written`, { cause: error });
  }
}
