// What the growth is measured of: stores that can hold many instances and be asked which have a status. Of each number of
// instances a twentieth waits, and a tenth has ended ten days ago.
import { mkdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { complete, InstanceId, newWorkflowState, openStateStore, waitFor } from '@workflow-state/core';
import { fileSystemBackend } from '@workflow-state/filesystem';
import { envelopeCodec } from '../contenders/codec.js';
import { contender } from '../contenders/installed.js';
import { fromJson, toJson } from '../contenders/json.js';
import { openBetterSqlite, SCHEMA } from '../contenders/sqlite.js';
const DAY = 86_400_000;
const padding = new Uint8Array(500);
export function statusOf(index) {
  return index % 20 === 1 ? 'waiting' : index % 10 === 0 ? 'completed' : 'initializing';
}
/** The same index has the same id in every store and process. */
function instance(index) {
  const state = newWorkflowState({
    // Spread over the shards as random ones are.
    instanceId: InstanceId.parse(
      `${(Math.imul(index + 1, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0')}${index.toString(16).padStart(24, '0')}`,
    ),
    workflowId: 'growth',
    version: { major: 1, minor: 0, patch: 0 },
    currentStage: 'one',
    state: { padding },
  });
  const status = statusOf(index);
  return status === 'waiting' ? waitFor(state, 'paid') : status === 'completed' ? complete(state) : state;
}
async function lengthOf(items) {
  let length = 0;
  for await (const _ of items) length++;
  return length;
}
const OURS = {
  name: 'workflow-state, process',
  most: 1_000_000,
  async open(directory) {
    const backend = () => fileSystemBackend({ directory, durability: 'process' });
    const store = await openStateStore(backend());
    const states = [];
    const load = async (index) => (states[index] = await store.load(instance(index).instanceId));
    return {
      async fill(from, to) {
        const then = await openStateStore(backend(), { clock: () => Date.now() - 10 * DAY });
        for (let index = from; index < to; index++)
          await (statusOf(index) === 'completed' ? then : store).save(instance(index));
        await then.close();
      },
      load,
      save: async (index) => (states[index] = await store.save(states[index] ?? (await load(index)))),
      byStatus: () => lengthOf(store.listByStatus('waiting')),
      list: () => lengthOf(store.list()),
      floor: async () => (await readdir(join(directory, 'status', 'waiting'))).length,
      count: () => store.count('waiting'),
      cleanup: async () => (await store.cleanup({ days: 1 })).removed,
      close: () => store.close(),
    };
  },
};
const SQLITE = {
  name: 'better-sqlite3, WAL, NORMAL',
  most: 1_000_000,
  async open(directory) {
    const { encode } = await envelopeCodec();
    mkdirSync(directory, { recursive: true });
    const database = await openBetterSqlite(join(directory, 'states.db'));
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; ${SCHEMA}`);
    const insert = database.prepare('INSERT INTO instances VALUES (?, ?, ?, 1, ?)');
    const update = database.prepare('UPDATE instances SET version = version + 1, envelope = ? WHERE id = ?');
    const select = database.prepare('SELECT envelope FROM instances WHERE id = ?');
    const waiting = database.prepare("SELECT id FROM instances WHERE status = 'waiting' ORDER BY id");
    const all = database.prepare('SELECT id FROM instances ORDER BY id');
    const counted = database.prepare("SELECT count(*) AS count FROM instances WHERE status = 'waiting'");
    const remove = database.prepare("DELETE FROM instances WHERE status = 'completed' AND updated < ?");
    return {
      async fill(from, to) {
        database.exec('BEGIN');
        for (let index = from; index < to; index++) {
          const state = instance(index);
          const at = Date.now() - (statusOf(index) === 'completed' ? 10 * DAY : 0);
          insert.run(state.instanceId, state.status.kind, at, encode(state));
        }
        database.exec('COMMIT');
      },
      load: async (index) => select.get(instance(index).instanceId),
      save: async (index) => update.run(encode(instance(index)), instance(index).instanceId),
      byStatus: async () => waiting.all().length,
      list: async () => all.all().length,
      count: async () => Number(counted.get().count),
      cleanup: async () => Number(remove.run(Date.now() - DAY).changes),
      close: async () => database.close(),
    };
  },
};
const READ_ALL = {
  name: 'unstorage, fs driver: all read',
  most: 100_000,
  async open(directory) {
    const { createStorage } = await contender('unstorage');
    const driver = await contender('unstorage/drivers/fs');
    const storage = createStorage({ driver: driver.default({ base: directory }) });
    // Text that unstorage does not take for JSON of its own.
    const text = (index) => `text:${toJson(instance(index))}`;
    const read = async (key) => fromJson(String(await storage.getItem(key)).slice('text:'.length));
    return {
      async fill(from, to) {
        for (let index = from; index < to; index++) await storage.setItem(instance(index).instanceId, text(index));
      },
      load: (index) => read(instance(index).instanceId),
      save: (index) => storage.setItem(instance(index).instanceId, text(index)),
      async byStatus() {
        const keys = await storage.getKeys();
        let found = 0;
        const lane = async (first) => {
          for (let at = first; at < keys.length; at += 32)
            if ((await read(keys[at] ?? '')).status.kind === 'waiting') found++;
        };
        await Promise.all(Array.from({ length: 32 }, (_, first) => lane(first)));
        return found;
      },
      list: async () => (await storage.getKeys()).length,
      close: async () => {},
    };
  },
};
const LOCAL_WORLD = {
  name: 'Vercel Workflow, local world: all read',
  most: 10_000,
  async open(directory) {
    const { createLocalWorld } = await contender('@workflow/world-local');
    const world = createLocalWorld({ dataDir: directory });
    const pages = async (query) => {
      let found = 0;
      for (let cursor; ;) {
        const page = await world.runs.list({
          ...query,
          resolveData: 'none',
          pagination: { limit: 1000, ...(cursor ? { cursor } : {}) },
        });
        found += page.data.length;
        if (!page.hasMore) return found;
        cursor = page.cursor;
      }
    };
    return {
      async fill(from, to) {
        for (let index = from; index < to; index++) {
          const runId = `wrun_${ulid(index)}`;
          const eventData = { deploymentId: 'bench', workflowName: 'growth', input: padding };
          await world.events.create(runId, { eventType: 'run_created', eventData });
          if (statusOf(index) === 'waiting') await world.events.create(runId, { eventType: 'run_started' });
        }
      },
      byStatus: () => pages({ status: 'running' }),
      list: () => pages({}),
      close: async () => {},
    };
  },
};
/** Of now: the local world refuses ids whose time is far from it. */
function ulid(index) {
  const digits = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
  const base32 = (number, length) =>
    Array.from({ length }, (_, place) => digits[Math.floor(number / 32 ** (length - 1 - place)) % 32]).join('');
  return base32(Date.now(), 10) + base32(index, 16);
}
export const GROWTH_STORES = [OURS, SQLITE, READ_ALL, LOCAL_WORLD];
//# sourceMappingURL=growth-stores.js.map
