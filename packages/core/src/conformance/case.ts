// A case is data: what is promised, when it applies, and a function that finds out. It knows no test runner, asserts
// with `node:assert/strict`, and reaches the examined store only through its context, which records every call.

import type { InstanceId } from '../instance-id.js';
import type { WorkflowState, WorkflowStateInput, NewWorkflowState } from '../state.js';
import type { BackendCapabilities, StateBackend } from '../state-backend.js';
import type { StateStore, StateStoreOptions } from '../state-store.js';
import type { Faults, HookName, Location, Sizes } from './harness.js';
import type { History } from './history.js';
import type { Interposition } from './interpose.js';
import type { Random } from './random.js';

export interface ConformanceCase {
  /** The clause and a name: `3.racing-saves-one-winner`. Stable: reports and `knownGaps` refer to it. */
  readonly id: string;
  readonly clause: number;
  /** A claim: what holds if the case passes. */
  readonly title: string;
  /** `backend`: speaks to the `StateBackend` itself. `store`: to a store over it, wrappers included. */
  readonly level: 'backend' | 'store';
  /** What is wrong, most of the time, when it fails. */
  readonly usualCause: string;
  /** Applies only to stores that declare at least that; others are reported as *unsupported*. */
  readonly needs?: CapabilityBound;
  /** Applies only to stores that declare less than that; to others it is *not applicable*. */
  readonly denies?: CapabilityBound;
  /** Hooks that the harness must have; without them the case is *not run*. */
  readonly hooks?: readonly HookName[];
  /** Drawn by `fast-check`, an optional peer; without it the case is *not run*. */
  readonly property?: boolean;
  /** Default 30 000. */
  readonly timeoutMs?: number;
  run(context: CaseContext): Promise<void>;
}

/** Lower bounds on capabilities, in the order in which each is declared; `reclaims` and `reads` are equal or not. */
export type CapabilityBound = Partial<Pick<BackendCapabilities, 'durability' | 'sharing' | 'reads' | 'reclaims'>>;

/** Whether a case applies to every store, without any hook: these each have to kill a mutant of the suite's own tests. */
export function isMandatory({ needs, denies, hooks, property }: ConformanceCase): boolean {
  return needs === undefined && denies === undefined && hooks === undefined && property !== true;
}

const ORDER = {
  durability: ['none', 'process', 'power-loss'],
  sharing: ['none', 'process', 'host', 'network'],
} as const;

/** The first bound that is not reached, as text; `undefined` where all are. */
export function shortfall(capabilities: BackendCapabilities, bound: CapabilityBound): string | undefined {
  for (const name of ['durability', 'sharing'] as const) {
    const order: readonly string[] = ORDER[name];
    const least = bound[name];
    if (least !== undefined && order.indexOf(capabilities[name]) < order.indexOf(least))
      return `${name} is '${capabilities[name]}', less than '${least}'`;
  }
  for (const name of ['reads', 'reclaims'] as const) {
    if (bound[name] !== undefined && capabilities[name] !== bound[name])
      return `${name} is ${JSON.stringify(capabilities[name])}`;
  }
  return undefined;
}

export interface TestClock {
  /** Epoch milliseconds. */
  readonly now: () => number;
  advance(milliseconds: number): void;
  set(now: number): void;
}

/** All that a case works with: one fresh location, and the handles on it. Everything opened here is closed after the case. */
export interface CaseContext {
  readonly seed: number;
  readonly random: Random;
  readonly clock: TestClock;
  readonly sizes: Sizes;
  readonly expect: BackendCapabilities;
  readonly history: History;
  readonly location: Location;
  readonly faults: Faults;

  /** An id that no other call has drawn. */
  id(): InstanceId;
  /** A small state that was never saved. */
  state(change?: Partial<NewWorkflowState>): WorkflowStateInput;

  /** The store on the location's own backend, with `between` put between the two. Once per location. */
  open(between?: Interposition, options?: StateStoreOptions): Promise<StateStore>;
  /** The location's own backend, opened. Once per location, instead of `open`. */
  openBackend(): Promise<StateBackend>;
  /** A store on a second handle in this process (hook `peer`). */
  peer(between?: Interposition): Promise<StateStore>;
  /** A store on a handle in another process (hook `peerProcess`), and a way to kill that process. */
  peerProcess(): Promise<{ readonly store: StateStore; kill(): Promise<void> }>;
  /** A store on a new handle, as after a restart (hook `reopen`). */
  reopen(): Promise<StateStore>;
  /** The store after a power cut (hook `faults.powerLoss`). */
  powerLoss(): Promise<StateStore>;
  /** Closes a store's handle abruptly: it is never used or closed again, as if its process had died. */
  abandon(store: StateStore): void;

  /** Writes a state straight into the location's backend, beneath the store and all that is put between: an instance that the store has never seen. */
  plant(state: WorkflowStateInput, change?: (envelope: Uint8Array) => Uint8Array): Promise<WorkflowState>;
  /** The bytes stored under `id`, straight from the location's backend. */
  stored(id: InstanceId): Promise<Uint8Array | undefined>;

  /** A context on another fresh location of the same harness. */
  elsewhere(): Promise<CaseContext>;

  /** Ends the case as *not applicable*. */
  notApplicable(reason: string): never;
  /** Ends the case as *not run*. */
  notRun(reason: string): never;
}
