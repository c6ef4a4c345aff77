// Backends that break one promise each.

import { interpose } from '../../src/conformance/index.js';
import { openStateStore } from '../../src/open-state-store.js';
import {
  isRevisionConflict,
  NotApplied,
  RevisionConflict,
  StateStoreError,
  type BackendCall,
  type BackendRecord,
  type Expected,
  type InstanceId,
  type ScanEntry,
  type ScanQuery,
  type StateBackend,
  type Stored,
  type SweepReport,
  type WriteRevision,
} from '../../src/state-backend.js';
import { type Cell, ControlBackend, CONTROL_CAPABILITIES, ControlSpace, isExpected, tick } from './control-backend.js';
import { backendMutant, type Mutant } from './mutant.js';

const ACROSS_A_NETWORK = Object.freeze({ ...CONTROL_CAPABILITIES, sharing: 'network' as const });

export const backendMutants: readonly Mutant[] = [
  backendMutant(
    'shared-location',
    {
      copies: 'one store for all tests, which pass or fail by what earlier ones left in it: tus/tus-node-server#493',
      killedBy: ['0.fresh-and-isolated'],
    },
    ControlBackend,
    ((space = new ControlSpace()) => ({ create: async () => ({ space, backend: new ControlBackend(space) }) }))(),
  ),

  (() => {
    const all: ControlSpace[] = [];
    class Prefixed extends ControlBackend {
      protected override entries(query: ScanQuery): readonly ScanEntry[] {
        return all.slice(all.indexOf(this.space)).flatMap((space) => new Prefixed(space).own(query));
      }
      own(query: ScanQuery): readonly ScanEntry[] {
        return super.entries(query);
      }
    }
    return backendMutant(
      'sibling-prefix',
      {
        copies: 'a prefix without its last separator: bags/v1 lists bags/v10 as well: wellcomecollection/platform#4745',
        killedBy: ['0.fresh-and-isolated'],
      },
      Prefixed,
      {
        async create() {
          const space = new ControlSpace();
          all.push(space);
          return { space, backend: new Prefixed(space) };
        },
      },
    );
  })(),
  backendMutant(
    'creates-at-version-1',
    {
      copies: 'what is restored elsewhere begins at version 1 again: openedx/openedx-core#400',
      killedBy: ['1.copied'],
    },
    class extends ControlBackend {
      protected override check(old: Cell | undefined, expected: Expected, record: BackendRecord): void {
        super.check(old, expected, record);
        const next = old === undefined || old.revision.status === 'tombstone' ? 1 : old.revision.version + 1;
        if (record.revision.version !== next) throw new RevisionConflict();
      }
    },
  ),
  backendMutant(
    'verify-parses-what-it-knows',
    {
      copies: 'the check skips every name that its pattern does not match: libra-tools/libra#371',
      killedBy: ['10.verify-names-the-foreign'],
    },
    class extends ControlBackend {
      override async *verify(): AsyncGenerator<never> {}
    },
  ),

  // -- bytes ----------------------------------------------------------------------------------------------------------

  backendMutant(
    'gives-its-own-buffer',
    {
      copies: 'read returns the live object that is stored: microsoft/agent-framework#7685',
      killedBy: ['2.backend-gives-its-bytes-away'],
    },
    class extends ControlBackend {
      override async read(id: InstanceId): Promise<Stored | undefined> {
        return this.space.cells.get(id);
      }
      override async head(id: InstanceId): Promise<Stored | undefined> {
        return this.read(id);
      }
    },
  ),
  backendMutant(
    'patches-the-record',
    {
      copies: "the caller's object is changed by storing it: langchain-ai/langgraph#8748",
      killedBy: ['2.backend-leaves-the-record'],
    },
    class extends ControlBackend {
      protected override put(record: BackendRecord): Cell {
        const cell = super.put(record);
        record.envelope.fill(0, 0, 8);
        return cell;
      }
    },
  ),
  backendMutant(
    'cut-at-64-kib',
    {
      copies: 'a column holds 65 535 bytes and cuts the rest without a word: FlowiseAI/Flowise#2159',
      killedBy: ['1.envelope-bytes', '1.bytes'],
    },
    class extends ControlBackend {
      protected override put(record: BackendRecord): Cell {
        return super.put({ ...record, envelope: record.envelope.subarray(0, 65_535) });
      }
    },
  ),
  backendMutant(
    'short-ids',
    {
      copies:
        'ids differ only in what the storage does not tell apart: unkeyed/unkey#4091 (a collation), richfitz/storr#95 (a filesystem that ignores case)',
      killedBy: ['1.any-id'],
    },
    class extends ControlBackend {
      protected override keyOf(id: InstanceId): InstanceId {
        return id.slice(0, 31) as InstanceId;
      }
    },
  ),
  backendMutant(
    'head-of-its-own',
    {
      copies:
        'the summary is a second record, and tells another status than the first: CERNDocumentServer/cds-videos#1288',
      killedBy: ['1.head'],
    },
    class extends ControlBackend {
      readonly #heads = new Map<InstanceId, Stored>();
      override async head(id: InstanceId, call: BackendCall): Promise<Stored | undefined> {
        const known = this.#heads.get(id) ?? (await super.head(id, call));
        if (known !== undefined) this.#heads.set(id, known);
        return known;
      }
    },
  ),
  backendMutant(
    'torn-writes',
    {
      copies:
        'an exclusive open, then writes: readers see the half (local-llmup#64); a fixed temporary name (microsoft/agent-framework#7748)',
      killedBy: ['7.never-torn', '7.never-torn-handles'],
    },
    class extends ControlBackend {
      protected override async commit(record: BackendRecord, expected: Expected): Promise<string> {
        const old = this.space.cells.get(record.id);
        this.check(old, expected, record);
        const half = record.envelope.slice();
        if (old !== undefined)
          half.set(old.envelope.subarray(0, half.length >> 1).subarray(0, half.length), half.length >> 1);
        this.space.cells.set(record.id, { envelope: half, revision: record.revision, updatedAt: record.updatedAt });
        await tick();
        this.put(record);
        this.move(record, old);
        return this.hintOf({ ...record });
      }
    },
  ),

  // -- compare-and-set ------------------------------------------------------------------------------------------------

  backendMutant(
    'check-then-act',
    {
      copies:
        'access() and then rename(): vercel/workflow packages/world-local/src/fs.ts; read-then-write on an S3 pointer: quilt#5187',
      killedBy: [
        '3.racing-creates-one-winner',
        '3.racing-saves-one-winner',
        '3.racing-delete-and-saves',
        '3.counter',
        '3.racing-handles-one-winner',
        '3.racing-processes-one-winner',
        '4.linearizable',
        '4.linearizable-handles',
        '4.linearizable-processes',
        '4.creates-and-deletes-alternate',
      ],
    },
    class extends ControlBackend {
      protected override async commit(record: BackendRecord, expected: Expected): Promise<string> {
        const old = this.space.cells.get(record.id);
        this.check(old, expected, record);
        await tick();
        const cell = this.put(record);
        this.move(record, old);
        return this.hintOf(cell);
      }
    },
  ),
  backendMutant(
    'last-writer-wins',
    {
      copies:
        'conditions are ignored: S3 emulators that dropped If-Match (minio#19442, floci#566); Strands and LangGraph S3 savers send none',
      killedBy: [
        '3.create-once',
        '3.stale-save-refused',
        '3.save-of-deleted-refused',
        '3.delete-fenced',
        '3.overwrite',
        '3.update',
        '3.backend-condition',
        '3.backend-tombstone',
        '5.paused-writer',
        '5.paused-creator',
        '5.late-copy-of-a-save',
        '4.model',
        '4.model-two-handles',
        '6.random-faults',
      ],
    },
    class extends ControlBackend {
      protected override check(): void {
        // Whatever is there.
      }
    },
  ),
  backendMutant(
    'size-and-time-is-identity',
    {
      copies: 'a tag of inode, time and size, all of which can repeat across a rewrite: infino-ai/infino#501',
      killedBy: ['3.counter', '3.delete-fenced', '3.backend-condition', '5.paused-writer', '5.late-copy-of-a-delete'],
    },
    class extends ControlBackend {
      readonly #tagged = new Map<string, string>();
      protected override put(record: BackendRecord): Cell {
        this.#tagged.set(record.revision.nonce, `${record.envelope.length} ${record.updatedAt}`);
        return super.put(record);
      }
      protected override check(old: Cell | undefined, expected: Expected): void {
        const tag = expected !== undefined && 'nonce' in expected ? this.#tagged.get(expected.nonce) : undefined;
        if (old !== undefined && tag === `${old.envelope.length} ${old.updatedAt}`) return;
        if (!isExpected(old, expected)) throw new RevisionConflict();
      }
    },
  ),
  backendMutant(
    'upserts',
    {
      copies: 'an update that meets no row inserts it: pgEdge/spock#601',
      killedBy: ['3.save-of-deleted-refused', '5.paused-writer', '5.late-copy-of-a-save', '3.backend-condition'],
    },
    class extends ControlBackend {
      protected override check(old: Cell | undefined, expected: Expected, record: BackendRecord): void {
        if (old === undefined || old.revision.status === 'tombstone') return;
        super.check(old, expected, record);
      }
    },
  ),
  backendMutant(
    'version-is-identity',
    {
      copies: 'revision 1 of a new record accepts the token of the old one: tramAI#295',
      killedBy: ['5.old-revision-after-recreate', '3.backend-condition', '5.paused-writer', '5.paused-deleter'],
    },
    class extends ControlBackend {
      protected override check(old: Cell | undefined, expected: Expected): void {
        if (
          old !== undefined &&
          expected !== undefined &&
          !('damaged' in expected) &&
          old.revision.version === expected.version &&
          old.revision.status !== 'tombstone'
        )
          return;
        if (!isExpected(old, expected)) throw new RevisionConflict();
      }
    },
  ),
  backendMutant(
    'deletes-unconditionally',
    {
      copies: 'a delete that was retried, or that sat in a queue, removes what came after: veryfront#4354',
      killedBy: ['5.paused-deleter', '5.late-copy-of-a-delete', '3.racing-delete-and-saves', '9.changed-since-judged'],
    },
    class extends ControlBackend {
      protected override check(old: Cell | undefined, expected: Expected, record: BackendRecord): void {
        if (record.revision.status !== 'tombstone') super.check(old, expected, record);
      }
    },
  ),
  backendMutant(
    'creates-over-tombstones',
    {
      copies: 'a late write after the end brings the key back: triggerdotdev/trigger.dev#4754, id reuse: dapr#10444',
      killedBy: ['5.late-copy-of-a-create', '3.backend-tombstone'],
    },
    class extends ControlBackend {
      protected override check(old: Cell | undefined, expected: Expected, record: BackendRecord): void {
        if (expected === undefined && old?.revision.status === 'tombstone') return;
        super.check(old, expected, record);
      }
    },
  ),
  backendMutant(
    'own-table-of-versions',
    {
      copies:
        'each handle knows only what it has written itself: the cache of FilesystemDB in mastra-ai/mastra is not shared between processes',
      killedBy: [
        '3.racing-handles-one-winner',
        '3.racing-processes-one-winner',
        '4.handles-see-each-other',
        '4.model-two-handles',
      ],
    },
    class extends ControlBackend {
      readonly #known = new Map<InstanceId, Cell | undefined>();
      protected override check(old: Cell | undefined, expected: Expected, record: BackendRecord): void {
        super.check(this.#known.has(record.id) ? this.#known.get(record.id) : old, expected, record);
      }
      protected override put(record: BackendRecord): Cell {
        const cell = super.put(record);
        this.#known.set(record.id, cell);
        return cell;
      }
    },
  ),
  backendMutant(
    'refuses-with-a-plain-error',
    {
      copies: 'errors without a type, thrown as they come: tus-node-server, unjs/unstorage',
      killedBy: ['3.backend-condition', '3.backend-tombstone'],
    },
    class extends ControlBackend {
      protected override check(old: Cell | undefined, expected: Expected): void {
        if (!isExpected(old, expected)) throw new Error('version mismatch');
      }
    },
  ),

  backendMutant(
    'doubts-its-conflicts',
    {
      copies:
        'across a network, where a race may leave doubts, each conflict is given out as one: losers of a race are answered 500 or 409 by Ceph (ceph/ceph#63348)',
      killedBy: [
        '3.stale-save-refused',
        '3.racing-creates-one-winner',
        '3.racing-saves-one-winner',
        '3.racing-delete-and-saves',
        '3.racing-handles-one-winner',
      ],
    },
    class extends ControlBackend {
      override readonly capabilities = ACROSS_A_NETWORK;
      override async write(record: BackendRecord, expected: Expected, call: BackendCall): Promise<string | void> {
        try {
          return await super.write(record, expected, call);
        } catch (cause) {
          throw new StateStoreError('OUTCOME_UNKNOWN', 'the answer was 500', { cause });
        }
      }
    },
    { expect: ACROSS_A_NETWORK },
  ),
  backendMutant(
    'create-is-sent-again',
    {
      copies:
        'a retry meets nothing, because the first copy was deleted, and brings it back: triggerdotdev/trigger.dev#4754',
      killedBy: ['6.lost-reply-then-deleted'],
    },
    class extends ControlBackend {
      protected override put(record: BackendRecord): Cell {
        const cell = super.put(record);
        if (record.revision.status === 'tombstone') this.space.cells.delete(record.id);
        return cell;
      }
    },
    {
      open: (backend, options) =>
        openStateStore(
          interpose(backend, {
            write: async (next, { id }, expected, call) => {
              try {
                return await next();
              } catch (error) {
                if (expected !== undefined || isRevisionConflict(error) || (await backend.read(id, call)) !== undefined)
                  throw error;
                return next();
              }
            },
          }),
          options,
        ),
    },
  ),

  // -- aborts ---------------------------------------------------------------------------------------------------------

  backendMutant(
    'abort-looked-at-too-late',
    {
      copies: 'a commit whose caller was cancelled is called off, and is carried out: slatedb/slatedb#1732',
      killedBy: ['6.abort-at-every-point'],
    },
    class extends ControlBackend {
      override async write(record: BackendRecord, expected: Expected, call: BackendCall): Promise<string | void> {
        const hint = await super.write(record, expected, call);
        if (call.signal?.aborted === true) throw new NotApplied(call.signal.reason);
        return hint;
      }
    },
  ),
  backendMutant(
    'abort-half-way',
    {
      copies: 'a write that is aborted between the index and the record leaves the index: HarperFast/harper#2221',
      killedBy: ['6.abort-at-every-point'],
    },
    class extends ControlBackend {
      override async write(record: BackendRecord, expected: Expected, call: BackendCall): Promise<string | void> {
        const old = this.space.cells.get(record.id);
        this.check(old, expected, record);
        super.move(record, old);
        await tick();
        return super.write(record, expected, call);
      }
    },
  ),

  // -- what was acknowledged ------------------------------------------------------------------------------------------

  backendMutant(
    'acknowledges-early',
    {
      copies: 'writes are flushed on a clean exit only: langchain-ai/langgraph#8298',
      killedBy: ['4.read-your-write', '4.linearizable', '2.failed-call-changes-nothing', '1.every-field'],
    },
    class extends ControlBackend {
      override async read(id: InstanceId): Promise<Stored | undefined> {
        const cell = this.#seen.get(id);
        return cell && { envelope: cell.envelope.slice() };
      }
      readonly #seen = new Map<InstanceId, Cell>();
      protected override put(record: BackendRecord): Cell {
        const cell = super.put(record);
        setTimeout(() => this.#seen.set(record.id, cell), 3);
        return cell;
      }
    },
  ),
  backendMutant(
    'handle-caches-reads',
    {
      copies:
        'a snapshot older than the store in another pod: noetl#302; a cache key without a generation: kubeflow/pipelines#14262',
      killedBy: [
        '4.handles-see-each-other',
        '4.processes-see-each-other',
        '4.linearizable-handles',
        '4.linearizable-processes',
      ],
    },
    class extends ControlBackend {
      readonly #cache = new Map<InstanceId, Stored | undefined>();
      override async read(id: InstanceId): Promise<Stored | undefined> {
        if (!this.#cache.has(id)) this.#cache.set(id, await super.read(id));
        const stored = this.#cache.get(id);
        return stored && { ...stored, envelope: stored.envelope.slice() };
      }
      override async write(record: BackendRecord, expected: Expected, call: BackendCall): Promise<string | void> {
        this.#cache.delete(record.id);
        try {
          return await super.write(record, expected, call);
        } finally {
          this.#cache.delete(record.id);
        }
      }
    },
  ),
  backendMutant(
    'forgets-on-restart',
    {
      copies: 'all is well until the database is opened again, without the last records: tursodatabase/turso#4666',
      killedBy: ['7.survives-close', '7.survives-abandonment', '7.power-loss'],
    },
    ControlBackend,
    {
      reopen: async ({ space }) => ({ backend: new ControlBackend(without(space, 4)) }),
      faults: { powerLoss: async ({ space }) => ({ backend: new ControlBackend(without(space, 4)) }) },
    },
  ),
  backendMutant(
    'renamed-before-it-was-written',
    {
      copies: 'renamed into place before its bytes were on the disk, so that it is empty: xxfast/KStore#175',
      killedBy: ['7.power-loss'],
    },
    ControlBackend,
    {
      faults: {
        async powerLoss({ space }) {
          const cells = [...space.cells];
          for (const [id, cell] of cells.slice(-2)) space.cells.set(id, { ...cell, envelope: new Uint8Array(0) });
          return { backend: new ControlBackend(space) };
        },
      },
    },
  ),
  backendMutant(
    'kept-in-a-buffer',
    {
      copies: 'what a killed process had acknowledged was still in its memory: langchain-ai/langgraph#8298',
      killedBy: ['7.sigkill'],
    },
    ControlBackend,
    {
      async peerProcess({ space }) {
        const buffer = new ControlSpace();
        return { backend: new ControlBackend(buffer), kill: async () => void space, dispose: async () => undefined };
      },
    },
  ),
  backendMutant(
    'keeps-what-it-says-it-loses',
    {
      copies: 'a capability is declared too low, and so not examined: jaredwray/keyv#1966',
      killedBy: ['12.volatile-forgets'],
    },
    declaring({ durability: 'none' }),
    { expect: { ...CONTROL_CAPABILITIES, durability: 'none' } },
  ),
  backendMutant(
    'unshared-but-open-to-all',
    {
      copies:
        'a second process is let in and brings back what the first has deleted: nambok/mentedb#97, ava-labs/avalanchego#5420',
      killedBy: ['12.unshared-is-refused', '12.other-processes-are-refused'],
    },
    declaring({ sharing: 'none' }),
    { expect: { ...CONTROL_CAPABILITIES, sharing: 'none' } },
  ),
  backendMutant(
    'never-sweeps',
    {
      copies: 'growth without retention, the loudest complaint of all: langchain-ai/langgraphjs#1138, vercel/eve#474',
      killedBy: ['12.reclaims'],
    },
    class extends ControlBackend {
      override async sweep(): Promise<SweepReport> {
        return { removed: 0, failures: [] };
      }
    },
  ),
  backendMutant(
    'sweeps-what-it-says-it-keeps',
    {
      copies: 'what is declared and what is done drift apart: apache/opendal#7889',
      killedBy: ['12.keeps-tombstones'],
    },
    declaring({ reclaims: false }),
    { expect: { ...CONTROL_CAPABILITIES, reclaims: false } },
  ),
  backendMutant(
    'sweeps-without-grace',
    {
      copies: 'tombstones are dropped while what they cover may still arrive: scylladb/scylladb#1745',
      killedBy: ['12.tombstones-have-their-grace'],
    },
    class extends ControlBackend {
      override sweep(_olderThan: number, call: BackendCall): Promise<SweepReport> {
        return super.sweep(Infinity, call);
      }
    },
  ),
  backendMutant(
    'sweeps-the-living',
    {
      copies: 'prune looks at the age alone, and takes what waits for approval: @mastra/libsql retentionTables',
      killedBy: ['9.only-ended'],
    },
    class extends ControlBackend {
      override async sweep(olderThan: number, call: BackendCall): Promise<SweepReport> {
        for (const [id, { updatedAt, revision }] of this.space.cells) {
          if (updatedAt >= olderThan) continue;
          this.space.cells.delete(id);
          this.unlist(id, revision.status);
        }
        return super.sweep(olderThan, call);
      }
    },
  ),
  backendMutant(
    'declares-more-than-it-takes',
    {
      copies: 'a limit of the storage that nobody declared: DynamoDB 400 KB, langgraph-checkpoint-dynamodb#3',
      killedBy: ['12.max-body'],
    },
    class extends ControlBackend {
      protected override put(record: BackendRecord): Cell {
        if (record.envelope.length > 3 << 20) throw new NotApplied(new Error('item size has exceeded the maximum'));
        return super.put(record);
      }
    },
  ),
  backendMutant(
    'other-capabilities',
    {
      copies: 'capabilities are kept in two places, one of them by hand: apache/opendal#7826',
      killedBy: ['12.as-declared'],
    },
    declaring({ durability: 'process' }),
  ),

  // -- listings -------------------------------------------------------------------------------------------------------

  backendMutant(
    'unsorted',
    {
      copies: 'listings in the order of the storage: influxdb#26063, apache/arrow-rs-object-store#388',
      killedBy: ['8.backend-scan', '8.thousands', '8.pages', '8.states'],
    },
    class extends ControlBackend {
      protected override entries(query: ScanQuery): readonly ScanEntry[] {
        return [...super.entries(query)].sort((a, b) => (a.id.slice(5) < b.id.slice(5) ? -1 : 1));
      }
    },
  ),
  backendMutant(
    'first-page-only',
    {
      copies: 'ListObjectsV2 without its continuation token: AutoMQ/automq#2660',
      killedBy: ['8.thousands', '8.thousands-under-writes'],
    },
    class extends ControlBackend {
      protected override entries(query: ScanQuery): readonly ScanEntry[] {
        return super.entries(query).slice(0, 1000);
      }
    },
  ),
  backendMutant(
    'ten-by-default',
    {
      copies: 'a listing without a limit ends silently at ten: RedisSaver of @langchain/langgraph-checkpoint-redis',
      killedBy: ['8.thousands'],
    },
    class extends ControlBackend {
      protected override entries(query: ScanQuery): readonly ScanEntry[] {
        return super.entries(query).slice(0, query.limit ?? 10);
      }
    },
  ),
  backendMutant(
    'limit-cuts-short',
    { copies: 'a page size taken for a cap: elsa-workflows/elsa-core#6795', killedBy: ['8.backend-scan'] },
    class extends ControlBackend {
      protected override entries(query: ScanQuery): readonly ScanEntry[] {
        return super.entries(query).slice(0, query.limit === undefined ? Infinity : query.limit - 1);
      }
    },
  ),
  backendMutant(
    'moving-names',
    {
      copies:
        'a file that is renamed meanwhile is listed under neither name: iowarp/clio-core#889; on ext4 and btrfs measured with 2 000 instances, never with 200',
      killedBy: ['8.thousands-under-writes'],
    },
    class extends ControlBackend {
      override async *scan(query: ScanQuery): AsyncGenerator<readonly ScanEntry[]> {
        const entries = this.entries(query);
        const begun = new Map(entries.map(({ id }) => [id, this.space.cells.get(id)]));
        for (let start = 0; start < entries.length; start += 100) {
          await tick();
          yield entries
            .slice(start, start + 100)
            .filter(({ id }) => start < 1000 || begun.get(id) === this.space.cells.get(id));
        }
      }
    },
  ),
  backendMutant(
    'index-after-record',
    {
      copies: 'the index is not written with the record: microsoft/agent-framework#3169',
      killedBy: ['8.shown-is-listed', '8.shown-is-listed-handles'],
    },
    class extends ControlBackend {
      override async write(record: BackendRecord, expected: Expected, call: BackendCall): Promise<string | void> {
        const old = this.space.cells.get(record.id);
        const hint = await super.write(record, expected, call);
        for (let i = 0; i < 4; i++) await tick();
        super.move(record, old);
        return hint;
      }
      protected override move(): void {
        // Later.
      }
    },
  ),
  backendMutant(
    'leaves-the-old-entry',
    { copies: 'the index and the record disagree for ever: Runfusion#3537', killedBy: ['8.index-follows', '4.model'] },
    class extends ControlBackend {
      protected override unlist(): void {
        // Left behind.
      }
      protected override entries(query: ScanQuery): readonly ScanEntry[] {
        const entries = super.entries(query);
        return entries.filter(
          ({ id }, i) => id !== entries[i - 1]?.id && this.space.cells.get(id)?.revision.status !== 'tombstone',
        );
      }
    },
  ),
  backendMutant(
    'losers-are-listed',
    {
      copies: 'the index entry is written before the last check, and stays when that fails: tursodatabase/turso#5143',
      killedBy: ['8.index-follows'],
    },
    class extends ControlBackend {
      protected override check(old: Cell | undefined, expected: Expected, record: BackendRecord): void {
        this.enlist(record.id, record.revision);
        super.check(old, expected, record);
      }
      protected override entries(query: ScanQuery): readonly ScanEntry[] {
        const entries = super.entries(query);
        return entries.filter(({ id }, i) => id !== entries[i - 1]?.id);
      }
    },
  ),
  backendMutant(
    'mends-whatever-is-there',
    {
      copies: 'what could not be read is saved back as something new, whatever it is by then: ruvnet/RuVector#698',
      killedBy: ['10.mended-once'],
    },
    class extends ControlBackend {
      protected override check(old: Cell | undefined, expected: Expected, record: BackendRecord): void {
        if (expected !== undefined && 'damaged' in expected) return;
        super.check(old, expected, record);
      }
    },
  ),
  backendMutant(
    'entry-of-the-damaged',
    {
      copies: 'the index entry can be found only through the record, which cannot be read: volcengine/OpenViking#2966',
      killedBy: ['10.mended-leaves-no-trace'],
    },
    class extends ControlBackend {
      protected override move(record: BackendRecord, old: Cell | undefined): void {
        const readable = old !== undefined && old.envelope.length >= 128;
        super.move(record, readable ? old : undefined);
      }
    },
  ),
  backendMutant(
    'deleted-are-listed',
    {
      copies: 'deleted keys are listed: nats-io/nats.go#1802',
      killedBy: ['8.index-follows', '3.backend-tombstone', '4.read-your-write'],
    },
    class extends ControlBackend {
      protected override move(record: BackendRecord, old: Cell | undefined): void {
        if (record.revision.status !== 'tombstone') super.move(record, old);
      }
    },
  ),
  backendMutant(
    'cursor-is-inclusive',
    {
      copies: 'whether a cursor is included was left open: unjs/unstorage#299',
      killedBy: ['8.backend-scan', '8.pages'],
    },
    class extends ControlBackend {
      protected override entries(query: ScanQuery): readonly ScanEntry[] {
        return super
          .entries({ status: query.status })
          .filter(({ id }) => query.after === undefined || id >= query.after);
      }
    },
  ),
  backendMutant(
    'cursor-is-looked-up',
    {
      copies: 'a page token whose key was deleted ends the listing: a case of dapr/components-contrib KEYS_LIKE',
      killedBy: ['8.pages', '8.backend-scan'],
    },
    class extends ControlBackend {
      protected override entries({ status, after }: ScanQuery): readonly ScanEntry[] {
        const entries = super.entries({ status });
        return after === undefined
          ? entries
          : entries.slice(entries.findIndex(({ id }) => id === after) + 1 || entries.length);
      }
    },
  ),
  backendMutant(
    'since-the-last-save',
    {
      copies: 'the time of the last write is shown for that of what it wrote: posit-dev/shinychat#372',
      killedBy: ['8.entries'],
    },
    class extends ControlBackend {
      protected override enlist(id: InstanceId, revision: WriteRevision): void {
        const updatedAt = this.space.cells.get(id)?.updatedAt ?? 0;
        super.enlist(id, { ...revision, entered: { ...revision.entered, at: updatedAt } });
      }
    },
  ),
  backendMutant(
    'cursor-stays-open',
    {
      copies: 'a cursor that is left early keeps its connection: porsager/postgres#389',
      killedBy: ['13.handles-are-released'],
    },
    class extends ControlBackend {
      override async *scan(query: ScanQuery, call: BackendCall): AsyncGenerator<readonly ScanEntry[]> {
        this.space.handles++;
        yield* super.scan(query, call);
        this.space.handles--;
      }
    },
  ),
  backendMutant(
    'closes-nothing',
    {
      copies: 'what open has opened is not closed by close: JetBrains/xodus#18',
      killedBy: ['13.handles-are-released'],
    },
    class extends ControlBackend {
      override async close(): Promise<void> {
        // Still held.
      }
    },
  ),
  backendMutant(
    'sweeps-what-it-does-not-know',
    {
      copies: 'clearing one base clears the whole storage: unjs/unstorage#802',
      killedBy: ['10.foreign-names'],
    },
    class extends ControlBackend {
      override sweep(olderThan: number, call: BackendCall): Promise<SweepReport> {
        this.space.foreign.clear();
        return super.sweep(olderThan, call);
      }
    },
  ),
  backendMutant(
    'lists-by-reading',
    {
      copies: 'one truncated file makes the whole list throw: vercel/workflow world-local paginatedFileSystemQuery',
      killedBy: ['10.damage-in-storage'],
    },
    class extends ControlBackend {
      override async *scan(query: ScanQuery, call: BackendCall): AsyncGenerator<readonly ScanEntry[]> {
        for await (const batch of super.scan(query, call)) {
          for (const { id } of batch) {
            const cell = this.space.cells.get(id);
            if (cell !== undefined && cell.envelope.length < 128) throw new SyntaxError('Unexpected end of JSON input');
          }
          yield batch;
        }
      }
    },
  ),
];

function declaring(change: Partial<StateBackend['capabilities']>): typeof ControlBackend {
  return class extends ControlBackend {
    override readonly capabilities = { ...CONTROL_CAPABILITIES, ...change };
  };
}

/** The space as a restart finds it, with the records written last gone. */
function without(space: ControlSpace, lost: number): ControlSpace {
  const left = new ControlSpace();
  for (const [id, cell] of [...space.cells].slice(0, -lost)) left.cells.set(id, cell);
  for (const [kind, listed] of space.index)
    left.index.set(kind, new Map([...listed].filter(([id]) => left.cells.has(id))));
  return left;
}
