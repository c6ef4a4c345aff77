// Clause 1: what is saved comes back.

import assert from 'node:assert/strict';
import type { Arbitrary } from 'fast-check';
import { InstanceId } from '../../instance-id.js';
import { copyStore } from '../../maintenance/copy-store.js';
import type { WorkflowState, WorkflowStateInput } from '../../state.js';
import type { StateStore } from '../../state-store.js';
import type { WorkflowStatus } from '../../status.js';
import type { CaseContext, ConformanceCase } from '../case.js';
import { collect, same } from '../claims.js';
import { checkProperty, loadFastCheck } from '../fast-check.js';
import { showError } from '../history.js';
import {
  allBytes,
  DOUBLES,
  HOSTILE_STRINGS,
  hostileMap,
  INSTANTS,
  metrics,
  objectOf,
  STATUSES,
  UINT32,
} from '../samples.js';

export const roundTripCases: readonly ConformanceCase[] = [
  {
    id: '1.every-field',
    clause: 1,
    title:
      'a state with something in every field comes back equal, from save and from load, and again after the next save',
    level: 'store',
    usualCause: 'a field is forgotten by the mapping to a row, a document or metadata',
    async run(context) {
      const store = await context.open();
      const input: WorkflowStateInput = {
        ...context.state(),
        workflowId: 'every field',
        version: { major: 4_294_967_295, minor: 0, patch: 42 },
        currentStage: 'differs from the status',
        input: { order: new Uint8Array([1, 2, 3]) },
        state: { empty: new Uint8Array(0), all: allBytes() },
        metrics: metrics(),
        retryAttempts: { fetch: 3, render: 0 },
        createdAt: new Date(1_234_567_890_123),
      };
      const first = await roundTrip(store, input, context);
      context.clock.advance(1500);
      const second = await roundTrip(
        store,
        { ...first, state: { ...first.state, more: new Uint8Array([9]) } },
        context,
      );
      assert.equal(
        second.checkpointVersion,
        2,
        `the second save is checkpointVersion ${second.checkpointVersion}, expected 2`,
      );
      assert.notEqual(second.revision, first.revision, 'two saves have one revision');
    },
  },
  {
    id: '1.every-status',
    clause: 1,
    title: 'every kind of status comes back with all that it holds',
    level: 'store',
    usualCause: 'the status is rebuilt from its kind, or an optional field of an error comes back as null or undefined',
    async run(context) {
      const store = await context.open();
      for (const status of STATUSES) await roundTrip(store, context.state({ status }), context);
    },
  },
  {
    id: '1.bytes',
    clause: 1,
    title:
      'empty values, all byte values, 1 MiB, views into larger buffers and Buffers come back as plain Uint8Arrays of equal bytes',
    level: 'store',
    usualCause: 'bytes pass through a text encoding or JSON, or the whole buffer behind a view is stored',
    async run(context) {
      const store = await context.open();
      const large = Uint8Array.from({ length: 1 << 20 }, (_, i) => (i * 31 + (i >>> 8)) & 255);
      const view = new Uint8Array(allBytes().buffer, 100, 50);
      const values = {
        empty: new Uint8Array(0),
        all: allBytes(),
        large,
        view,
        buffer: Buffer.from([1, 2, 255]),
        zeros: new Uint8Array(4096),
      };
      const saved = await store.save(context.state({ input: values, state: values }));
      const loaded = await store.load(saved.instanceId);
      const plain = objectOf(Object.entries(values).map(([key, value]) => [key, Uint8Array.from(value)] as const));
      for (const [where, state] of [
        ['save', saved],
        ['load', loaded],
      ] as const) {
        same(state.input, plain, `input returned by ${where}`);
        same(state.state, plain, `state returned by ${where}`);
      }
    },
  },
  {
    id: '1.keys',
    clause: 1,
    title:
      'any key is kept as an own property: `__proto__`, the empty one, a leading byte order mark, paths, NUL, 10 000 characters',
    level: 'store',
    usualCause:
      'an object is filled by assignment (which sets the prototype for `__proto__`), or a decoder strips the byte order mark',
    async run(context) {
      const store = await context.open();
      await roundTrip(
        store,
        {
          ...context.state({
            input: hostileMap((i) => new Uint8Array([i])),
            state: hostileMap((i) => new Uint8Array(i)),
          }),
          metrics: { ...metrics(), stageDurations: hostileMap((i) => i + 0.5), custom: hostileMap((i) => -i) },
          retryAttempts: hostileMap((i) => i),
        },
        context,
      );
    },
  },
  {
    id: '1.strings',
    clause: 1,
    title: 'any well-formed string comes back as it was, neither normalised nor trimmed',
    level: 'store',
    usualCause: 'Unicode is normalised, a C string ends at NUL, or a collation folds case',
    async run(context) {
      const store = await context.open();
      for (const text of HOSTILE_STRINGS) {
        const status: WorkflowStatus = {
          kind: 'failed',
          error: { code: text, message: text, stage: text, trace: text, recoveryHints: [text, text] },
        };
        await roundTrip(store, context.state({ workflowId: text, currentStage: text, status }), context);
      }
    },
  },
  {
    id: '1.numbers',
    clause: 1,
    title:
      'every double (NaN, −0 and both infinities among them) and every unsigned 32-bit integer comes back as it was',
    level: 'store',
    usualCause: 'JSON: it has no NaN and no infinity, and drops the sign of −0',
    async run(context) {
      const store = await context.open();
      const custom = objectOf(DOUBLES.map((value, i) => [`${i}`, value] as const));
      await roundTrip(store, { ...context.state(), metrics: { ...metrics(), custom } }, context);
      for (const value of UINT32) {
        await roundTrip(
          store,
          {
            ...context.state(),
            version: { major: value, minor: value, patch: value },
            metrics: {
              stagesExecuted: value,
              retryCount: value,
              errorCount: value,
              stageDurations: { a: value },
              custom: {},
            },
            retryAttempts: { a: value },
          },
          context,
        );
      }
    },
  },
  {
    id: '1.dates',
    clause: 1,
    title:
      'createdAt may be any valid Date, and updatedAt is the clock of the store at the save, also before 1970 and at the ends of time',
    level: 'store',
    usualCause: 'times are kept in seconds, in an unsigned column, or as text with four digits for the year',
    async run(context) {
      const store = await context.open();
      for (const instant of INSTANTS) {
        context.clock.set(instant);
        await roundTrip(store, context.state({ createdAt: new Date(instant) }), context);
      }
    },
  },
  {
    id: '1.any-id',
    clause: 1,
    title: 'instances whose ids differ in one digit, or share all but the last, are kept apart',
    level: 'store',
    usualCause: 'ids are shortened, hashed, or compared as numbers or without regard to case',
    async run(context) {
      const store = await context.open();
      const ids = [
        '0'.repeat(32),
        'f'.repeat(32),
        `${'0'.repeat(31)}1`,
        `1${'0'.repeat(31)}`,
        'abcdef0123456789abcdef0123456789',
        'abcdef0123456789abcdef012345678a',
      ];
      const marks = new Map<InstanceId, Uint8Array>();
      for (const [index, text] of ids.entries()) {
        const instanceId = InstanceId.parse(text);
        const mark = new Uint8Array([index]);
        marks.set(instanceId, mark);
        await store.save(context.state({ instanceId, state: { mark } }));
      }
      for (const [instanceId, mark] of marks) {
        const loaded = await store.load(instanceId);
        assert.equal(loaded.instanceId, instanceId, `asked for ${instanceId}, got ${loaded.instanceId}`);
        same(loaded.state, { mark }, `state of ${instanceId}`);
      }
    },
  },
  {
    id: '1.head',
    clause: 1,
    title: 'head and isCurrent say what load says, and statusSince is when the status was entered',
    level: 'store',
    usualCause: 'the header is kept apart from the record and not written with it',
    async run(context) {
      const store = await context.open();
      const first = await store.save(context.state());
      context.clock.advance(1000);
      const second = await store.save({
        ...first,
        currentStage: 'second',
        status: { kind: 'running', currentStage: 'second' },
      });
      await headMatches(store, second, first.updatedAt);
      context.clock.advance(1000);
      const waiting = await store.save({ ...second, status: { kind: 'waiting', stage: 'second', event: 'paid' } });
      await headMatches(store, waiting, waiting.updatedAt);
      context.clock.advance(1000);
      const ended = await store.save({ ...waiting, status: { kind: 'cancelled' } });
      await headMatches(store, ended, ended.updatedAt);
      context.clock.advance(1000);
      const endedAgain = await store.save({ ...ended, currentStage: 'third' });
      await headMatches(store, endedAgain, endedAgain.updatedAt);
      for (const old of [first, second, waiting, ended]) {
        assert.equal(
          await store.isCurrent(old.instanceId, old.revision),
          false,
          `isCurrent is true for version ${old.checkpointVersion}, which was replaced`,
        );
      }
      assert.equal(await store.head(context.id()), undefined, 'head of an instance that is not there');
      assert.equal(
        await store.isCurrent(context.id(), endedAgain.revision),
        false,
        'isCurrent of an instance that is not there',
      );
    },
  },
  {
    id: '1.absent',
    clause: 1,
    title: 'what was never saved is STATE_NOT_FOUND for load, undefined for find and head, and false for delete',
    level: 'store',
    usualCause: 'null in place of undefined, or an error of the storage passed through',
    async run(context) {
      const store = await context.open();
      const id = context.id();
      const error = await store.load(id).then(
        () => assert.fail('load of an instance that is not there succeeded'),
        (reason: unknown) => reason as { code?: unknown; instanceId?: unknown },
      );
      assert.equal(error.code, 'STATE_NOT_FOUND', `load of an instance that is not there: code ${String(error.code)}`);
      assert.equal(error.instanceId, id, 'the error does not name the instance');
      assert.equal(await store.find(id), undefined, 'find of an instance that is not there is not undefined');
      assert.equal(await store.head(id), undefined, 'head of an instance that is not there is not undefined');
      assert.equal(await store.delete(id), false, 'delete of an instance that is not there is not false');
      await store.save(context.state({ instanceId: id }));
      assert.equal(await store.delete(id), true, 'delete of an instance that is there is not true');
      assert.equal(await store.find(id), undefined, 'find after delete is not undefined');
      assert.equal(await store.delete(id), false, 'the second delete is not false');
    },
  },
  {
    id: '1.envelope-bytes',
    clause: 1,
    title: 'the backend returns the envelope byte for byte, at any length',
    level: 'backend',
    usualCause: 'a text column, a charset, compression without its inverse, or bytes lost at a chunk boundary',
    async run(context) {
      const backend = await context.openBackend();
      for (const length of [0, 1, 127, 128, 1000, 4095, 4096, 65_536, 262_144, 1_048_577]) {
        let written: Uint8Array = new Uint8Array();
        const state = await context.plant(
          context.state({ state: { body: context.random.bytes(length) } }),
          (envelope) => {
            written = envelope.slice();
            return envelope;
          },
        );
        const read = await backend.read(state.instanceId, {});
        same(read && Uint8Array.from(read.envelope), written, `envelope with a value of ${length} bytes`);
        const head = await backend.head?.(state.instanceId, {});
        if (head !== undefined) {
          assert.ok(
            head.envelope.length >= 128,
            `head returned ${head.envelope.length} bytes, fewer than the 128 of a header`,
          );
          same(Uint8Array.from(head.envelope.subarray(0, 128)), written.slice(0, 128), 'first 128 bytes of head');
        }
      }
    },
  },
  {
    id: '1.copied',
    clause: 1,
    title:
      'a copy from another store has version, times, status and every byte of the original, takes the place of an older copy, and is listed, saved and deleted as any other',
    level: 'backend',
    usualCause: 'a create is taken to be at version 1, and a save one above what it replaces',
    async run(context) {
      const from = await (await context.elsewhere()).open();
      const to = await context.open();
      const input = context.state({ state: { a: context.random.bytes(300) } });
      const { instanceId } = input;
      await from.save(input);
      const advance = async (change: (state: WorkflowState) => WorkflowState): Promise<void> => {
        context.clock.advance(1000);
        await from.update(instanceId, change);
      };
      await advance((state) => ({ ...state, currentStage: 'second' }));
      await advance((state) => ({ ...state, status: { kind: 'waiting', stage: 'second', event: 'paid' } }));
      await advance((state) => ({ ...state, currentStage: 'third' }));
      for (const outcome of ['copied', 'present'])
        same(await copied(from, to), [outcome], `outcome of a copy that was to end as ${outcome}`);
      same(await asCopied(to, instanceId), await asCopied(from, instanceId), 'the copy');

      await advance((state) => ({ ...state, currentStage: 'fourth' }));
      await advance((state) => ({ ...state, status: { kind: 'cancelled' } }));
      same(await copied(from, to), ['updated'], 'outcome of a copy over an older one');
      same(await asCopied(to, instanceId), await asCopied(from, instanceId), 'the copy over an older one');
      same(await collect(to.list()), [instanceId], 'list of the target');
      for (const kind of ['running', 'waiting', 'cancelled'] as const)
        same(await to.count(kind), kind === 'cancelled' ? 1 : 0, `count of ${kind} in the target`);

      const saved = await to.save({ ...(await to.load(instanceId)), status: { kind: 'paused', stage: 'fourth' } });
      assert.equal(saved.checkpointVersion, 7, `a save of the copy is version ${saved.checkpointVersion}`);
      same(await collect(to.listByStatus('paused')), [instanceId], 'listByStatus after a save of the copy');
      same(await copied(from, to), ['newer'], 'outcome of a copy over what was saved since');
      same(await to.load(instanceId), saved, 'what was saved over the copy, after another copy');
      assert.equal(await to.delete(instanceId), true, 'delete of the copy');
      same(await collect(to.list()), [], 'list after the delete');
    },
  },
  {
    id: '1.any-state',
    clause: 1,
    title: 'states drawn at random come back equal',
    level: 'store',
    property: true,
    timeoutMs: 60_000,
    usualCause: 'a combination of values that no example had: the counterexample below is the smallest found',
    async run(context) {
      const fc = await loadFastCheck(context);
      const store = await context.open();
      const recordOf = <T>(model: { [K in keyof T]: Arbitrary<T[K]> }) => fc.record(model, { noNullPrototype: true });
      const text = fc
        .oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...HOSTILE_STRINGS.filter(({ length }) => length < 100)))
        .filter((value) => value.isWellFormed());
      const bytes = fc.uint8Array({ maxLength: 300 });
      const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
      const milliseconds = fc
        .double({ min: 0, noNaN: true, noDefaultInfinity: true })
        .filter((value) => !Object.is(value, -0));
      const mapOf = <T>(value: unknown) =>
        fc.array(fc.tuple(text, value as never), { maxLength: 5 }).map((entries) => objectOf(entries as [string, T][]));
      const anyMetrics = recordOf({
        stagesExecuted: uint32,
        retryCount: uint32,
        errorCount: uint32,
        stageDurations: mapOf<number>(milliseconds),
        custom: mapOf<number>(fc.double()),
      });
      const status = fc.oneof(
        fc.constant({ kind: 'initializing' as const }),
        recordOf({ kind: fc.constant('running' as const), currentStage: text }),
        recordOf({ kind: fc.constant('waiting' as const), stage: text, event: text }),
        recordOf({ kind: fc.constant('paused' as const), stage: text }),
        recordOf({
          kind: fc.constant('completed' as const),
          result: recordOf({ output: mapOf<Uint8Array>(bytes), durationMs: milliseconds, metrics: anyMetrics }),
        }),
        recordOf({
          kind: fc.constant('failed' as const),
          error: fc.record(
            { code: text, message: text, stage: text, trace: text, recoveryHints: fc.array(text, { maxLength: 3 }) },
            { requiredKeys: ['code', 'message', 'recoveryHints'], noNullPrototype: true },
          ),
        }),
        fc.constant({ kind: 'cancelled' as const }),
      );
      const anyState = recordOf({
        workflowId: text,
        version: recordOf({ major: uint32, minor: uint32, patch: uint32 }),
        status,
        currentStage: text,
        input: mapOf<Uint8Array>(bytes),
        state: mapOf<Uint8Array>(bytes),
        metrics: anyMetrics,
        retryAttempts: mapOf<number>(uint32),
        createdAt: fc.date({ noInvalidDate: true }),
      });
      const property = fc.asyncProperty(anyState, async (fields) => {
        await roundTrip(store, { ...context.state(), ...(fields as Partial<WorkflowStateInput>) }, context);
      });
      await checkProperty(fc, property, context, context.sizes.propertyRuns);
    },
  },
];

/** What is stored, but for the name of the write. */
async function asCopied(store: StateStore, id: InstanceId): Promise<object> {
  const { revision: _, ...state } = await store.load(id);
  return { ...state, statusSince: (await store.head(id))?.statusSince };
}

async function copied(from: StateStore, to: StateStore): Promise<readonly (string | undefined)[]> {
  const outcomes: (string | undefined)[] = [];
  for await (const { outcome, error } of copyStore(from, to)) {
    if (error !== undefined) assert.fail(`a copy failed: ${showError(error)}`);
    outcomes.push(outcome);
  }
  return outcomes;
}

/** Saves, loads, and compares both with what went in. */
async function roundTrip(store: StateStore, input: WorkflowStateInput, context: CaseContext): Promise<WorkflowState> {
  const saved = await store.save(input);
  const expected = {
    ...input,
    updatedAt: new Date(context.clock.now()),
    checkpointVersion: input.checkpointVersion + 1,
    revision: saved.revision,
  };
  same(plain(saved), plain(expected), 'what save returned');
  const loaded = await store.load(input.instanceId);
  same(plain(loaded), plain(expected), 'what load returned');
  return loaded;
}

/** Fields in one order, so that only their values are compared. */
function plain(state: WorkflowStateInput): object {
  return Object.fromEntries(Object.entries(state).sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function headMatches(store: StateStore, state: WorkflowState, statusSince: Date): Promise<void> {
  const { instanceId, status, revision, checkpointVersion, createdAt, updatedAt } = state;
  same(
    await store.head(instanceId),
    { instanceId, status: status.kind, revision, checkpointVersion, createdAt, updatedAt, statusSince },
    `head of version ${checkpointVersion}`,
  );
  assert.equal(
    await store.isCurrent(instanceId, revision),
    true,
    `isCurrent is false for version ${checkpointVersion}, the last one saved`,
  );
}
