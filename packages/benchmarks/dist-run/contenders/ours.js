import { openStateStore } from '@workflow-state/core';
import { fileSystemBackend } from '@workflow-state/filesystem';
import { at } from '../at.js';
function ours(name, promises, options) {
  return {
    name,
    promises,
    because:
      promises === 'power-loss' ? 'declared, and tested with real power cuts' : 'declared, and tested with SIGKILL',
    packages: [],
    role: 'ours',
    async open(directory, states) {
      const store = await openStateStore(fileSystemBackend({ directory, ...options }));
      const saved = [];
      return {
        async save(index) {
          saved[index] = await store.save(saved[index] ?? at(states, index));
        },
        load: (index) => store.load(at(states, index).instanceId),
        async changeStatus(index) {
          const state = at(saved, index);
          const { currentStage } = state;
          const status =
            state.status.kind === 'paused'
              ? { kind: 'running', currentStage }
              : { kind: 'paused', stage: currentStage };
          saved[index] = await store.save({ ...state, status });
        },
        remove: (index) => store.delete(at(states, index).instanceId, { revision: at(saved, index).revision }),
        close: () => store.close(),
      };
    },
  };
}
/** Each level of durability, and both kinds of input and output of the durable one. */
export const OURS = [
  ours('workflow-state, full', 'power-loss', { durability: 'full' }),
  ours("workflow-state, full, io: 'async'", 'power-loss', { durability: 'full', io: 'async' }),
  ours('workflow-state, process', 'process', { durability: 'process' }),
];
//# sourceMappingURL=ours.js.map
