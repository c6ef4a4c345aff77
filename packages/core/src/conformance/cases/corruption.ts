// Clause 10: a damaged record is nobody's problem but its own.

import assert from 'node:assert/strict';
import { isStateStoreError, type StateStoreError } from '../../errors.js';
import type { InstanceId } from '../../instance-id.js';
import { type Finding, verifyStore } from '../../maintenance/verify-store.js';
import { BACKEND, type Stored } from '../../state-backend.js';
import type { WorkflowState } from '../../state.js';
import type { StateStore } from '../../state-store.js';
import type { WorkflowStatus } from '../../status.js';
import type { CaseContext, ConformanceCase } from '../case.js';
import { collect, refused, same, sameIds } from '../claims.js';
import { gate } from '../interpose.js';

const FAILED: WorkflowStatus = { kind: 'failed', error: { code: 'E', message: 'failed', recoveryHints: [] } };
const HEADER = 128;
const FORMAT_BYTE = 4;

type Damage = (bytes: Uint8Array) => Uint8Array;

const DAMAGES: readonly (readonly [string, Damage])[] = [
  ['emptied', () => new Uint8Array(0)],
  ['cut to half of its header', (bytes) => bytes.slice(0, 64)],
  ['cut behind its header', (bytes) => bytes.slice(0, HEADER)],
  ['cut by one byte', (bytes) => bytes.slice(0, -1)],
  ['longer by one byte', (bytes) => Uint8Array.from([...bytes, 0])],
  ['all zeros', (bytes) => new Uint8Array(bytes.length)],
  ['a text', () => new TextEncoder().encode(`{"note":"${'not one of ours '.repeat(20)}"}`)],
  ['changed in its header', (bytes) => flip(bytes, 40)],
  ['changed in its body', (bytes) => flip(bytes, HEADER + 3)],
  ['changed in its last byte', (bytes) => flip(bytes, bytes.length - 1)],
];

const HEADER_IS_WHOLE: ReadonlySet<string> = new Set([
  'cut behind its header',
  'cut by one byte',
  'longer by one byte',
  'changed in its body',
  'changed in its last byte',
]);

export const corruptionCases: readonly ConformanceCase[] = [
  {
    id: '10.every-byte-counts',
    clause: 10,
    title:
      'a change of any byte, and any cut, is found by load: never absent, never another state, and head tells the truth or fails too',
    level: 'store',
    usualCause: 'no checksum, a checksum over the body alone, or an empty record that reads as absent',
    async run(context) {
      let damage: Damage | undefined;
      const store = await context.open({
        look: async (next, op) => {
          const answer = await next();
          if (damage === undefined || op === 'isCurrent' || answer === undefined) return answer;
          const stored = answer as Stored;
          return { ...stored, envelope: damage(stored.envelope.slice()) } as typeof answer;
        },
      });
      const { instanceId, revision } = await context.plant(context.state({ state: { a: context.random.bytes(200) } }));
      const truth = await store.head(instanceId);
      const length = (await context.stored(instanceId))?.length ?? 0;
      const damages: (readonly [string, Damage])[] = [...DAMAGES];
      for (let at = 0; at < HEADER; at++) damages.push([`changed in byte ${at}`, (bytes) => flip(bytes, at)]);
      for (let at = HEADER; at < length; at += 17) damages.push([`changed in byte ${at}`, (bytes) => flip(bytes, at)]);
      for (let cut = 0; cut < length; cut += 31) damages.push([`cut to ${cut} bytes`, (bytes) => bytes.slice(0, cut)]);
      for (const [name, change] of damages) {
        damage = change;
        // A later format would set this byte.
        const codes =
          name === `changed in byte ${FORMAT_BYTE}`
            ? (['DESERIALIZATION_ERROR', 'UNSUPPORTED_FORMAT'] as const)
            : 'DESERIALIZATION_ERROR';
        isPrecise(
          await refused(codes, `load of a record that is ${name}`, () => store.load(instanceId)),
          instanceId,
          name,
        );
        await refused(codes, `find of a record that is ${name}`, () => store.find(instanceId));
        try {
          same(await store.head(instanceId), truth, `head of a record that is ${name}`);
        } catch (error) {
          if (!isStateStoreError(error)) throw error;
          isPrecise(error, instanceId, name);
        }
      }
      damage = undefined;
      assert.equal((await store.load(instanceId)).revision, revision, 'the record has changed');
    },
  },
  {
    id: '10.mixed-up-records',
    clause: 10,
    title: 'a record that is whole, but of another instance, is damage: never taken for the one asked for',
    level: 'store',
    usualCause: 'the id is not in the record, or not compared',
    async run(context) {
      const swap: { id?: InstanceId } = {};
      const store = await context.open({
        look: async (next, op) => {
          if (swap.id === undefined || op === 'isCurrent') return next();
          const envelope = await context.stored(swap.id);
          return { envelope } as Awaited<ReturnType<typeof next>>;
        },
      });
      const one = await context.plant(context.state());
      const other = await context.plant(context.state());
      swap.id = other.instanceId;
      isPrecise(
        await refused('DESERIALIZATION_ERROR', 'load of a record of another instance', () =>
          store.load(one.instanceId),
        ),
        one.instanceId,
        'another one',
      );
      await refused('DESERIALIZATION_ERROR', 'head of a record of another instance', () => store.head(one.instanceId));
    },
  },
  {
    id: '10.others-are-not-hidden',
    clause: 10,
    title:
      'beside a damaged record every other is listed, loaded, iterated and cleaned up; the damaged one is reported by name',
    level: 'store',
    usualCause: 'one decoding error ends the loop over all',
    async run(context) {
      const store = await context.open();
      const good: WorkflowState[] = [];
      const bad: InstanceId[] = [];
      for (let i = 0; i < 12; i++) {
        const input = context.state({ status: FAILED });
        if (i % 4 === 1) bad.push((await context.plant(input, (bytes) => flip(bytes, 40))).instanceId);
        else good.push(await store.save(input));
      }
      good.sort((a, b) => (a.instanceId < b.instanceId ? -1 : 1));
      const all = [...good.map(({ instanceId }) => instanceId), ...bad].sort();
      sameIds(await collect(store.list()), all, 'list beside damaged records');
      sameIds(await collect(store.listByStatus('failed')), all, 'listByStatus beside damaged records');
      const reported: InstanceId[] = [];
      const states = await collect(
        store.states({
          onError: (error, instanceId) =>
            void (isStateStoreError(error) && error.code === 'DESERIALIZATION_ERROR' && reported.push(instanceId)),
        }),
      );
      same(states, good, 'states beside damaged records');
      same(reported.sort(), [...bad].sort(), 'what states reported to onError');
      await refused('DESERIALIZATION_ERROR', 'states without onError', () => collect(store.states()));
      context.clock.advance(1001);
      const { removed, failures } = await store.cleanup(1000);
      assert.equal(removed, good.length, 'removed by a cleanup beside damaged records');
      same(
        failures.map(({ instanceId }) => instanceId ?? '').sort(),
        [...bad].sort(),
        'the instances that the cleanup could not judge',
      );
      for (const { error } of failures)
        assert.ok(
          isStateStoreError(error) && error.code === 'DESERIALIZATION_ERROR',
          `a row of the cleanup has the error ${String(error)}`,
        );
      sameIds(await collect(store.list()), [...bad].sort(), 'list after the cleanup');
    },
  },
  {
    id: '10.can-be-deleted',
    clause: 10,
    title: 'a damaged record can be deleted, and its id used again',
    level: 'store',
    usualCause: 'delete reads the record first, and fails as every read does',
    async run(context) {
      const store = await context.open();
      for (const [name, damage] of DAMAGES) {
        const input = context.state();
        await context.plant(input, damage);
        assert.equal(await store.delete(input.instanceId), true, `delete of a record that is ${name}`);
        await isUsable(store, input, `a record that was ${name}`, 'deleted');
      }
    },
  },
  {
    id: '10.can-be-overwritten',
    clause: 10,
    title:
      'a damaged record can be overwritten when that is asked for, and by nothing else: a create or an update fails, and leaves it as evidence',
    level: 'store',
    usualCause: 'what cannot be read counts as absent, and is created anew without a word',
    async run(context) {
      const store = await context.open();
      for (const [name, damage] of DAMAGES) {
        const input = context.state();
        await context.plant(input, damage);
        const evidence = await context.stored(input.instanceId);
        // A header that is whole proves that something is there.
        const codes = HEADER_IS_WHOLE.has(name)
          ? (['DESERIALIZATION_ERROR', 'CHECKPOINT_CONFLICT'] as const)
          : 'DESERIALIZATION_ERROR';
        await refused(codes, `create over a record that is ${name}`, () => store.save(input));
        await refused('DESERIALIZATION_ERROR', `update of a record that is ${name}`, () =>
          store.update(input.instanceId, (state) => ({ ...state })),
        );
        same(
          await context.stored(input.instanceId),
          evidence,
          `a record that is ${name}, after a create and an update`,
        );
        const forced = await store.save(input, { onConflict: 'overwrite' });
        same(await store.load(input.instanceId), forced, `what replaced a record that was ${name}`);
        assert.ok(
          (await collect(store.listByStatus('running'))).includes(input.instanceId),
          `listByStatus misses what replaced a record that was ${name}`,
        );
        await store.delete(input.instanceId);
      }
    },
  },
  {
    id: '10.mended-once',
    clause: 10,
    title:
      'a damaged record is replaced only while it is what was seen: of two that overwrite it at once the second builds on the first',
    level: 'store',
    usualCause: 'where a record is damaged there is no revision to compare, and whatever is there is replaced',
    async run(context) {
      const held = gate();
      let holding = false;
      const store = await context.open({
        write: async (next) => {
          if (holding) {
            holding = false;
            await held.hold();
          }
          return next();
        },
      });
      const input = context.state();
      await context.plant(input, (bytes) => flip(bytes, 40));
      holding = true;
      const first = store.save(input, { onConflict: 'overwrite' });
      await held.arrived;
      const second = await store.save(input, { onConflict: 'overwrite' });
      held.letGo();
      const last = await first;
      assert.ok(
        last.checkpointVersion === second.checkpointVersion + 1,
        `an overwrite that saw a damaged record wrote version ${last.checkpointVersion} over version ${second.checkpointVersion}, by which it had been mended`,
      );
      same(await store.load(input.instanceId), last, 'what is stored after both');
    },
  },
  {
    id: '10.mended-leaves-no-trace',
    clause: 10,
    title:
      'once a damaged record was deleted or overwritten, no listing names it any more under the status that it had',
    level: 'store',
    usualCause: 'the index entry is named after the record, and what the record was can no longer be read',
    async run(context) {
      const store = await context.open();
      for (const [name, damage] of DAMAGES) {
        const deleted = context.state({ status: FAILED });
        const overwritten = context.state({ status: FAILED });
        for (const input of [deleted, overwritten]) await context.plant(input, damage);
        await store.delete(deleted.instanceId);
        await store.save({ ...overwritten, status: { kind: 'paused', stage: 's' } }, { onConflict: 'overwrite' });
        same(
          await collect(store.listByStatus('failed')),
          [],
          `listByStatus failed, once records that were ${name} were mended`,
        );
        same(await collect(store.list()), [overwritten.instanceId], `list, once records that were ${name} were mended`);
        await store.delete(overwritten.instanceId);
      }
    },
  },
  {
    id: '10.damage-in-storage',
    clause: 10,
    title:
      'damage done to the stored bytes themselves is found, hides no other instance, and is mended by delete or overwrite',
    level: 'store',
    hooks: ['faults.corrupt'],
    usualCause: 'the backend reads its own records in listings or writes, and breaks there',
    async run(context) {
      const store = await context.open();
      const other = await store.save(context.state());
      for (const mend of ['deleted', 'overwritten'] as const) {
        for (const [name, damage] of DAMAGES) {
          // Not through the store: a cache need not look at what it has saved itself.
          const { instanceId } = await context.plant(context.state({ state: { a: context.random.bytes(300) } }));
          await context.faults.corrupt?.(context.location, instanceId, damage);
          context.history.note(`stored bytes of ${instanceId.slice(0, 8)} ${name}`);
          isPrecise(
            await refused('DESERIALIZATION_ERROR', `load of a record whose stored bytes are ${name}`, () =>
              store.load(instanceId),
            ),
            instanceId,
            name,
          );
          sameIds(
            await collect(store.list()),
            [instanceId, other.instanceId].sort(),
            `list beside a record whose stored bytes are ${name}`,
          );
          same(await store.load(other.instanceId), other, 'another instance');
          await refused(
            ['DESERIALIZATION_ERROR', 'CHECKPOINT_CONFLICT'],
            `create over a record whose stored bytes are ${name}`,
            () => store.save(context.state({ instanceId })),
          );
          const { status: _, ...input } = context.state({ instanceId });
          if (mend === 'deleted') {
            assert.equal(await store.delete(instanceId), true, `delete of a record whose stored bytes are ${name}`);
            await isUsable(
              store,
              { ...input, status: { kind: 'paused', stage: 's' } },
              `a record whose stored bytes were ${name}`,
              mend,
            );
          } else {
            const forced = await store.save(
              { ...input, status: { kind: 'paused', stage: 's' } },
              { onConflict: 'overwrite' },
            );
            same(await store.load(instanceId), forced, `what replaced a record whose stored bytes were ${name}`);
            assert.ok(
              (await collect(store.listByStatus('paused'))).includes(instanceId),
              'listByStatus misses what was overwritten',
            );
            await store.delete(instanceId);
          }
        }
      }
    },
  },
  {
    id: '10.verify-names-the-damaged',
    clause: 10,
    title: 'verify names every damaged record, and finds nothing wrong with a sound one, whatever it went through',
    level: 'store',
    usualCause: 'what cannot be read counts as absent',
    async run(context) {
      const store = await context.open();
      const sound = await store.save(context.state());
      await store.save({ ...sound, status: { kind: 'waiting', stage: 'first', event: 'e' } });
      const ended = await store.save(context.state({ status: FAILED }));
      await store.save(ended);
      await store.delete((await store.save(context.state())).instanceId);
      same(await findings(store, context), [], 'findings where nothing is wrong');
      const bad: InstanceId[] = [];
      for (const [, damage] of DAMAGES) bad.push((await context.plant(context.state(), damage)).instanceId);
      const found = await findings(store, context);
      same(
        found.map(({ kind, instanceId }) => [kind, instanceId]),
        bad.sort().map((instanceId) => ['damaged', instanceId]),
        'findings beside damaged records',
      );
    },
  },
  {
    id: '10.verify-names-the-foreign',
    clause: 10,
    title: 'a backend with a verify of its own names what is not ours, and touches nothing',
    level: 'store',
    hooks: ['faults.plantForeign'],
    usualCause: 'verify parses the names that it knows, and passes over all others',
    async run(context) {
      if (context.location.backend.verify === undefined) context.notApplicable('the backend has no verify');
      const untouched = await context.faults.plantForeign?.(context.location);
      if (untouched === undefined) return context.notRun('faults.plantForeign gave no check');
      const store = await context.open();
      await store.save(context.state());
      const found = await findings(store, context);
      assert.ok(found.length > 0, 'verify names nothing of what is not ours');
      same(
        found.filter(({ kind }) => kind !== 'foreign'),
        [],
        'findings that are not foreign',
      );
      assert.ok(await untouched(), 'verify changed or removed something that is not ours');
    },
  },
  {
    id: '10.foreign-names',
    clause: 10,
    title: 'what is not ours is in no listing, disturbs nothing, and is never touched, not by cleanup either',
    level: 'store',
    hooks: ['faults.plantForeign'],
    usualCause: 'the listing takes every name for an id, or the sweep every name that it does not know for a leftover',
    async run(context) {
      const untouched = await context.faults.plantForeign?.(context.location);
      if (untouched === undefined) return context.notRun('faults.plantForeign gave no check');
      const store = await context.open();
      const saved = await store.save(context.state({ status: FAILED }));
      const other = await store.save(context.state());
      same(await collect(store.list()), [saved.instanceId, other.instanceId].sort(), 'list beside what is not ours');
      same(await collect(store.listByStatus('failed')), [saved.instanceId], 'listByStatus beside what is not ours');
      assert.equal(await store.count(), 2, 'count beside what is not ours');
      context.clock.advance(400 * 86_400_000);
      assert.equal((await store.cleanup(0)).removed, 1, 'removed by a cleanup beside what is not ours');
      await store.delete(other.instanceId);
      assert.ok(await untouched(), 'something that is not ours was changed or removed');
    },
  },
];

async function findings(store: StateStore, context: CaseContext): Promise<readonly Finding[]> {
  if (store[BACKEND] === undefined) context.notApplicable('the wrapper does not show the backend beneath it');
  return collect(verifyStore(store));
}

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const changed = bytes.slice();
  changed[at] = (changed[at] ?? 0) ^ 0x55;
  return changed;
}

function isPrecise(error: StateStoreError, instanceId: InstanceId, name: string): void {
  assert.equal(error.instanceId, instanceId, `the error of a record that is ${name} does not name the instance`);
  assert.match(
    error.message,
    /byte/,
    `the error of a record that is ${name} does not say where it is damaged: ${error.message}`,
  );
  assert.ok(error.recoveryHints.length > 0, `the error of a record that is ${name} does not say what to do`);
}

async function isUsable(
  store: StateStore,
  input: Parameters<StateStore['save']>[0],
  what: string,
  mended: string,
): Promise<void> {
  assert.equal(await store.find(input.instanceId), undefined, `${what} is still there once ${mended}`);
  assert.ok(!(await collect(store.list())).includes(input.instanceId), `${what} is still listed once ${mended}`);
  const saved = await store.save(input);
  assert.equal(
    saved.checkpointVersion,
    1,
    `the create after ${what} was ${mended} is version ${saved.checkpointVersion}`,
  );
  same(await store.load(input.instanceId), saved, `the create after ${what} was ${mended}`);
  await store.delete(input.instanceId);
}
