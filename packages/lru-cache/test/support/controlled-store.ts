// A store whose every call does what it does, and answers, when the test says so, and not before.

import {
  type InstanceId,
  newWorkflowState,
  type Revision,
  type StateHead,
  type StateStore,
  StateStoreError,
  type WorkflowState,
  type WorkflowStateInput,
} from '@workflow-state/core';

/** How a write ends. `lost`: it happened, nobody knows. `pending`: nobody knows, and it may still happen. `refused`: it did not happen. */
export type WriteOutcome = 'done' | 'lost' | 'pending' | 'refused';

export interface InnerCall {
  readonly op: string;
  readonly isWrite: boolean;
  readonly signal: AbortSignal | undefined;
  readonly applied: boolean;
  /** The moment at which it reads or writes. */
  apply(outcome?: WriteOutcome): void;
  /** The moment at which the caller is told. */
  answer(): void;
  /** Rejects instead. */
  fail(error: unknown): void;
}

const ID = '00112233445566778899aabbccddeeff' as InstanceId;

export function stateOf(change: Partial<WorkflowStateInput> = {}): WorkflowStateInput {
  const created = newWorkflowState({
    instanceId: ID,
    workflowId: 'w',
    version: { major: 1, minor: 0, patch: 0 },
    currentStage: 's',
    createdAt: new Date(1_700_000_000_000),
    state: { key: Uint8Array.of(1, 2, 3) },
  });
  return { ...created, ...change };
}

export class ControlledStore implements StateStore {
  readonly capabilities: StateStore['capabilities'] = {
    durability: 'none',
    sharing: 'process',
    reads: 'latest',
    reclaims: true,
    maxBodyBytes: Infinity,
  };
  readonly stored = new Map<InstanceId, WorkflowState>();
  /** Calls that have not been answered, in the order in which they came. */
  pending: InnerCall[] = [];
  /** Writes of unknown outcome that may still happen. */
  late: (() => void)[] = [];
  /** Every call that ever came. */
  readonly log: string[] = [];
  /** Go on although the caller has given up. */
  deaf = false;
  /** Answer at once. */
  auto = false;
  closed = false;
  #revisions = 0;

  /** What another process writes: whatever was there before, and asking nobody. */
  writeElsewhere(state: WorkflowStateInput = stateOf()): WorkflowState {
    const written = {
      ...structuredClone(state),
      checkpointVersion: state.checkpointVersion + 1,
      revision: this.#revision(),
    };
    this.stored.set(state.instanceId, written);
    return structuredClone(written);
  }

  /** The only call under way of that kind. */
  the(op: string): InnerCall {
    const found = this.pending.filter((call) => call.op === op);
    if (found.length !== 1)
      throw new Error(
        `${found.length} calls of ${op} are under way: ${this.pending.map((call) => call.op).join(', ')}`,
      );
    return found[0]!;
  }

  /** How many calls of that kind ever came. */
  callsOf(op: string): number {
    return this.log.filter((name) => name === op).length;
  }

  save: StateStore['save'] = (state, options) => {
    const snapshot = structuredClone(state) as WorkflowState;
    const { instanceId, revision } = snapshot;
    return this.#call('save', options?.signal, true, () => {
      const there = this.stored.get(instanceId);
      if (options?.onConflict !== 'overwrite' && there?.revision !== revision) throw conflict();
      return this.writeElsewhere({ ...snapshot, checkpointVersion: there?.checkpointVersion ?? 0 });
    });
  };

  update: StateStore['update'] = (id, change, options) =>
    this.#call('update', options?.signal, true, () => {
      const there = this.stored.get(id);
      if (there === undefined) throw notFound(id);
      const loaded = structuredClone(there);
      const changed = change(loaded) as WorkflowState | undefined;
      if (changed === undefined || changed === loaded) return loaded;
      return this.writeElsewhere({ ...changed, checkpointVersion: there.checkpointVersion });
    });

  delete: StateStore['delete'] = (id, options) =>
    this.#call('delete', options?.signal, true, () => {
      if (options?.revision !== undefined && this.stored.get(id)?.revision !== options.revision) throw conflict();
      return this.stored.delete(id);
    });

  cleanup: StateStore['cleanup'] = (_retention, options) =>
    this.#call('cleanup', options?.signal, true, () => {
      const ids = [...this.stored.values()]
        .filter(({ status }) => status.kind === 'completed')
        .map(({ instanceId }) => instanceId);
      if (options?.dryRun !== true) for (const id of ids) this.stored.delete(id);
      return { scanned: ids.length, removed: ids.length, skipped: 0, failures: [], done: true };
    });

  find: StateStore['find'] = (id, options) =>
    this.#call('find', options?.signal, false, () => structuredClone(this.stored.get(id)));

  load: StateStore['load'] = (id, options) =>
    this.#call('load', options?.signal, false, () => structuredClone(this.stored.get(id) ?? raise(notFound(id))));

  head: StateStore['head'] = (id, options) =>
    this.#call('head', options?.signal, false, () => {
      const there = this.stored.get(id);
      return there && ({ ...there, status: there.status.kind, statusSince: there.updatedAt } satisfies StateHead);
    });

  isCurrent: StateStore['isCurrent'] = (id, revision, options) =>
    this.#call('isCurrent', options?.signal, false, () => this.stored.get(id)?.revision === revision);

  async *states(): AsyncGenerator<WorkflowState> {
    for (const state of this.stored.values()) yield structuredClone(state);
  }

  async *list(): AsyncGenerator<InstanceId> {
    yield* this.stored.keys();
  }

  listByStatus(): AsyncGenerator<InstanceId> {
    return this.list();
  }

  async listPage(): ReturnType<StateStore['listPage']> {
    return { entries: [...this.stored.keys()].map((instanceId) => ({ instanceId })) };
  }

  async count(): Promise<number> {
    return this.stored.size;
  }

  async close(): Promise<void> {
    this.log.push('close');
    this.closed = true;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #revision(): Revision {
    return `r${++this.#revisions}` as Revision;
  }

  #call<T>(op: string, signal: AbortSignal | undefined, isWrite: boolean, effect: () => T): Promise<T> {
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    this.log.push(op);
    const { promise, resolve, reject } = withResolvers<T>();
    let settle: (() => void) | undefined;
    const done = (): void => {
      this.pending = this.pending.filter((other) => other !== call);
    };
    const call = {
      op,
      isWrite,
      signal,
      get applied() {
        return settle !== undefined;
      },
      apply: (outcome: WriteOutcome = 'done') => {
        const unknown = (): void => reject(new StateStoreError('OUTCOME_UNKNOWN', 'who knows'));
        if (outcome === 'refused') settle = () => reject(new StateStoreError('STORAGE_ERROR', 'not written'));
        else if (outcome === 'pending') {
          settle = unknown;
          this.late.push(() => void attempt(effect));
        } else {
          const result = attempt(effect);
          settle =
            outcome === 'lost'
              ? unknown
              : () => ('error' in result ? reject(result.error as Error) : resolve(result.value as T));
        }
      },
      answer: () => {
        if (settle === undefined) call.apply();
        done();
        settle?.();
      },
      fail: (error: unknown) => {
        done();
        reject(error as Error);
      },
    };
    this.pending.push(call);
    signal?.addEventListener('abort', () => this.deaf || call.fail(signal.reason));
    if (this.auto) call.answer();
    return promise;
  }
}

/** Lets everything that can happen now happen. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The same without a turn of the event loop: as many steps as the longest chain of promises between two calls of the store has, and some. */
export async function soon(): Promise<void> {
  for (let i = 0; i < 24; i++) await Promise.resolve();
}

function attempt<T>(effect: () => T): { readonly value: T } | { readonly error: unknown } {
  try {
    return { value: effect() };
  } catch (error) {
    return { error };
  }
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: Error) => void } {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

function conflict(): StateStoreError {
  return new StateStoreError('CHECKPOINT_CONFLICT', 'somebody else was first', {
    conflict: { reason: 'changed', expected: undefined, actual: undefined },
  });
}

function notFound(id: InstanceId): StateStoreError {
  return new StateStoreError('STATE_NOT_FOUND', `there is no instance ${id}`);
}

function raise(error: Error): never {
  throw error;
}
