// Reads everything in a store, and compares it with what its listings say.
//
// Must stay true: what a call under way explains is no finding. A listing and a record are read at two moments, and a
// writer may have come in between; so what looks wrong is only suspected, and looked at once more after everything else:
// it is reported if it is still wrong, and nothing was written there since.

import { checkOptions, isFunction } from '../arguments.js';
import { readStored, storageError } from '../backend-access.js';
import { isStateStoreError, messageOf } from '../errors.js';
import type { InstanceId } from '../instance-id.js';
import { scanBatches } from '../listing.js';
import { integer } from '../shape.js';
import type { BackendCall, BackendFinding, ScanEntry, StateBackend } from '../state-backend.js';
import { decodeHeader, decodeState } from '../state-codec.js';
import type { CallOptions, StateStore } from '../state-store.js';
import { STATUS_KINDS, type StatusKind } from '../status.js';
import { ahead } from './ahead.js';
import { beneath } from './beneath.js';

/**
 * `damaged`: not a record, or not that instance's. `newer-format`: of a later release. `unreadable`: it could not be
 * read. The others are explained at `BackendFinding`.
 */
export type FindingKind = BackendFinding['kind'] | 'damaged' | 'newer-format';

export interface Finding {
  readonly kind: FindingKind;
  /** The instance, or what the backend calls it: a path, a key. */
  readonly what: string;
  readonly instanceId?: InstanceId | undefined;
  /** What is wrong. */
  readonly problem: string;
  readonly error?: unknown;
}

export interface VerifyOptions extends CallOptions {
  /** Reads under way at a time, 1 to 1000. Default 16. */
  readonly concurrency?: number | undefined;
  /** Called after each instance. */
  readonly onChecked?: ((instanceId: InstanceId) => void) | undefined;
}

/** What the listings say of one id. */
interface Indexed {
  readonly id: InstanceId;
  /** By those that name it; `undefined`: `list`. */
  readonly in: readonly (StatusKind | undefined)[];
}

/** What a look at an instance came to. */
interface Look {
  /** The write that was seen; `undefined`: nothing is stored. */
  readonly nonce: string | undefined;
  readonly findings: readonly Finding[];
  /** Whether another moment may explain them. */
  readonly isSuspicion: boolean;
}

/**
 * Reads every instance and every index entry, and yields what is wrong. Changes nothing. Costs a read per instance and a
 * listing of everything and of each status; and what the backend's own search costs.
 * @throws what listing throws; the signal's reason; `NOT_SUPPORTED` for a wrapper that hides its backend.
 */
export async function* verifyStore(store: StateStore, options?: VerifyOptions): AsyncGenerator<Finding, void> {
  checkOptions(options, { concurrency: integer(1, 1000), onChecked: isFunction });
  const backend = beneath(store);
  const { signal, concurrency = 16, onChecked } = options ?? {};
  const call: BackendCall = { signal };
  const suspects = new Map<InstanceId, string | undefined>();

  const first = async (indexed: Indexed): Promise<readonly Finding[]> => {
    const { nonce, findings, isSuspicion } = await look(backend, indexed, call);
    onChecked?.(indexed.id);
    if (!isSuspicion) return findings;
    suspects.set(indexed.id, nonce);
    return [];
  };
  for await (const findings of ahead(indexedIn(backend, call), concurrency, first, signal)) yield* findings;

  const again = async (indexed: Indexed): Promise<readonly Finding[]> => {
    const { nonce, findings } = await look(backend, indexed, call);
    const before = suspects.get(indexed.id);
    suspects.delete(indexed.id);
    return nonce === before ? findings : [];
  };
  if (suspects.size > 0) {
    const suspected = only(suspects, indexedIn(backend, call));
    for await (const findings of ahead(suspected, concurrency, again, signal)) yield* findings;
  }
  // No listing names them any more.
  for (const id of suspects.keys()) yield* await again({ id, in: [] });

  try {
    for await (const finding of backend.verify?.(call) ?? [])
      yield { ...finding, problem: finding.problem ?? PROBLEMS[finding.kind] };
  } catch (error) {
    signal?.throwIfAborted();
    throw storageError(backend, error);
  }
}

const PROBLEMS: { readonly [Kind in BackendFinding['kind']]: string } = {
  foreign: 'not a name of this store',
  leftover: 'left by a call that never ended',
  'stale-index': 'an index entry of what is not so',
  'missing-index': 'an index entry is missing',
  stuck: 'can be read, but not written',
  unreadable: 'could not be read',
};

async function look(backend: StateBackend, { id, in: listings }: Indexed, call: BackendCall): Promise<Look> {
  const found = (kind: FindingKind, problem: string, error?: unknown): Finding => ({
    kind,
    what: id,
    instanceId: id,
    problem,
    ...(error !== undefined && { error }),
  });
  let status: StatusKind | undefined;
  let nonce: string | undefined;
  try {
    const stored = await readStored(backend, id, call);
    status = stored && decodeState(id, stored)?.status.kind;
    nonce = stored && decodeHeader(id, stored).header.nonce;
  } catch (error) {
    call.signal?.throwIfAborted();
    const kind = kindOf(error);
    return { nonce: undefined, findings: [found(kind, messageOf(error), error)], isSuspicion: false };
  }
  const findings = listings
    .filter((kind) => status === undefined || (kind !== undefined && kind !== status))
    .map((kind) =>
      found('stale-index', `listed${kind === undefined ? '' : ` as ${kind}`}, but ${status ?? 'nothing'} is stored`),
    );
  if (status !== undefined) {
    for (const kind of [undefined, status])
      if (!listings.includes(kind))
        findings.push(found('missing-index', `${status} is stored, but ${kind ?? 'list'} does not name it`));
  }
  return { nonce, findings, isSuspicion: findings.length > 0 };
}

function kindOf(error: unknown): FindingKind {
  if (!isStateStoreError(error)) return 'unreadable';
  if (error.code === 'DESERIALIZATION_ERROR') return 'damaged';
  return error.code === 'UNSUPPORTED_FORMAT' ? 'newer-format' : 'unreadable';
}

async function* only(
  ids: ReadonlyMap<InstanceId, unknown>,
  batches: AsyncIterable<readonly Indexed[]>,
): AsyncGenerator<readonly Indexed[]> {
  for await (const batch of batches) yield batch.filter(({ id }) => ids.has(id));
}

/** Every id that any listing names, ascending, with those that do. */
async function* indexedIn(backend: StateBackend, call: BackendCall): AsyncGenerator<readonly Indexed[]> {
  const sources = [undefined, ...STATUS_KINDS].map((kind) => ({
    kind,
    scan: scanBatches(backend, { kinds: kind && [kind] }, {}, call),
    entries: [] as readonly ScanEntry[],
    next: 0,
    ended: false,
  }));
  try {
    for (;;) {
      await Promise.all(
        sources.map(async (source) => {
          while (!source.ended && source.next === source.entries.length) {
            const { done, value } = await source.scan.next();
            Object.assign(source, done === true ? { ended: true } : { entries: value, next: 0 });
          }
        }),
      );
      const open = sources.filter(({ ended }) => !ended);
      if (open.length === 0) return;
      const merged: Indexed[] = [];
      // Until one has nothing left to compare with.
      while (open.every(({ entries, next }) => next < entries.length)) {
        let least: InstanceId | undefined;
        for (const { entries, next } of open) {
          const id = entries[next]?.id;
          if (id !== undefined && (least === undefined || id < least)) least = id;
        }
        if (least === undefined) break;
        const kinds: (StatusKind | undefined)[] = [];
        for (const source of open) {
          if (source.entries[source.next]?.id !== least) continue;
          kinds.push(source.kind);
          source.next++;
        }
        merged.push({ id: least, in: kinds });
      }
      yield merged;
    }
  } finally {
    await Promise.all(sources.map(({ scan }) => scan.return(undefined)));
  }
}
