// What the cache costs and saves: against the bare `lru-cache` with a copy of the state written by hand, and against the
// caches of the ecosystem, which are given the same object and clone or serialise it as they do by default.

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type StateStore, type WorkflowState, type WorkflowStateInput, openStateStore } from '@workflow-state/core';
import { fileSystemBackend } from '@workflow-state/filesystem';
import { type LruCacheOptions, withLruCache } from '@workflow-state/lru-cache';
import { memoryBackend } from '@workflow-state/memory';
import { LRUCache } from 'lru-cache';
import { at } from '../at.js';
import { contender } from '../contenders/installed.js';
import { contest, timed } from '../contest.js';
import type { Table } from '../results.js';
import { sampleStates } from '../states.js';
import type { Group } from './group.js';

const INSTANCES = 200;
const CALLS = 200;

interface Cache {
  set(key: string, value: WorkflowState): unknown;
  get(key: string): unknown;
}

export const CACHE: Group = {
  name: 'cache',
  title: 'Cache hits and misses',
  packages: ['lru-cache', 'keyv', 'cacheable'],
  async run({ quick, places, progress }) {
    const tables: Table[] = [];
    const root = mkdtempSync(join(places.memory ?? places.disk, 'workflow-state-bench-'));
    const rounds = quick ? 11 : 41;
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

async function hits(kib: number, inputs: readonly WorkflowStateInput[], rounds: number): Promise<Table> {
  const ids = inputs.map(({ instanceId }) => instanceId);
  const saved = await saveAll(await openStateStore(memoryBackend()), inputs);
  const { Keyv } = await contender<{ Keyv: new () => Cache }>('keyv');
  const { CacheableMemory } = await contender<{ CacheableMemory: new () => Cache }>('cacheable');
  const lru = new LRUCache<string, WorkflowState>({ max: 2 * INSTANCES });
  const [keyv, cacheable] = [new Keyv(), new CacheableMemory()];
  for (const state of saved) for (const cache of [lru, keyv, cacheable]) await cache.set(state.instanceId, state);
  const cached = async (options: LruCacheOptions): Promise<StateStore> => {
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

async function onFiles(
  kib: number,
  inputs: readonly WorkflowStateInput[],
  rounds: number,
  directory: string,
): Promise<Table> {
  const open = (): Promise<StateStore> => openStateStore(fileSystemBackend({ directory, durability: 'process' }));
  const files = await open();
  const saved = await saveAll(files, inputs);
  const ids = saved.map(({ instanceId }) => instanceId);
  const lru = new LRUCache<string, WorkflowState>({ max: 2 * INSTANCES });
  for (const state of saved) lru.set(state.instanceId, state);
  const proved = withLruCache(await open(), { max: 2 * INSTANCES, revalidate: 'always' });
  for (const id of ids) await proved.load(id);
  const mixed = withLruCache(await open(), { max: INSTANCES * 0.3, revalidate: 'always' });
  // Nine loads of ten go to a tenth of the instances, which stay cached; the others are evicted before they come again.
  const hot = INSTANCES * 0.1;
  let turn = 0;
  const next = (): number => (++turn % 10 === 0 ? hot + ((turn / 10) % (INSTANCES - hot)) : turn % hot);
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
async function tableOf(
  id: string,
  title: string,
  rounds: number,
  ids: readonly WorkflowState['instanceId'][],
  contestants: Readonly<Record<string, (id: WorkflowState['instanceId']) => unknown>>,
): Promise<Table> {
  const floor = at(Object.keys(contestants), 0);
  const entrants = Object.entries(contestants).map(([name, get]) => ({
    name,
    round: () => timed(CALLS, (call) => get(at(ids, call % ids.length))),
  }));
  return { id, title, unit: 'µs', floor, figures: await contest(entrants, { rounds, warmUp: 10, floor }) };
}

/** The copy that anybody would write: every field by hand, every byte array by `slice`. */
function copyByHand(state: WorkflowState): WorkflowState {
  const bytes = (map: Readonly<Record<string, Uint8Array>>): Record<string, Uint8Array> => {
    const copy: Record<string, Uint8Array> = {};
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

function found<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('evicted from a cache that has room');
  return value;
}

async function saveAll(store: StateStore, inputs: readonly WorkflowStateInput[]): Promise<WorkflowState[]> {
  const saved: WorkflowState[] = [];
  for (const input of inputs) saved.push(await store.save(input));
  return saved;
}
