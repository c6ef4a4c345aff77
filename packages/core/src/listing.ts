// Listings: one ascending stream of ids out of the scans of one kind, of several, or of everything.

import { invalidArgument } from './arguments.js';
import { reading } from './backend-access.js';
import { equal } from './equal.js';
import { isStateStoreError } from './errors.js';
import type { InstanceId } from './instance-id.js';
import { ShapeError } from './shape.js';
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
    const exactly = statusShape(filter, path);
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

/** What the index names for these kinds: ascending, each id once. */
export function scanEntries(
  backend: StateBackend,
  kinds: readonly StatusKind[] | undefined,
  query: Omit<ScanQuery, 'status'>,
  call: BackendCall,
): AsyncGenerator<ScanEntry> {
  if (kinds === undefined) return scanOne(backend, query, call);
  const [only, ...others] = kinds;
  return others.length === 0 ? scanOne(backend, { ...query, status: only }, call) : merged(backend, kinds, query, call);
}

async function* merged(
  backend: StateBackend,
  kinds: readonly StatusKind[],
  query: Omit<ScanQuery, 'status'>,
  call: BackendCall,
): AsyncGenerator<ScanEntry> {
  const scans = kinds.map((status) => scanOne(backend, { ...query, status }, call));
  try {
    const heads = await Promise.all(scans.map((scan) => scan.next()));
    for (;;) {
      let least: ScanEntry | undefined;
      for (const head of heads) if (head.done !== true && (least === undefined || head.value.id < least.id)) least = head.value;
      if (least === undefined) return;
      yield least;
      for (const [index, head] of heads.entries()) {
        if (head.done !== true && head.value.id === least.id) heads[index] = (await scans[index]?.next()) ?? head;
      }
    }
  } finally {
    await Promise.all(scans.map((scan) => scan.return(undefined)));
  }
}

async function* scanOne(backend: StateBackend, query: ScanQuery, call: BackendCall): AsyncGenerator<ScanEntry> {
  const batches = backend.scan(query, call)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await reading(backend, call, undefined, () => batches.next());
      if (next.done === true) return;
      for (const entry of next.value) {
        call.signal?.throwIfAborted();
        yield query.status === undefined || query.status === entry.status ? entry : { ...entry, status: query.status };
      }
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
): AsyncGenerator<WorkflowState> {
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
          ahead.push(load(id).then((state) => ({ id, state }), (error: unknown) => ({ id, error })));
        }
      }
      const loaded = await ahead.shift();
      if (loaded === undefined) return;
      if ('error' in loaded) {
        // A closed or aborted store is the end of the iteration, not a fault of the instance.
        if (onError === undefined || !isStateStoreError(loaded.error) || loaded.error.code === 'STORE_CLOSED') throw loaded.error;
        onError(loaded.error, loaded.id);
      } else if (loaded.state !== undefined) {
        yield loaded.state;
      }
    }
  } finally {
    await Promise.all(ahead);
    await source.return?.();
  }
}
