// One process that uses the store until it is killed. Arguments: a file with the task, the file to log to, a seed.

import { openSync, readFileSync } from 'node:fs';
import {
  cancel,
  complete,
  decodeJson,
  encodeJson,
  enterStage,
  fail,
  type InstanceId,
  isTerminalKind,
  newWorkflowState,
  openStateStore,
  pause,
  STATUS_KINDS,
  type StateStore,
  type StatusKind,
  waitFor,
  type WorkflowState,
  type WorkflowStateInput,
} from '@workflow-state/core';
import {
  isNotApplied,
  isRevisionConflict,
  isStateStoreError,
  readHeader,
  type StateBackend,
} from '@workflow-state/core/backend';
import { type Random, seededRandom } from '@workflow-state/core/conformance';
import { fileSystemBackendOn } from '../src/filesystem-backend.js';
import { FILE_OPS } from '../src/file-ops.js';
import { Log, type Outcome } from './log.js';
import { type Sabotage, sabotaged } from './sabotage.js';

export interface Task {
  readonly directory: string;
  readonly hot: readonly InstanceId[];
  /** Nobody touches these: they are in every listing. */
  readonly still: Readonly<Record<string, StatusKind>>;
  readonly sabotage: Sabotage | null;
}

const ALL = '' as const;

class Actor {
  readonly #random: Random;
  readonly #log: Log;
  readonly #hot: readonly InstanceId[];
  readonly #keys: ReadonlyMap<InstanceId, number>;
  /** Ascending. */
  readonly #still: ReadonlyMap<StatusKind | typeof ALL, readonly string[]>;
  readonly #store: Promise<StateStore>;
  /** What this actor saw last: often not what is stored any more. */
  readonly #states: (WorkflowState | undefined)[] = [];
  /** Number of the operation under way in the log; `reaping`: a cleanup, whose deletes are operations of their own. */
  #now: number | 'reaping' = -1;
  #saw: { nonce: string; version: number; incarnation: string } | undefined;
  #offered: string | undefined;

  constructor({ directory, hot, still, sabotage }: Task, log: Log, seed: number) {
    this.#random = seededRandom(seed);
    this.#log = log;
    this.#hot = hot;
    this.#keys = new Map(hot.map((id, key) => [id, key]));
    const ids = Object.keys(still).sort();
    this.#still = new Map([
      [ALL, ids],
      ...STATUS_KINDS.map((kind) => [kind, ids.filter((id) => still[id] === kind)] as const),
    ]);
    const ops = FILE_OPS[this.#random.pick(['hybrid', 'sync', 'async'] as const)]();
    const backend = fileSystemBackendOn(
      { directory, leftoverAge: this.#random.pick([0, 0, 5]) },
      sabotage === null ? ops : sabotaged(ops, sabotage),
    );
    this.#store = openStateStore(this.#watched(backend));
  }

  async step(): Promise<void> {
    const key = this.#random.int(this.#hot.length);
    const dice = this.#random.next();
    if (dice < 0.55) {
      const known = this.#states[key];
      // From what is remembered, or from what is there.
      const base = known !== undefined && dice < 0.25 ? known : await this.#find(key);
      await (base === undefined ? this.#create(key) : this.#save(key, base));
    } else if (dice < 0.9) await this.#find(key);
    else if (dice < 0.965) await this.#delete(key);
    else if (dice < 0.98) await this.#list();
    else if (dice < 0.997) await this.#listByStatus(this.#random.pick(STATUS_KINDS));
    else await this.#cleanup();
  }

  async #find(key: number): Promise<WorkflowState | undefined> {
    const state = await this.#operation('find', key, async (store, id) => {
      const found = await store.find(id);
      return [
        found === undefined || this.#saw === undefined ? { kind: 'absent' } : { kind: 'seen', ...this.#saw },
        found,
      ];
    });
    this.#states[key] = state;
    // Each save counts one up: a save lost without anybody's notice shows here.
    if (state !== undefined && counted(state) !== state.checkpointVersion)
      this.#log.wrong(`version ${state.checkpointVersion} of ${key} has counted ${String(counted(state))} saves`);
    return state;
  }

  async #create(key: number): Promise<void> {
    await this.#write('create', key, this.#next({ ...this.#new(), instanceId: this.#hot[key] as InstanceId }, 1), null);
  }

  async #save(key: number, base: WorkflowState): Promise<void> {
    await this.#write('save', key, this.#next(base, base.checkpointVersion + 1), base);
  }

  async #write(
    name: 'save' | 'create',
    key: number,
    next: WorkflowStateInput,
    base: WorkflowState | null,
  ): Promise<void> {
    this.#states[key] = await this.#operation(
      name,
      key,
      async (store) => {
        const saved = await store.save(next);
        return [{ kind: 'wrote', nonce: nonceOf(saved) ?? '' }, saved];
      },
      base,
    );
  }

  async #delete(key: number): Promise<void> {
    const base = this.#random.next() < 0.5 ? (this.#states[key] ?? null) : null;
    await this.#operation(
      'delete',
      key,
      async (store, id) => {
        const gone = await store.delete(id, base === null ? {} : { revision: base.revision });
        return [gone ? { kind: 'deleted', nonce: this.#offered ?? '' } : { kind: 'absent' }, undefined];
      },
      base,
    );
    this.#states[key] = undefined;
  }

  #list(): Promise<void> {
    return this.#listing('list', undefined, (store) => store.list());
  }

  #listByStatus(kind: StatusKind): Promise<void> {
    return this.#listing('listByStatus', kind, (store) => store.listByStatus(kind));
  }

  async #listing(
    name: 'list' | 'listByStatus',
    kind: StatusKind | undefined,
    list: (store: StateStore) => AsyncIterable<InstanceId>,
  ): Promise<void> {
    const store = await this.#store;
    const number = this.#log.begin(name, -1, kind);
    this.#now = number;
    const keys: number[] = [];
    const others: InstanceId[] = [];
    let last = '';
    try {
      for await (const id of list(store)) {
        if (id <= last) this.#log.wrong(`${name} ${kind ?? ''} named ${id} after ${last}`);
        last = id;
        const key = this.#keys.get(id);
        if (key === undefined) others.push(id);
        else keys.push(key);
      }
    } catch (error) {
      this.#log.wrong(`${name}: ${textOf(error)}`);
      this.#log.end(number, { kind: 'open' });
      return;
    }
    this.#log.end(number, { kind: 'named', keys });
    const expected = this.#still.get(kind ?? ALL) ?? [];
    if (others.length !== expected.length || expected.some((id, at) => others[at] !== id))
      this.#log.wrong(`${name} ${kind ?? ''} named ${others.length} of ${expected.length} that nobody touches`);
  }

  async #cleanup(): Promise<void> {
    const store = await this.#store;
    this.#now = 'reaping';
    try {
      const { failures } = await store.cleanup(this.#random.int(3));
      for (const { error } of failures) {
        // The store's last word on what others kept moving under it.
        if (!isStateStoreError(error) || !error.retryable) this.#log.wrong(`cleanup: ${textOf(error)}`);
      }
    } catch (error) {
      this.#log.wrong(`cleanup: ${textOf(error)}`);
    }
  }

  async #operation<T>(
    name: 'save' | 'create' | 'delete' | 'find',
    key: number,
    run: (store: StateStore, id: InstanceId) => Promise<readonly [Outcome, T]>,
    base: WorkflowState | null = null,
  ): Promise<T | undefined> {
    const store = await this.#store;
    const number = this.#log.begin(name, key);
    this.#now = number;
    this.#saw = undefined;
    this.#offered = undefined;
    try {
      const [outcome, result] = await run(store, this.#hot[key] as InstanceId);
      this.#log.end(number, outcome);
      return result;
    } catch (error) {
      this.#log.end(number, this.#failure(`${name} of ${key}`, error, base));
      return undefined;
    }
  }

  #failure(what: string, error: unknown, base: WorkflowState | null): Outcome {
    if (isStateStoreError(error)) {
      if (error.code === 'CHECKPOINT_CONFLICT')
        return {
          kind: 'conflict',
          reason: error.conflict?.reason ?? '',
          expected: base === null ? null : nonceOf(base),
        };
      if (error.code === 'OUTCOME_UNKNOWN') return { kind: 'open' };
      if (error.code === 'STORAGE_ERROR' && error.retryable) return { kind: 'refused', why: error.message };
    }
    this.#log.wrong(`${what}: ${textOf(error)}`);
    return { kind: 'open' };
  }

  /** Writes down what the store asks of the backend, before it does. */
  #watched(backend: StateBackend): StateBackend {
    return {
      ...backend,
      read: async (id, call) => {
        const stored = await backend.read(id, call);
        if (stored !== undefined) {
          const { nonce, version, incarnation } = readHeader(stored.envelope);
          this.#saw = { nonce, version, incarnation };
        }
        return stored;
      },
      write: async (record, expected, call) => {
        const { nonce, version, incarnation, status } = record.revision;
        const parent = expected === undefined || 'damaged' in expected ? null : expected.nonce;
        const write = { nonce, version, incarnation, parent, status };
        if (this.#now !== 'reaping') {
          this.#log.write(this.#now, write);
          this.#offered = nonce;
          return backend.write(record, expected, call);
        }
        const key = this.#keys.get(record.id) ?? -1;
        if (key === -1) this.#log.wrong(`cleanup deletes ${record.id}`);
        const number = this.#log.begin('reap', key);
        this.#log.write(number, write);
        try {
          const hint = await backend.write(record, expected, call);
          this.#log.end(number, { kind: 'deleted', nonce });
          return hint;
        } catch (error) {
          if (isRevisionConflict(error))
            this.#log.end(number, { kind: 'conflict', reason: 'changed', expected: parent });
          else if (isNotApplied(error)) this.#log.end(number, { kind: 'refused', why: 'not applied' });
          throw error;
        }
      },
    };
  }

  #new(): WorkflowStateInput {
    return newWorkflowState({
      workflowId: 'torture',
      version: { major: 1, minor: 0, patch: 0 },
      currentStage: 'begin',
    });
  }

  #next(base: WorkflowStateInput, count: number): WorkflowStateInput {
    const padding = new Uint8Array(this.#random.int(3000)).fill(count);
    return this.#changed({ ...base, state: { count: encodeJson(count), padding } });
  }

  #changed(state: WorkflowStateInput): WorkflowStateInput {
    const dice = this.#random.next();
    if (dice < 0.6) return state;
    if (dice < 0.7) return enterStage(state, 'work');
    if (dice < 0.8) return waitFor(state, 'event');
    if (dice < 0.9) return pause(state);
    if (isTerminalKind(state.status.kind)) return state;
    if (dice < 0.94) return complete(state);
    if (dice < 0.97) return fail(state, { code: 'X', message: 'no' });
    return cancel(state);
  }
}

function counted(state: WorkflowState): unknown {
  const { count } = state.state;
  return count === undefined ? undefined : decodeJson(count);
}

/** The third part of a revision; see core's src/revision.ts. */
function nonceOf({ revision }: WorkflowState): string | null {
  return revision.split('.')[2] ?? null;
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = isStateStoreError(error) ? `${error.code}: ` : '';
  return `${code}${error.stack ?? error.message}`.replaceAll('\n', ' | ');
}

async function main(): Promise<void> {
  const [task = '', path = '', seed = ''] = process.argv.slice(2);
  const actor = new Actor(JSON.parse(readFileSync(task, 'utf8')) as Task, new Log(openSync(path, 'a')), Number(seed));
  for (;;) await actor.step();
}

void main();
