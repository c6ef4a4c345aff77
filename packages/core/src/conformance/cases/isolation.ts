// Clause 2: nobody holds what is stored.

import assert from 'node:assert/strict';
import type { WorkflowState, WorkflowStateInput } from '../../state.js';
import type { ConformanceCase } from '../case.js';
import { refused, same } from '../claims.js';

export const isolationCases: readonly ConformanceCase[] = [
  {
    id: '2.save-takes-a-snapshot',
    clause: 2,
    title: 'what the caller does to a state once save was called, before or after it resolves, is not stored',
    level: 'store',
    usualCause: 'the object or its bytes are kept, or encoded only after the first await',
    async run(context) {
      const store = await context.open();
      const mine = {
        ...context.state({ state: { a: new Uint8Array([1]) } }),
        retryAttempts: { a: 1 },
        metrics: { stagesExecuted: 1, retryCount: 0, errorCount: 0, stageDurations: { a: 1 }, custom: { a: 1 } },
      };
      const saving = store.save(mine);
      spoil(mine);
      const saved = await saving;
      spoil(mine);
      assertUnspoilt(saved, 'what save returned');
      assertUnspoilt(await store.load(mine.instanceId), 'what load returned');

      const next = {
        ...saved,
        metrics: structuredClone(saved.metrics),
        state: { a: new Uint8Array([1]) },
        retryAttempts: { a: 1 },
      };
      const replacing = store.save(next);
      spoil(next);
      assertUnspoilt(await replacing, 'what the second save returned');
      assertUnspoilt(await store.load(mine.instanceId), 'what load returned after the second save');
    },
  },
  {
    id: '2.saved-is-the-callers',
    clause: 2,
    title: 'what the caller does to a state that save returned is not stored, nor seen by another caller',
    level: 'store',
    usualCause: 'save returns the object that it keeps, or that a cache keeps',
    async run(context) {
      const store = await context.open();
      const input = {
        ...context.state({ state: { a: new Uint8Array([1]) } }),
        retryAttempts: { a: 1 },
        metrics: { stagesExecuted: 1, retryCount: 0, errorCount: 0, stageDurations: { a: 1 }, custom: { a: 1 } },
      };
      const saved = await store.save(input);
      const { revision } = saved;
      spoil(saved);
      assertUnspoilt(input, 'the argument of save');
      const loaded = await store.load(input.instanceId);
      assertUnspoilt(loaded, 'what load returned');
      assert.equal(loaded.revision, revision, 'the revision has changed without a save');
    },
  },
  {
    id: '2.loaded-is-the-callers',
    clause: 2,
    title:
      'what a caller does to a loaded state is not stored, nor seen by another caller, not even one that loads at the same time',
    level: 'store',
    usualCause: 'a cache hands out its own object, or one load is shared by those who wait for it',
    async run(context) {
      const store = await context.open();
      const input = {
        ...context.state({ state: { a: new Uint8Array([1]) } }),
        retryAttempts: { a: 1 },
        metrics: { stagesExecuted: 1, retryCount: 0, errorCount: 0, stageDurations: { a: 1 }, custom: { a: 1 } },
      };
      const planted = await context.plant(input);
      const { instanceId } = planted;
      const [one, two, three] = await Promise.all([
        store.load(instanceId),
        store.load(instanceId),
        store.find(instanceId),
      ]);
      spoil(one);
      assertUnspoilt(two, 'what a load at the same time returned');
      assertUnspoilt(three, 'what a find at the same time returned');
      assertUnspoilt(await store.load(instanceId), 'what a later load returned');
      for await (const state of store.states()) spoil(state);
      assertUnspoilt(await store.load(instanceId), 'what a load after states returned');
      await store.update(instanceId, (state) => {
        spoil(state);
        return undefined;
      });
      assertUnspoilt(await store.load(instanceId), 'what a load after update returned');
      const shared = (await store.load(instanceId)).state['a'];
      const other = (await store.load(instanceId)).state['a'];
      assert.notEqual(shared?.buffer, other?.buffer, 'two loads returned bytes of one buffer');
    },
  },
  {
    id: '2.failed-call-changes-nothing',
    clause: 2,
    title:
      "a save that fails leaves the caller's object, and what is stored, as they were; a frozen object is good enough",
    level: 'store',
    usualCause: "the version is counted up in the caller's object before the write",
    async run(context) {
      const store = await context.open();
      const saved = await store.save(context.state({ input: { a: new Uint8Array([1]) } }));
      const newer = await store.save(saved);
      const before = structuredClone(saved);
      await refused('CHECKPOINT_CONFLICT', 'a save from a revision that was replaced', () => store.save(saved));
      same(saved, before, 'the argument of a save that failed');
      await refused('CHECKPOINT_CONFLICT', 'a save of a frozen state', () => store.save(deepFreeze(saved)));
      await refused('CHECKPOINT_CONFLICT', 'a second create', () =>
        store.save(context.state({ instanceId: saved.instanceId })),
      );
      same(await store.load(saved.instanceId), newer, 'what is stored after two saves that failed');
    },
  },
  {
    id: '2.backend-leaves-the-record',
    clause: 2,
    title: 'the backend does not change the bytes that it is given to write',
    level: 'backend',
    usualCause: 'a header is patched, or the buffer is encrypted or compressed, in place',
    async run(context) {
      await context.openBackend();
      let kept: Uint8Array = new Uint8Array();
      let given: Uint8Array = new Uint8Array();
      await context.plant(context.state({ state: { a: context.random.bytes(1000) } }), (envelope) => {
        given = envelope;
        kept = envelope.slice();
        return envelope;
      });
      same(given, kept, 'the record after write');
    },
  },
  {
    id: '2.backend-gives-its-bytes-away',
    clause: 2,
    title:
      'what read returns belongs to the caller: changing it changes neither what is stored nor what another read returned',
    level: 'backend',
    usualCause: 'read returns the stored buffer, or a slice of a pool',
    async run(context) {
      const backend = await context.openBackend();
      const { instanceId } = await context.plant(context.state({ state: { a: context.random.bytes(100) } }));
      for (const op of ['read', 'head'] as const) {
        const look = async (): Promise<Uint8Array> => {
          const stored = await (op === 'head' && backend.head !== undefined
            ? backend.head(instanceId, {})
            : backend.read(instanceId, {}));
          return stored?.envelope ?? assert.fail(`${op} returned nothing for what was just written`);
        };
        const [one, two] = await Promise.all([look(), look()]);
        const kept = two.slice();
        assert.notEqual(one.buffer, two.buffer, `two calls of ${op} returned views of one buffer`);
        one.fill(0xee);
        same(two, kept, `what another ${op} returned`);
        same(await look(), kept, `what a later ${op} returned`);
      }
    },
  },
];

type Mutable = {
  retryAttempts: Record<string, number>;
  state: Record<string, Uint8Array>;
  metrics: { stageDurations: Record<string, number>; custom: Record<string, number>; retryCount: number };
  createdAt: Date;
  workflowId: string;
};

function spoil(state: WorkflowStateInput | WorkflowState | undefined): void {
  if (state === undefined) return;
  const mutable = state as unknown as Mutable;
  mutable.workflowId = 'spoilt';
  mutable.retryAttempts['a'] = 666;
  mutable.state['a']?.fill(66);
  mutable.state['b'] = new Uint8Array([6]);
  mutable.metrics.custom['a'] = 666;
  mutable.metrics.stageDurations['b'] = 666;
  mutable.metrics.retryCount = 666;
  mutable.createdAt.setTime(666);
}

function assertUnspoilt(state: WorkflowStateInput | undefined, what: string): void {
  if (state === undefined) assert.fail(`${what} is undefined`);
  assert.equal(state.workflowId, 'conformance', `${what} has a field that was changed elsewhere`);
  same(state.state, { a: new Uint8Array([1]) }, `state of ${what}`);
  same(state.retryAttempts, { a: 1 }, `retryAttempts of ${what}`);
  same(
    state.metrics,
    { stagesExecuted: 1, retryCount: 0, errorCount: 0, stageDurations: { a: 1 }, custom: { a: 1 } },
    `metrics of ${what}`,
  );
  assert.notEqual(state.createdAt.getTime(), 666, `createdAt of ${what} was changed elsewhere`);
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}
