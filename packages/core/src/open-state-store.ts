// The one implementation of `StateStore`, over any `StateBackend`.

import { checkOptions, type Checks, integer, invalidArgument, isFunction, oneOf } from './arguments.js';
import { headDecoded, headStored, readStored, reading, storageError } from './backend-access.js';
import { backoff } from './backoff.js';
import { cleanUp } from './cleanup.js';
import { commit } from './commit.js';
import { type Conflict, isStateStoreError, StateStoreError } from './errors.js';
import { checkInstanceId, type InstanceId } from './instance-id.js';
import { checkFilter, type Filter, idsOf, loadAhead, matches, scanBatches } from './listing.js';
import { checkRetention } from './retention.js';
import { decodeRevision, encodeRevision, ownEntry, type Revision } from './revision.js';
import { checkShape, ShapeError } from './shape.js';
import type {
  BackendCall,
  BackendRecord,
  DamagedRecord,
  Expected,
  ScanEntry,
  StateBackend,
  WriteRevision,
} from './state-backend.js';
import {
  decodeEncodedBody,
  decodeHeader,
  decodeState,
  encodeBody,
  encodeRecord,
  stateOf,
  type Write,
} from './state-codec.js';
import { type SavableState, savableState, type StateBody } from './state-shape.js';
import type {
  CallOptions,
  CleanupReport,
  ListEntry,
  ListPage,
  StateHead,
  StateStore,
  StateStoreOptions,
  StoreEvent,
  StoreOperation,
} from './state-store.js';
import type { WorkflowState } from './state.js';
import { isTerminalKind, STATUS_KINDS } from './status.js';
import { HEADER_BYTES } from './envelope/header.js';

const DAY = 86_400_000;
const MAX_BODY_BYTES = 16 * 1024 * 1024;
const LATEST_DATE = 8.64e15;
const RACES = 5;

/** The options that each call takes, beside `signal`. */
const OPTIONS: { readonly [K in StoreOperation]: Checks } = {
  save: { onConflict: oneOf('fail', 'overwrite') },
  load: {},
  find: {},
  head: {},
  isCurrent: {},
  update: { attempts: integer(1, 1000) },
  delete: { revision: checkedLater },
  list: {},
  listByStatus: {},
  listPage: { status: checkedLater, after: checkInstanceId, limit: integer(1, 10_000) },
  states: { status: checkedLater, concurrency: integer(1, 1000), onError: isFunction },
  count: {},
  cleanup: { limit: integer(1, Number.MAX_SAFE_INTEGER), dryRun: oneOf(true, false) },
};

/** Facts of a call that `observe` is told once it has ended. */
type Facts = { -readonly [K in 'instanceId' | 'status' | 'checkpointVersion' | 'bytes']?: StoreEvent[K] };

/**
 * Opens a store over a backend. Calls `backend.open`, which refuses a location that cannot keep the contract; reads no
 * record. The store owns the backend from then on, and closes it.
 * @throws `INVALID_ARGUMENT` for an option, and whatever the backend refuses with.
 */
export async function openStateStore(backend: StateBackend, options: StateStoreOptions = {}): Promise<StateStore> {
  if (
    typeof backend?.read !== 'function' ||
    typeof backend.write !== 'function' ||
    typeof backend.scan !== 'function'
  ) {
    throw invalidArgument('backend', 'a StateBackend (memoryBackend(), fileSystemBackend(…), s3Backend(…))', backend);
  }
  checkOptions(options, {
    clock: isFunction,
    maxBodyBytes: integer(1, 0xffff_ffff),
    tombstoneGrace: integer(DAY, Number.MAX_SAFE_INTEGER),
    observe: isFunction,
  });
  try {
    await backend.open?.({});
  } catch (error) {
    throw storageError(backend, error);
  }
  return new Store(backend, options);
}

class Store implements StateStore {
  readonly #backend: StateBackend;
  readonly #clock: () => number;
  readonly #maxBodyBytes: number;
  readonly #tombstoneGrace: number;
  readonly #observe: ((event: StoreEvent) => void) | undefined;
  readonly #inFlight = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  constructor(backend: StateBackend, options: StateStoreOptions) {
    this.#backend = backend;
    this.#clock = options.clock ?? Date.now;
    this.#maxBodyBytes = Math.min(options.maxBodyBytes ?? MAX_BODY_BYTES, backend.capabilities.maxBodyBytes);
    this.#tombstoneGrace = options.tombstoneGrace ?? 7 * DAY;
    this.#observe = options.observe;
  }

  get capabilities(): StateStore['capabilities'] {
    return this.#backend.capabilities;
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  save: StateStore['save'] = (state, options) =>
    this.#run('save', options, async (call, facts) => {
      const { instanceId, createdAt, checkpointVersion, revision, body } = checkState(state);
      facts.instanceId = instanceId;
      const write = this.#prepare(instanceId, body, facts);
      if (options?.onConflict === 'overwrite') return this.#overwrite(write, createdAt.getTime(), call);
      if (revision === undefined) {
        if (checkpointVersion !== 0) {
          throw invalidState(
            `state.checkpointVersion: a state without a revision is created, so expected 0, got ${checkpointVersion}`,
          );
        }
        return this.#create(write, createdAt.getTime(), call);
      }
      const base = checkRevision(revision, invalidState);
      if (checkpointVersion !== base.version) {
        throw invalidState(
          `state.checkpointVersion: expected ${base.version}, as the revision says, got ${checkpointVersion}`,
        );
      }
      if (createdAt.getTime() !== base.createdAt) {
        throw invalidState(
          `state.createdAt: expected ${new Date(base.createdAt).toISOString()}, which the first save fixed, got ${createdAt.toISOString()}`,
        );
      }
      return (await this.#replace(write, base, call)) ?? this.#conflict(instanceId, base, call);
    });

  load: StateStore['load'] = (instanceId, options) =>
    this.#run('load', options, (call, facts) => this.#load(instanceId, call, facts));

  find: StateStore['find'] = (instanceId, options) =>
    this.#run('find', options, (call, facts) => this.#find(instanceId, call, facts));

  head: StateStore['head'] = (instanceId, options) =>
    this.#run('head', options, async (call, facts) => {
      const id = (facts.instanceId = checkInstanceId(instanceId));
      const decoded = await headDecoded(this.#backend, id, call);
      if (decoded === undefined || decoded.revision.status === 'tombstone') return undefined;
      const { revision, header } = decoded;
      facts.status = decoded.revision.status;
      facts.checkpointVersion = revision.version;
      return {
        instanceId: id,
        status: decoded.revision.status,
        revision: encodeRevision(revision),
        checkpointVersion: revision.version,
        createdAt: new Date(header.createdAt),
        updatedAt: new Date(header.updatedAt),
        statusSince: new Date(revision.entered.at),
      } satisfies StateHead;
    });

  isCurrent: StateStore['isCurrent'] = (instanceId, revision, options) =>
    this.#run('isCurrent', options, async (call, facts) => {
      const id = (facts.instanceId = checkInstanceId(instanceId));
      const asked = checkRevision(revision, invalidRevision);
      const backend = this.#backend;
      if (backend.isCurrent !== undefined)
        return reading(backend, call, id, async () => backend.isCurrent?.(id, asked, call) ?? false);
      const decoded = await headDecoded(backend, id, call);
      return decoded !== undefined && decoded.revision.nonce === asked.nonce && decoded.revision.status !== 'tombstone';
    });

  update: StateStore['update'] = (instanceId, change, options) =>
    this.#run('update', options, async (call, facts) => {
      isFunction(change, 'change');
      const attempts = options?.attempts ?? 5;
      for (let attempt = 1; ; attempt++) {
        const loaded = await this.#load(instanceId, call, facts);
        const changed = await change(loaded);
        if (changed === undefined || changed === loaded) return loaded;
        const { instanceId: id, createdAt, updatedAt, checkpointVersion, revision } = loaded;
        const own = { instanceId: id, createdAt, updatedAt, checkpointVersion, revision };
        const { body } = checkState({ ...changed, ...own });
        const base = checkRevision(revision, invalidState);
        const saved = await this.#replace(this.#prepare(id, body, facts), base, call);
        if (saved !== undefined) return saved;
        if (attempt === attempts) return this.#conflict(id, base, call);
        await backoff(attempt, 1, 200, call.signal);
      }
    });

  delete: StateStore['delete'] = (instanceId, options) =>
    this.#run('delete', options, async (call, facts) => {
      const id = (facts.instanceId = checkInstanceId(instanceId));
      if (options?.revision !== undefined) {
        const base = checkRevision(options.revision, invalidRevision);
        return (await this.#bury(id, base, call)) || this.#conflict(id, base, call);
      }
      for (let race = 0; race < RACES; race++) {
        const stored = await this.#headOrDamaged(id, call);
        if (stored === undefined || (!('damaged' in stored) && stored.status === 'tombstone')) return false;
        if (await this.#bury(id, stored, call)) return true;
        await backoff(race, 1, 50, call.signal);
      }
      throw new StateStoreError('STORAGE_ERROR', `${id} was not deleted: it was saved ${RACES} times meanwhile`, {
        instanceId: id,
        retryable: true,
      });
    });

  list: StateStore['list'] = (options) =>
    this.#iterate('list', options, (call) => this.#batches({ kinds: undefined }, {}, call), entryId);

  listByStatus: StateStore['listByStatus'] = (status, options) =>
    this.#iterate(
      'listByStatus',
      options,
      (call) => {
        if (status === undefined)
          throw invalidArgument('status', `a status kind (${STATUS_KINDS.join(', ')}) or a status`, status);
        return this.#batches(checkFilter(status), {}, call);
      },
      entryId,
    );

  listPage: StateStore['listPage'] = (options) =>
    this.#run('listPage', options, async (call) => {
      if (options?.limit === undefined) throw invalidArgument('options.limit', 'an integer from 1 to 10000', undefined);
      const { status, after, limit } = options;
      const filter = checkFilter(status, 'options.status');
      const entries: ListEntry[] = [];
      // One more than asked for, to know whether there is a next page.
      for await (const batch of this.#batches(filter, { after, limit: limit + 1 }, call)) {
        for (const { id, status: kind, statusSince } of batch) {
          if (entries.length === limit) return { entries, next: entries.at(-1)?.instanceId } satisfies ListPage;
          entries.push({
            instanceId: id,
            ...(kind !== undefined && { status: kind }),
            ...(statusSince !== undefined && { statusSince: new Date(statusSince) }),
          });
        }
      }
      return { entries };
    });

  states: StateStore['states'] = (options) =>
    this.#iterate(
      'states',
      options,
      (call) => {
        const filter = checkFilter(options?.status, 'options.status');
        // In flight also while the iterator is idle, so that `close` waits for what was loaded ahead.
        const load = async (id: InstanceId): Promise<WorkflowState | undefined> => {
          const state = await this.#track(this.#find(id, call, {}));
          return state !== undefined && matches(filter, state) ? state : undefined;
        };
        const ids = idsOf(this.#batches({ kinds: filter.kinds }, {}, call));
        return loadAhead(ids, options?.concurrency ?? 8, load, options?.onError);
      },
      (state) => state,
    );

  count: StateStore['count'] = (kind, options) =>
    this.#run('count', options, async (call) => {
      if (kind !== undefined) oneOf(...STATUS_KINDS)(kind, 'kind');
      let count = 0;
      for await (const batch of this.#batches(checkFilter(kind), {}, call)) {
        call.signal?.throwIfAborted();
        count += batch.length;
      }
      return count;
    });

  cleanup: StateStore['cleanup'] = (retention, options) =>
    this.#run('cleanup', options, async (call): Promise<CleanupReport> => {
      const now = this.#now();
      const { limit = Infinity, dryRun = false } = options ?? {};
      const remove = (id: InstanceId, revision: WriteRevision): Promise<boolean> => this.#bury(id, revision, call);
      const report = await cleanUp(
        this.#backend,
        { now, ages: checkRetention(retention), limit, dryRun, remove },
        call,
      );
      if (dryRun || this.#backend.sweep === undefined) return report;
      try {
        const swept = await this.#backend.sweep(now - this.#tombstoneGrace, { ...call, now });
        return { ...report, failures: [...report.failures, ...swept.failures.map(({ error }) => ({ error }))] };
      } catch (error) {
        call.signal?.throwIfAborted();
        return { ...report, failures: [...report.failures, { error: storageError(this.#backend, error) }] };
      }
    });

  close: StateStore['close'] = () => {
    this.#closing ??= (async () => {
      await Promise.allSettled(this.#inFlight);
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
  #prepare(id: InstanceId, body: StateBody, facts: Facts): Prepared {
    const encoded = encodeBody(body);
    const bytes = encoded.length - HEADER_BYTES;
    if (bytes > this.#maxBodyBytes) {
      throw invalidState(
        `state: its encoding has ${bytes} bytes, more than the ${this.#maxBodyBytes} that this store takes`,
        'keep large data elsewhere and store a reference to it',
        'raise maxBodyBytes, as far as the backend allows',
      );
    }
    facts.status = body.status.kind;
    facts.bytes = bytes;
    let used = false;
    const now = this.#now();
    return {
      id,
      // Now, not once it is written: after the answer nothing may fail any more.
      body: decodeEncodedBody(encoded),
      now,
      record: (write) => {
        // A copy for every further attempt: the backend of an earlier one may still be sending the bytes.
        const envelope = used ? encoded.slice() : encoded;
        used = true;
        return encodeRecord(write, envelope);
      },
      done: (state) => {
        facts.checkpointVersion = state.checkpointVersion;
        return state;
      },
    };
  }

  /** One compare-and-set on `base`; `undefined` where it was lost. */
  async #replace(save: Prepared, base: WriteRevision, call: BackendCall): Promise<WorkflowState | undefined> {
    const { id, body, now } = save;
    if (base.version === 0xffff_ffff)
      throw invalidState('state.checkpointVersion: 4294967295 is the last one; start a new instance');
    const status = body.status.kind;
    const make = (nonce: string): BackendRecord =>
      save.record({
        id,
        parent: base.nonce,
        updatedAt: now,
        revision: {
          ...withoutHint(base),
          version: base.version + 1,
          nonce,
          status,
          entered:
            status === base.status && !isTerminalKind(status) ? base.entered : ownEntry(base.version + 1, nonce, now),
        },
      });
    return this.#commit(save, make, base, call);
  }

  /** Creates; where a tombstone is, by replacing exactly that. */
  async #create(save: Prepared, createdAt: number, call: BackendCall): Promise<WorkflowState> {
    let tombstone: WriteRevision | undefined;
    for (let race = 0; race < RACES; race++) {
      const created = await this.#begin(save, createdAt, tombstone, call);
      if (created !== undefined) return created;
      const found = await headDecoded(this.#backend, save.id, call);
      if (found?.header.kind === 'live')
        throw conflictError(save.id, { reason: 'exists', expected: undefined, actual: found.revision.version });
      if (found?.header.kind === 'condemned') break;
      tombstone = found?.revision;
    }
    throw new StateStoreError(
      'STORAGE_ERROR',
      `${save.id} was not created: a deleted one of that name is just being removed`,
      {
        instanceId: save.id,
        retryable: true,
      },
    );
  }

  /** The first write of an incarnation: over nothing, a tombstone, or (asked to overwrite) a damaged record. */
  #begin(save: Prepared, createdAt: number, base: Expected, call: BackendCall): Promise<WorkflowState | undefined> {
    const { id, body, now } = save;
    const damaged = base !== undefined && 'damaged' in base;
    const write = (nonce: string, over: WriteRevision | undefined): Write => ({
      id,
      parent: over?.nonce,
      updatedAt: now,
      revision: {
        version: 1,
        nonce,
        incarnation: nonce,
        first: over === undefined && !damaged,
        status: body.status.kind,
        entered: ownEntry(1, nonce, now),
        createdAt,
      },
    });
    const make = (nonce: string): BackendRecord => {
      if (damaged) return save.record(write(nonce, undefined));
      return { ...save.record(write(nonce, base)), onto: (other) => save.record(write(nonce, other)) };
    };
    return this.#commit(save, make, base, call);
  }

  async #commit(
    save: Prepared,
    make: (nonce: string) => BackendRecord,
    base: Expected,
    call: BackendCall,
  ): Promise<WorkflowState | undefined> {
    const outcome = await commit(this.#backend, make, base, call);
    if (outcome === 'lost') return undefined;
    const { hint, record } = outcome;
    const revision = hint === undefined ? record.revision : { ...record.revision, hint };
    return save.done(stateOf({ ...record, revision }, save.body));
  }

  async #overwrite(save: Prepared, createdAt: number, call: BackendCall): Promise<WorkflowState> {
    for (let race = 0; race < RACES; race++) {
      const stored = await this.#headOrDamaged(save.id, call);
      const live = stored !== undefined && !('damaged' in stored) && stored.status !== 'tombstone';
      const saved = await (live ? this.#replace(save, stored, call) : this.#begin(save, createdAt, stored, call));
      if (saved !== undefined) return saved;
      await backoff(race, 1, 50, call.signal);
    }
    throw new StateStoreError(
      'STORAGE_ERROR',
      `${save.id} was not overwritten: it was saved ${RACES} times meanwhile`,
      {
        instanceId: save.id,
        retryable: true,
      },
    );
  }

  /** Deletes exactly `base` by writing a tombstone over it; `false` where something else is stored by now. */
  async #bury(id: InstanceId, base: WriteRevision | DamagedRecord, call: BackendCall): Promise<boolean> {
    const now = this.#now();
    const damaged = 'damaged' in base;
    const make = (nonce: string): BackendRecord => {
      const version = damaged ? 1 : Math.min(base.version + 1, 0xffff_ffff);
      const rest = damaged ? { incarnation: nonce, first: false, createdAt: now } : withoutHint(base);
      const revision = {
        ...rest,
        version,
        nonce,
        status: 'tombstone',
        entered: ownEntry(version, nonce, now),
      } as const;
      return encodeRecord({ id, parent: damaged ? undefined : base.nonce, updatedAt: now, revision });
    };
    return (await commit(this.#backend, make, base, call)) !== 'lost';
  }

  // -- reads ----------------------------------------------------------------------------------------------------------

  async #load(instanceId: InstanceId, call: BackendCall, facts: Facts): Promise<WorkflowState> {
    const state = await this.#find(instanceId, call, facts);
    if (state !== undefined) return state;
    throw new StateStoreError('STATE_NOT_FOUND', `there is no instance ${instanceId}`, {
      instanceId,
      recoveryHints: ['find returns undefined instead', 'it may have been deleted or cleaned up'],
    });
  }

  async #find(instanceId: InstanceId, call: BackendCall, facts: Facts): Promise<WorkflowState | undefined> {
    const id = (facts.instanceId = checkInstanceId(instanceId));
    const stored = await readStored(this.#backend, id, call);
    const state = stored && decodeState(id, stored);
    if (state !== undefined) {
      facts.status = state.status.kind;
      facts.checkpointVersion = state.checkpointVersion;
      facts.bytes = (stored?.envelope.length ?? 0) - HEADER_BYTES;
    }
    return state;
  }

  /** What a write may be conditioned on, also where the record cannot be read: then on its very bytes. */
  async #headOrDamaged(id: InstanceId, call: BackendCall): Promise<Expected> {
    const stored = await headStored(this.#backend, id, call);
    if (stored === undefined) return undefined;
    try {
      return decodeHeader(id, stored).revision;
    } catch (error) {
      if (!isStateStoreError(error) || error.code !== 'DESERIALIZATION_ERROR') throw error;
      const whole = await readStored(this.#backend, id, call);
      if (whole === undefined) return undefined;
      return { damaged: true, envelope: whole.envelope, ...(whole.hint !== undefined && { hint: whole.hint }) };
    }
  }

  async #conflict(id: InstanceId, base: WriteRevision, call: BackendCall): Promise<never> {
    let actual: number | undefined;
    let reason: Conflict['reason'] = 'changed';
    let cause: unknown;
    try {
      const found = await headDecoded(this.#backend, id, call);
      if (found?.header.kind === 'live') actual = found.revision.version;
      else reason = 'missing';
    } catch (error) {
      // The conflict is proved all the same; only what is there now could not be told.
      cause = error;
    }
    throw conflictError(id, { reason, expected: base.version, actual }, cause);
  }

  /** What the index names, in batches; with a full status, what is stored so: one load for each candidate. */
  #batches(
    filter: Filter,
    query: { after?: InstanceId | undefined; limit?: number },
    call: BackendCall,
  ): ReturnType<typeof scanBatches> {
    const batches = scanBatches(this.#backend, filter.kinds, query, call);
    return filter.exactly === undefined ? batches : this.#exactly(filter, batches, call);
  }

  async *#exactly(
    filter: Filter,
    batches: ReturnType<typeof scanBatches>,
    call: BackendCall,
  ): ReturnType<typeof scanBatches> {
    for await (const batch of batches) {
      for (const entry of batch) {
        const state = await this.#find(entry.id, call, {});
        if (state !== undefined && matches(filter, state)) yield [entry];
      }
    }
  }

  // -- lifecycle ------------------------------------------------------------------------------------------------------

  #now(): number {
    const now = Math.floor(this.#clock());
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
    const work = (async () => {
      return body(callOf(op, options), facts);
    })();
    try {
      const result = await this.#track(work);
      done('ok');
      return result;
    } catch (error) {
      done(outcomeOf(error));
      throw error;
    }
  }

  /** A listing: each fetch of a batch is a call of its own for `close`, which does not wait for an idle iterator. */
  async *#iterate<Item, T>(
    op: StoreOperation,
    options: CallOptions | undefined,
    body: (call: BackendCall) => AsyncGenerator<readonly Item[]>,
    pick: (item: Item) => T,
  ): AsyncGenerator<T> {
    const done = this.#timer(op, {});
    let batches: AsyncGenerator<readonly Item[]> | undefined;
    let outcome = 'ok';
    try {
      this.#assertOpen();
      const call = callOf(op, options);
      batches = body(call);
      for (;;) {
        const next = await this.#track(batches.next());
        if (next.done === true) return;
        for (const item of next.value) {
          this.#assertOpen();
          call.signal?.throwIfAborted();
          yield pick(item);
        }
        this.#assertOpen();
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
    const observe = this.#observe;
    if (observe === undefined) return () => undefined;
    const started = performance.now();
    return (outcome) => {
      try {
        observe({ op, ...facts, durationMs: performance.now() - started, outcome });
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
interface Prepared {
  readonly id: InstanceId;
  readonly body: StateBody;
  readonly now: number;
  record(write: Write): BackendRecord;
  done(state: WorkflowState): WorkflowState;
}

function entryId({ id }: ScanEntry): InstanceId {
  return id;
}

/** The context of a call, or the refusal of its options, or the reason why it was given up before it began. */
function callOf(op: StoreOperation, options: CallOptions | undefined): BackendCall {
  checkOptions(options, OPTIONS[op]);
  options?.signal?.throwIfAborted();
  return { signal: options?.signal };
}

function checkedLater(): void {
  // By the call itself, which needs what the check finds.
}

/** A checked copy, in two parts: what the store owns, and the body that is encoded. */
function checkState(
  state: unknown,
): Pick<SavableState, 'instanceId' | 'createdAt' | 'checkpointVersion' | 'revision'> & { readonly body: StateBody } {
  try {
    const {
      instanceId,
      createdAt,
      updatedAt: _,
      checkpointVersion,
      revision,
      ...body
    } = checkShape(savableState, state, 'state');
    return { instanceId, createdAt, checkpointVersion, revision, body };
  } catch (error) {
    if (error instanceof ShapeError) throw invalidState(error.message);
    throw error;
  }
}

function checkRevision(revision: unknown, invalid: (message: string) => StateStoreError): WriteRevision {
  const decoded = typeof revision === 'string' ? decodeRevision(revision as Revision) : undefined;
  if (decoded === undefined) throw invalid('revision: not one that a store has returned, or damaged on its way');
  return decoded;
}

function invalidState(message: string, ...recoveryHints: string[]): StateStoreError {
  const hints =
    recoveryHints.length > 0
      ? recoveryHints
      : ['pass what save or load returned, changed only by helpers such as enterStage'];
  return new StateStoreError('INVALID_STATE', message, { recoveryHints: hints });
}

function invalidRevision(message: string): StateStoreError {
  return new StateStoreError('INVALID_ARGUMENT', message, {
    recoveryHints: ['pass the revision of a state, unchanged'],
  });
}

function conflictError(id: InstanceId, conflict: Conflict, cause?: unknown): StateStoreError {
  const { reason, expected, actual } = conflict;
  const found = actual === undefined ? 'nothing readable is there now' : `version ${actual} is there now`;
  const message =
    reason === 'exists'
      ? `${id} exists already: ${found}`
      : reason === 'missing'
        ? `${id} was deleted: version ${expected} was expected`
        : `${id} was saved by another: version ${expected} was expected, ${found}`;
  return new StateStoreError('CHECKPOINT_CONFLICT', message, {
    instanceId: id,
    conflict,
    ...(cause !== undefined && { cause }),
    recoveryHints: ['load the instance and apply the change to what is there now', 'update does both, with retries'],
  });
}

function withoutHint(revision: WriteRevision): WriteRevision {
  const { hint: _, ...rest } = revision;
  return rest;
}

function outcomeOf(error: unknown): string {
  return isStateStoreError(error) ? error.code : 'error';
}
