// The one implementation of `StateStore`, over any `StateBackend`.

import { checkOptions, type Checks, invalidArgument, isFunction } from './arguments.js';
import { headDecoded, headStored, readStored, reading, storageError } from './backend-access.js';
import { backoff } from './backoff.js';
import { cleanUp } from './cleanup.js';
import { commit } from './commit.js';
import { HEADER_BYTES, LATEST_DATE } from './envelope/header.js';
import { type Conflict, isStateStoreError, StateStoreError } from './errors.js';
import { instanceId, type InstanceId } from './instance-id.js';
import { itemsOf } from './items.js';
import { type Batches, type Filter, loadAhead, matches, scanBatches, statusFilter } from './listing.js';
import { checkRetention } from './retention.js';
import { encodeRevision } from './revision.js';
import { checkShape, integer, is, oneOf, optional, type Shape, ShapeError } from './shape.js';
import { show } from './show.js';
import {
  BACKEND,
  type BackendCall,
  type BackendRecord,
  type DamagedRecord,
  type Expected,
  type ScanEntry,
  type ScanQuery,
  type StateBackend,
  type WriteRevision,
} from './state-backend.js';
import {
  type Decoded,
  decodeHeader,
  decodeState,
  type Draft,
  decodeBody,
  encodeBody,
  encodeRecord,
  isVacant,
  stateOf,
  writeOver,
} from './state-codec.js';
import { revision, savableState, type SavableState, type StateBody, statusKind } from './state-shape.js';
import type {
  CallOptions,
  ListEntry,
  StateStore,
  StateStoreOptions,
  StoreEvent,
  StoreOperation,
} from './state-store.js';
import type { WorkflowState } from './state.js';

const DAY = 86_400_000;
const MAX_BODY_BYTES = 16 * 1024 * 1024;
const RACES = 5;

const pageSize = integer(1, 10_000);

/** The options that calls take, beside `signal`. */
const OPTIONS: { readonly [K in StoreOperation]?: Checks } = {
  save: { onConflict: oneOf('fail', 'overwrite') },
  update: { attempts: integer(1, 1000) },
  delete: { revision: checkedLater },
  listPage: { status: checkedLater, after: instanceId, limit: pageSize },
  states: { status: checkedLater, concurrency: integer(1, 1000), onError: isFunction },
  cleanup: { limit: integer(1), dryRun: oneOf(true, false), onRemoved: isFunction },
};

/** Facts of a call that `observe` is told once it has ended. */
type Facts = { -readonly [K in 'instanceId' | 'status' | 'checkpointVersion' | 'bytes']?: StoreEvent[K] };

/**
 * Opens a store over a backend. Calls `backend.open`, which refuses a location that cannot keep the contract; reads no
 * record. The store owns the backend from then on, and closes it.
 * @throws `INVALID_ARGUMENT` for an option, and whatever the backend refuses with.
 */
export async function openStateStore(backend: StateBackend, options: StateStoreOptions = {}): Promise<StateStore> {
  for (const method of ['read', 'write', 'scan'] as const)
    checkShape(isFunction, backend?.[method], `backend.${method}`);
  checkOptions(options, {
    create: oneOf(true, false),
    clock: isFunction,
    maxBodyBytes: integer(1, 0xffff_ffff),
    tombstoneGrace: integer(DAY),
    observe: isFunction,
  });
  try {
    await backend.open?.({ create: options.create });
  } catch (error) {
    throw storageError(backend, error);
  }
  return new Store(backend, options);
}

class Store implements StateStore {
  readonly #backend: StateBackend;
  readonly #clock: () => number;
  readonly #fits: Shape<number>;
  readonly #tombstoneGrace: number;
  readonly #observe: ((event: StoreEvent) => void) | undefined;
  readonly #inFlight = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  constructor(backend: StateBackend, options: StateStoreOptions) {
    this.#backend = backend;
    this.#clock = options.clock ?? Date.now;
    const most = Math.min(options.maxBodyBytes ?? MAX_BODY_BYTES, backend.capabilities.maxBodyBytes);
    this.#fits = is(
      `at most ${most} bytes once encoded (store references to large data)`,
      (bytes) => (bytes as number) <= most,
    );
    this.#tombstoneGrace = options.tombstoneGrace ?? 7 * DAY;
    this.#observe = options.observe;
  }

  get capabilities(): StateStore['capabilities'] {
    return this.#backend.capabilities;
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  get [BACKEND](): StateBackend {
    return this.#backend;
  }

  save: StateStore['save'] = (state, options) =>
    this.#run('save', options, async (call, facts) => {
      const save = this.#prepare(state, facts);
      const { id, given } = save;
      const base = given.revision;
      if (options?.onConflict === 'overwrite') return this.#overwrite(save, call);
      inState(checkOwnFields, given);
      return base === undefined
        ? this.#create(save, call)
        : ((await this.#put(save, base, call)) ?? this.#conflict(id, base, call));
    });

  load: StateStore['load'] = (id, options) => this.#run('load', options, (call, facts) => this.#load(id, call, facts));

  find: StateStore['find'] = (id, options) => this.#run('find', options, (call, facts) => this.#find(id, call, facts));

  head: StateStore['head'] = (instance, options) =>
    this.#run('head', options, async (call, facts) => {
      const id = identify(instance, facts);
      const decoded = await headDecoded(this.#backend, id, call);
      if (decoded === undefined || decoded.revision.status === 'tombstone') return undefined;
      const { version, status, createdAt, entered } = decoded.revision;
      Object.assign(facts, { status, checkpointVersion: version });
      return {
        instanceId: id,
        status,
        revision: encodeRevision(decoded.revision),
        checkpointVersion: version,
        createdAt: new Date(createdAt),
        updatedAt: new Date(decoded.header.updatedAt),
        statusSince: new Date(entered.at),
      };
    });

  isCurrent: StateStore['isCurrent'] = (instance, text, options) =>
    this.#run('isCurrent', options, async (call, facts) => {
      const id = identify(instance, facts);
      const asked = checkShape(revision, text, 'revision');
      const backend = this.#backend;
      if (backend.isCurrent !== undefined)
        return reading(backend, call, id, async () => backend.isCurrent?.(id, asked, call) ?? false);
      // No revision that a store has returned is a tombstone's.
      return (await headDecoded(backend, id, call))?.revision.nonce === asked.nonce;
    });

  update: StateStore['update'] = (instance, change, options) =>
    this.#run('update', options, async (call, facts) => {
      checkShape(isFunction, change, 'change');
      for (let attempts = options?.attempts ?? 5, attempt = 1; ; attempt++) {
        const loaded = await this.#load(instance, call, facts);
        const changed = await change(loaded);
        if (changed === undefined || changed === loaded) return loaded;
        const { instanceId: id, createdAt, updatedAt, checkpointVersion, revision: text } = loaded;
        const save = this.#prepare(
          { ...changed, instanceId: id, createdAt, updatedAt, checkpointVersion, revision: text },
          facts,
        );
        const base = checkShape(revision, text, 'revision');
        const saved = await this.#put(save, base, call);
        if (saved !== undefined) return saved;
        if (attempt === attempts) return this.#conflict(id, base, call);
        await backoff(attempt, 1, 200, call.signal);
      }
    });

  delete: StateStore['delete'] = (instance, options) =>
    this.#run('delete', options, async (call, facts) => {
      const id = identify(instance, facts);
      if (options?.revision !== undefined) {
        const base = checkShape(revision, options.revision, 'options.revision');
        return (await this.#bury(id, base, call)) || this.#conflict(id, base, call);
      }
      return contend(id, 'deleted', call, async () => {
        const base = await this.#headOrDamaged(id, call);
        return isVacant(base) ? false : (await this.#bury(id, base, call)) || undefined;
      });
    });

  list: StateStore['list'] = (options) =>
    this.#iterate('list', options, (call) => scanBatches(this.#backend, {}, {}, call), idOf);

  listByStatus: StateStore['listByStatus'] = (status, options) =>
    this.#iterate(
      'listByStatus',
      options,
      (call) => this.#listed(checkShape(statusFilter, status, 'status'), {}, call),
      idOf,
    );

  listPage: StateStore['listPage'] = (options) =>
    this.#run('listPage', options, async (call) => {
      checkShape(pageSize, options?.limit, 'options.limit');
      const { status, after, limit } = options;
      const filter = checkShape(anyFilter, status, 'options.status');
      const entries: ListEntry[] = [];
      // One more than asked for, to know whether there is a next page.
      for await (const batch of this.#listed(filter, { after, limit: limit + 1 }, call)) {
        for (const { id, status: kind, statusSince: since } of batch) {
          if (entries.length === limit) return { entries, next: entries.at(-1)?.instanceId };
          entries.push({ instanceId: id, status: kind, statusSince: since === undefined ? since : new Date(since) });
        }
      }
      return { entries };
    });

  states: StateStore['states'] = (options) =>
    this.#iterate(
      'states',
      options,
      (call) => {
        const filter = checkShape(anyFilter, options?.status, 'options.status');
        // In flight also while the iterator is idle, so that `close` waits for what was loaded ahead.
        const load = async (id: InstanceId): Promise<WorkflowState | undefined> => {
          const state = await this.#track(this.#find(id, call, {}));
          return state !== undefined && matches(filter, state) ? state : undefined;
        };
        const ids = itemsOf(scanBatches(this.#backend, filter, {}, call), idOf);
        return loadAhead(ids, options?.concurrency ?? 8, load, options?.onError);
      },
      (state) => state,
    );

  count: StateStore['count'] = (kind, options) =>
    this.#run('count', options, async (call) => {
      const kinds = kind === undefined ? undefined : [checkShape(statusKind, kind, 'kind')];
      let count = 0;
      for await (const batch of scanBatches(this.#backend, { kinds }, {}, call)) {
        call.signal?.throwIfAborted();
        count += batch.length;
      }
      return count;
    });

  cleanup: StateStore['cleanup'] = (retention, options) =>
    this.#run('cleanup', options, async (call) => {
      const backend = this.#backend;
      const now = this.#now();
      const { limit = Infinity, dryRun = false, onRemoved } = options ?? {};
      const remove = (id: InstanceId, base: WriteRevision): Promise<boolean> => this.#bury(id, base, call);
      const report = await cleanUp(
        backend,
        { now, ages: checkRetention(retention), limit, dryRun, remove, onRemoved },
        call,
      );
      if (dryRun || backend.sweep === undefined) return report;
      const sweep = async () => backend.sweep?.(now - this.#tombstoneGrace, { ...call, now });
      const swept = await reading(backend, call, undefined, sweep).catch((error: unknown) => ({
        failures: [{ error }],
      }));
      call.signal?.throwIfAborted();
      return { ...report, failures: [...report.failures, ...(swept?.failures ?? [])] };
    });

  close: StateStore['close'] = () => {
    this.#closing ??= (async () => {
      // What is in flight may begin further loads.
      while (this.#inFlight.size > 0) await Promise.allSettled(this.#inFlight);
      try {
        await this.#backend.close?.();
      } catch (error) {
        throw storageError(this.#backend, error);
      }
    })();
    return this.#closing;
  };

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  // -- writes ---------------------------------------------------------------------------------------------------------

  /** Everything of a save that does not depend on what is stored. Encoded here, before the first await: a snapshot. */
  #prepare(state: unknown, facts: Facts): Prepared {
    const given = inState(savableState, state);
    const { instanceId: id, createdAt, updatedAt: _, checkpointVersion: __, revision: ___, ...body } = given;
    const status = body.status.kind;
    const encoded = encodeBody(body);
    const bytes = encoded.length - HEADER_BYTES;
    inState(this.#fits, bytes);
    Object.assign(facts, { instanceId: id, status, bytes });
    let unused: Uint8Array | undefined = encoded;
    return {
      id,
      status,
      createdAt: createdAt.getTime(),
      now: this.#now(),
      given,
      // Now, not once it is written: after the answer nothing may fail any more.
      body: decodeBody(encoded),
      facts,
      // A copy for every further attempt: the backend of an earlier one may still be sending the bytes.
      envelope() {
        const envelope = unused ?? encoded.slice();
        unused = undefined;
        return envelope;
      },
    };
  }

  /** One compare-and-set on `base`; `undefined` where it was lost. */
  async #put(save: Prepared, base: Expected, call: BackendCall): Promise<WorkflowState | undefined> {
    const vacant = isVacant(base);
    const over = (other: Expected, nonce: string): BackendRecord =>
      encodeRecord(writeOver(other, save, nonce), save.envelope());
    const make = (nonce: string): BackendRecord =>
      vacant ? { ...over(base, nonce), onto: (other) => over(other, nonce) } : over(base, nonce);
    const record = await commit(this.#backend, make, base, call);
    if (record === undefined) return undefined;
    save.facts.checkpointVersion = record.revision.version;
    return stateOf(record, save.body);
  }

  /** Creates; where a tombstone is, by replacing exactly that. */
  #create(save: Prepared, call: BackendCall): Promise<WorkflowState> {
    const { id } = save;
    let base: WriteRevision | undefined;
    return contend(id, 'created', call, async () => {
      const created = await this.#put(save, base, call);
      if (created !== undefined) return created;
      const found = await headDecoded(this.#backend, id, call);
      if (found?.header.kind === 'live') throw conflictError(id, 'exists', undefined, found.revision.version);
      base = replaceable(found);
      return undefined;
    });
  }

  #overwrite(save: Prepared, call: BackendCall): Promise<WorkflowState> {
    return contend(save.id, 'overwritten', call, async () =>
      this.#put(save, await this.#headOrDamaged(save.id, call), call),
    );
  }

  /** Deletes exactly `base` by writing a tombstone over it; `false` where something else is stored by now. */
  async #bury(id: InstanceId, base: WriteRevision | DamagedRecord, call: BackendCall): Promise<boolean> {
    const now = this.#now();
    const draft: Draft = { id, status: 'tombstone', now, createdAt: now };
    return (
      (await commit(this.#backend, (nonce) => encodeRecord(writeOver(base, draft, nonce)), base, call)) !== undefined
    );
  }

  // -- reads ----------------------------------------------------------------------------------------------------------

  async #load(instance: InstanceId, call: BackendCall, facts: Facts): Promise<WorkflowState> {
    const state = await this.#find(instance, call, facts);
    if (state !== undefined) return state;
    throw new StateStoreError('STATE_NOT_FOUND', `there is no instance ${instance}`, {
      instanceId: instance,
      recoveryHints: ['find returns undefined instead'],
    });
  }

  async #find(instance: InstanceId, call: BackendCall, facts: Facts): Promise<WorkflowState | undefined> {
    const id = identify(instance, facts);
    const stored = await readStored(this.#backend, id, call);
    const state = stored && decodeState(id, stored);
    if (stored === undefined || state === undefined) return undefined;
    const { status, checkpointVersion } = state;
    Object.assign(facts, { status: status.kind, checkpointVersion, bytes: stored.envelope.length - HEADER_BYTES });
    return state;
  }

  /** What a write may be conditioned on, also where the record cannot be read: then on its very bytes. */
  async #headOrDamaged(id: InstanceId, call: BackendCall): Promise<Expected> {
    let damaged: DamagedRecord | undefined;
    for (const look of [headStored, readStored]) {
      const stored = await look(this.#backend, id, call);
      if (stored === undefined) return undefined;
      try {
        return replaceable(decodeHeader(id, stored));
      } catch (error) {
        if (!isStateStoreError(error) || error.code !== 'DESERIALIZATION_ERROR') throw error;
        damaged = { damaged: true, ...stored };
      }
    }
    return damaged;
  }

  async #conflict(id: InstanceId, base: WriteRevision, call: BackendCall): Promise<never> {
    let found: Decoded | undefined;
    let cause: unknown;
    try {
      found = await headDecoded(this.#backend, id, call);
    } catch (error) {
      // The conflict is proved all the same; only what is there now could not be told.
      cause = error;
    }
    const live = found?.header.kind === 'live';
    throw conflictError(
      id,
      live || cause !== undefined ? 'changed' : 'missing',
      base.version,
      live ? found?.header.version : undefined,
      cause,
    );
  }

  /** What the index names; of a full status, what is stored so: one load for each candidate. */
  async *#listed(filter: Filter, query: Omit<ScanQuery, 'status'>, call: BackendCall): Batches {
    const batches = scanBatches(this.#backend, filter, query, call);
    if (filter.exactly === undefined) return yield* batches;
    for await (const batch of batches) {
      for (const entry of batch) {
        const state = await this.#find(entry.id, call, {});
        if (state !== undefined && matches(filter, state)) yield [entry];
      }
    }
  }

  // -- lifecycle ------------------------------------------------------------------------------------------------------

  #now(): number {
    const now = Math.floor(this.#clock()) + 0;
    if (Math.abs(now) <= LATEST_DATE) return now;
    throw invalidArgument('options.clock', 'epoch milliseconds that a Date can hold', now);
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new StateStoreError('STORE_CLOSED', 'the store was closed');
  }

  async #run<T>(
    op: StoreOperation,
    options: CallOptions | undefined,
    body: (call: BackendCall, facts: Facts) => Promise<T>,
  ): Promise<T> {
    this.#assertOpen();
    const facts: Facts = {};
    const done = this.#timer(op, facts);
    try {
      const result = await this.#track((async () => body(callOf(op, options), facts))());
      done('ok');
      return result;
    } catch (error) {
      done(outcomeOf(error));
      throw error;
    }
  }

  /** A listing: each fetch of a batch is a call of its own for `close`, which does not wait for an idle iterator. */
  #iterate<Item, T>(
    op: StoreOperation,
    options: CallOptions | undefined,
    body: (call: BackendCall) => AsyncGenerator<readonly Item[]>,
    pick: (item: Item) => T,
  ): AsyncIterable<T> {
    // Of the next step, that is: one that was in flight when the store was closed has its answer.
    const check = (): void => {
      this.#assertOpen();
      options?.signal?.throwIfAborted();
    };
    return itemsOf(this.#batches(op, options, body, check), pick, check);
  }

  async *#batches<Item>(
    op: StoreOperation,
    options: CallOptions | undefined,
    body: (call: BackendCall) => AsyncGenerator<readonly Item[]>,
    check: () => void,
  ): AsyncGenerator<readonly Item[], void> {
    const done = this.#timer(op, {});
    let batches: AsyncGenerator<readonly Item[]> | undefined;
    let outcome = 'ok';
    try {
      this.#assertOpen();
      batches = body(callOf(op, options));
      for (;;) {
        const next = await this.#track(batches.next());
        if (next.done === true) return;
        yield next.value;
        check();
      }
    } catch (error) {
      outcome = outcomeOf(error);
      throw error;
    } finally {
      await batches?.return(undefined);
      done(outcome);
    }
  }

  /** What `close` waits for. */
  async #track<T>(work: Promise<T>): Promise<T> {
    this.#inFlight.add(work);
    try {
      return await work;
    } finally {
      this.#inFlight.delete(work);
    }
  }

  #timer(op: StoreOperation, facts: Facts): (outcome: string) => void {
    const started = performance.now();
    return (outcome) => {
      try {
        this.#observe?.({ op, ...facts, durationMs: performance.now() - started, outcome });
      } catch (error) {
        // An observer must not change what a call answers; its own failure surfaces as an uncaught exception.
        queueMicrotask(() => {
          throw error;
        });
      }
    };
  }
}

/** A save whose bytes are ready but for the header. */
interface Prepared extends Draft {
  readonly given: SavableState;
  readonly body: StateBody;
  readonly facts: Facts;
  /** The encoded body behind room for a header, at each call another. */
  envelope(): Uint8Array;
}

const anyFilter: Shape<Filter> = (filter) => optional(statusFilter)(filter) ?? {};

function identify(id: unknown, facts: Facts): InstanceId {
  return (facts.instanceId = checkShape(instanceId, id, 'instanceId'));
}

function idOf({ id }: ScanEntry): InstanceId {
  return id;
}

/** The context of a call, or the refusal of its options, or the reason why it was given up before it began. */
function callOf(op: StoreOperation, options: CallOptions | undefined): BackendCall {
  checkOptions(options, OPTIONS[op] ?? {});
  options?.signal?.throwIfAborted();
  return { signal: options?.signal };
}

function checkedLater(): void {
  // By the call itself, which needs what the check finds.
}

/** What the store owns: a state carries it from save to save, and nobody else changes it. */
function checkOwnFields(given: SavableState): void {
  const { revision: base, checkpointVersion, createdAt } = given;
  const version = base?.version ?? 0;
  const since = new Date(base?.createdAt ?? createdAt);
  if (checkpointVersion !== version) {
    throw new ShapeError(`${version}, as the revision says, or none`, checkpointVersion).within('.checkpointVersion');
  }
  if (+createdAt !== +since)
    throw new ShapeError(`${show(since)}, which the first save fixed`, createdAt).within('.createdAt');
}

function inState<T>(check: (value: never) => T, value: unknown): T {
  return checkShape(
    check as Shape<T>,
    value,
    'state',
    'INVALID_STATE',
    'change what save or load returned only by helpers such as enterStage',
  );
}

/** Tries until nobody else was quicker, within reason. */
async function contend<T>(
  id: InstanceId,
  what: string,
  call: BackendCall,
  attempt: () => Promise<T | undefined>,
): Promise<T> {
  for (let race = 0; race < RACES; race++) {
    const done = await attempt();
    if (done !== undefined) return done;
    if (race > 0) await backoff(race, 1, 50, call.signal);
  }
  throw new StateStoreError('STORAGE_ERROR', `${id} was not ${what}: it changed ${RACES} times meanwhile`, {
    instanceId: id,
    retryable: true,
  });
}

/** Nobody may write over a condemned record, which is about to be removed: as good as none, and a create meets it. */
function replaceable(found: Decoded | undefined): WriteRevision | undefined {
  return found?.header.kind === 'condemned' ? undefined : found?.revision;
}

function conflictError(
  id: InstanceId,
  reason: Conflict['reason'],
  expected: number | undefined,
  actual: number | undefined,
  cause?: unknown,
): StateStoreError {
  const versions = `expected version ${expected ?? 'none'}, found ${actual ?? 'none'}`;
  return new StateStoreError('CHECKPOINT_CONFLICT', `${id} ${reason}: ${versions}`, {
    cause,
    instanceId: id,
    conflict: { reason, expected, actual },
    recoveryHints: ['load the instance and change what is there now; update does both, with retries'],
  });
}

function outcomeOf(error: unknown): string {
  return isStateStoreError(error) ? error.code : 'error';
}
