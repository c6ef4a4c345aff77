// The process that gets killed. It knows nothing of what happened before: it asks the store for an unfinished run, goes on
// with it where its last checkpoint left it, or starts a new one.

import { once } from 'node:events';
import { isStateStoreError, type StateStore, type StateStoreOptions, type WorkflowState } from '@workflow-state/core';
import { advance, countRetry, type Watcher } from './engine.js';
import { note } from './journal.js';
import type { WorkerMessage } from './messages.js';
import { isAudit, newAudit, stages } from './workflow.js';

export interface WorkerOptions {
  /** For a run that has to be started. */
  readonly root: string;
  /** Where report and journal go. */
  readonly out: string;
  readonly open: (options: StateStoreOptions) => Promise<StateStore>;
}

export async function work({ root, out, open }: WorkerOptions): Promise<void> {
  // A worker does not outlive its supervisor.
  process.once('disconnect', () => process.exit());
  const store = await open({
    observe({ op, outcome, durationMs, bytes = 0 }) {
      if (op === 'save' && outcome === 'ok') void tell({ type: 'saved', durationMs, bytes });
    },
  });
  try {
    const found = await findUnfinished(store);
    const run =
      found === undefined
        ? await store.save(await newAudit({ root, out }))
        : await store.update(found.instanceId, countRetry);
    await tell({
      type: 'started',
      run: run.instanceId,
      resumed: found !== undefined,
      checkpoint: run.checkpointVersion,
    });
    const { status } = await advance(store, run, stages, watch(run, out));
    await tell({ type: 'ended', status: status.kind });
  } catch (error) {
    // Of two processes that resume one run, one wins each save. The other leaves it to the winner.
    if (!isStateStoreError(error) || error.code !== 'CHECKPOINT_CONFLICT') throw error;
    await tell({ type: 'superseded' });
  } finally {
    await store.close();
  }
  process.disconnect();
}

async function findUnfinished(store: StateStore): Promise<WorkflowState | undefined> {
  for await (const state of store.states({ status: 'running' })) if (isAudit(state)) return state;
  return undefined;
}

function watch({ instanceId: run }: WorkflowState, out: string): Watcher {
  const { pid } = process;
  return {
    async working(position) {
      const { stage, batch, task } = position;
      if (task === 0) note(out, { run, pid, what: 'begins', stage, batch });
      const answered = once(process, 'message');
      await tell({ type: 'working', position });
      await answered;
    },
    saved: (stage, batch) => note(out, { run, pid, what: 'saved', stage, batch }),
  };
}

function tell(message: WorkerMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    if (process.send === undefined) throw new Error('a worker is started by its supervisor');
    process.send(message, undefined, undefined, (error) => (error === null ? resolve() : reject(error)));
  });
}
