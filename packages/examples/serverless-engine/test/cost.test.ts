// What a workflow costs on S3, and what a tick costs, whatever lies idle or has ended. The figures are those of the README.
import { encodeJson, InstanceId } from '@workflow-state/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Engine } from '../src/engine.js';
import { newRun } from '../src/progress.js';
import { wordReport } from '../src/word-report.js';
import type { Workflow } from '../src/workflow.js';
import { type Bill, type Counted, countedStore } from './requests.js';

const never = (): boolean => false;
const LEASE = 60_000;
let now: number;
let counted: Counted;
let published: number;

beforeEach(async () => {
  now = Date.UTC(2026, 0, 1);
  published = 0;
  counted = await countedStore(() => now);
});
afterEach(() => counted.close());

const publish = async (): Promise<void> => void published++;

function engineOf(timetablePages: number, ...workflows: readonly Workflow[]): Engine {
  const { store } = counted;
  return new Engine({ store, workflows, owner: 'a', lease: LEASE, timetablePages, clock: () => now });
}

/** Two documents, four chunks. */
const texts = { one: encodeJson('word '.repeat(1200)), two: encodeJson('word '.repeat(1200)) };

describe('a report of two documents in four chunks', () => {
  const workflow = wordReport('report', publish, { event: 'approved' });

  it('costs 17 requests, 3 of them free: 2 to begin, 1 for each checkpoint, 3 to wait, 4 to be woken, 3 to end', async () => {
    const engine = engineOf(16, workflow);
    let id = InstanceId.generate();
    const begin = await counted.bill(async () => (id = await engine.start('report', 'one', texts, never)));
    const end = await counted.bill(() => engine.send(id, 'approved', encodeJson(true), never));
    expect((await counted.store.load(id)).status.kind).toBe('completed');
    // create 2 PUT; split, count ×4: 5 PUT; merge and wait: 2 PUT, 1 DELETE
    expect(begin).toEqual({ requests: { PUT: 9, DELETE: 1 }, perMillion: 45 });
    // claim: 1 GET, 2 PUT, 1 DELETE; publish and complete: 2 PUT, 1 DELETE
    expect(end).toEqual({ requests: { GET: 1, PUT: 4, DELETE: 2 }, perMillion: 20.4 });
    expect(published).toBe(1);
  });

  it('costs 2 requests more for a time limit that is not reached', async () => {
    const engine = engineOf(1, wordReport('report', publish, { event: 'approved', within: { days: 3 } }));
    await engine.start('report', 'makes the page of the timetable', texts, never);
    const begin = await counted.bill(() => engine.start('report', 'one', texts, never));
    expect(begin).toEqual({ requests: { GET: 1, PUT: 10, DELETE: 1 }, perMillion: 50.4 });
  });

  it('costs 11 requests more for an attempt that fails: to be parked until a time, and woken', async () => {
    let failures = 0;
    const failing = wordReport('report', () => (failures-- > 0 ? Promise.reject(new Error('no')) : publish()), {
      event: 'approved',
    });
    const engine = engineOf(1, failing);
    const published = async (name: string): Promise<Bill> => {
      const id = await engine.start('report', name, texts, never);
      return counted.bill(async () => {
        await engine.send(id, 'approved', texts.one, never);
        now += 1000;
        await engine.tick(never);
      });
    };
    failures = 1;
    await published('makes the page of the timetable');
    const smooth = await published('one');
    failures = 1;
    const rough = await published('two');
    expect(rough.requests).toEqual({ LIST: 1, GET: 5, PUT: 10, DELETE: 4 });
    expect(smooth.requests).toEqual({ LIST: 1, GET: 2, PUT: 4, DELETE: 2 });
    expect(rough.perMillion - smooth.perMillion).toBeCloseTo(31.2);
  });

  it('costs one look and one load more when its owner dies, and the save of the claim', async () => {
    const engine = engineOf(16, workflow);
    const state = newRun(workflow, InstanceId.generate(), texts, now);
    await counted.store.save({ ...state, status: { kind: 'running', currentStage: 'split' } });
    const idle = await counted.bill(() => engine.tick(never));
    now += LEASE + 2001;
    let steps = 0;
    // The look at its header, the claim, and what a process in a hurry does: give it up again.
    const found = await counted.bill(() => engine.tick(() => steps++ > 0));
    const more = Object.fromEntries(
      (['GET', 'PUT'] as const).map((kind) => [kind, (found.requests[kind] ?? 0) - (idle.requests[kind] ?? 0)]),
    );
    expect(more).toEqual({ GET: 2, PUT: 2 });
  });
});

describe('a tick', () => {
  /** 1 LIST of what runs, 16 GET of the timetable. */
  const TICK = { requests: { LIST: 1, GET: 16 }, perMillion: 11.4 };

  async function fill(
    count: number,
    act: (engine: Engine, name: string) => Promise<unknown>,
    workflow: Workflow,
  ): Promise<Engine> {
    const engine = engineOf(16, workflow);
    for (let n = 0; n < count; n += 20)
      await Promise.all(Array.from({ length: 20 }, (_, m) => act(engine, `${n + m}`)));
    return engine;
  }

  it.each([0, 20])('costs the same with %d finished runs and as many that wait for an event', async (count) => {
    const step = { name: 'step', run: async () => ({ state: {} }) };
    const steps = [step, { name: 'wait', event: 'go' }];
    const waits = { id: 'waits', version: { major: 1, minor: 0, patch: 0 }, steps };
    const ends = { ...waits, id: 'ends', steps: [step] };
    const waiting = await fill(count, (engine, name) => engine.start('waits', name, {}, never), waits);
    await fill(count, (engine, name) => engine.start('ends', name, {}, never), ends);
    now += 10 * LEASE;
    expect(await counted.bill(() => waiting.tick(never))).toEqual(TICK);
    expect([await counted.store.count('waiting'), await counted.store.count('completed')]).toEqual([count, count]);
  });

  it.each([0, 20])('costs the same with %d runs that sleep', async (count) => {
    const steps = [{ name: 'rest', sleep: { days: 1 } }];
    const rests = { id: 'rests', version: { major: 1, minor: 0, patch: 0 }, steps };
    const engine = await fill(count, (one, name) => one.start('rests', name, {}, never), rests);
    now += 10 * LEASE;
    expect(await counted.bill(() => engine.tick(never))).toEqual(TICK);
  });

  it('costs nothing for a run that began less than a lease ago, and one look at the header for one that saves', async () => {
    const engine = engineOf(16, wordReport('report', publish, { event: 'approved' }));
    const run = await counted.store.save(
      newRun(wordReport('report', publish, { event: 'approved' }), InstanceId.generate(), texts, now),
    );
    now += LEASE;
    expect(await counted.bill(() => engine.tick(never))).toEqual(TICK);
    await counted.store.save(run);
    now += LEASE;
    expect((await counted.bill(() => engine.tick(never))).requests).toEqual({ LIST: 1, GET: 17 });
  });
});
