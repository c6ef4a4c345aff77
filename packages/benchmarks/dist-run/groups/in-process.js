// The memory backend beside other stores that keep states in the process. The floor copies a state in and out.
import { openStateStore } from '@workflow-state/core';
import { memoryBackend } from '@workflow-state/memory';
import { at } from '../at.js';
import { contender } from '../contenders/installed.js';
import { fromJson, toJson } from '../contenders/json.js';
import { contest, timed } from '../contest.js';
import { sampleStates } from '../states.js';
const INSTANCES = 64;
const FLOOR = 'Map, structuredClone in and out';
export const IN_PROCESS = {
  name: 'in-process',
  title: 'Stores in the memory of the process',
  packages: ['@langchain/langgraph-checkpoint', 'keyv', 'unstorage'],
  async run({ quick, progress }) {
    const tables = [];
    for (const kib of [1, 16, 256]) {
      const stores = await open(kib);
      for (const operation of ['save', 'load']) {
        progress(`${operation}, ${kib} KB`);
        const calls = kib === 256 ? 16 : INSTANCES;
        const entrants = Object.entries(stores).map(([name, store]) => ({
          name,
          round: () => timed(calls, (call) => store[operation](call % INSTANCES)),
          ...(name.startsWith('LangGraph') && kib === 256 ? { rounds: 5 } : {}),
        }));
        tables.push({
          id: `${operation}-${kib}`,
          title: `${operation}, ${kib} KB, in the process`,
          unit: 'µs',
          floor: FLOOR,
          figures: await contest(entrants, { rounds: quick ? 8 : 41, warmUp: 20, floor: FLOOR }),
        });
      }
    }
    return { facts: { instances: String(INSTANCES) }, tables };
  },
};
async function open(kib) {
  const states = sampleStates(INSTANCES, kib * 1024);
  const idOf = (index) => at(states, index).instanceId;
  const map = new Map();
  const ours = await openStateStore(memoryBackend());
  const saved = [];
  const { Keyv } = await contender('keyv');
  const keyv = new Keyv();
  const { createStorage } = await contender('unstorage');
  const unstorage = createStorage();
  const { MemorySaver } = await contender('@langchain/langgraph-checkpoint');
  let saver = new MemorySaver();
  let checkpoints = 0;
  const threadOf = (index) => ({ configurable: { thread_id: idOf(index), checkpoint_ns: '' } });
  const stores = {
    [FLOOR]: {
      save: (index) => map.set(idOf(index), structuredClone(at(states, index))),
      load: (index) => structuredClone(map.get(idOf(index))),
    },
    'workflow-state, memory': {
      save: async (index) => (saved[index] = await ours.save(saved[index] ?? at(states, index))),
      load: (index) => ours.load(idOf(index)),
    },
    'keyv, in memory': {
      save: (index) => keyv.set(idOf(index), toJson(at(states, index))),
      load: async (index) => fromJson(String(await keyv.get(idOf(index)))),
    },
    'unstorage, memory driver': {
      save: (index) => unstorage.setItem(idOf(index), `text:${toJson(at(states, index))}`),
      load: async (index) => fromJson(String(await unstorage.getItem(idOf(index))).slice('text:'.length)),
    },
    'LangGraph MemorySaver': {
      async save(index) {
        // It keeps every checkpoint: what is old goes, or the memory would.
        if (checkpoints % 512 === 0) saver = new MemorySaver();
        const { input, state, status, updatedAt } = at(states, index);
        const checkpoint = {
          v: 4,
          id: `1f${String(checkpoints++).padStart(34, '0')}`,
          ts: updatedAt.toISOString(),
          channel_values: { ...input, ...state, status: status.kind },
          channel_versions: {},
          versions_seen: {},
        };
        await saver.put(threadOf(index), checkpoint, { source: 'loop', step: checkpoints, parents: {} });
      },
      load: (index) => saver.getTuple(threadOf(index)),
    },
  };
  for (const store of Object.values(stores)) for (let index = 0; index < INSTANCES; index++) await store.save(index);
  return stores;
}
//# sourceMappingURL=in-process.js.map
