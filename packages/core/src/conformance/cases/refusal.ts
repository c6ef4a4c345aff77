// Clause 11: what is wrong is refused before anything is done.

import assert from 'node:assert/strict';
import type { InstanceId } from '../../instance-id.js';
import { show } from '../../show.js';
import type { StateStore } from '../../state-store.js';
import type { CaseContext, ConformanceCase } from '../case.js';
import { collect, refused, same } from '../claims.js';
import { UNPAIRED_SURROGATES } from '../samples.js';

type Wrong = Readonly<Record<string, unknown>>;

export const refusalCases: readonly ConformanceCase[] = [
  {
    id: '11.states',
    clause: 11,
    title: 'a state that is not one is INVALID_STATE, naming the path and a remedy, before the backend hears of it',
    level: 'store',
    usualCause: 'values are coerced, dropped or stored as they come, and fail when they are loaded',
    async run(context) {
      const { store, calls } = await counted(context);
      const saved = await store.save(context.state());
      const base = calls();
      for (const [path, wrong] of wrongStates()) {
        for (const state of [
          { ...context.state(), ...wrong },
          { ...saved, ...wrong },
        ]) {
          const error = await refused('INVALID_STATE', `save of a state with a wrong ${path}`, () =>
            store.save(state as never),
          );
          assert.ok(error.message.includes(path), `the error for a wrong ${path} does not name it: ${error.message}`);
          assert.ok(error.recoveryHints.length > 0, `the error for a wrong ${path} names no remedy`);
        }
        await refused('INVALID_STATE', `overwrite with a wrong ${path}`, () =>
          store.save({ ...context.state(), ...wrong } as never, { onConflict: 'overwrite' }),
        );
      }
      for (const nothing of [undefined, null, 'state', 7, [], new Map()]) {
        await refused('INVALID_STATE', `save of ${show(nothing)}`, () => store.save(nothing as never));
      }
      assert.equal(calls(), base, 'the backend was called for a state that is invalid');
      same(await store.load(saved.instanceId), saved, 'what is stored');
    },
  },
  {
    id: '11.update-results',
    clause: 11,
    title: 'what the change of an update returns is held to the same, and nothing is written',
    level: 'store',
    usualCause: 'update writes what it gets without the checks of save',
    async run(context) {
      const { store, writes } = await counted(context);
      const saved = await store.save(context.state());
      const base = writes();
      for (const [path, wrong] of wrongStates()) {
        // The store's own fields in the result are ignored.
        if (
          ['instanceId', 'createdAt', 'updatedAt', 'checkpointVersion', 'revision'].some((own) => path.startsWith(own))
        )
          continue;
        await refused('INVALID_STATE', `an update to a state with a wrong ${path}`, () =>
          store.update(saved.instanceId, (state) => ({ ...state, ...wrong }) as never),
        );
      }
      assert.equal(writes(), base, 'the backend was called to write a state that is invalid');
    },
  },
  {
    id: '11.versions',
    clause: 11,
    title:
      'a create that is not version 0, a version or createdAt that is not the one of the revision, and a damaged revision are INVALID_STATE',
    level: 'store',
    usualCause: 'the fields are trusted as they come: a state put together from two is saved',
    async run(context) {
      const { store, calls } = await counted(context);
      const saved = await store.save(context.state());
      const base = calls();
      const last = saved.revision.slice(0, -1);
      const wrongs: readonly (readonly [string, unknown])[] = [
        ['a create with checkpointVersion 1', { ...context.state(), checkpointVersion: 1 }],
        ['a save whose checkpointVersion is too high', { ...saved, checkpointVersion: 2 }],
        ['a save whose checkpointVersion is 0', { ...saved, checkpointVersion: 0 }],
        ['a save whose createdAt was changed', { ...saved, createdAt: new Date(saved.createdAt.getTime() + 1) }],
        ['a save with a revision that was cut', { ...saved, revision: last }],
        [
          'a save with a revision of one wrong character',
          { ...saved, revision: `${last}${saved.revision.endsWith('0') ? '1' : '0'}` },
        ],
        ['a save with a revision that is a number', { ...saved, revision: 1 }],
        ['a save with an empty revision', { ...saved, revision: '' }],
      ];
      for (const [what, state] of wrongs) await refused('INVALID_STATE', what, () => store.save(state as never));
      assert.equal(calls(), base, 'the backend was called for a state that is invalid');
      same(await store.load(saved.instanceId), saved, 'what is stored');
    },
  },
  {
    id: '11.arguments',
    clause: 11,
    title:
      'an id, status, limit, cursor, retention or option that is wrong is INVALID_ARGUMENT before the backend hears of it',
    level: 'store',
    usualCause:
      'a limit of 0 or −1 means nothing in one store and everything in another; a typing error in an option is ignored',
    async run(context) {
      const { store, calls } = await counted(context);
      const saved = await store.save(context.state());
      const { instanceId: id, revision } = saved;
      const base = calls();
      const wrong = async (what: string, call: () => Promise<unknown>): Promise<void> => {
        const error = await refused('INVALID_ARGUMENT', what, call);
        assert.ok(error.message.length > 10, `${what}: the message says nothing: ${error.message}`);
      };
      for (const badId of [
        undefined,
        null,
        '',
        'A'.repeat(32),
        id.toUpperCase(),
        id.slice(1),
        `${id}0`,
        `${id}\n`,
        7,
        {},
        '../../etc/passwd',
        `${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-${id.slice(16, 20)}-${id.slice(20)}`,
      ]) {
        if (badId === id) continue;
        const bad = badId as InstanceId;
        const shown = JSON.stringify(badId);
        await wrong(`load(${shown})`, () => store.load(bad));
        await wrong(`find(${shown})`, () => store.find(bad));
        await wrong(`head(${shown})`, () => store.head(bad));
        await wrong(`isCurrent(${shown})`, () => store.isCurrent(bad, revision));
        await wrong(`update(${shown})`, () => store.update(bad, (state) => ({ ...state })));
        await wrong(`delete(${shown})`, () => store.delete(bad));
        if (badId !== undefined) await wrong(`listPage after ${shown}`, () => store.listPage({ limit: 1, after: bad }));
      }
      for (const status of [
        'nonsense',
        'Running',
        '',
        [],
        ['running', 'nonsense'],
        null,
        7,
        {},
        { kind: 'nonsense' },
        { kind: 'running' },
        { kind: 'paused', stage: 1 },
      ]) {
        const shown = JSON.stringify(status);
        await wrong(`listByStatus(${shown})`, () => collect(store.listByStatus(status as never)));
        await wrong(`listPage of status ${shown}`, () => store.listPage({ limit: 1, status: status as never }));
        await wrong(`states of status ${shown}`, () => collect(store.states({ status: status as never })));
        await wrong(`count(${shown})`, () => store.count(status as never));
      }
      await wrong('listByStatus(undefined)', () => collect(store.listByStatus(undefined as never)));
      for (const limit of [0, -1, 1.5, Number.NaN, Infinity, 10_001, '10', null, undefined]) {
        await wrong(`listPage with limit ${String(limit)}`, () => store.listPage({ limit: limit as never }));
        if (limit !== undefined && limit !== 10_001)
          await wrong(`cleanup with limit ${String(limit)}`, () => store.cleanup(0, { limit: limit as never }));
      }
      for (const concurrency of [0, -1, 1.5, 1001, '8'])
        await wrong(`states with concurrency ${concurrency}`, () =>
          collect(store.states({ concurrency: concurrency as never })),
        );
      for (const attempts of [0, -1, 1.5, '5'])
        await wrong(`update with attempts ${attempts}`, () =>
          store.update(id, (state) => ({ ...state }), { attempts: attempts as never }),
        );
      await wrong('update without a change', () => store.update(id, undefined as never));
      for (const retention of [
        -1,
        Number.NaN,
        Infinity,
        '1d',
        null,
        undefined,
        {},
        { day: 1 },
        { days: -1 },
        { days: '1' },
        { running: 1 },
        { completed: 1, days: 1 },
        { completed: -1 },
        [1],
      ]) {
        await wrong(`cleanup(${JSON.stringify(retention)})`, () => store.cleanup(retention as never));
      }
      for (const bad of ['', 'x', revision.slice(1), 7]) {
        await wrong(`delete with revision ${bad}`, () => store.delete(id, { revision: bad as never }));
        await wrong(`isCurrent with revision ${bad}`, () => store.isCurrent(id, bad as never));
      }
      await wrong("save with onConflict 'merge'", () => store.save(saved, { onConflict: 'merge' as never }));
      const unknown = { onconflict: 'overwrite' } as never;
      await wrong('save with an unknown option', () => store.save(saved, unknown));
      await wrong('load with an unknown option', () => store.load(id, unknown));
      await wrong('list with an unknown option', () => collect(store.list(unknown)));
      await wrong('cleanup with an unknown option', () => store.cleanup(0, { dryrun: true } as never));
      await wrong('load with a signal that is none', () => store.load(id, { signal: {} as never }));
      await wrong('load with options that are none', () => store.load(id, 'x' as never));
      assert.equal(calls(), base, 'the backend was called with an argument that is invalid');
      same(await store.load(id), saved, 'what is stored');
    },
  },
  {
    id: '11.too-large',
    clause: 11,
    title:
      'a state that is larger than the store takes is INVALID_STATE, naming both sizes, before anything is written',
    level: 'store',
    usualCause: 'the limit is found by the storage, after a part was sent',
    async run(context) {
      let writes = 0;
      const store = await context.open(
        {
          write: (next) => {
            writes++;
            return next();
          },
        },
        { maxBodyBytes: 10_000 },
      );
      const error = await refused('INVALID_STATE', 'save of 10 000 bytes and more with maxBodyBytes: 10 000', () =>
        store.save(context.state({ state: { a: new Uint8Array(10_000) } })),
      );
      assert.match(error.message, /10000/, `the message does not name the limit: ${error.message}`);
      assert.equal(writes, 0, 'the backend was called to write a state that is too large');
      await store.save(context.state({ state: { a: new Uint8Array(9000) } }));
    },
  },
];

/** The path that the error must name, and what is put in place of a valid field. */
function wrongStates(): readonly (readonly [string, Wrong])[] {
  const metrics = { stagesExecuted: 0, retryCount: 0, errorCount: 0, stageDurations: {}, custom: {} };
  class Order {
    readonly id = new Uint8Array([1]);
  }
  const accessor = Object.defineProperty({}, 'a', { get: () => new Uint8Array([1]), enumerable: true });
  return [
    ['instanceId', { instanceId: 'A'.repeat(32) }],
    ['instanceId', { instanceId: undefined }],
    ['instanceId', { instanceId: '' }],
    ['workflowId', { workflowId: undefined }],
    ['workflowId', { workflowId: 7 }],
    ...UNPAIRED_SURROGATES.map((text) => ['workflowId', { workflowId: text }] as const),
    ['version', { version: undefined }],
    ['version', { version: '1.2.3' }],
    ['version.major', { version: { major: -1, minor: 0, patch: 0 } }],
    ['version.minor', { version: { major: 0, minor: 1.5, patch: 0 } }],
    ['version.patch', { version: { major: 0, minor: 0, patch: 2 ** 32 } }],
    ['version.patch', { version: { major: 0, minor: 0 } }],
    ['version.build', { version: { major: 0, minor: 0, patch: 0, build: 1 } }],
    ['status.kind', { status: undefined }],
    ['status.kind', { status: 'running' }],
    ['status.kind', { status: { kind: 'done' } }],
    ['status.currentStage', { status: { kind: 'running' } }],
    ['status.stage', { status: { kind: 'running', currentStage: 's', stage: 's' } }],
    ['status.event', { status: { kind: 'waiting', stage: 's' } }],
    ['status.result', { status: { kind: 'completed' } }],
    [
      'status.result.durationMs',
      { status: { kind: 'completed', result: { output: {}, durationMs: Number.NaN, metrics } } },
    ],
    [
      'status.result.output',
      { status: { kind: 'completed', result: { output: { a: 'text' }, durationMs: 0, metrics } } },
    ],
    ['status.error.message', { status: { kind: 'failed', error: { code: 'E', recoveryHints: [] } } }],
    [
      'status.error.recoveryHints',
      { status: { kind: 'failed', error: { code: 'E', message: '', recoveryHints: 'try again' } } },
    ],
    [
      'status.error.recoveryHints[1]',
      { status: { kind: 'failed', error: { code: 'E', message: '', recoveryHints: ['', 7] } } },
    ],
    ['status.error', { status: { kind: 'failed', error: new Error('not data') } }],
    ['currentStage', { currentStage: null }],
    ['currentStage', { currentStage: '\uD800' }],
    ['input', { input: undefined }],
    ['input', { input: null }],
    ['input', { input: [] }],
    ['input', { input: new Map([['a', new Uint8Array([1])]]) }],
    ['input', { input: new Order() }],
    ['input.a', { input: { a: 'text' } }],
    ['input.a', { input: { a: [1, 2] } }],
    ['input.a', { input: { a: new ArrayBuffer(1) } }],
    ['input.a', { input: { a: new Uint16Array(1) } }],
    ['input.a', { input: { a: undefined } }],
    ['input.a', { input: accessor }],
    ['input', { input: { '\uD800': new Uint8Array(1) } }],
    ['input', { input: { [Symbol('s')]: new Uint8Array(1) } }],
    ['state.a', { state: { a: null } }],
    ['metrics', { metrics: undefined }],
    ['metrics.stagesExecuted', { metrics: { ...metrics, stagesExecuted: -1 } }],
    ['metrics.retryCount', { metrics: { ...metrics, retryCount: 1.5 } }],
    ['metrics.errorCount', { metrics: { ...metrics, errorCount: 2 ** 32 } }],
    ['metrics.stageDurations.a', { metrics: { ...metrics, stageDurations: { a: Number.NaN } } }],
    ['metrics.stageDurations.a', { metrics: { ...metrics, stageDurations: { a: -1 } } }],
    ['metrics.stageDurations.a', { metrics: { ...metrics, stageDurations: { a: Infinity } } }],
    ['metrics.custom.a', { metrics: { ...metrics, custom: { a: '1' } } }],
    ['metrics.custom.a', { metrics: { ...metrics, custom: { a: 1n } } }],
    ['retryAttempts.a', { retryAttempts: { a: 0.5 } }],
    ['retryAttempts.a', { retryAttempts: { a: -1 } }],
    ['createdAt', { createdAt: '2024-01-01T00:00:00Z' }],
    ['createdAt', { createdAt: 0 }],
    ['createdAt', { createdAt: new Date(Number.NaN) }],
    ['updatedAt', { updatedAt: new Date(Number.NaN) }],
    ['checkpointVersion', { checkpointVersion: -1 }],
    ['checkpointVersion', { checkpointVersion: Number.NaN }],
    ['checkpointVersion', { checkpointVersion: '0' }],
    ['extra', { extra: 1 }],
  ];
}

async function counted(
  context: CaseContext,
): Promise<{ readonly store: StateStore; readonly calls: () => number; readonly writes: () => number }> {
  let calls = 0;
  let writes = 0;
  const count = <T>(next: () => T): T => {
    calls++;
    return next();
  };
  const store = await context.open({
    look: count,
    scan: count,
    write: (next) => {
      writes++;
      return count(next);
    },
    sweep: count,
  });
  return { store, calls: () => calls, writes: () => writes };
}
