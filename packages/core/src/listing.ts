// Listings: one ascending stream of ids out of the scans of one kind, of several, or of everything.

import { reading } from './backend-access.js';
import { equal } from './equal.js';
import { isStateStoreError } from './errors.js';
import type { InstanceId } from './instance-id.js';
import type { Shape } from './shape.js';
import type { BackendCall, ScanEntry, ScanQuery, StateBackend } from './state-backend.js';
import type { WorkflowState } from './state.js';
import { status, statusKind } from './state-shape.js';
import type { StatusKind, WorkflowStatus } from './status.js';

/** A checked filter. `exactly`: candidates of its kind must also be loaded and compared. */
export interface Filter {
  /** `undefined`: every instance. */
  readonly kinds?: readonly StatusKind[] | undefined;
  readonly exactly?: WorkflowStatus;
}

export const statusFilter: Shape<Filter> = (filter) => {
  const kinds: readonly unknown[] = typeof filter === 'string' ? [filter] : Array.isArray(filter) ? filter : [];
  if (kinds.length > 0) return { kinds: [...new Set(kinds.map(statusKind))] };
  const exactly = status(filter);
  return { kinds: [exactly.kind], exactly };
};

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
  { kinds }: Filter,
  query: Omit<ScanQuery, 'status'>,
  call: BackendCall,
): Batches {
  const scans = (kinds ?? [undefined]).map((status) => scanOne(backend, { ...query, status }, call));
  const [only, ...others] = scans;
  return only !== undefined && others.length === 0 ? only : merge(scans);
}

export type Batches = AsyncGenerator<readonly ScanEntry[]>;

/** What a scan has delivered and the merge has not passed on yet, the next entry last. */
interface Delivered {
  readonly scan: Batches;
  entries: ScanEntry[];
}

async function* merge(scans: readonly Batches[]): Batches {
  let sources = scans.map((scan): Delivered => ({ scan, entries: [] }));
  try {
    for (;;) {
      const more = await Promise.all(sources.map(refill));
      sources = sources.filter((_, index) => more[index]);
      if (sources.length === 0) return;
      const merged: ScanEntry[] = [];
      // Until one has nothing left to compare with.
      while (sources.every(({ entries }) => entries.length > 0)) {
        const least = sources.map(nextId).reduce((a, b) => (b < a ? b : a));
        const [entry] = sources.flatMap((source) => (nextId(source) === least ? (source.entries.pop() ?? []) : []));
        if (entry !== undefined) merged.push(entry);
      }
      yield merged;
    }
  } finally {
    await Promise.all(scans.map((scan) => scan.return(undefined)));
  }
}

/** Whether there is an entry left, fetched where it must be. */
async function refill(source: Delivered): Promise<boolean> {
  while (source.entries.length === 0) {
    const next = await source.scan.next();
    if (next.done === true) return false;
    source.entries = [...next.value].reverse();
  }
  return true;
}

function nextId({ entries }: Delivered): string {
  return entries.at(-1)?.id ?? '';
}

async function* scanOne(backend: StateBackend, query: ScanQuery, call: BackendCall): Batches {
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

/** States in the order of `ids`, loaded ahead, `concurrency` at a time. */
export async function* loadAhead(
  ids: AsyncIterable<InstanceId>,
  concurrency: number,
  load: (id: InstanceId) => Promise<WorkflowState | undefined>,
  onError: ((error: unknown, id: InstanceId) => void) | undefined,
): AsyncGenerator<readonly WorkflowState[]> {
  const ahead: Promise<() => WorkflowState | undefined>[] = [];
  const failed = (error: unknown, id: InstanceId) => () => {
    // A closed or aborted store is the end of the iteration, not a fault of the instance.
    if (onError === undefined || !isStateStoreError(error) || error.code === 'STORE_CLOSED') throw error;
    onError(error, id);
    return undefined;
  };
  const source = ids[Symbol.asyncIterator]();
  let more = true;
  try {
    for (;;) {
      while (more && ahead.length < concurrency) {
        const { done, value: id } = await source.next();
        if (done === true) more = false;
        else
          ahead.push(
            load(id).then(
              (state) => () => state,
              (error: unknown) => failed(error, id),
            ),
          );
      }
      const next = await ahead.shift();
      if (next === undefined) return;
      const state = next();
      if (state !== undefined) yield [state];
    }
  } finally {
    await Promise.all(ahead);
    await source.return?.();
  }
}
