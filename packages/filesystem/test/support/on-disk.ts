// Meets real limits of the machine: a full disk, one mounted read-only, too many open files, missing rights. Runs in a mount
// namespace of its own, as root; see integration/disks.test.ts. Arguments: scenario, directory. Prints what it saw.

import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeFileSync, writeSync } from 'node:fs';
import {
  type InstanceId,
  isStateStoreError,
  newWorkflowState,
  openStateStore,
  pause,
  type StateStore,
  type WorkflowState,
  type WorkflowStateInput,
} from '@workflow-state/core';
import { fileSystemBackend } from '../../src/filesystem-backend.js';

export interface Seen {
  /** By operation: `ok`, or code of the error, code of its cause, and whether it says what to do. */
  readonly during: Readonly<Record<string, string>>;
  /** Version that was there, and how many `list` named. */
  readonly still: readonly [number | undefined, number];
  readonly after: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
}

interface Limit {
  reach(): void;
  lift(): void;
}

const BIG = 64 * 1024;

const mount = (...args: string[]): void => void execFileSync('mount', args);

function limits(directory: string): Record<string, () => Limit> {
  const filler = `${directory}/filler`;
  const fill = (): Limit => ({
    // Some of the next state fits, but not all of it.
    reach() {
      const { bavail, bsize } = statfsSync(directory);
      const handle = openSync(filler, 'w');
      for (let left = bavail * bsize - BIG / 4; left > 0;)
        try {
          left -= writeSync(handle, new Uint8Array(Math.min(left, 16 * 1024)));
        } catch {
          break;
        }
      closeSync(handle);
    },
    lift: () => rmSync(filler),
  });
  return {
    'full tmpfs': () => {
      mount('-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', directory);
      return fill();
    },
    'full ext4': () => {
      const image = `${directory}.image`;
      writeFileSync(image, new Uint8Array(8 * 2 ** 20));
      execFileSync('mkfs.ext4', ['-q', '-F', '-m', '0', image]);
      mount('-o', 'loop', image, directory);
      return fill();
    },
    'no inodes left': () => {
      mount('-t', 'tmpfs', '-o', 'nr_inodes=600', 'tmpfs', directory);
      const made: string[] = [];
      return {
        reach() {
          mkdirSync(filler);
          for (;;) {
            const path = `${filler}/${made.length}`;
            try {
              writeFileSync(path, '');
            } catch {
              return;
            }
            made.push(path);
          }
        },
        lift: () => rmSync(filler, { recursive: true }),
      };
    },
    'read-only': () => {
      mount('-t', 'tmpfs', 'tmpfs', directory);
      return {
        reach: () => mount('-o', 'remount,ro', directory),
        lift: () => mount('-o', 'remount,rw', directory),
      };
    },
    'too many open files': () => {
      const handles: number[] = [];
      return {
        reach() {
          try {
            for (;;) handles.push(openSync('/dev/null', 'r'));
          } catch {
            // As many as there can be.
          }
        },
        lift: () => {
          for (const handle of handles) closeSync(handle);
        },
      };
    },
    'no rights': () => ({
      // Root may do anything: so for the while this is somebody else's process.
      reach: () => process.seteuid?.(65_534),
      lift: () => process.seteuid?.(0),
    }),
    'volatile overlay': () => {
      mount('-t', 'tmpfs', 'tmpfs', directory);
      for (const part of ['lower', 'upper', 'work', 'root']) mkdirSync(`${directory}/${part}`);
      const [lower, upper, work] = ['lower', 'upper', 'work'].map((part) => `${directory}/${part}`);
      mount(
        '-t',
        'overlay',
        'overlay',
        '-o',
        `lowerdir=${lower},upperdir=${upper},workdir=${work},volatile`,
        `${directory}/root`,
      );
      return { reach() {}, lift() {} };
    },
  };
}

const input = (): WorkflowStateInput =>
  newWorkflowState({
    workflowId: 'disk',
    version: { major: 1, minor: 0, patch: 0 },
    currentStage: 'begin',
    state: { padding: new Uint8Array(BIG).fill(1) },
  }) as WorkflowStateInput;

async function told(run: () => Promise<unknown>): Promise<string> {
  try {
    await run();
    return 'ok';
  } catch (error) {
    if (!isStateStoreError(error)) return String(error);
    let cause: unknown = error;
    while (cause instanceof Error && cause.cause !== undefined) ({ cause } = cause);
    const { code } = cause as { readonly code?: unknown };
    return `${error.code} ${String(code)}${error.recoveryHints.length === 0 ? ', no remedy' : ''}`;
  }
}

function tries(
  store: StateStore,
  state: WorkflowState,
  more: InstanceId,
  directory: string,
): Record<string, () => Promise<unknown>> {
  return {
    load: () => store.load(state.instanceId),
    save: () => store.save(state),
    'change of status': async () => store.save(pause(await store.load(state.instanceId))),
    create: () => store.save(input()),
    delete: async () => store.delete(more),
    list: async () => {
      for await (const _ of store.list());
    },
    open: async () => (await openStateStore(fileSystemBackend({ directory }))).close(),
  };
}

async function main(): Promise<void> {
  const [scenario = '', place = ''] = process.argv.slice(2);
  const warnings: string[] = [];
  process.on('warning', (warning: Error & { code?: string }) => warnings.push(warning.code ?? warning.name));
  const limit = limits(place)[scenario]?.();
  if (limit === undefined) throw new Error(`there is no scenario ${scenario}`);
  const directory = `${place}/${scenario === 'volatile overlay' ? 'root/' : ''}store`;
  const store = await openStateStore(fileSystemBackend({ directory, leftoverAge: 0 }));
  const state = await store.save(input());
  const more = await store.save(input());
  const during: Record<string, string> = {};
  const after: Record<string, string> = {};
  const attempts = tries(store, state, more.instanceId, directory);
  limit.reach();
  for (const [name, run] of Object.entries(attempts)) if (name !== 'delete') during[name] = await told(run);
  limit.lift();
  const there = await store.find(state.instanceId);
  let count = 0;
  for await (const _ of store.list()) count++;
  // From what is there by now.
  for (const [name, run] of Object.entries(there === undefined ? {} : tries(store, there, more.instanceId, directory)))
    after[name] = await told(run);
  const { failures } = await store.cleanup({ days: 1 });
  after['cleanup'] = failures.length === 0 ? 'ok' : String(failures[0]?.error);
  await store.close();
  const seen: Seen = { during, still: [there?.checkpointVersion, count], after, warnings };
  console.log(JSON.stringify(seen));
}

void main();
