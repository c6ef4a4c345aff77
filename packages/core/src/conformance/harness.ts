// What an author supplies to have a backend, or a wrapper around stores, examined.
//
// The least is `name`, `expect` and `create`. Every hook beyond makes more cases run; a hook that is missing leaves its
// cases *not run*, and the report says so: it never lets them pass. Hooks are members of the harness, not of a location,
// so that what will not run is known, and shown, before anything runs.

import type { InstanceId } from '../instance-id.js';
import type { BackendCapabilities, StateBackend } from '../state-backend.js';
import type { StateStore, StateStoreOptions } from '../state-store.js';

/** One place where state can be kept: a directory, a bucket prefix, a database. */
export interface Location {
  /** A handle on it that nobody has opened yet: the suite calls `open`, and `close` through the store. */
  readonly backend: StateBackend;
  /** Removes the place. Called once, after every store on it was closed. */
  dispose?(): Promise<void>;
}

/** Another handle on a location. */
export interface Handle {
  /** Not yet opened. */
  readonly backend: StateBackend;
  /** Called after the store on it was closed. */
  dispose?(): Promise<void>;
}

/** A handle whose backend runs in another process. `forkBackend` makes one. */
export interface ProcessHandle extends Handle {
  /** SIGKILL: the process gets no chance to do anything more. Resolves when it is gone. Calls under way must reject. */
  kill(): Promise<void>;
}

/** Ways to damage what is stored that the suite cannot find from outside. */
export interface Faults<L extends Location = Location> {
  /** Replaces the stored bytes of an instance by what `change` makes of them, behind the back of every handle; `undefined`: takes them away. */
  corrupt?(location: L, id: InstanceId, change: (bytes: Uint8Array) => Uint8Array | undefined): Promise<void>;
  /**
   * Puts things into the location that no store made: a file named by a person or by an editor, an object beside ours,
   * half of one of our names. Resolves with a check that they are all still there, unchanged.
   */
  plantForeign?(location: L): Promise<() => Promise<boolean>>;
  /** Cuts the power: all that was not made durable is lost. Resolves with a handle on what is left. */
  powerLoss?(location: L): Promise<Handle>;
  /** How many files, sockets, timers or connections the handles on that location hold now. */
  openHandles?(location: L): number | Promise<number>;
}

export interface Harness<L extends Location = Location> {
  /** For reports: `memory`, `filesystem (full)`, `s3 (minio)`, `lru-cache over memory`. */
  readonly name: string;

  /** The capabilities that the store must show. They decide which cases apply. */
  readonly expect: BackendCapabilities;

  /** A location that is fresh, empty and isolated. `clock` is the suite's, for the rare backend that needs one. */
  create(options: { readonly clock: () => number }): Promise<L>;

  /**
   * How a store is opened over a backend. Default: `openStateStore`. A wrapper puts itself around it here:
   * `async (backend, options) => withCache(await openStateStore(backend, options))`. The suite opens every store through
   * it, also over backends that it has made fail, so a wrapper is examined with faults beneath it. Cases of level
   * `backend` do not apply then: the backend beneath has a report of its own. `handle` is the location, or what a hook
   * returned: `backend` is its backend, seen through what the suite has put around it.
   */
  open?(backend: StateBackend, options: StateStoreOptions, handle: Handle): Promise<StateStore>;

  /** A second handle on the location in this process. */
  peer?(location: L): Promise<Handle>;

  /** A handle on the location in another process. Proves `sharing: 'host'` and durability under SIGKILL. */
  peerProcess?(location: L): Promise<ProcessHandle>;

  /**
   * A new handle on the location, as after a restart. The earlier ones were closed, or are as good as dead: abandoned
   * without a close, and never used again.
   */
  reopen?(location: L): Promise<Handle>;

  readonly faults?: Faults<L>;

  /** Case ids that are known to fail, with the reason or a link. Each must still fail: one that passes is red until it is removed here. */
  readonly knownGaps?: Readonly<Record<string, string>>;

  readonly sizes?: Partial<Sizes>;

  /** Multiplies every time limit. Default 1; more for a slow network. */
  readonly patience?: number;
}

/** How much of everything. */
export interface Sizes {
  /** Calls that race for one revision. */
  readonly racers: number;
  /** Races per case. */
  readonly rounds: number;
  /** Instances in the large listings. Fewer than 2 000 has been seen to hide listings that skip names. */
  readonly listed: number;
  /** Sequences per property. */
  readonly propertyRuns: number;
  /** Processes killed. */
  readonly kills: number;
}

export const DEFAULT_SIZES: Sizes = { racers: 16, rounds: 8, listed: 2000, propertyRuns: 40, kills: 5 };

export type HookName =
  | 'peer'
  | 'peerProcess'
  | 'reopen'
  | 'faults.corrupt'
  | 'faults.plantForeign'
  | 'faults.powerLoss'
  | 'faults.openHandles';

export function hasHook(harness: Harness, hook: HookName): boolean {
  switch (hook) {
    case 'peer':
    case 'peerProcess':
    case 'reopen':
      return harness[hook] !== undefined;
    case 'faults.corrupt':
      return harness.faults?.corrupt !== undefined;
    case 'faults.plantForeign':
      return harness.faults?.plantForeign !== undefined;
    case 'faults.powerLoss':
      return harness.faults?.powerLoss !== undefined;
    case 'faults.openHandles':
      return harness.faults?.openHandles !== undefined;
  }
}
