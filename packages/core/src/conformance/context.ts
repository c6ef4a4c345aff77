// What a case works with, and the clearing up after it.

import { InstanceId } from '../instance-id.js';
import { openStateStore } from '../open-state-store.js';
import { newNonce, ownEntry } from '../revision.js';
import { newWorkflowState, type WorkflowStateInput } from '../state.js';
import { encodeBody, encodeRecord, stateOf } from '../state-codec.js';
import type { StateStore } from '../state-store.js';
import type { CaseContext, TestClock } from './case.js';
import { NotApplicable, NotRun } from './failure.js';
import { DEFAULT_SIZES, type Handle, type Harness, type Sizes } from './harness.js';
import { type History, recordBackend, recordStore, tellFaults } from './history.js';
import { interpose, type Interposition } from './interpose.js';
import { seededRandom, type Random } from './random.js';

export interface OpenContext extends CaseContext {
  /** Closes every store and removes every location, in the reverse order of their making. */
  dispose(): Promise<void>;
}

interface Shared {
  readonly harness: Harness;
  readonly history: History;
  readonly seed: number;
  readonly random: Random;
  readonly clock: TestClock;
  readonly sizes: Sizes;
  readonly undo: (() => Promise<void>)[];
  readonly abandoned: Set<StateStore>;
  locations: number;
}

export async function openContext(harness: Harness, history: History, seed: number): Promise<OpenContext> {
  const shared: Shared = {
    harness,
    history,
    seed,
    random: seededRandom(seed),
    clock: testClock(history),
    sizes: { ...DEFAULT_SIZES, ...harness.sizes },
    undo: [],
    abandoned: new Set(),
    locations: 0,
  };
  try {
    return { ...(await contextOn(shared)), dispose: () => dispose(shared) };
  } catch (error) {
    await dispose(shared);
    throw error;
  }
}

async function dispose({ undo }: Shared): Promise<void> {
  const errors: unknown[] = [];
  for (let step = undo.pop(); step !== undefined; step = undo.pop()) {
    try {
      await step();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}

async function contextOn(shared: Shared): Promise<CaseContext> {
  const { harness, history, random, clock, undo, abandoned } = shared;
  const location = await harness.create({ clock: clock.now });
  if (location.dispose !== undefined) undo.push(async () => location.dispose?.());
  const place = shared.locations++ === 0 ? '' : `${shared.locations}`;
  let letter = 0;
  let opened = false;
  let planting = location.backend;

  const openOn = async (handle: Handle, between: Interposition | undefined, options: object): Promise<StateStore> => {
    const name = `${String.fromCharCode(65 + letter++)}${place}`;
    const beneath = recordBackend(handle.backend, history, name, 'backend.');
    const target = between === undefined ? beneath : interpose(beneath, tellFaults(between, history));
    const store = await (harness.open === undefined
      ? openStateStore(target, { clock: clock.now, ...options })
      : harness.open(target, { clock: clock.now, ...options }, handle));
    const recorded = recordStore(store, history, name);
    undo.push(async () => {
      if (!abandoned.has(recorded) && !store.closed) await store.close();
    });
    return recorded;
  };
  const openHandle = async (handle: Handle, between?: Interposition): Promise<StateStore> => {
    if (handle.dispose !== undefined) undo.push(async () => handle.dispose?.());
    planting = handle.backend;
    return openOn(handle, between, {});
  };
  const once = (): void => {
    if (opened) throw new Error('this location was opened already: a case opens it once');
    opened = true;
  };
  const made = async <T>(handle: Promise<T> | undefined, hook: string): Promise<T> => {
    if (handle === undefined) throw new NotRun(`the harness has no ${hook}`);
    return handle;
  };
  const id = (): InstanceId => InstanceId.fromBytes(random.bytes(16));

  return {
    seed: shared.seed,
    random,
    clock,
    sizes: shared.sizes,
    expect: harness.expect,
    history,
    location,
    faults: harness.faults ?? {},
    id,
    state: (change = {}) =>
      newWorkflowState({
        instanceId: id(),
        workflowId: 'conformance',
        version: { major: 1, minor: 2, patch: 3 },
        currentStage: 'first',
        status: { kind: 'running', currentStage: 'first' },
        createdAt: new Date(clock.now()),
        ...change,
      }),

    async open(between, options = {}) {
      once();
      return openOn(location, between, options);
    },
    async openBackend() {
      once();
      await location.backend.open?.({});
      undo.push(async () => location.backend.close?.());
      return recordBackend(location.backend, history, 'backend');
    },
    peer: async (between) => {
      const keep = planting;
      const store = await openHandle(await made(harness.peer?.(location), 'peer'), between);
      planting = keep;
      return store;
    },
    async peerProcess() {
      const handle = await made(harness.peerProcess?.(location), 'peerProcess');
      const keep = planting;
      const store = await openHandle(handle);
      planting = keep;
      return {
        store,
        kill: () => {
          history.note('SIGKILL to the other process');
          abandoned.add(store);
          return handle.kill();
        },
      };
    },
    reopen: async () => {
      history.note('a new handle on the same location');
      return openHandle(await made(harness.reopen?.(location), 'reopen'));
    },
    powerLoss: async () => {
      history.note('power cut');
      return openHandle(await made(harness.faults?.powerLoss?.(location), 'faults.powerLoss'));
    },
    abandon(store) {
      abandoned.add(store);
    },

    async plant(input, change = (envelope) => envelope) {
      const record = recordOf(input, clock.now());
      const envelope = change(record.record.envelope);
      history.note(`${input.instanceId.slice(0, 8)} put into the backend beneath the store`);
      const hint = await planting.write({ ...record.record, envelope }, undefined, {});
      return stateOf(
        { ...record.write, revision: { ...record.write.revision, ...(typeof hint === 'string' && { hint }) } },
        record.body,
      );
    },
    stored: async (instanceId) => (await planting.read(instanceId, {}))?.envelope,

    elsewhere: () => contextOn(shared),
    notApplicable(reason) {
      throw new NotApplicable(reason);
    },
    notRun(reason) {
      throw new NotRun(reason);
    },
  };
}

/** The first write of an instance, as the store would have made it. */
function recordOf(input: WorkflowStateInput, now: number) {
  const { instanceId, createdAt, updatedAt: _, checkpointVersion: __, ...rest } = input;
  const { revision: ___, ...body } = rest as typeof rest & { revision?: unknown };
  const nonce = newNonce();
  const write = {
    id: instanceId,
    parent: undefined,
    updatedAt: now,
    revision: {
      version: 1,
      nonce,
      incarnation: nonce,
      first: true,
      status: body.status.kind,
      entered: ownEntry(1, nonce, now),
      createdAt: createdAt.getTime(),
    },
  };
  return { write, body, record: encodeRecord(write, encodeBody(body)) };
}

function testClock(history: History): TestClock {
  let now = Date.now();
  return {
    now: () => now,
    advance(milliseconds) {
      now += milliseconds;
      history.note(`the clock goes ${milliseconds} ms on`);
    },
    set(to) {
      now = to;
      history.note(`the clock is set to ${to}`);
    },
  };
}
