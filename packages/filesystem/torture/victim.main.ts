// Does one thing to a store, and kills itself at one call of it. See kill-points.ts.

import { openStateStore, type WorkflowStateInput, newWorkflowState } from '@workflow-state/core';
import { isStateStoreError } from '@workflow-state/core/backend';
import { fileSystemBackendOn } from '../src/filesystem-backend.js';
import { type FileOps, hybridFileOps } from '../src/file-ops.js';
import { changeOf, type Doom } from './kill-points.js';

const BTRFS = 0x9123683e;

function die(): never {
  process.kill(process.pid, 'SIGKILL');
  // The signal is delivered before the call returns.
  throw new Error('still alive');
}

async function main(): Promise<void> {
  const { directory, id, operation, at, unordered, torn } = JSON.parse(process.argv[2] ?? '') as Doom;
  const ops = hybridFileOps();
  let armed = false;
  let count = 0;
  const deadly: Record<string, unknown> = {};
  for (const name of Object.keys(ops) as (keyof FileOps)[]) {
    deadly[name] = (...args: unknown[]) => {
      // No system call, and one that changes nothing: dying there is dying before the next.
      if (armed && name !== 'pause' && name !== 'readdir' && count++ === at) die();
      if (armed && torn && name === 'write') {
        const [handle, bytes] = args as Parameters<FileOps['write']>;
        void ops.write(handle, bytes.subarray(0, bytes.length >> 1), 0);
        die();
      }
      return (ops[name] as (...args: unknown[]) => unknown)(...args);
    };
  }
  if (unordered) deadly['filesystemType'] = () => BTRFS;
  const store = await openStateStore(fileSystemBackendOn({ directory, leftoverAge: 0 }, deadly as unknown as FileOps));
  const state = await store.find(id);
  armed = true;
  if (operation === 'create') {
    await store.save({
      ...(newWorkflowState({
        workflowId: 'doomed',
        version: { major: 1, minor: 0, patch: 0 },
        currentStage: 'begin',
        state: { padding: new Uint8Array(5000) },
      }) as WorkflowStateInput),
      instanceId: id,
    });
  } else if (operation === 'delete') await store.delete(id);
  else if (operation === 'sweep') await store.cleanup({ days: 1 });
  else if (state !== undefined) {
    try {
      await store.save(changeOf(operation)(state));
    } catch (error) {
      // Over what a dead one had committed: now published. Once more.
      if (!isStateStoreError(error) || error.code !== 'CHECKPOINT_CONFLICT') throw error;
      await store.save(changeOf(operation)(await store.load(id)));
    }
  }
}

void main();
