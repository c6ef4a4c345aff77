// A cache around a store that does not lie: what it answers is what a store may answer that has the capabilities it shows.
//
// What must stay true of an entry, from when it is put in until it is dropped:
//   - it is what the inner store returned, a copy that no caller holds;
//   - no write of that instance through this store has ended since the call began that it came from, be it with success,
//     a conflict, a failure or an unknown outcome: whatever ends a write drops the entry, and only the write itself may
//     then put its result in, if nothing else was put in or dropped meanwhile;
//   - nobody has been shown another revision of the instance through this store: whoever is, drops or replaces it.
// So, with this store as the only writer, what it answers is linearizable without asking. With `revalidate: 'always'` it
// is with any number of writers: an answer is then read, or proved, by a request that began after the caller asked.
//
// `update` is the inner store's, with its own fresh read. A stale state that is saved only loses a race, but a stale state
// on which `change` decides to write nothing, or to throw, would have decided, and no compare-and-set would have told.
// `states` puts nothing in: a walk over everything would evict what is in use.

import {
  type CallOptions,
  type InstanceId,
  type Revision,
  type StateStore,
  StateStoreError,
  type WorkflowState,
  type WorkflowStateInput,
} from '@workflow-state/core';
import { BACKEND, type StateBackend } from '@workflow-state/core/backend';
import { LRUCache } from 'lru-cache';
import { CallsInFlight, type InstanceCalls } from './calls-in-flight.js';
import { type CopyBytes, copyState, ownBytes, sharedBytes } from './copy-state.js';
import { checkLruCacheOptions, invalidArgument, type LruCacheOptions } from './options.js';
import { SharedRead } from './shared-read.js';
import { sizeOf } from './state-size.js';

export interface LruCacheStats {
  /** Loads and finds answered from the cache. */
  readonly hits: number;
  /** Those for which the store was read. */
  readonly misses: number;
  /** Those that were answered together with another one: by its read, or by one read for all who had to wait for it. */
  readonly shared: number;
  /** Entries that the store, asked at a hit, no longer confirmed. */
  readonly outdated: number;
  readonly entries: number;
  /** Estimated bytes of all entries; counted only with `maxSize`, else 0. */
  readonly size: number;
}

/** A store with a cache in front. */
export interface CachedStateStore extends StateStore {
  /** Lets go of the entries whose `ttl` is over, and says how many they were. `cleanup` does it as well. */
  purgeStale(): number;
  /** Empties the cache; what is just being read is not put in either. For when something else has changed the store. */
  clear(): void;
  /** Counted since the cache was made. */
  stats(): LruCacheStats;
}

/** Stands in the cache for what is not there. */
const ABSENT = Symbol('absent');

type Entry = WorkflowState | typeof ABSENT;
type Found = WorkflowState | undefined;

/**
 * Puts a cache of loaded and saved states in front of `store`, which it owns from then on: closing the one closes the
 * other. Saves go to the store first, and into the cache only once the store has acknowledged them.
 * @throws `INVALID_ARGUMENT` for an option, for what is no store, and for a closed one.
 */
export function withLruCache(store: StateStore, options: LruCacheOptions): CachedStateStore {
  if (typeof store?.load !== 'function' || typeof store.isCurrent !== 'function') {
    throw invalidArgument('store', 'a StateStore (await openStateStore(backend))', store);
  }
  if (store.closed) {
    throw new StateStoreError('INVALID_ARGUMENT', 'store: expected an open StateStore, got one that was closed', {
      recoveryHints: [
        'wrap a store right after opening it',
        'close the wrapper, which closes the store, and only once',
      ],
    });
  }
  checkLruCacheOptions(options);
  return new CachingStore(store, options);
}

class CachingStore implements CachedStateStore {
  readonly capabilities: StateStore['capabilities'];
  readonly #inner: StateStore;
  readonly #cache: LRUCache<InstanceId, Entry>;
  readonly #inFlight = new CallsInFlight<Found>();
  readonly #asksAlways: boolean;
  readonly #keepsAbsence: boolean;
  readonly #copyBytes: CopyBytes;
  readonly #now: (() => number) | undefined;
  #hits = 0;
  #misses = 0;
  #shared = 0;
  #outdated = 0;
  #calls = 0;
  #lastCallEnded: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(inner: StateStore, options: LruCacheOptions) {
    const { max = 0, maxSize, ttl, revalidate, cacheAbsence = false, share, clock } = options;
    this.#inner = inner;
    this.#asksAlways = revalidate === 'always';
    this.#keepsAbsence = cacheAbsence;
    this.#copyBytes = share === 'bytes' ? sharedBytes : ownBytes;
    this.#now = ttl === undefined ? undefined : stopwatch(clock);
    this.capabilities = this.#asksAlways
      ? inner.capabilities
      : Object.freeze({ ...inner.capabilities, reads: 'may-be-stale' });
    this.#cache = new LRUCache<InstanceId, Entry>({
      max,
      ...(maxSize !== undefined && { maxSize, sizeCalculation: sizeOf }),
      ...(ttl !== undefined &&
        this.#now !== undefined && { ttl, perf: { now: this.#now }, ttlResolution: clock === undefined ? 1 : 0 }),
    });
  }

  get [BACKEND](): StateBackend | undefined {
    return this.#inner[BACKEND];
  }

  get closed(): boolean {
    return this.#closing !== undefined || this.#inner.closed;
  }

  // -- reads ----------------------------------------------------------------------------------------------------------

  async load(instanceId: InstanceId, options?: CallOptions): Promise<WorkflowState> {
    this.#assertOpen();
    if (!isPlain(options)) return this.#inner.load(instanceId, options);
    const entry = this.#asksAlways ? undefined : this.#hit(instanceId, options);
    const state =
      entry === undefined ? await this.#track(this.#read(instanceId, options?.signal)) : this.#handOut(entry);
    if (state !== undefined) return state;
    throw new StateStoreError('STATE_NOT_FOUND', `there is no instance ${instanceId}`, {
      instanceId,
      recoveryHints: ['find returns undefined instead', 'it may have been deleted or cleaned up'],
    });
  }

  async find(instanceId: InstanceId, options?: CallOptions): Promise<Found> {
    this.#assertOpen();
    if (!isPlain(options)) return this.#inner.find(instanceId, options);
    const entry = this.#asksAlways ? undefined : this.#hit(instanceId, options);
    return entry === undefined ? this.#track(this.#read(instanceId, options?.signal)) : this.#handOut(entry);
  }

  async head(...[instanceId, options]: Parameters<StateStore['head']>): ReturnType<StateStore['head']> {
    this.#assertOpen();
    const head = await this.#track(this.#inner.head(instanceId, options));
    this.#shown(instanceId, head?.revision);
    return head;
  }

  async isCurrent(...[instanceId, revision, options]: Parameters<StateStore['isCurrent']>): Promise<boolean> {
    this.#assertOpen();
    const current = await this.#track(this.#inner.isCurrent(instanceId, revision, options));
    if (current) this.#shown(instanceId, revision);
    else if ((this.#cachedRevision(instanceId) ?? revision) === revision) this.#drop(instanceId);
    return current;
  }

  /** The entry, where it may be handed out without asking. */
  #hit(id: InstanceId, options: CallOptions | undefined): Entry | undefined {
    options?.signal?.throwIfAborted();
    const entry = this.#cache.get(id);
    if (entry !== undefined) this.#hits++;
    return entry;
  }

  async #read(id: InstanceId, signal: AbortSignal | undefined): Promise<Found> {
    if (this.#asksAlways) {
      const entry = await this.#proved(id, this.#cache.get(id), signal);
      if (entry !== undefined) {
        this.#hits++;
        return this.#handOut(entry);
      }
    }
    signal?.throwIfAborted();
    const instance = this.#inFlight.enter(id);
    try {
      const state = await this.#join(instance, signal).wait(signal);
      return state && this.#handOut(state);
    } finally {
      this.#inFlight.leave(instance);
    }
  }

  /** The read to wait for: one that is under way, if its answer will do, else a new one. */
  #join(instance: InstanceCalls<Found>, signal: AbortSignal | undefined): SharedRead<Found> {
    const { reading, next } = instance;
    if (reading === undefined || reading.abandoned) {
      this.#misses++;
      return (instance.reading = this.#begin(instance, signal !== undefined, (inner) => this.#fetch(instance, inner)));
    }
    this.#shared++;
    if (!this.#asksAlways) return reading;
    // It may have read before the caller asked. So one more follows, for all who ask until then: it finds the first
    // one's result in the cache, and only has to have it confirmed.
    if (next !== undefined && !next.abandoned) return next;
    return (instance.next = this.#begin(instance, signal !== undefined, async (inner, self) => {
      await reading.ended();
      if (instance.next === self()) {
        instance.next = undefined;
        instance.reading = self();
      }
      return (await this.#proved(instance.id, this.#cache.peek(instance.id), inner)) ?? this.#fetch(instance, inner);
    }));
  }

  #begin(
    instance: InstanceCalls<Found>,
    abortable: boolean,
    read: (signal: AbortSignal | undefined, self: () => SharedRead<Found>) => Promise<Found>,
  ): SharedRead<Found> {
    // It is a call of its own: it may outlast those who wait for it.
    this.#inFlight.enter(instance.id);
    const shared: SharedRead<Found> = new SharedRead(async (signal) => {
      try {
        return await read(signal, () => shared);
      } finally {
        if (instance.reading === shared) instance.reading = undefined;
        this.#inFlight.leave(instance);
      }
    }, abortable);
    return shared;
  }

  async #fetch(instance: InstanceCalls<Found>, signal: AbortSignal | undefined): Promise<Found> {
    const { id, generation } = instance;
    const began = this.#now?.();
    const state = await this.#inner.find(id, signal && { signal });
    if (instance.generation === generation) {
      this.#put(id, state, began);
      // It is shown to somebody now: a write under way that it has overtaken must not put an older one over it.
      instance.generation++;
    } else this.#shown(id, state?.revision);
    return state;
  }

  /** The entry, if the store says that it is what is stored now. */
  async #proved(
    id: InstanceId,
    entry: Entry | undefined,
    signal: AbortSignal | undefined,
  ): Promise<WorkflowState | undefined> {
    if (entry === undefined || entry === ABSENT) return undefined;
    if (await this.#inner.isCurrent(id, entry.revision, signal && { signal })) return entry;
    this.#outdated++;
    if (this.#cache.peek(id) === entry) this.#cache.delete(id);
    return undefined;
  }

  // -- writes ---------------------------------------------------------------------------------------------------------

  async save(...[state, options]: Parameters<StateStore['save']>): Promise<WorkflowState> {
    this.#assertOpen();
    return this.#track(
      this.#write(
        idOf(state),
        () => this.#inner.save(state, options),
        (saved) => saved,
      ),
    );
  }

  async update(...[instanceId, change, options]: Parameters<StateStore['update']>): Promise<WorkflowState> {
    this.#assertOpen();
    let loaded: Revision | undefined;
    const noted: typeof change =
      typeof change !== 'function'
        ? change
        : (state: WorkflowState) => {
            loaded = state.revision;
            return change(state);
          };
    // Where nothing was written, the result is the very object that `change` was given, and may have tampered with.
    const written = (state: WorkflowState): Found => (state.revision === loaded ? undefined : state);
    return this.#track(this.#write(instanceId, () => this.#inner.update(instanceId, noted, options), written));
  }

  async delete(...[instanceId, options]: Parameters<StateStore['delete']>): Promise<boolean> {
    this.#assertOpen();
    return this.#track(
      this.#write(
        instanceId,
        () => this.#inner.delete(instanceId, options),
        () => undefined,
      ),
    );
  }

  async cleanup(...[retention, options]: Parameters<StateStore['cleanup']>): ReturnType<StateStore['cleanup']> {
    this.#assertOpen();
    try {
      return await this.#track(this.#inner.cleanup(retention, options));
    } finally {
      // It does not say which instances it removed. Where hits are proved, that does no harm.
      if (this.#asksAlways || options?.dryRun === true) this.#cache.purgeStale();
      else this.clear();
    }
  }

  /** Every write goes through here, however it ends. `written`: what is stored now, where the result says so. */
  async #write<T>(id: InstanceId | undefined, write: () => Promise<T>, written: (result: T) => Found): Promise<T> {
    // Not a state at all: the inner store will say so.
    if (id === undefined) return write();
    const began = this.#now?.();
    const instance = this.#inFlight.enter(id);
    const { generation } = instance;
    let stored: Found;
    try {
      const result = await write();
      if (instance.generation === generation) stored = written(result);
      return result;
    } finally {
      this.#drop(id);
      if (stored !== undefined) this.#put(id, this.#handOut(stored), began);
      this.#inFlight.leave(instance);
    }
  }

  // -- the cache ------------------------------------------------------------------------------------------------------

  #put(id: InstanceId, state: Found, began: number | undefined): void {
    if (state === undefined && !this.#keepsAbsence) return;
    this.#cache.set(id, state ?? ABSENT, began === undefined ? undefined : { start: began });
  }

  #drop(id: InstanceId): void {
    this.#cache.delete(id);
    this.#inFlight.supersede(id);
  }

  /** Somebody has been shown that revision: from now on nobody gets another one that is older. */
  #shown(id: InstanceId, revision: Revision | undefined): void {
    if (this.#cache.peek(id) === undefined || this.#cachedRevision(id) !== revision) this.#drop(id);
  }

  #cachedRevision(id: InstanceId): Revision | undefined {
    const entry = this.#cache.peek(id);
    return entry === ABSENT ? undefined : entry?.revision;
  }

  #handOut(entry: WorkflowState): WorkflowState;
  #handOut(entry: Entry): Found;
  #handOut(entry: Entry): Found {
    return entry === ABSENT ? undefined : copyState(entry, this.#copyBytes);
  }

  purgeStale(): number {
    const before = this.#cache.size;
    this.#cache.purgeStale();
    return before - this.#cache.size;
  }

  clear(): void {
    this.#cache.clear();
    this.#inFlight.supersedeAll();
  }

  stats(): LruCacheStats {
    return {
      hits: this.#hits,
      misses: this.#misses,
      shared: this.#shared,
      outdated: this.#outdated,
      entries: this.#cache.size,
      size: this.#cache.calculatedSize,
    };
  }

  // -- listings -------------------------------------------------------------------------------------------------------

  list(...options: Parameters<StateStore['list']>): ReturnType<StateStore['list']> {
    return this.#steps(() => this.#inner.list(...options));
  }

  listByStatus(...options: Parameters<StateStore['listByStatus']>): ReturnType<StateStore['listByStatus']> {
    return this.#steps(() => this.#inner.listByStatus(...options));
  }

  states(...options: Parameters<StateStore['states']>): ReturnType<StateStore['states']> {
    return this.#steps(
      () => this.#inner.states(...options),
      (state) => this.#shown(state.instanceId, state.revision),
    );
  }

  async listPage(...options: Parameters<StateStore['listPage']>): ReturnType<StateStore['listPage']> {
    this.#assertOpen();
    return this.#track(this.#inner.listPage(...options));
  }

  async count(...options: Parameters<StateStore['count']>): Promise<number> {
    this.#assertOpen();
    return this.#track(this.#inner.count(...options));
  }

  async *#steps<T>(start: () => AsyncIterable<T>, see?: (item: T) => void): AsyncGenerator<T> {
    let inner: AsyncIterator<T> | undefined;
    try {
      for (;;) {
        this.#assertOpen();
        inner ??= start()[Symbol.asyncIterator]();
        const next = await this.#track(inner.next());
        if (next.done === true) return;
        see?.(next.value);
        yield next.value;
      }
    } finally {
      await inner?.return?.();
    }
  }

  // -- lifecycle ------------------------------------------------------------------------------------------------------

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    if (this.#calls > 0) {
      await new Promise<void>((resolve) => {
        this.#lastCallEnded = resolve;
      });
    }
    this.#cache.clear();
    await this.#inner.close();
  }

  #assertOpen(): void {
    if (this.closed) throw new StateStoreError('STORE_CLOSED', 'the store was closed');
  }

  /** For `close`, which must not close the inner store between two requests of one call. */
  async #track<T>(call: Promise<T>): Promise<T> {
    this.#calls++;
    try {
      return await call;
    } finally {
      if (--this.#calls === 0) this.#lastCallEnded?.();
    }
  }
}

/** Whether the options say nothing but `signal`. Others are the inner store's to refuse. */
function isPlain(options: CallOptions | undefined): boolean {
  if (options === undefined) return true;
  if (typeof options !== 'object' || options === null) return false;
  return Object.entries(options).every(
    ([name, value]) => name === 'signal' && (value === undefined || value instanceof AbortSignal),
  );
}

/** The id of what is passed to `save`, which has not been checked yet. */
function idOf(state: WorkflowStateInput | undefined): InstanceId | undefined {
  if (typeof state !== 'object' || state === null) return undefined;
  const id: unknown = Object.getOwnPropertyDescriptor(state, 'instanceId')?.value;
  return typeof id === 'string' ? (id as InstanceId) : undefined;
}

/** Milliseconds since it was started, and a little more: `lru-cache` takes the instant 0 for "none". */
function stopwatch(clock: () => number = () => performance.now()): () => number {
  const start = clock() - 1;
  return () => clock() - start;
}
