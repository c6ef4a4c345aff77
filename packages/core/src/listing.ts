// Listings: one ascending stream of ids out of the scans of one kind, of several, or of everything.

import { invalidArgument } from './arguments.js';
import { reading } from './backend-access.js';
import { equal } from './equal.js';
import { isStateStoreError } from './errors.js';
import type { InstanceId } from './instance-id.js';
import { checkShape, ShapeError } from './shape.js';
import type { BackendCall, ScanEntry, ScanQuery, StateBackend } from './state-backend.js';
import type { WorkflowState } from './state.js';
import { status as statusShape } from './state-shape.js';
import type { StatusFilter } from './state-store.js';
import { isStatusKind, STATUS_KINDS, type StatusKind, type WorkflowStatus } from './status.js';

/** A checked filter. `exactly`: candidates of its kind must also be loaded and compared. */
export interface Filter {
  /** `undefined`: every instance. */
  readonly kinds: readonly StatusKind[] | undefined;
  readonly exactly?: WorkflowStatus | undefined;
}

/** @throws `INVALID_ARGUMENT`. */
export function checkFilter(filter: StatusFilter | undefined, path = 'status'): Filter {
  if (filter === undefined) return { kinds: undefined };
  const known = `a status kind (${STATUS_KINDS.join(', ')}), several of them, or a full status`;
  if (typeof filter === 'string' || Array.isArray(filter)) {
    const kinds: readonly unknown[] = typeof filter === 'string' ? [filter] : filter;
    const wrong = kinds.findIndex((kind) => !isStatusKind(kind));
    if (wrong >= 0) throw invalidArgument(path, known, kinds[wrong]);
    if (kinds.length === 0) throw invalidArgument(path, known, filter);
    return { kinds: [...new Set(kinds as readonly StatusKind[])] };
  }
  try {
    const exactly = checkShape(statusShape, filter, path);
    return { kinds: [exactly.kind], exactly };
  } catch (error) {
    if (error instanceof ShapeError) throw invalidArgument(path, `${known} (${error.message})`, filter);
    throw error;
  }
}

/** Whether a loaded state is what the filter asks for. */
export function matches(filter: Filter, state: WorkflowState): boolean {
  if (filter.kinds?.includes(state.status.kind) === false) return false;
  return filter.exactly === undefined || equal(filter.exactly, state.status);
}

/**
 * What the index names for these kinds: ascending, each id once. In batches, all the way to the caller's iterator: a
 * step of an asynchronous generator for each entry would cost more than the directory or page it came from.
 */
export function scanBatches(
  backend: StateBackend,
  kinds: readonly StatusKind[] | undefined,
  query: Omit<ScanQuery, 'status'>,
  call: BackendCall,
): AsyncGenerator<readonly ScanEntry[]> {
  if (kinds === undefined) return scanOne(backend, query, call);
  const scans = kinds.map((status) => scanOne(backend, { ...query, status }, call));
  const [only, ...others] = scans;
  return only !== undefined && others.length === 0 ? only : merge(scans);
}

/** Entries that a scan has delivered and the merge has not passed on yet, from `at`. */
interface Delivered {
  readonly scan: AsyncGenerator<readonly ScanEntry[]>;
  batch: readonly ScanEntry[];
  at: number;
  done: boolean;
}

async function* merge(scans: readonly AsyncGenerator<readonly ScanEntry[]>[]): AsyncGenerator<readonly ScanEntry[]> {
  let sources = scans.map((scan): Delivered => ({ scan, batch: [], at: 0, done: false }));
  try {
    for (;;) {
      await Promise.all(sources.map(refill));
      sources = sources.filter(({ done }) => !done);
      if (sources.length === 0) return;
      const merged: ScanEntry[] = [];
      // Until one has nothing left to compare with.
      while (sources.every(({ at, batch }) => at < batch.length)) {
        const least = sources.reduce((a, b) => (idOf(b) < idOf(a) ? b : a));
        const entry = least.batch[least.at];
        if (entry === undefined) break;
        merged.push(entry);
        for (const source of sources) if (idOf(source) === entry.id) source.at++;
      }
      yield merged;
    }
  } finally {
    await Promise.all(scans.map((scan) => scan.return(undefined)));
  }
}

async function refill(source: Delivered): Promise<void> {
  while (!source.done && source.at === source.batch.length) {
    const next = await source.scan.next();
    source.done = next.done === true;
    source.batch = next.done === true ? [] : next.value;
    source.at = 0;
  }
}

function idOf({ batch, at }: Delivered): string {
  return batch[at]?.id ?? '';
}

async function* scanOne(
  backend: StateBackend,
  query: ScanQuery,
  call: BackendCall,
): AsyncGenerator<readonly ScanEntry[]> {
  const { status } = query;
  const batches = backend.scan(query, call)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await reading(backend, call, undefined, () => batches.next());
      if (next.done === true) return;
      yield status === undefined
        ? next.value
        : next.value.map((entry) => (entry.status === status ? entry : { ...entry, status }));
    }
  } finally {
    await batches.return?.();
  }
}

/** The ids of these batches, one by one. */
export async function* idsOf(batches: AsyncIterable<readonly ScanEntry[]>): AsyncGenerator<InstanceId> {
  for await (const batch of batches) for (const { id } of batch) yield id;
}

/** States in the order of `ids`, loaded ahead, `concurrency` at a time. */
export async function* loadAhead(
  ids: AsyncIterable<InstanceId>,
  concurrency: number,
  load: (id: InstanceId) => Promise<WorkflowState | undefined>,
  onError: ((error: unknown, id: InstanceId) => void) | undefined,
): AsyncGenerator<readonly WorkflowState[]> {
  type Loaded = { readonly id: InstanceId; readonly state?: WorkflowState | undefined; readonly error?: unknown };
  const ahead: Promise<Loaded>[] = [];
  const source = ids[Symbol.asyncIterator]();
  let more = true;
  try {
    for (;;) {
      while (more && ahead.length < concurrency) {
        const next = await source.next();
        if (next.done === true) more = false;
        else {
          const id = next.value;
          ahead.push(
            load(id).then(
              (state) => ({ id, state }),
              (error: unknown) => ({ id, error }),
            ),
          );
        }
      }
      const loaded = await ahead.shift();
      if (loaded === undefined) return;
      if ('error' in loaded) {
        // A closed or aborted store is the end of the iteration, not a fault of the instance.
        if (onError === undefined || !isStateStoreError(loaded.error) || loaded.error.code === 'STORE_CLOSED')
          throw loaded.error;
        onError(loaded.error, loaded.id);
      } else if (loaded.state !== undefined) {
        yield [loaded.state];
      }
    }
  } finally {
    await Promise.all(ahead);
    await source.return?.();
  }
}
