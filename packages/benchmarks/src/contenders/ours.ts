import type { WorkflowState } from '@workflow-state/core';
import { openStateStore } from '@workflow-state/core';
import { type FileSystemBackendOptions, fileSystemBackend } from '@workflow-state/filesystem';
import { at } from '../at.js';
import type { Contender } from './contender.js';

function ours(
  name: string,
  promises: 'power-loss' | 'process',
  options: Omit<FileSystemBackendOptions, 'directory'>,
): Contender {
  return {
    name,
    promises,
    because:
      promises === 'power-loss' ? 'declared, and tested with real power cuts' : 'declared, and tested with SIGKILL',
    packages: [],
    role: 'ours',
    async open(directory, states) {
      const store = await openStateStore(fileSystemBackend({ directory, ...options }));
      const saved: (WorkflowState | undefined)[] = [];
      return {
        async save(index) {
          saved[index] = await store.save(saved[index] ?? at(states, index));
        },
        load: (index) => store.load(at(states, index).instanceId),
        async changeStatus(index) {
          const state = found(saved[index]);
          const { currentStage } = state;
          const status =
            state.status.kind === 'paused'
              ? ({ kind: 'running', currentStage } as const)
              : ({ kind: 'paused', stage: currentStage } as const);
          saved[index] = await store.save({ ...state, status });
        },
        async remove(index) {
          await store.delete(at(states, index).instanceId, { revision: found(saved[index]).revision });
          saved[index] = undefined;
        },
        close: () => store.close(),
      };
    },
  };
}

/** Each level of durability, and each kind of input and output of the durable one. */
export const OURS = [
  ours('workflow-state, full', 'power-loss', { durability: 'full' }),
  ours("workflow-state, full, io: 'sync'", 'power-loss', { durability: 'full', io: 'sync' }),
  ours("workflow-state, full, io: 'async'", 'power-loss', { durability: 'full', io: 'async' }),
  ours('workflow-state, process', 'process', { durability: 'process' }),
] as const;

function found(state: WorkflowState | undefined): WorkflowState {
  if (state === undefined) throw new Error('not saved yet');
  return state;
}
