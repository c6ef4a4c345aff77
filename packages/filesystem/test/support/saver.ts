// A process that saves, over and over. Arguments: options of the backend, JSON {ids, kinds, milliseconds or counts}.
// Sends `ready`, begins when it is told to, and sends how many saves succeeded once it is done.

import {
  cancel,
  enterStage,
  type InstanceId,
  openStateStore,
  pause,
  waitFor,
  type WorkflowState,
  type WorkflowStateInput,
} from '@workflow-state/core';
import { isStateStoreError } from '@workflow-state/core/backend';
import { fileSystemBackend } from '../../src/filesystem-backend.js';

export interface SaverTask {
  readonly ids: readonly InstanceId[];
  /** `same`: saves that keep the status. `statuses`: a new status each time. `again`: terminal ones saved again. */
  readonly work: 'same' | 'statuses' | 'again';
  /** Ends after that many successes, where given; else when it is told `stop`. */
  readonly successes?: number;
}

const CHANGES: readonly ((state: WorkflowState) => WorkflowStateInput)[] = [
  (state) => enterStage(state, 'next') as WorkflowStateInput,
  (state) => pause(state) as WorkflowStateInput,
  (state) => waitFor(state, 'event') as WorkflowStateInput,
  (state) => cancel(state) as WorkflowStateInput,
];

async function work(): Promise<void> {
  const store = await openStateStore(fileSystemBackend(JSON.parse(process.argv[2] ?? '')));
  const { ids, work: kind, successes = Infinity } = JSON.parse(process.argv[3] ?? '') as SaverTask;
  let stopped = false;
  process.send?.('ready');
  await new Promise((resolve) => process.once('message', resolve));
  process.on('message', () => (stopped = true));
  let saved = 0;
  let conflicts = 0;
  for (let i = 0; !stopped && saved < successes; i++) {
    const id = ids[Math.floor(Math.random() * ids.length)];
    if (id === undefined) break;
    try {
      const state = await store.load(id);
      const change = kind === 'statuses' ? CHANGES[i % CHANGES.length] : undefined;
      await store.save(change === undefined ? state : change(state));
      saved++;
    } catch (error) {
      if (!isStateStoreError(error) || error.code !== 'CHECKPOINT_CONFLICT') throw error;
      conflicts++;
    }
    // Messages are heard between turns.
    if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await store.close();
  process.send?.({ saved, conflicts });
  process.disconnect();
}

void work();
