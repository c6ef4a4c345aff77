// A process of its own for each system call of each operation: it kills itself right before that call, or in the middle
// of a write. Whoever comes next sees the old or the new state, complete in every listing, and can go on.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  complete,
  InstanceId,
  newWorkflowState,
  openStateStore,
  pause,
  STATUS_KINDS,
  waitFor,
  type WorkflowState,
  type WorkflowStateInput,
} from '@workflow-state/core';
import { isStateStoreError } from '@workflow-state/core/backend';
import { fileSystemBackend } from '../src/filesystem-backend.js';
import { idsOf } from './ids.js';
import { leftovers } from './leftovers.js';
import { program } from './processes.js';

export const OPERATIONS = ['save', 'status', 'again', 'create', 'delete', 'sweep', 'help'] as const;
export type OperationName = (typeof OPERATIONS)[number];

/** What the process that is to die is told. */
export interface Doom {
  readonly directory: string;
  readonly id: InstanceId;
  readonly operation: OperationName;
  /** Dies before this call; -1: lives. */
  readonly at: number;
  /** As on a filesystem that keeps no order between directories: more fsyncs. */
  readonly unordered: boolean;
  /** Dies at the write as well, half done. */
  readonly torn: boolean;
}

const AT_ONCE = 3;

export async function killAtEveryCall(parent: string): Promise<{ points: number; violations: string[] }> {
  const violations: string[] = [];
  let points = 0;
  const cases = [
    ...OPERATIONS.map((operation) => ({ operation, unordered: false })),
    // These sync the index as well.
    { operation: 'status' as const, unordered: true },
    { operation: 'create' as const, unordered: true },
  ];
  const work = async (): Promise<void> => {
    for (let next = cases.shift(); next !== undefined; next = cases.shift()) {
      const { operation, unordered } = next;
      // The first point beyond the last call is a process that lives.
      for (let at = 0, died = true; died; at++) {
        const found = await oneDeath(parent, { operation, unordered, at, torn: false });
        ({ died } = found);
        if (died) points++;
        violations.push(...found.wrong);
        if (at > 200) throw new Error(`${operation} has no end`);
      }
      if (operation === 'sweep' || operation === 'help') continue;
      const found = await oneDeath(parent, { operation, unordered, at: -1, torn: true });
      if (operation !== 'delete' && !found.died) violations.push(`${operation}: no write to die at`);
      if (found.died) points++;
      violations.push(...found.wrong);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { points, violations };
}

const input = (id: InstanceId): WorkflowStateInput => ({
  ...(newWorkflowState({
    workflowId: 'doomed',
    version: { major: 1, minor: 0, patch: 0 },
    currentStage: 'begin',
    state: { padding: new Uint8Array(5000) },
  }) as WorkflowStateInput),
  instanceId: id,
});

export function changeOf(operation: OperationName): (state: WorkflowState) => WorkflowStateInput {
  return operation === 'status' || operation === 'help' ? (state) => waitFor(state, 'event') : (state) => state;
}

async function oneDeath(
  parent: string,
  how: Omit<Doom, 'directory' | 'id'>,
): Promise<{ died: boolean; wrong: string[] }> {
  const directory = mkdtempSync(join(parent, 'workflow-state-kill-'));
  const wrong: string[] = [];
  const where = `${how.operation}${how.unordered ? ', unordered' : ''}, killed ${how.torn ? 'in a write' : `before call ${how.at}`}`;
  const expectThat = (is: boolean, what: string): void => {
    if (!is) wrong.push(`${where}: ${what}`);
  };
  try {
    const id = InstanceId.generate();
    const neighbour = InstanceId.parse(`${id.slice(0, 2)}${'0'.repeat(30)}`);
    const before = await openStateStore(fileSystemBackend({ directory, durability: 'process' }));
    await before.save(input(neighbour));
    if (how.operation !== 'create') {
      const first = await before.save(input(id));
      if (how.operation === 'again') await before.save(complete(first));
      else await before.save(pause(first));
    }
    const old = await before.find(id);
    await before.close();
    // Two kinds of leftovers for those who come after the dead.
    if (how.operation === 'sweep' || how.operation === 'help') {
      // Before the token is renamed, or between that and the publication.
      const at = how.operation === 'sweep' ? 5 : 6;
      await doom({ ...how, directory, id, operation: 'status', at });
    }
    const died = await doom({ directory, id, ...how });

    const store = await openStateStore(fileSystemBackend({ directory, leftoverAge: 0 }));
    const seen = await store.find(id);
    const versions = versionsAfter(how.operation, old);
    expectThat(
      versions.includes(seen?.checkpointVersion),
      `version ${seen?.checkpointVersion} of ${versions.join(', ')}`,
    );
    if (!died) expectThat(seen?.checkpointVersion === versions.at(-1), 'it lived, but did nothing');
    expectThat(seen === undefined || seen.state['padding']?.length === 5000, 'a torn state');
    expectThat(seen === undefined || (await idsOf(store.list())).includes(id), 'not in the list');
    expectThat(
      seen === undefined || (await idsOf(store.listByStatus(seen.status.kind))).includes(id),
      `not listed as ${seen?.status.kind}`,
    );
    // Saved, deleted, made anew and deleted again, with at most one conflict over what the dead had committed.
    const saved = await insist(async () => {
      const now = await store.find(id);
      return store.save(now === undefined ? input(id) : pause(now));
    });
    expectThat((await idsOf(store.listByStatus(saved.status.kind))).includes(id), 'not listed as saved');
    expectThat(await store.delete(id, { revision: saved.revision }), 'not deleted');
    const anew = await insist(() => store.save(input(id)));
    expectThat(anew.checkpointVersion === 1, 'not made anew');
    const { failures } = await store.cleanup({ days: 1 });
    expectThat(failures.length === 0, `cleanup: ${failures.map(({ error }) => String(error)).join(', ')}`);
    wrong.push(...(await leftovers(directory, new Set([id, neighbour]))).map((text) => `${where}: ${text}`));
    for (const kind of STATUS_KINDS) {
      const expected = kind === anew.status.kind ? [neighbour, id].sort().join() : '';
      expectThat((await idsOf(store.listByStatus(kind))).join() === expected, `listed as ${kind}`);
    }
    await store.close();
    return { died, wrong };
  } catch (error) {
    return {
      died: false,
      wrong: [...wrong, `${where}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`],
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What the next one may find; the last is what it must find when nobody died. */
function versionsAfter(operation: OperationName, old: WorkflowState | undefined): (number | undefined)[] {
  const version = old?.checkpointVersion;
  if (operation === 'create') return [undefined, 1];
  if (version === undefined) return [];
  if (operation === 'delete') return [version, undefined];
  // The sweep publishes nothing that was not committed; the helper publishes, then saves.
  if (operation === 'sweep') return [version + 1, version];
  if (operation === 'help') return [version, version + 1, version + 2];
  return [version, version + 1];
}

async function insist(attempt: () => Promise<WorkflowState>): Promise<WorkflowState> {
  try {
    return await attempt();
  } catch (error) {
    if (!isStateStoreError(error) || error.code !== 'CHECKPOINT_CONFLICT') throw error;
    return attempt();
  }
}

/** Whether it died. @throws when it ended in any other way. */
async function doom(task: Doom): Promise<boolean> {
  const child = spawn(process.execPath, [program('victim'), JSON.stringify(task)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (...end) => resolve(end));
  });
  if (signal !== 'SIGKILL' && code !== 0) throw new Error(`the victim ended with ${code ?? signal}`);
  return signal === 'SIGKILL';
}
