// What the cache costs and saves: against the bare `lru-cache` with a copy of the state written by hand, and against the
// caches of the ecosystem, which are given the same object and clone or serialise it as they do by default.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openStateStore } from '@workflow-state/core';
import { fileSystemBackend } from '@workflow-state/filesystem';
import { withLruCache } from '@workflow-state/lru-cache';
import { memoryBackend } from '@workflow-state/memory';
import { LRUCache } from 'lru-cache';
import { at } from '../at.js';
import { contender } from '../contenders/installed.js';
import { contest, timed } from '../contest.js';
import { sampleStates } from '../states.js';
const INSTANCES = 200;
const CALLS = 200;
export const CACHE = {
  name: 'cache',
  title: 'Cache hits and misses',
  packages: ['keyv', 'cacheable'],
  async run({ quick, places, progress }) {
    const tables = [];
    const root = mkdtempSync(join(places.memory ?? places.disk, 'workflow-state-bench-'));
    const rounds = quick ? 15 : 101;
    try {
      for (const kib of [1, 16]) {
        progress(`${kib} KB`);
        const inputs = sampleStates(INSTANCES, kib * 1024);
        tables.push(await hits(kib, inputs, rounds));
        tables.push(await onFiles(kib, inputs, rounds, join(root, String(kib))));
      }
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
    return { facts: { instances: String(INSTANCES) }, tables };
  },
};
async function hits(kib, inputs, rounds) {
  const ids = inputs.map(({ instanceId }) => instanceId);
  const saved = await saveAll(await openStateStore(memoryBackend()), inputs);
  const { Keyv } = await contender('keyv');
  const { CacheableMemory } = await contender('cacheable');
  const lru = new LRUCache({ max: 2 * INSTANCES });
  const [keyv, cacheable] = [new Keyv(), new CacheableMemory()];
  for (const state of saved) for (const cache of [lru, keyv, cacheable]) await cache.set(state.instanceId, state);
  const cached = async (options) => {
    const store = withLruCache(await openStateStore(memoryBackend()), options);
    await saveAll(store, inputs);
    return store;
  };
  const never = await cached({ max: 2 * INSTANCES, revalidate: 'never' });
  const sharing = await cached({ max: 2 * INSTANCES, revalidate: 'never', share: 'bytes' });
  const always = await cached({ max: 2 * INSTANCES, revalidate: 'always' });
  const tiny = await cached({ max: 1, revalidate: 'never' });
  const bare = await openStateStore(memoryBackend());
  await saveAll(bare, inputs);
  return tableOf(`hits-${kib}`, `a cached state, ${kib} KB`, rounds, ids, {
    'lru-cache, copy by hand': (id) => copyByHand(found(lru.get(id))),
    'lru-cache, structuredClone': (id) => structuredClone(lru.get(id)),
    'workflow-state, hit': (id) => never.load(id),
    "workflow-state, hit, share: 'bytes'": (id) => sharing.load(id),
    'workflow-state, proved hit on memory': (id) => always.load(id),
    'workflow-state, miss on memory': (id) => tiny.load(id),
    'workflow-state, memory without a cache': (id) => bare.load(id),
    'keyv, in memory': (id) => keyv.get(id),
    'cacheable, in memory': (id) => cacheable.get(id),
  });
}
async function onFiles(kib, inputs, rounds, directory) {
  const open = () => openStateStore(fileSystemBackend({ directory, durability: 'process' }));
  const files = await open();
  const saved = await saveAll(files, inputs);
  const ids = saved.map(({ instanceId }) => instanceId);
  const lru = new LRUCache({ max: 2 * INSTANCES });
  for (const state of saved) lru.set(state.instanceId, state);
  const proved = withLruCache(await open(), { max: 2 * INSTANCES, revalidate: 'always' });
  for (const id of ids) await proved.load(id);
  const mixed = withLruCache(await open(), { max: INSTANCES * 0.3, revalidate: 'always' });
  // Nine loads of ten go to a tenth of the instances, which stay cached; the others are evicted before they come again.
  const hot = INSTANCES * 0.1;
  let turn = 0;
  const next = () => (++turn % 10 === 0 ? hot + ((turn / 10) % (INSTANCES - hot)) : turn % hot);
  const table = await tableOf(`files-${kib}`, `a state on the filesystem, ${kib} KB`, rounds, ids, {
    'lru-cache, copy by hand, 2 existsSync': (id) => {
      const shard = join(directory, 'data', id.slice(0, 2));
      for (const name of [id, `.${id}`]) existsSync(join(shard, name));
      return copyByHand(found(lru.get(id)));
    },
    'workflow-state, proved hit': (id) => proved.load(id),
    'workflow-state, proved hits nine times of ten': () => mixed.load(at(ids, next())),
    'workflow-state, without a cache': (id) => files.load(id),
  });
  for (const store of [files, proved, mixed]) await store.close();
  return table;
}
/** The first contestant is the floor. */
async function tableOf(id, title, rounds, ids, contestants) {
  const floor = at(Object.keys(contestants), 0);
  const entrants = Object.entries(contestants).map(([name, get]) => ({
    name,
    round: () => timed(CALLS, (call) => get(at(ids, call % ids.length))),
  }));
  return { id, title, unit: 'µs', floor, figures: await contest(entrants, { rounds, warmUp: 10, floor }) };
}
/** The copy that anybody would write: every field by hand, every byte array by `slice`. */
function copyByHand(state) {
  const bytes = (map) => {
    const copy = {};
    for (const key of Object.keys(map)) copy[key] = found(map[key]).slice();
    return copy;
  };
  return {
    ...state,
    version: { ...state.version },
    status: { ...state.status },
    input: bytes(state.input),
    state: bytes(state.state),
    metrics: {
      ...state.metrics,
      stageDurations: { ...state.metrics.stageDurations },
      custom: { ...state.metrics.custom },
    },
    retryAttempts: { ...state.retryAttempts },
    createdAt: new Date(state.createdAt),
    updatedAt: new Date(state.updatedAt),
  };
}
function found(value) {
  if (value === undefined) throw new Error('evicted from a cache that has room');
  return value;
}
async function saveAll(store, inputs) {
  const saved = [];
  for (const input of inputs) saved.push(await store.save(input));
  return saved;
}
//# sourceMappingURL=cache.js.map
