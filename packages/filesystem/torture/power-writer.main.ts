// Writes to a store until the power goes: says each acknowledgement in a line, which is out before the next step.

import { writeSync } from 'node:fs';
import {
  complete,
  type InstanceId,
  newWorkflowState,
  openStateStore,
  type WorkflowStateInput,
} from '@workflow-state/core';
import { fileSystemBackendOn } from '../src/filesystem-backend.js';
import { type FileOps, type Handle, hybridFileOps } from '../src/file-ops.js';

export type Way = 'full' | 'process' | 'no file fsync' | 'no directory fsync';
export type Work = 'save' | 'status' | 'create' | 'delete';

export interface Task {
  readonly directory: string;
  readonly way: Way;
  readonly work: readonly { readonly id: InstanceId; readonly work: Work }[];
  /** Operations under way at a time. */
  readonly atOnce: number;
}

function opsOf(way: Way): FileOps {
  const ops = hybridFileOps();
  switch (way) {
    case 'full':
    case 'process':
      return ops;
    case 'no file fsync':
      return without(ops, 'file');
    case 'no directory fsync':
      return without(ops, 'directory');
  }
}

/** A control: without one of the two fsyncs. */
function without(ops: FileOps, missing: 'file' | 'directory'): FileOps {
  const files = new Set<Handle>();
  return {
    ...ops,
    async create(path) {
      const handle = await ops.create(path);
      files.add(handle);
      return handle;
    },
    async fsync(handle) {
      if (files.has(handle) !== (missing === 'file')) await ops.fsync(handle);
    },
    async close(handle) {
      files.delete(handle);
      await ops.close(handle);
    },
  };
}

export const padding = (id: string, version: number): Uint8Array =>
  new Uint8Array(6000).fill(id.charCodeAt(5) + version);

export function fresh(instanceId: InstanceId): WorkflowStateInput {
  const input = newWorkflowState({
    workflowId: 'power',
    version: { major: 1, minor: 0, patch: 0 },
    currentStage: 'begin',
    state: { padding: padding(instanceId, 1) },
  });
  return { ...(input as WorkflowStateInput), instanceId };
}

async function main(): Promise<void> {
  const { directory, way, work, atOnce } = JSON.parse(process.argv[2] ?? '') as Task;
  const ops = opsOf(way);
  const store = await openStateStore(
    fileSystemBackendOn({ directory, durability: way === 'process' ? 'process' : 'full' }, ops),
  );
  const states = new Map<InstanceId, WorkflowStateInput>();
  for (const { id, work: what } of work) {
    const old = what === 'create' ? fresh(id) : await store.load(id);
    states.set(id, { ...old, state: { padding: padding(id, what === 'create' ? 1 : 2) } });
  }
  const left = [...work];
  const hand = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const { id, work: what } = next;
      const state = states.get(id);
      if (state === undefined) continue;
      writeSync(1, `begin ${id}\n`);
      if (what === 'delete') await store.delete(id);
      else await store.save(what === 'status' ? complete(state) : state);
      writeSync(1, `done ${id}\n`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, hand));
  writeSync(1, 'end\n');
  // Lives on, as a server would: what its end would close is not yet closed when the power goes.
  setInterval(() => {}, 60_000);
}

if (process.argv[1]?.includes('power-writer') === true) void main();
