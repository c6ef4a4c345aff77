// A table with an index by status, and compare-and-set by version: what somebody would build on SQLite instead.
import { join } from 'node:path';
import { at } from '../at.js';
import { envelopeCodec } from './codec.js';
import { contender } from './installed.js';
export const SCHEMA = `
  CREATE TABLE IF NOT EXISTS instances (
    id TEXT PRIMARY KEY, status TEXT NOT NULL, updated INTEGER NOT NULL, version INTEGER NOT NULL, envelope BLOB NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS by_status ON instances (status, id);`;
export async function openBetterSqlite(path) {
  const { default: Better } = await contender('better-sqlite3');
  return new Better(path);
}
async function openNodeSqlite(path) {
  const { DatabaseSync } = await import('node:sqlite');
  return new DatabaseSync(path);
}
function sqlite(engine, synchronous) {
  const full = synchronous === 'FULL';
  return {
    name: `${engine}, WAL, ${synchronous}`,
    promises: full ? 'power-loss' : 'atomic',
    because: full
      ? 'flushes the log at each commit'
      : 'flushes at checkpoints of the log only; SQLite documents that a power cut may roll commits back',
    packages: engine === 'better-sqlite3' ? [engine] : [],
    newerNode: engine === 'node:sqlite',
    role: 'peer',
    async open(directory, states) {
      const { encode, decode } = await envelopeCodec();
      const open = engine === 'better-sqlite3' ? openBetterSqlite : openNodeSqlite;
      const database = await open(join(directory, 'states.db'));
      database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}; ${SCHEMA}`);
      const insert = database.prepare('INSERT INTO instances VALUES (?, ?, ?, ?, ?)');
      const update = database.prepare(
        'UPDATE instances SET status = ?, updated = ?, version = ?, envelope = ? WHERE id = ? AND version = ?',
      );
      const select = database.prepare('SELECT envelope FROM instances WHERE id = ?');
      const versions = [];
      return {
        save(index) {
          const state = at(states, index);
          const version = versions[index] ?? 0;
          const envelope = encode(state);
          if (version === 0) insert.run(state.instanceId, state.status.kind, Date.now(), 1, envelope);
          else {
            const { changes } = update.run(
              state.status.kind,
              Date.now(),
              version + 1,
              envelope,
              state.instanceId,
              version,
            );
            if (Number(changes) !== 1) throw new Error(`lost the race for ${state.instanceId}`);
          }
          versions[index] = version + 1;
        },
        load(index) {
          const state = at(states, index);
          const { envelope } = select.get(state.instanceId);
          return decode(state, envelope);
        },
        close: () => database.close(),
      };
    },
  };
}
export const SQLITE = [
  sqlite('better-sqlite3', 'FULL'),
  sqlite('better-sqlite3', 'NORMAL'),
  sqlite('node:sqlite', 'FULL'),
  sqlite('node:sqlite', 'NORMAL'),
];
//# sourceMappingURL=sqlite.js.map
