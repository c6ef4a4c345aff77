// Every order in which the calls of two callers can begin, take effect in the store and be answered, with every way in
// which a write can end: after each, what the callers were told must be a history that a store without a cache could
// have shown. Two callers each do one thing and then load; a last load, when all is quiet, finds what was left behind.

import type { StateStore, WorkflowState } from '@workflow-state/core';
import { isStateStoreError } from '@workflow-state/core';
import { describe, expect, it } from 'vitest';
import { type LruCacheOptions, withLruCache } from '../src/index.js';
import { ControlledStore, soon, stateOf, type WriteOutcome } from './support/controlled-store.js';
import { ANY, type Call, EITHER, type Effect, linearizable, NEW } from './support/linearizable.js';

type Op = 'find' | 'save' | 'update' | 'delete' | 'head' | 'isCurrent' | 'cleanup';
type Start = 'cached' | 'stored' | 'absent';

interface Scenario {
  readonly options: LruCacheOptions;
  readonly start: Start;
  readonly programs: readonly (readonly Op[])[];
  /** Whether another process writes once, at any moment. */
  readonly elsewhere: boolean;
}

const OPS: readonly Op[] = ['find', 'save', 'update', 'delete', 'head', 'isCurrent', 'cleanup'];
const ID = stateOf().instanceId;
const COMPLETED = stateOf({
  status: { kind: 'completed', result: { output: {}, durationMs: 1, metrics: stateOf().metrics } },
});

const MODES: readonly { readonly name: string; readonly options: LruCacheOptions; readonly elsewhere: boolean }[] = [
  { name: 'never, as the only writer', options: { max: 10, revalidate: 'never' }, elsewhere: false },
  {
    name: 'never with absence, as the only writer',
    options: { max: 10, revalidate: 'never', cacheAbsence: true },
    elsewhere: false,
  },
  { name: 'always, as the only writer', options: { max: 10, revalidate: 'always' }, elsewhere: false },
  { name: 'always, beside another writer', options: { max: 10, revalidate: 'always' }, elsewhere: true },
];

describe('two callers, in every order', () => {
  for (const { name, options, elsewhere } of MODES) {
    for (const start of ['cached', 'stored', 'absent'] as const) {
      it(
        `${name}, from ${start}: every answer is one that a store without a cache could have given`,
        { timeout: 240_000 },
        async () => {
          let orders = 0;
          for (const a of OPS) {
            for (const b of OPS) {
              // Beside another writer the orders multiply, and the last load must do for both. Elsewhere a pair is tried
              // once, except in the plainest mode, where the other one of the two loads as well.
              const programs: readonly (readonly Op[])[] = elsewhere ? [[a], [b]] : [[a], [b, 'find']];
              if (name.startsWith('never,') || a <= b) orders += await explore({ options, start, programs, elsewhere });
            }
          }
          expect(orders).toBeGreaterThan(1_000);
        },
      );

      it(
        `${name}, from ${start}: the same for a thousand longer runs, drawn at random`,
        { timeout: 240_000 },
        async () => {
          const random = generator(20_260_101);
          const op = (): Op => OPS[random() % OPS.length] ?? 'find';
          for (let run = 0; run < 1_000; run++) {
            const programs = [
              [op(), op(), 'find'],
              [op(), 'find', op()],
              [op(), 'find'],
            ] as const;
            assertLinearizable(await replay({ options, start, programs, elsewhere }, random), start);
          }
        },
      );
    }
  }
});

/** Runs the scenario once for every sequence of choices. */
async function explore(scenario: Scenario): Promise<number> {
  let choices: number[] = [];
  for (let orders = 1; ; orders++) {
    let step = 0;
    const replayed = await replay(scenario, () => choices[step++] ?? 0);
    assertLinearizable(replayed, scenario.start);
    const { taken } = replayed;
    const next = taken.findLastIndex(({ chosen, of }) => chosen + 1 < of);
    if (next < 0) return orders;
    choices = taken.slice(0, next + 1).map(({ chosen }, i) => (i === next ? chosen + 1 : chosen));
  }
}

function assertLinearizable({ history, steps, base }: Awaited<ReturnType<typeof replay>>, start: Start): void {
  if (linearizable(history, base)) return;
  const told = history.map(({ name, began, ended, what }) => `${name} ${began}–${ended} ${JSON.stringify(what)}`);
  expect.fail(
    `no store could have answered so, starting ${start} at ${base}:\n${told.join('\n')}\nsteps:\n${steps.join('\n')}`,
  );
}

/** `choose` gives a number; which of the possible next steps is taken is that modulo their number. */
async function replay({ options, start, programs, elsewhere }: Scenario, choose: () => number) {
  const inner = new ControlledStore();
  const store = withLruCache(inner, options);
  const base = start === 'absent' ? undefined : inner.writeElsewhere(COMPLETED);
  inner.auto = true;
  if (start === 'cached') await store.load(ID);
  inner.auto = false;

  const history: Call[] = [];
  const steps: string[] = [];
  const taken: { chosen: number; of: number }[] = [];
  const callers = programs.map((ops) => ({ left: [...ops], busy: false }));
  let toWriteElsewhere = elsewhere ? 1 : 0;
  let faults = 1;
  let time = 0;

  for (;;) {
    const actions: { readonly name: string; readonly act: () => void }[] = [];
    for (const [i, caller] of callers.entries()) {
      const [op] = caller.left;
      if (caller.busy || op === undefined) continue;
      actions.push({
        name: `caller ${i} begins ${op}`,
        act: () => {
          caller.left.shift();
          caller.busy = true;
          void perform(store, op, base, history, `${i} ${op}`, () => ++time).then(() => (caller.busy = false));
        },
      });
    }
    for (const call of inner.pending) {
      if (call.applied) actions.push({ name: `${call.op} is answered`, act: () => call.answer() });
      else {
        const outcomes: readonly WriteOutcome[] =
          call.isWrite && faults > 0 ? ['done', 'lost', 'pending', 'refused'] : ['done'];
        for (const outcome of outcomes) {
          actions.push({
            name: `${call.op} takes effect: ${outcome}`,
            act: () => {
              if (outcome !== 'done') faults--;
              call.apply(outcome);
            },
          });
        }
      }
    }
    for (const land of inner.late) {
      actions.push({
        name: 'a late write takes effect',
        act: () => {
          inner.late = inner.late.filter((other) => other !== land);
          land();
        },
      });
    }
    if (toWriteElsewhere > 0) {
      actions.push({
        name: 'another process writes',
        act: () => {
          toWriteElsewhere--;
          const began = ++time;
          const { revision } = inner.writeElsewhere(COMPLETED);
          history.push({
            name: 'elsewhere',
            began,
            ended: ++time,
            what: { kind: 'write', from: EITHER, to: revision },
          });
        },
      });
    }
    if (actions.length === 0) break;
    const chosen = choose() % actions.length;
    taken.push({ chosen, of: actions.length });
    const action = actions[chosen]!;
    steps.push(action.name);
    action.act();
    await soon();
  }

  inner.auto = true;
  await perform(store, 'find', base, history, 'last find', () => ++time);
  return { taken, steps, history, base: base?.revision };
}

async function perform(
  store: StateStore,
  op: Op,
  base: WorkflowState | undefined,
  history: Call[],
  name: string,
  tick: () => number,
): Promise<void> {
  const began = tick();
  let what: Effect;
  try {
    what = await outcomeOf(store, op, base);
  } catch (error) {
    if (!isStateStoreError(error)) throw error;
    what = failureOf(op, error.code, base);
  }
  history.push({ name, began, ended: tick(), what });
}

async function outcomeOf(store: StateStore, op: Op, base: WorkflowState | undefined): Promise<Effect> {
  switch (op) {
    case 'find':
      return { kind: 'read', saw: (await store.find(ID))?.revision };
    case 'head':
      return { kind: 'read', saw: (await store.head(ID))?.revision };
    case 'isCurrent': {
      if (base === undefined) return { kind: 'nothing' };
      return (await store.isCurrent(ID, base.revision))
        ? { kind: 'read', saw: base.revision }
        : { kind: 'conflict', from: base.revision };
    }
    case 'save':
      return { kind: 'write', from: base?.revision, to: (await store.save(base ?? COMPLETED)).revision };
    case 'update':
      return {
        kind: 'write',
        from: ANY,
        to: (await store.update(ID, (state) => ({ ...state, workflowId: 'updated' }))).revision,
      };
    case 'delete':
      return (await store.delete(ID)) ? { kind: 'write', from: ANY, to: undefined } : { kind: 'read', saw: undefined };
    case 'cleanup':
      return (await store.cleanup(0)).removed > 0
        ? { kind: 'write', from: ANY, to: undefined }
        : { kind: 'read', saw: undefined };
  }
}

function failureOf(op: Op, code: string, base: WorkflowState | undefined): Effect {
  switch (code) {
    case 'CHECKPOINT_CONFLICT':
      return { kind: 'conflict', from: base?.revision };
    case 'STATE_NOT_FOUND':
      return { kind: 'read', saw: undefined };
    case 'STORAGE_ERROR':
      return { kind: 'nothing' };
    case 'OUTCOME_UNKNOWN':
      return {
        kind: 'maybe',
        from: op === 'save' ? base?.revision : ANY,
        to: op === 'save' || op === 'update' ? NEW : undefined,
      };
    default:
      throw new Error(`${op} ended with ${code}`);
  }
}

function generator(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}
