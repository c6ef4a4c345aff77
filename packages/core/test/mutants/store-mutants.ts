// Stores, wrappers and ways to put one over a backend, each of which breaks one promise.

import { crc32 } from '../../src/envelope/crc32.js';
import { isStateStoreError, StateStoreError } from '../../src/errors.js';
import type { InstanceId } from '../../src/instance-id.js';
import { openStateStore } from '../../src/open-state-store.js';
import { decodeRevision, type Revision } from '../../src/revision.js';
import { isRevisionConflict, NotApplied, type Stored } from '../../src/state-backend.js';
import { decodeHeader, decodeState } from '../../src/state-codec.js';
import type { WorkflowState, WorkflowStateInput } from '../../src/state.js';
import type { CleanupFailure, CleanupReport, StateStore } from '../../src/state-store.js';
import { isTerminalKind, STATUS_KINDS, type StatusKind } from '../../src/status.js';
import { objectOf } from '../../src/conformance/samples.js';
import { cachedHarness } from './cached-control.js';
import { tick } from './control-backend.js';
import { coreMutant, type Mutant, storeMutant, withMethods, wrapperMutant } from './mutant.js';

type Saved = (state: WorkflowStateInput | WorkflowState) => WorkflowStateInput | WorkflowState;

/** A store that changes what it is given to save, as a codec that loses something does. */
function lossy(id: string, copies: string, killedBy: readonly string[], change: Saved): Mutant {
  return wrapperMutant(id, { copies, killedBy }, (store) => ({
    save: (state, options) => store.save(change(state), options),
  }));
}

const verification: readonly Mutant[] = [
  coreMutant(
    'damage-is-absence',
    {
      copies: 'what does not parse is taken for absent, and nobody is told: moorcheh-ai/memanto#1227',
      killedBy: ['10.verify-names-the-damaged'],
    },
    () => ({
      look: async (next, op, id) => {
        const answer = await next();
        try {
          if (op === 'read' && answer !== undefined) decodeState(id, answer as Stored);
          return answer;
        } catch {
          return undefined as typeof answer;
        }
      },
    }),
  ),
];

const roundTrip: readonly Mutant[] = [
  lossy('forgets-a-field', 'a field that saving forgets: DARPA-ASKEM/terarium#3220', ['1.every-field'], (state) => ({
    ...state,
    retryAttempts: {},
  })),
  lossy(
    'optional-becomes-empty',
    'an optional field comes back as its zero value: clouditor/clouditor#1051',
    ['1.every-status', '1.any-state'],
    (state) =>
      state.status.kind === 'failed'
        ? { ...state, status: { ...state.status, error: { trace: '', ...state.status.error } } }
        : state,
  ),
  lossy(
    'bytes-as-text',
    'bytes pass through a text encoding, as in stores of JSON: openworkflow and mastra-ai/mastra keep no bytes',
    ['1.bytes', '1.every-field'],
    (state) => ({
      ...state,
      state: mapValues(state.state, (bytes) => new TextEncoder().encode(new TextDecoder().decode(bytes))),
    }),
  ),
  lossy(
    'keys-by-assignment',
    'an assignment to __proto__ sets the prototype: jonschlinkert/object.pick#8',
    ['1.keys'],
    (state) => {
      const copy: Record<string, Uint8Array> = {};
      // The assignment would set the prototype, and the key be gone.
      for (const [key, value] of Object.entries(state.state)) if (key !== '__proto__') copy[key] = value;
      return { ...state, state: copy };
    },
  ),
  lossy(
    'normalises-text',
    'the byte order mark is dropped by a TextDecoder without ignoreBOM: dmonad/lib0#7, gren-lang/core#155',
    ['1.strings'],
    (state) => ({ ...state, workflowId: state.workflowId.normalize('NFC').replace(/^\uFEFF/, '') }),
  ),
  lossy(
    'folds-keys',
    'keys that differ only in case overwrite each other: agentscope-ai/agentscope-java#3217',
    ['1.keys'],
    (state) => ({ ...state, state: mapKeys(state.state, (key) => key.toLowerCase()) }),
  ),
  lossy(
    'composes-keys',
    'keys that differ only in their Unicode form are one: rfjakob/gocryptfs#850, amule-org/amule#312',
    ['1.keys'],
    (state) => ({ ...state, state: mapKeys(state.state, (key) => key.normalize('NFC')) }),
  ),
  lossy(
    'numbers-by-json',
    'JSON has no NaN, no −0 and no Infinity: accordproject/concerto#158, UMEP-dev/SUEWS#1691',
    ['1.numbers'],
    (state) => ({
      ...state,
      metrics: {
        ...state.metrics,
        custom: mapValues(state.metrics.custom, (value) => (JSON.parse(JSON.stringify(value)) as number | null) ?? 0),
      },
    }),
  ),
  wrapperMutant(
    'dates-in-seconds',
    {
      copies: 'times are kept in whole seconds: trinodb/trino#6909, sequelize/sequelize#11798',
      killedBy: ['1.dates', '1.every-field'],
    },
    (store) => ({
      load: async (id, options) => {
        const state = await store.load(id, options);
        return { ...state, createdAt: new Date(Math.floor(state.createdAt.getTime() / 1000) * 1000) };
      },
    }),
  ),
  wrapperMutant(
    'null-for-absent',
    {
      copies:
        'null, and a delete that always succeeds: strands-agents/sdk-typescript S3 storage (a missing bucket gives null, a refused DeleteObjects resolves)',
      killedBy: ['1.absent'],
    },
    (store) => ({
      find: async (id, options) => (await store.find(id, options)) ?? (null as unknown as undefined),
      delete: async (id, options) => {
        await store.delete(id, options);
        return true;
      },
    }),
  ),
];

const isolation: readonly Mutant[] = [
  storeMutant(
    'encodes-later',
    {
      copies: "the caller's object is kept and written later: langchain-ai/langgraph#8748",
      killedBy: ['2.save-takes-a-snapshot'],
    },
    async (backend, options) => {
      const store = await openStateStore(backend, options);
      return withMethods(store, {
        save: async (state, saveOptions) => {
          await tick();
          return store.save(state, saveOptions);
        },
      });
    },
  ),
  wrapperMutant(
    'keeps-what-it-returned',
    {
      copies: 'a memory store returns its live object: microsoft/agent-framework#7847',
      killedBy: ['2.saved-is-the-callers'],
    },
    (store) => {
      const cache = new Map<InstanceId, WorkflowState>();
      return {
        save: async (state, options) => {
          const saved = await store.save(state, options);
          cache.set(saved.instanceId, saved);
          return saved;
        },
        load: async (id, options) => {
          const cached = cache.get(id);
          return cached !== undefined && (await store.isCurrent(id, cached.revision))
            ? cached
            : store.load(id, options);
        },
      };
    },
  ),
  wrapperMutant(
    'shares-loads',
    {
      copies: 'a cache hands out one object to all: microsoft/agent-framework#7697',
      killedBy: ['2.loaded-is-the-callers'],
    },
    (store) => {
      const cache = new Map<InstanceId, Promise<WorkflowState>>();
      return {
        load: async (id, options) => {
          const loading = cache.get(id) ?? store.load(id, options);
          cache.set(id, loading);
          loading.catch(() => cache.delete(id));
          const state = await loading;
          return (await store.isCurrent(id, state.revision)) ? state : store.load(id, options);
        },
      };
    },
  ),
  wrapperMutant(
    'counts-in-the-argument',
    {
      copies:
        'a failed create changes the object of the caller: asserted against in temporalio/temporal persistence tests',
      killedBy: ['2.failed-call-changes-nothing'],
    },
    (store) => ({
      save: async (state, options) => {
        const saving = store.save(state, options);
        Reflect.set(state, 'checkpointVersion', state.checkpointVersion + 1);
        return saving;
      },
    }),
  ),
];

const compareAndSet: readonly Mutant[] = [
  wrapperMutant(
    'version-as-revision',
    { copies: 'the token is the version number: tramAI#295', killedBy: ['3.revisions-never-repeat'] },
    (store) => {
      const table = new Map<string, Revision>();
      const show = (state: WorkflowState): WorkflowState => {
        const shown = `v${state.checkpointVersion}` as Revision;
        table.set(`${state.instanceId} ${shown}`, state.revision);
        return { ...state, revision: shown };
      };
      return {
        save: async (state, options) => {
          const revision = 'revision' in state ? table.get(`${state.instanceId} ${state.revision}`) : undefined;
          return show(await store.save(revision === undefined ? state : { ...state, revision }, options));
        },
      };
    },
  ),
  wrapperMutant(
    'knows-only-its-own',
    {
      copies: 'a table of versions per process, lost with it: in-process lock maps of vercel/workflow world-local',
      killedBy: ['3.revision-travels'],
    },
    (store) => {
      const known = new Set<string>();
      return {
        save: async (state, options) => {
          if ('revision' in state && state.revision !== undefined && !known.has(state.revision)) {
            throw new StateStoreError('CHECKPOINT_CONFLICT', 'never seen', {
              conflict: { reason: 'changed', expected: state.checkpointVersion, actual: undefined },
            });
          }
          const saved = await store.save(state, options);
          known.add(saved.revision);
          return saved;
        },
      };
    },
  ),
  wrapperMutant(
    'overwrites-from-one',
    {
      copies: 'replacing is a delete and an insert, which shows: manticoresoftware/manticoresearch#401',
      killedBy: ['3.overwrite'],
    },
    (store) => ({
      save: async (state, options) => {
        if (options?.onConflict !== 'overwrite') return store.save(state, options);
        await store.delete(state.instanceId);
        const { revision: _, ...input } = state as WorkflowState;
        return store.save({ ...input, checkpointVersion: 0 });
      },
    }),
  ),
  wrapperMutant(
    'updates-once',
    {
      copies: 'a conflict is left to the caller, who has no loop: spring-ai-alibaba#4792',
      killedBy: ['3.update', '3.counter'],
    },
    (store) => ({
      update: (id, change, options) => store.update(id, change, { ...options, attempts: 1 }),
    }),
  ),
];

const late: readonly Mutant[] = [
  wrapperMutant(
    'fills-the-cache-late',
    {
      copies: 'what was read before the write fills the cache after it: kubeflow/pipelines#14262, noetl#302',
      killedBy: ['5.load-in-flight', '4.read-your-write'],
    },
    (store) => {
      const cache = new Map<InstanceId, WorkflowState | undefined>();
      return {
        find: async (id, options) => {
          if (cache.has(id)) return cache.get(id);
          const state = await store.find(id, options);
          cache.set(id, state);
          return state;
        },
        save: async (state, options) => {
          cache.delete(state.instanceId);
          return store.save(state, options);
        },
      };
    },
  ),
];

const early: readonly Mutant[] = [
  wrapperMutant(
    'caches-before-it-stores',
    {
      copies: 'a write that fails stays in the cache, which was written first: propeller-heads/tycho#1341',
      killedBy: ['2.failed-call-changes-nothing', '6.proved-failure'],
    },
    (store) => {
      const cache = new Map<InstanceId, WorkflowState>();
      return {
        save: async (state, options) => {
          cache.set(state.instanceId, state as WorkflowState);
          const saved = await store.save(state, options);
          cache.set(saved.instanceId, saved);
          return saved;
        },
        find: async (id, options) => cache.get(id) ?? store.find(id, options),
        load: async (id, options) => cache.get(id) ?? store.load(id, options),
      };
    },
  ),
];

class Failure extends Error {}

/** Where the header says which format it is of. */
const FORMAT_AT = 4;

const stale: readonly Mutant[] = [
  {
    id: 'a-conflict-keeps-the-cache',
    copies: 'what is cached is never dropped, so that two views disagree for ever: Runfusion#3537',
    killedBy: ['12.stale-reads-never-win'],
    harness: cachedHarness('a-conflict-keeps-the-cache', { dropsOnConflict: false }),
  },
];

const outcomes: readonly Mutant[] = [
  coreMutant(
    'error-is-not-written',
    {
      copies: 'an error of the transport is taken for "not written": jido#369 names it, most S3 savers do it',
      killedBy: ['6.lost-reply', '6.doubt-that-no-read-settles', '6.lost-reply-then-superseded', '6.random-faults'],
    },
    () => ({
      write: (next) =>
        next().catch((error: unknown) => {
          throw isRevisionConflict(error) || isStateStoreError(error) ? error : new NotApplied(error);
        }),
    }),
  ),
  coreMutant(
    'own-success-is-a-conflict',
    {
      copies: 'a retry after a lost reply meets its own success: aws/aws-sdk-java-v2#6580, apache/opendal#6741',
      killedBy: ['6.lost-reply', '6.lost-reply-then-superseded', '6.two-successors'],
    },
    () => ({
      write: async (next) => {
        try {
          return await next();
        } catch (error) {
          if (isRevisionConflict(error) || error instanceof NotApplied || isStateStoreError(error)) throw error;
          return next();
        }
      },
    }),
  ),
  coreMutant(
    'error-is-success',
    {
      copies: 'a refused delete resolves: strands-agents/sdk S3 DeleteObjects',
      killedBy: ['6.lost-request', '6.lost-request-then-overtaken', '6.random-faults'],
    },
    () => ({
      write: (next) =>
        next().catch((error: unknown) => {
          if (isRevisionConflict(error) || error instanceof NotApplied || isStateStoreError(error)) throw error;
        }),
    }),
  ),
  coreMutant(
    'retries-over-anything',
    {
      copies: 'the retry drops its condition: mastra-ai/mastra#17293 (a stale write clears finished output)',
      killedBy: ['6.lost-reply-then-deleted', '6.lost-request-then-overtaken'],
    },
    (backend) => ({
      write: async (next, record, expected, call) => {
        try {
          return await next();
        } catch (error) {
          if (isRevisionConflict(error) || error instanceof NotApplied || isStateStoreError(error)) throw error;
          const stored = await backend.read(record.id, call);
          return backend.write(record, stored && decodeHeader(record.id, stored).revision, call);
        }
      },
    }),
  ),
  coreMutant(
    'unreadable-is-absent',
    {
      copies:
        'an unreadable file becomes an empty default, which is saved back: RuVector#698; access denied becomes not-found: jido#369',
      killedBy: ['6.a-failed-read-is-not-absence'],
    },
    () => ({
      look: (next) => next().catch(() => undefined as never),
      async *scan(next) {
        try {
          yield* next();
        } catch {
          // Nothing to see.
        }
      },
    }),
  ),
  coreMutant(
    'error-as-a-value',
    {
      copies: 'a driver resolves with the Error that it caught: unjs/unstorage src/drivers/utils/node-fs.ts',
      killedBy: ['6.a-failed-read-is-not-absence'],
    },
    () => ({ look: (next) => next().catch((error: unknown) => error as never) }),
  ),
  coreMutant(
    'loses-the-cause',
    {
      copies: 'the error is replaced by one that says less: tus-node-server, unjs/unstorage node-fs',
      killedBy: ['6.proved-failure', '6.a-failed-read-is-not-absence', '9.a-bad-one-does-not-end-it'],
    },
    () => ({
      look: (next) =>
        next().catch(() => {
          throw new Failure('storage failed');
        }),
      write: (next) =>
        next().catch((error: unknown) => {
          throw error instanceof NotApplied ? new NotApplied(new Failure('storage failed')) : error;
        }),
    }),
  ),
  wrapperMutant(
    'updates-again-on-any-error',
    {
      copies: 'a resume that is in doubt is run again: mastra-ai/mastra#20443 (duplicate LLM work in production)',
      killedBy: ['6.unknown-is-passed-on', '6.update-never-retries-a-doubt'],
    },
    (store) => ({
      update: async (id, change, options) => {
        for (let attempt = 1; ; attempt++) {
          try {
            return await store.update(id, change, { ...options, attempts: 1 });
          } catch (error) {
            if (
              attempt === 3 ||
              (isStateStoreError(error) && error.code !== 'OUTCOME_UNKNOWN' && error.code !== 'CHECKPOINT_CONFLICT')
            )
              throw error;
          }
        }
      },
    }),
  ),
  wrapperMutant(
    'ignores-the-signal',
    {
      copies: 'an option that is accepted and does nothing: apache/opendal#8028',
      killedBy: ['6.abort-before', '6.abort-at-every-point'],
    },
    (store) => ({
      save: (state, options) => store.save(state, { ...options, signal: undefined }),
      load: (id) => store.load(id),
      delete: async (id, options) => {
        await store.delete(id, { ...options, signal: undefined });
        options?.signal?.throwIfAborted();
        return true;
      },
    }),
  ),
  wrapperMutant(
    'gives-up-at-once',
    {
      copies: 'Promise.race with a timer or signal: the request goes on: sindresorhus/ky#8',
      killedBy: ['6.abort-at-every-point', '6.abort-while-writing'],
    },
    (store) => ({
      save: (state, options) =>
        Promise.race([
          store.save(state, options),
          new Promise<never>((_, reject) =>
            options?.signal?.addEventListener('abort', () => reject(options.signal?.reason as Error)),
          ),
        ]),
    }),
  ),
];

const listings: readonly Mutant[] = [
  wrapperMutant(
    'kinds-end-to-end',
    { copies: 'one listing after the other, each sorted by itself: dagucloud/dagu#700', killedBy: ['8.several-kinds'] },
    (store) => ({
      async *listByStatus(status, options) {
        if (!Array.isArray(status)) return yield* store.listByStatus(status, options);
        for (const kind of status as readonly StatusKind[]) yield* store.listByStatus(kind, options);
      },
    }),
  ),
  wrapperMutant(
    'kind-is-enough',
    { copies: 'a filter that adapters may ignore: threadId in mastra-ai/mastra', killedBy: ['8.full-status'] },
    (store) => ({
      listByStatus: (status, options) =>
        store.listByStatus(typeof status === 'object' && 'kind' in status ? status.kind : status, options),
    }),
  ),
  wrapperMutant(
    'states-as-listed',
    { copies: 'list from the index, get from the store, and they disagree: Runfusion#3537', killedBy: ['8.states'] },
    (store) => ({
      async *states(options) {
        const status = options?.status;
        const ids = status === undefined ? store.list() : store.listByStatus(status);
        const all: InstanceId[] = [];
        for await (const id of ids) all.push(id);
        for (const id of all) yield await store.load(id);
      },
    }),
  ),
  wrapperMutant(
    'reads-to-list',
    {
      copies: 'every snapshot is hydrated and dropped: mastra-ai/mastra#21501, langchain-ai/deepagents#4005',
      killedBy: ['8.no-record-is-read'],
    },
    (store) => ({
      async *listByStatus(status, options) {
        for await (const id of store.list(options)) {
          const head = await store.head(id);
          if (
            head !== undefined &&
            (typeof status === 'string'
              ? [status]
              : Array.isArray(status)
                ? status
                : [(status as { kind: StatusKind }).kind]
            ).includes(head.status)
          )
            yield id;
        }
      },
    }),
  ),
  wrapperMutant(
    'one-bad-ends-the-list',
    {
      copies: 'one truncated file makes the whole list throw: vercel/workflow world-local',
      killedBy: ['10.others-are-not-hidden'],
    },
    (store) => ({
      async *list(options) {
        for await (const id of store.list(options)) if ((await store.find(id)) !== undefined) yield id;
      },
    }),
  ),
];

interface Sweep {
  old?(state: WorkflowState, now: number, retention: number): boolean;
  kinds?: readonly StatusKind[];
  fenced?: boolean;
  throws?: boolean;
  limitCountsScanned?: boolean;
  dryRunRemoves?: boolean;
  missingIsFailure?: boolean;
  unnamed?: number;
}

/** A cleanup written by hand over the other methods, as every engine without one has. */
function sweeping(id: string, copies: string, killedBy: readonly string[], sweep: Sweep): Mutant {
  const {
    old = (state, now, age) => now - state.updatedAt.getTime() > age,
    kinds = STATUS_KINDS.filter(isTerminalKind),
    fenced = true,
  } = sweep;
  return wrapperMutant(id, { copies, killedBy }, (store, _, { clock = Date.now }) => ({
    async cleanup(retention, options): Promise<CleanupReport> {
      const ids: InstanceId[] = [];
      const failures: CleanupFailure[] = [];
      let removed = 0;
      let scanned = 0;
      let done = true;
      for (const kind of kinds) {
        const age = ageOf(retention, kind, sweep.unnamed);
        if (age === undefined) continue;
        for await (const instanceId of store.listByStatus(kind)) {
          if ((sweep.limitCountsScanned ? scanned : removed) >= (options?.limit ?? Infinity)) {
            done = false;
            break;
          }
          scanned++;
          try {
            const state = await store.load(instanceId);
            if (!old(state, clock(), age)) continue;
            ids.push(instanceId);
            if (options?.dryRun !== true || sweep.dryRunRemoves === true)
              await store.delete(instanceId, fenced ? { revision: state.revision } : {});
            removed++;
          } catch (error) {
            if (sweep.throws === true) throw error;
            if (
              isStateStoreError(error) &&
              ['CHECKPOINT_CONFLICT', 'STATE_NOT_FOUND'].includes(error.code) &&
              sweep.missingIsFailure !== true
            )
              continue;
            failures.push({ instanceId, error });
          }
        }
      }
      return { scanned, removed, skipped: 0, failures, done, ...(options?.dryRun === true && { ids }) };
    },
  }));
}

const cleanups: readonly Mutant[] = [
  sweeping(
    'off-by-one',
    '≥ in place of >: retention honoured by some savers and not by another (spring-ai-alibaba#4905)',
    ['9.boundary'],
    { old: (state, now, age) => now - state.updatedAt.getTime() >= age },
  ),
  sweeping(
    'by-creation',
    'age counts from the creation: garbageCollect of dbos-inc/dbos-transact-ts uses created_at',
    ['9.by-last-save'],
    { old: (state, now, age) => now - state.createdAt.getTime() > age },
  ),
  sweeping(
    'removes-what-waits',
    'a run that waits for approval is deleted: prune of @mastra/libsql looks at no status; medusajs/medusa#12795',
    ['9.only-ended'],
    { kinds: STATUS_KINDS },
  ),
  sweeping(
    'absolute-age',
    'what a clock that was ahead has stamped is purged: cfengine/masterfiles#1316',
    ['9.future-is-kept'],
    { old: (state, now, age) => Math.abs(now - state.updatedAt.getTime()) > age },
  ),
  sweeping(
    'unnamed-kinds-too',
    'one clock for all that ended, whatever the policy of its kind: tektoncd/results#1154, Altinn/altinn-studio#20005',
    ['9.per-kind'],
    {
      unnamed: 0,
    },
  ),
  sweeping('unfenced', 'a retry that races the sweep loses its state: veryfront#4354', ['9.changed-since-judged'], {
    fenced: false,
  }),
  sweeping(
    'ends-at-the-first-bad',
    'the purge fails for ever on one missing row: dapr#10042',
    ['9.a-bad-one-does-not-end-it'],
    { throws: true },
  ),
  sweeping('limit-counts-scanned', 'a page size is taken for a cap: elsa-workflows/elsa-core#6795', ['9.limit'], {
    limitCountsScanned: true,
  }),
  sweeping('dry-run-removes', 'an option that is accepted and ignored: apache/opendal#8028', ['9.dry-run'], {
    dryRunRemoves: true,
  }),
  sweeping(
    'gone-is-an-error',
    'what another worker has swept is an error, and each worker sweeps: openworkflow#370',
    ['9.together'],
    { missingIsFailure: true },
  ),
];

const corruption: readonly Mutant[] = [
  wrapperMutant(
    'stale-for-damaged',
    {
      copies: 'the newest cannot be read, so an older one is returned without a word: microsoft/agent-framework#7832',
      killedBy: ['10.every-byte-counts'],
    },
    (store) => {
      return {
        load: async (id, options) => {
          try {
            return await store.load(id, options);
          } catch (error) {
            if (!isStateStoreError(error) || error.code !== 'DESERIALIZATION_ERROR') throw error;
            return { ...(error as unknown as WorkflowState) };
          }
        },
      };
    },
  ),
  coreMutant(
    'damaged-is-absent',
    {
      copies:
        'a zero-byte object is no state: Strands S3 storage; corrupt rows are skipped: vercel/workflow world-local',
      killedBy: ['10.every-byte-counts', '10.can-be-overwritten', '10.others-are-not-hidden'],
    },
    () => ({
      look: async (next, op, id) => {
        const answer = await next();
        if (op === 'isCurrent' || answer === undefined) return answer;
        try {
          decodeHeader(id, answer as Stored);
          return answer;
        } catch (error) {
          if (isStateStoreError(error) && error.code === 'UNSUPPORTED_FORMAT') return answer;
          return undefined as typeof answer;
        }
      },
    }),
  ),
  coreMutant(
    'id-is-not-compared',
    {
      copies:
        'a record under a wrong name is taken for the one asked for: an index not filtered by session, microsoft/agent-framework#5942',
      killedBy: ['10.mixed-up-records'],
    },
    () => ({
      look: async (next, op, id) => {
        const answer = await next();
        if (op === 'isCurrent' || answer === undefined) return answer;
        const { envelope } = answer as Stored;
        if (envelope.length < 128) return answer;
        envelope.set(Buffer.from(id, 'hex'), 8);
        new DataView(envelope.buffer, envelope.byteOffset).setUint32(124, crc32(envelope.subarray(0, 124)));
        return answer;
      },
    }),
  ),
  wrapperMutant(
    'reads-before-it-deletes',
    {
      copies: 'what cannot be read cannot be deleted: dapr#10042',
      killedBy: ['10.can-be-deleted', '10.damage-in-storage'],
    },
    (store) => ({
      delete: async (id, options) => ((await store.find(id)) === undefined ? false : store.delete(id, options)),
    }),
  ),
];

const refusals: readonly Mutant[] = [
  wrapperMutant(
    'drops-what-it-does-not-know',
    {
      copies: 'undeclared fields are dropped, and the write succeeds: markmhendrickson/neotoma#2457',
      killedBy: ['11.states'],
    },
    (store) => ({
      save: (state, options) => {
        const { extra: _, ...known } = state as WorkflowState & { extra?: unknown };
        return store.save(known, options);
      },
    }),
  ),
  wrapperMutant(
    'updates-unchecked',
    {
      copies: 'of two write paths one checks less: persistWorkflowSnapshot and updateWorkflowState of mastra-ai/mastra',
      killedBy: ['11.update-results'],
    },
    (store) => ({
      update: (id, change, options) =>
        store.update(
          id,
          async (state) => {
            const changed = await change(state);
            if (changed === undefined || changed === state) return changed;
            return {
              ...state,
              ...(typeof changed.workflowId === 'string' && { workflowId: changed.workflowId }),
              retryAttempts: changed.retryAttempts,
              status: changed.status,
            };
          },
          options,
        ),
    }),
  ),
  wrapperMutant(
    'mends-versions',
    {
      copies: 'the version of the caller is ignored: put never fails in LangGraph savers (langchain-ai/langgraph#8796)',
      killedBy: ['11.versions'],
    },
    (store) => ({
      save: (state, options) => {
        const base =
          'revision' in state && typeof state.revision === 'string' ? decodeRevision(state.revision) : undefined;
        return store.save(
          base === undefined
            ? state
            : { ...state, checkpointVersion: base.version, createdAt: new Date(base.createdAt) },
          options,
        );
      },
    }),
  ),
  wrapperMutant(
    'clamps-limits',
    {
      copies: 'limit −1 means nothing in one saver and everything in another: langchain-ai/langgraph#8656',
      killedBy: ['11.arguments'],
    },
    (store) => ({
      listPage: (options) =>
        store.listPage({ ...options, limit: Math.min(10_000, Math.max(1, Math.trunc(Number(options.limit) || 10))) }),
    }),
  ),
  storeMutant(
    'no-limit',
    {
      copies: 'the storage refuses what is too large, half way through: langchain-ai/langchain-aws#1034 (413)',
      killedBy: ['11.too-large'],
    },
    (backend, { maxBodyBytes: _, ...options }) => openStateStore(backend, options),
  ),
];

const lifecycle: readonly Mutant[] = [
  wrapperMutant(
    'one-method-stays-open',
    {
      copies: 'a database that was closed is still answered for, by an empty one: Helweg/open-codebase-index#74',
      killedBy: ['13.after-close'],
    },
    (store, backend) => ({
      find: async (id) => {
        if (!store.closed) return store.find(id);
        await backend.read(id, {});
        return undefined;
      },
    }),
  ),
  storeMutant(
    'closes-under-a-write',
    {
      copies: 'shutdown does not wait for the writes under way: livestorejs/livestore#416',
      killedBy: ['13.close-waits'],
    },
    async (backend, options) => {
      const store = await openStateStore(backend, options);
      return withMethods(store, {
        close: async () => {
          void store.close();
        },
      });
    },
  ),
  wrapperMutant(
    'leaves-cursors-open',
    {
      copies: 'an iterator that is left early is never ended: brianc/node-pg-query-stream#66',
      killedBy: ['13.idle-iterators'],
    },
    (store) => ({
      list: (options) => {
        const inner = store.list(options)[Symbol.asyncIterator]();
        return { [Symbol.asyncIterator]: () => ({ next: () => inner.next() }) };
      },
    }),
  ),
];

const formats: readonly Mutant[] = [
  coreMutant(
    'another-encoding',
    {
      copies: 'restore paths with another serializer than the one that saved: llama-agents#755',
      killedBy: ['14.writes-format-1', '14.format-1'],
    },
    (backend) => {
      const turn = (envelope: Uint8Array): Uint8Array => envelope.map((byte, at) => (at < 128 ? byte : byte ^ 0x20));
      return {
        look: async (next, op) => {
          const answer = await next();
          if (op === 'isCurrent' || answer === undefined) return answer;
          return { ...(answer as Stored), envelope: turn((answer as Stored).envelope) } as typeof answer;
        },
        write: (_next, record, expected, call) =>
          backend.write({ ...record, envelope: turn(record.envelope) }, expected, call),
      };
    },
  ),
  coreMutant(
    'newer-is-taken-for-ours',
    {
      copies:
        'a newer version is replaced by ours when the store is opened: ohdearquant/lionagi#2599, daintreehq/daintree#6049',
      killedBy: ['14.newer-is-refused'],
    },
    () => ({
      look: async (next, op) => {
        const answer = await next();
        if (op === 'isCurrent' || answer === undefined) return answer;
        const { envelope } = answer as Stored;
        if (envelope.length < 128 || (envelope[FORMAT_AT] ?? 0) <= 1) return answer;
        envelope[FORMAT_AT] = 1;
        new DataView(envelope.buffer, envelope.byteOffset).setUint32(124, crc32(envelope.subarray(0, 124)));
        return answer;
      },
    }),
  ),
  coreMutant(
    'newer-is-damaged',
    {
      copies: 'an older release takes what a newer one wrote for broken: the need for specVersion in vercel/workflow',
      killedBy: ['14.newer-is-refused'],
    },
    () => ({
      look: async (next, op, id) => {
        const answer = await next();
        if (op === 'isCurrent' || answer === undefined) return answer;
        try {
          decodeHeader(id, answer as Stored);
          return answer;
        } catch (error) {
          if (!isStateStoreError(error) || error.code !== 'UNSUPPORTED_FORMAT') return answer;
          return { ...(answer as Stored), envelope: new Uint8Array(4) } as typeof answer;
        }
      },
    }),
  ),
];

export const storeMutants: readonly Mutant[] = [
  ...roundTrip,
  ...verification,
  ...isolation,
  ...compareAndSet,
  ...late,
  ...early,
  ...stale,
  ...outcomes,
  ...listings,
  ...cleanups,
  ...corruption,
  ...refusals,
  ...lifecycle,
  ...formats,
];

function mapValues<T, U>(map: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)]));
}

/** Of keys that become one, the last wins. */
function mapKeys<T>(map: Readonly<Record<string, T>>, change: (key: string) => string): Record<string, T> {
  return objectOf(Object.entries(map).map(([key, value]) => [change(key), value] as const));
}

function ageOf(
  retention: Parameters<StateStore['cleanup']>[0],
  kind: StatusKind,
  unnamed: number | undefined,
): number | undefined {
  const given: unknown =
    typeof retention === 'object' && ['completed', 'failed', 'cancelled'].some((name) => name in retention)
      ? ((retention as Record<string, unknown>)[kind] ?? unnamed)
      : retention;
  if (given === undefined || typeof given === 'number') return given;
  const { days = 0, hours = 0, minutes = 0, seconds = 0, milliseconds = 0 } = given as Record<string, number>;
  return days * 86_400_000 + hours * 3_600_000 + minutes * 60_000 + seconds * 1000 + milliseconds;
}
