// A backend with something put between it and the store: the place where replies get lost, requests arrive twice or
// late, and reads fail. No harness is needed for that: every backend has this seam.

import type { InstanceId } from '../instance-id.js';
import type {
  BackendCall,
  BackendRecord,
  Expected,
  ScanEntry,
  ScanQuery,
  StateBackend,
  SweepReport,
} from '../state-backend.js';

type Written = ReturnType<StateBackend['write']>;

/** Each member is given `next`, which does what would have been done, and decides what the store is told. */
export interface Interposition {
  /** `read`, `head` and `isCurrent`. */
  readonly look?: <T>(
    next: () => Promise<T>,
    op: 'read' | 'head' | 'isCurrent',
    id: InstanceId,
    call: BackendCall,
  ) => Promise<T>;
  readonly write?: (next: () => Written, record: BackendRecord, expected: Expected, call: BackendCall) => Written;
  readonly scan?: (
    next: () => AsyncIterable<readonly ScanEntry[]>,
    query: ScanQuery,
    call: BackendCall,
  ) => AsyncIterable<readonly ScanEntry[]>;
  readonly sweep?: (next: () => Promise<SweepReport>, olderThan: number) => Promise<SweepReport>;
  readonly close?: (next: () => Promise<void>) => Promise<void>;
}

export function interpose(backend: StateBackend, between: Interposition): StateBackend {
  const {
    look = (next) => next(),
    write = (next) => next(),
    scan = (next) => next(),
    sweep = (next) => next(),
    close = (next) => next(),
  } = between;
  return {
    name: backend.name,
    capabilities: backend.capabilities,
    ...(backend.open !== undefined && { open: (call: BackendCall) => backend.open?.(call) ?? Promise.resolve() }),
    read: (id, call) => look(() => backend.read(id, call), 'read', id, call),
    ...(backend.head !== undefined && {
      head: (id: InstanceId, call: BackendCall) => look(async () => backend.head?.(id, call), 'head', id, call),
    }),
    ...(backend.isCurrent !== undefined &&
      ({
        isCurrent: (id, revision, call) =>
          look(async () => (await backend.isCurrent?.(id, revision, call)) ?? false, 'isCurrent', id, call),
      } satisfies Pick<StateBackend, 'isCurrent'>)),
    write: (record, expected, call) => write(() => backend.write(record, expected, call), record, expected, call),
    scan: (query, call) => scan(() => backend.scan(query, call), query, call),
    ...(backend.sweep !== undefined && {
      sweep: (olderThan: number, call: BackendCall) =>
        sweep(async () => (await backend.sweep?.(olderThan, call)) ?? { removed: 0, failures: [] }, olderThan),
    }),
    ...(backend.verify !== undefined && { verify: (call: BackendCall) => backend.verify?.(call) ?? nothing() }),
    ...(backend.diagnose !== undefined && { diagnose: (call: BackendCall) => backend.diagnose?.(call) ?? nothing() }),
    close: () => close(async () => backend.close?.()),
  };
}

async function* nothing(): AsyncGenerator<never> {}

/** A place where a call is held until it is let go. */
export interface Gate {
  /** Resolves when a call has arrived. */
  readonly arrived: Promise<void>;
  /** Called by the one that is to be held. */
  hold(): Promise<void>;
  letGo(): void;
}

export function gate(): Gate {
  let arrive: () => void = () => undefined;
  let letGo: () => void = () => undefined;
  const arrived = new Promise<void>((resolve) => (arrive = resolve));
  const released = new Promise<void>((resolve) => (letGo = resolve));
  return {
    arrived,
    hold() {
      arrive();
      return released;
    },
    letGo,
  };
}
