import {
  decodeJson,
  encodeJson,
  InstanceId,
  openStateStore,
  type StateStore,
  StateStoreError,
  type WorkflowState,
} from '@workflow-state/core';
import { isHeld, leaseOf } from '@workflow-state/lease';
import { memoryBackend } from '@workflow-state/memory';
import { beforeEach, describe, expect, it } from 'vitest';
import { Engine } from '../src/engine.js';
import { newRun } from '../src/progress.js';
import { Timetable } from '../src/timetable.js';
import type { Step, WorkContext, Workflow } from '../src/workflow.js';

const never = (): boolean => false;
const nothing = new Uint8Array();
let now: number;
let store: StateStore;
/** What the steps did outside the state. */
let effects: string[];

beforeEach(async () => {
  now = Date.UTC(2026, 0, 1);
  effects = [];
  store = await openStateStore(memoryBackend(), { clock: () => now });
});

function work(name: string, run: (state: WorkflowState, context: WorkContext) => unknown = () => undefined): Step {
  return {
    name,
    async run(state, context) {
      effects.push(name);
      await run(state, context);
      const trail = state.state['trail'] === undefined ? [] : decodeJson<string[]>(state.state['trail']);
      return { state: { trail: encodeJson([...trail, name]) } };
    },
  };
}

function workflow(...steps: readonly Step[]): Workflow {
  return { id: 'test', version: { major: 1, minor: 0, patch: 0 }, steps };
}

function engineOf(steps: readonly Step[], owner = 'a', over: StateStore = store): Engine {
  const workflows = [workflow(...steps)];
  return new Engine({ store: over, workflows, owner, lease: { seconds: 30 }, timetablePages: 2, clock: () => now });
}

function trailOf({ state }: WorkflowState): readonly string[] {
  return decodeJson<string[]>(state['trail'] ?? encodeJson([]));
}

describe('a run', () => {
  it('goes through its steps with a checkpoint after each, and leaves no lease', async () => {
    const id = await engineOf([work('a'), work('b')]).start('test', 'one', {}, never);
    const state = await store.load(id);
    expect(state.status.kind).toBe('completed');
    expect(state.status.kind === 'completed' && decodeJson(state.status.result.output['trail']!)).toEqual(['a', 'b']);
    expect([state.checkpointVersion, state.metrics.stagesExecuted]).toEqual([3, 2]);
    expect(leaseOf(state)).toBeUndefined();
  });

  it('is started once under one name', async () => {
    const engine = engineOf([work('a')]);
    const id = await engine.start('test', 'one', {}, never);
    expect(await engine.start('test', 'one', {}, never)).toBe(id);
    expect(effects).toEqual(['a']);
  });

  it('stops between two steps when the process has to, and is taken on by a tick', async () => {
    let steps = 2;
    const engine = engineOf([work('a'), work('b'), work('c')]);
    const id = await engine.start('test', 'one', {}, () => steps-- === 0);
    const state = await store.load(id);
    expect([state.currentStage, isHeld(state, { clock: () => now })]).toEqual(['c', false]);
    now += 32_001;
    await engine.tick(never);
    expect(effects).toEqual(['a', 'b', 'c']);
    expect((await store.load(id)).retryAttempts).toEqual({});
  });

  it('is cancelled at once: who is in the middle of a step saves nothing any more', async () => {
    const engine: Engine = engineOf([
      work('a', async ({ instanceId }) => {
        await engine.cancel(instanceId);
        await engine.cancel(instanceId);
      }),
      work('b'),
    ]);
    const state = await store.load(await engine.start('test', 'one', {}, never));
    expect([state.status.kind, leaseOf(state), effects]).toEqual(['cancelled', undefined, ['a']]);
  });
});

describe('a step that fails', () => {
  it('is tried again after a backoff that doubles, counted in retryAttempts', async () => {
    let failures = 2;
    const engine = engineOf([
      work('a', () => {
        if (failures-- > 0) throw new Error('not yet');
      }),
    ]);
    const id = await engine.start('test', 'one', {}, never);
    for (const [wait, kind] of [
      [999, 'waiting'],
      [1, 'waiting'],
      [1999, 'waiting'],
      [1, 'completed'],
    ] as const) {
      now += wait;
      await engine.tick(never);
      expect((await store.load(id)).status.kind).toBe(kind);
    }
    const { retryAttempts, metrics } = await store.load(id);
    expect([retryAttempts, metrics.retryCount, metrics.errorCount]).toEqual([{ a: 2 }, 2, 2]);
    expect(effects).toEqual(['a', 'a', 'a']);
  });

  it('fails the run after its last attempt', async () => {
    const engine = engineOf([work('a', () => Promise.reject(new Error('never')))]);
    const id = await engine.start('test', 'one', {}, never);
    for (let n = 0; n < 2; n++) {
      now += 60_000;
      await engine.tick(never);
    }
    const state = await store.load(id);
    expect(state.status).toMatchObject({ kind: 'failed', error: { code: 'STEP_FAILED', message: 'Error: never' } });
    expect(state.retryAttempts).toEqual({ a: 3 });
  });
});

describe('an event', () => {
  const steps = [work('a'), { name: 'approval', event: 'approved' }, work('b')];

  it('wakes a run that waits for it, with one load and no other read', async () => {
    const engine = engineOf(steps);
    const id = await engine.start('test', 'one', {}, never);
    expect((await store.load(id)).status).toEqual({ kind: 'waiting', stage: 'approval', event: 'approved' });
    await engine.send(id, 'approved', encodeJson('by me'), never);
    const state = await store.load(id);
    expect([state.status.kind, trailOf(state)]).toEqual(['completed', ['a', 'b']]);
    expect(decodeJson(state.state['event/approved']!)).toBe('by me');
  });

  it('that comes early is kept, and twice is once', async () => {
    const engine: Engine = engineOf([
      work('a', async ({ instanceId }) => {
        await engine.send(instanceId, 'approved', encodeJson(1), never);
        await engine.send(instanceId, 'approved', encodeJson(2), never);
      }),
      ...steps.slice(1),
    ]);
    const state = await store.load(await engine.start('test', 'one', {}, never));
    expect([state.status.kind, decodeJson(state.state['event/approved']!)]).toEqual(['completed', 1]);
    expect(effects).toEqual(['a', 'b']);
  });

  it('that comes in the very moment in which the run is parked is not overlooked', async () => {
    let raced = false;
    const racing: StateStore = Object.create(store, {
      save: {
        value: async (state: WorkflowState) => {
          if (!raced && state.status.kind === 'waiting') {
            raced = true;
            await engineOf(steps, 'b').send(state.instanceId, 'approved', nothing, never);
          }
          return store.save(state);
        },
      },
    });
    const id = await engineOf(steps, 'a', racing).start('test', 'one', {}, never);
    expect(raced).toBe(true);
    expect((await store.load(id)).status.kind).toBe('completed');
  });

  it('for a run that has ended changes nothing, and for one of another version is refused, so that it is sent to others', async () => {
    const engine = engineOf([work('a')]);
    const id = await engine.start('test', 'one', {}, never);
    const { revision } = await store.load(id);
    await engine.send(id, 'approved', nothing, never);
    expect((await store.load(id)).revision).toBe(revision);

    const newer = { ...workflow(...steps), version: { major: 2, minor: 0, patch: 0 } };
    const other = await store.save(newRun(newer, InstanceId.generate(), {}, now));
    now += 60_000;
    await engine.tick(never);
    await expect(engine.send(other.instanceId, 'approved', nothing, never)).rejects.toThrow(
      'a test 2, which nobody here knows',
    );
    expect((await store.load(other.instanceId)).revision).toBe(other.revision);
  });
});

describe('a timer', () => {
  it('wakes its run when it is due and not before, also over an outage', async () => {
    const engine = engineOf([work('a'), { name: 'rest', sleep: { hours: 1 } }, work('b')]);
    const id = await engine.start('test', 'one', {}, never);
    now += 3_599_999;
    await engine.tick(never);
    expect(effects).toEqual(['a']);
    now += 86_400_000;
    await engine.tick(never);
    expect((await store.load(id)).status.kind).toBe('completed');
  });

  it('ends a wait that took too long, and is forgotten when the event came first', async () => {
    const engine = engineOf([{ name: 'approval', event: 'approved', within: { hours: 1 } }, work('b')]);
    const [late, early] = [
      await engine.start('test', 'late', {}, never),
      await engine.start('test', 'early', {}, never),
    ];
    await engine.send(early, 'approved', nothing, never);
    now += 3_600_000;
    await engine.tick(never);
    expect((await store.load(late)).status.kind).toBe('completed');
    expect(effects).toEqual(['b', 'b']);
    const pages: WorkflowState[] = [];
    for await (const page of store.states({ status: 'paused' })) pages.push(page);
    expect(pages.map(({ state }) => state)).toEqual(pages.map(() => ({})));
  });

  it('of a run that was deleted wakes nobody, and is forgotten', async () => {
    const engine = engineOf([{ name: 'rest', sleep: 1000 }, work('b')]);
    await store.delete(await engine.start('test', 'one', {}, never));
    now += 1000;
    expect(await engine.tick(never)).toEqual([]);
  });
});

describe('a sleeper is not forgotten', () => {
  const nap = { name: 'nap', sleep: 1000 };
  const steps = [work('a'), nap, work('b')];

  /** What it is now, and what a tick makes of it once the time is over; and the entries that are left then. */
  async function aTickLater(id: InstanceId): Promise<readonly unknown[]> {
    const before = (await store.load(id)).status;
    now += 1000;
    await engineOf(steps, 'tick').tick(never);
    const entries: string[] = [];
    for await (const { state } of store.states({ status: 'paused' })) entries.push(...Object.keys(state));
    return [before, (await store.load(id)).status.kind, entries];
  }
  const woken = [{ kind: 'waiting', stage: 'nap', event: 'timer' }, 'completed', []];

  /** A store whose next save of a run that sleeps waits for `meanwhile`. */
  function frozenBeforeParking(meanwhile: () => Promise<unknown>): StateStore {
    let first = true;
    const save = async (state: WorkflowState): Promise<WorkflowState> => {
      if (first && state.status.kind === 'waiting') {
        first = false;
        await meanwhile();
      }
      return store.save(state);
    };
    return Object.create(store, {
      save: { value: save },
      update: {
        async value(...[id, change]: Parameters<StateStore['update']>) {
          for (;;) {
            const base = await store.load(id);
            const changed = await change(base);
            const { revision, checkpointVersion, createdAt } = base;
            try {
              return changed === undefined
                ? base
                : await save({ ...changed, revision, checkpointVersion, createdAt } as WorkflowState);
            } catch (error) {
              if (!(error instanceof StateStoreError && error.code === 'CHECKPOINT_CONFLICT')) throw error;
            }
          }
        },
      },
    });
  }

  it.each([
    ['an earlier', -1],
    ['a later', 3_600_000],
  ])('where a process that was frozen enters it once more, for %s time', async (_, later) => {
    const id = await engineOf(steps).start('test', 'one', {}, never);
    await new Timetable(store, 2).enter(id, now + later);
    await engineOf(steps, 'tick').tick(never);
    expect(await aTickLater(id)).toEqual(woken);
  });

  it('and costs no more ticks than one, where it was entered for an earlier time', async () => {
    const id = await engineOf(steps).start('test', 'one', {}, never);
    await new Timetable(store, 2).enter(id, now - 1);
    await engineOf(steps, 'tick').tick(never);
    const { revision } = await store.load(id);
    await engineOf(steps, 'tick').tick(never);
    expect((await store.load(id)).revision).toBe(revision);
    expect(await aTickLater(id)).toEqual(woken);
  });

  it.each(['starts', 'sends the event to'])('where the process that %s it is frozen before it parks', async (what) => {
    const all = what === 'starts' ? steps.slice(1) : [{ name: 'approval', event: 'approved' }, ...steps.slice(1)];
    const frozen = frozenBeforeParking(async () => {
      now += 2000;
      await engineOf(all, 'tick').tick(never);
    });
    const id = await engineOf(all, 'a', what === 'starts' ? frozen : store).start('test', 'one', {}, never);
    if (what !== 'starts') await engineOf(all, 'a', frozen).send(id, 'approved', nothing, never);
    expect(await aTickLater(id)).toEqual(woken);
  });

  it('where the process that starts it dies before it is entered, and the start is repeated', async () => {
    const dying: StateStore = Object.create(store, {
      update: { value: () => Promise.reject(new StateStoreError('STORAGE_ERROR', 'out of order')) },
    });
    const all = steps.slice(1);
    await expect(engineOf(all, 'a', dying).start('test', 'one', {}, never)).rejects.toThrow('out of order');
    const id = await engineOf(all, 'a').start('test', 'one', {}, never);
    expect(await aTickLater(id)).toEqual(woken);
  });
});

describe('a checkpoint whose answer is lost', () => {
  it.each(['applied', 'late', 'lost'])('takes effect once (%s)', async (fate) => {
    let late: WorkflowState | undefined;
    let doubts = 1;
    const doubtful: StateStore = Object.create(store, {
      save: {
        async value(state: WorkflowState) {
          if (late !== undefined) await store.save(late);
          late = undefined;
          if (trailOf(state).at(-1) !== 'b' || doubts-- <= 0) return store.save(state);
          if (fate === 'applied') await store.save(state);
          if (fate === 'late') late = state;
          throw new StateStoreError('OUTCOME_UNKNOWN', 'no answer');
        },
      },
    });
    const id = await engineOf([work('a'), work('b'), work('c')], 'a', doubtful).start('test', 'one', {}, never);
    const state = await store.load(id);
    expect([state.status.kind, trailOf(state)]).toEqual(['completed', ['a', 'b', 'c']]);
    expect(state.metrics.stagesExecuted).toBe(3);
    expect(effects).toEqual(fate === 'applied' ? ['a', 'b', 'c'] : ['a', 'b', 'b', 'c']);
  });
});

describe('an owner that dies', () => {
  /** In the middle of step b: nothing more is saved. */
  async function dead(): Promise<InstanceId> {
    const id = await InstanceId.fromName('test', 'one');
    const halting: StateStore = Object.create(store, {
      save: {
        value: (state: WorkflowState) =>
          trailOf(state).includes('b') ? new Promise(() => undefined) : store.save(state),
      },
    });
    void engineOf([work('a'), work('b'), work('c')], 'dead', halting).start('test', 'one', {}, never);
    while (!effects.includes('b')) await new Promise(setImmediate);
    await new Promise(setImmediate);
    return id;
  }

  it('leaves a run that the tick finds after its lease, and that goes on behind the last checkpoint', async () => {
    const id = await dead();
    const engine = engineOf([work('a'), work('b'), work('c')], 'heir');
    now += 31_999;
    await engine.tick(never);
    expect(effects).toEqual(['a', 'b']);
    now += 2;
    await engine.tick(never);
    const state = await store.load(id);
    expect([state.status.kind, trailOf(state)]).toEqual(['completed', ['a', 'b', 'c']]);
    expect(effects).toEqual(['a', 'b', 'b', 'c']); // outside the state: at least once
    expect(state.retryAttempts).toEqual({ b: 1 });
  });

  it('again and again in the same step fails the run', async () => {
    const id = await dead();
    const steps = [work('a'), work('b'), work('c')];
    for (let n = 0; n < 2; n++) {
      now += 40_000;
      await new Promise<void>((died) => {
        const save = (): Promise<never> => (died(), new Promise(() => undefined));
        const dying: StateStore = Object.create(store, { save: { value: save } });
        void engineOf(steps, 'dying', dying).tick(never);
      });
    }
    now += 40_000;
    await engineOf(steps).tick(never);
    expect((await store.load(id)).status).toMatchObject({ kind: 'failed', error: { code: 'OWNER_DIED' } });
  });

  it('one run that cannot be taken on keeps the tick from no other', async () => {
    const id = await dead();
    const bad = await store.save({
      ...newRun(workflow(work('a')), InstanceId.parse('0'.repeat(32)), {}, now),
      state: { 'workflow-state/lease': encodeJson('mine') },
    });
    now += 40_000;
    const failures = await engineOf([work('a'), work('b'), work('c')]).tick(never);
    expect(failures).toMatchObject([{ code: 'DESERIALIZATION_ERROR', instanceId: bad.instanceId }]);
    expect((await store.load(id)).status.kind).toBe('completed');
  });
});
