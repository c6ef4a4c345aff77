// The backend that the mutants break: correct, in memory, and slow on purpose, so that what must be one step can be
// seen to be two. It keeps tombstones, like an object store, and its space stands for the storage behind all handles:
// it can be reopened, damaged and cut off from power, so that every case of the suite has something to examine.

import {
  type BackendCall,
  type BackendCapabilities,
  type BackendFinding,
  type BackendRecord,
  type Expected,
  type InstanceId,
  NotApplied,
  RevisionConflict,
  type ScanEntry,
  type ScanQuery,
  type StateBackend,
  type StatusKind,
  type Stored,
  type SweepReport,
  type WriteRevision,
} from '../../src/state-backend.js';

export interface Cell {
  readonly envelope: Uint8Array;
  readonly revision: WriteRevision;
  readonly updatedAt: number;
}

export class ControlSpace {
  cells: Map<InstanceId, Cell> = new Map();
  /** What an index on disk would hold: listings read nothing else. */
  readonly index: Map<StatusKind, Map<InstanceId, number>> = new Map();
  readonly foreign: Map<string, string> = new Map();
  handles = 0;
}

export const CONTROL_CAPABILITIES: BackendCapabilities = Object.freeze({
  durability: 'power-loss',
  sharing: 'host',
  reads: 'latest',
  reclaims: true,
  maxBodyBytes: 4 << 20,
});

export class ControlBackend implements StateBackend {
  readonly name: string = 'control';
  readonly capabilities: BackendCapabilities = CONTROL_CAPABILITIES;
  readonly space: ControlSpace;

  constructor(space: ControlSpace) {
    this.space = space;
  }

  async open(_call: BackendCall): Promise<void> {
    this.space.handles++;
  }

  async close(): Promise<void> {
    this.space.handles--;
  }

  async read(id: InstanceId, _call?: BackendCall): Promise<Stored | undefined> {
    const cell = this.space.cells.get(this.keyOf(id));
    await tick();
    return cell && { envelope: cell.envelope.slice(), hint: this.hintOf(cell) };
  }

  async head(id: InstanceId, _call: BackendCall): Promise<Stored | undefined> {
    const stored = await this.read(id);
    return stored && { ...stored, envelope: stored.envelope.slice(0, 128) };
  }

  async isCurrent(id: InstanceId, revision: WriteRevision, _call: BackendCall): Promise<boolean> {
    await tick();
    return this.space.cells.get(this.keyOf(id))?.revision.nonce === revision.nonce;
  }

  async write(record: BackendRecord, expected: Expected, call: BackendCall): Promise<string | void> {
    await tick();
    if (call.signal?.aborted === true) throw new NotApplied(call.signal.reason);
    const hint = await this.commit(record, expected);
    await tick();
    return hint;
  }

  /** One step: nothing is awaited in it. */
  protected async commit(record: BackendRecord, expected: Expected): Promise<string> {
    const old = this.space.cells.get(this.keyOf(record.id));
    this.check(old, expected, record);
    const cell = this.put(record);
    this.move(record, old);
    return this.hintOf(cell);
  }

  /** @throws `RevisionConflict` */
  protected check(old: Cell | undefined, expected: Expected, _record: BackendRecord): void {
    if (!isExpected(old, expected)) throw new RevisionConflict();
  }

  protected put({ id, envelope, revision, updatedAt }: BackendRecord): Cell {
    const cell = { envelope: envelope.slice(), revision, updatedAt };
    this.space.cells.set(this.keyOf(id), cell);
    return cell;
  }

  /** Moves the index to where the record is now. */
  protected move({ id, revision }: BackendRecord, old: Cell | undefined): void {
    if (old !== undefined && old.revision.status !== revision.status) this.unlist(id, old.revision.status);
    this.enlist(id, revision);
  }

  protected enlist(id: InstanceId, { status, entered }: WriteRevision): void {
    if (status === 'tombstone') return;
    const listed = this.space.index.get(status) ?? new Map<InstanceId, number>();
    this.space.index.set(status, listed.set(id, entered.at));
  }

  protected unlist(id: InstanceId, status: WriteRevision['status']): void {
    if (status !== 'tombstone') this.space.index.get(status)?.delete(id);
  }

  async *scan(query: ScanQuery, _call: BackendCall): AsyncGenerator<readonly ScanEntry[]> {
    await tick();
    const entries = this.entries(query);
    for (let start = 0; start < entries.length; start += 100) {
      yield entries.slice(start, start + 100);
      await tick();
    }
  }

  protected entries({ status, after }: ScanQuery): readonly ScanEntry[] {
    const { index } = this.space;
    const kinds = status === undefined ? [...index.keys()] : [status];
    return kinds
      .flatMap((kind) =>
        [...(index.get(kind) ?? [])].map(([id, at]): ScanEntry => ({ id, status: kind, statusSince: at })),
      )
      .filter(({ id }) => after === undefined || id > after)
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  async *verify(_call: BackendCall): AsyncGenerator<BackendFinding> {
    for (const what of this.space.foreign.keys()) yield { kind: 'foreign', what };
  }

  async sweep(olderThan: number, _call: BackendCall): Promise<SweepReport> {
    let removed = 0;
    for (const [key, { revision, updatedAt }] of this.space.cells) {
      if (revision.status === 'tombstone' && updatedAt < olderThan) {
        this.space.cells.delete(key);
        removed++;
      }
    }
    return { removed, failures: [] };
  }

  protected keyOf(id: InstanceId): InstanceId {
    return id;
  }

  protected hintOf({ revision }: Cell): string {
    return `etag-${revision.nonce}`;
  }
}

export function isExpected(cell: Cell | undefined, expected: Expected): boolean {
  if (cell === undefined || expected === undefined) return cell === expected;
  if ('damaged' in expected) return sameBytes(cell.envelope, expected.envelope);
  return cell.revision.nonce === expected.nonce;
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

export function tick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
