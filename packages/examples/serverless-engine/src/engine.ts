// The engine: runs are started, sent events, cancelled, and driven forward by whatever process happens to be there.
//
// What must stay true:
// - A run is changed only by its holder, except that anybody may add an event or end it; each by compare-and-set.
// - A step's result and the fact that it is done are one save. Its effect on the state happens exactly once; what it does
//   elsewhere happens at least once.
// - A run that waits for a time is in the timetable before it is parked, and no tick crosses it out in between: one that
//   meets it held leaves the entry; one that meets it given up, and has nothing to do, saves it as it is, so that whoever
//   was about to park it is refused and begins anew, with the entry too. A new run has no revision to be refused by: it is
//   entered once it is there, and who dies before that is called again.
// - A run that waits for an event goes on with it whichever of the two comes first: either the parking save meets the
//   event, or the event meets the parked run.
// - Whoever dies leaves a run that is `running`, and that a tick finds once its lease is over.

import {
  cancel,
  type ByteMap,
  type Duration,
  InstanceId,
  isStateStoreError,
  isTerminalKind,
  type StateStore,
  type StateStoreErrorCode,
  toMilliseconds,
  type WorkflowState,
  type WorkflowStateInput,
} from '@workflow-state/core';
import {
  type Change,
  claim,
  type Claimed,
  claimNew,
  type ClaimOptions,
  isHeld,
  type Lease,
  withoutLease,
} from '@workflow-state/lease';
import { applied, dueOf, newRun, position, thrown, wake, withEvent, workOf } from './progress.js';
import { abandoned } from './recovery.js';
import { Timetable } from './timetable.js';
import type { Workflow } from './workflow.js';

export interface EngineOptions {
  readonly store: StateStore;
  readonly workflows: readonly Workflow[];
  /** Who this is, for people. */
  readonly owner: string;
  /** Longer than a step takes; a dead process's run waits that long. */
  readonly lease: Duration;
  readonly maxClockSkew?: Duration | undefined;
  /** Default 16. The same for all who use the store. */
  readonly timetablePages?: number | undefined;
  readonly clock?: (() => number) | undefined;
  /** Told each checkpoint once it is stored. */
  readonly onCheckpoint?: ((state: WorkflowState) => void) | undefined;
}

/** With the next tick. */
const SOON = 0;

/** Whether this process has to stop soon: asked between two steps. */
export type Hurry = () => boolean;

export class Engine {
  readonly #options: EngineOptions;
  readonly #terms: ClaimOptions;
  readonly #timetable: Timetable;
  readonly #now: () => number;

  constructor(options: EngineOptions) {
    const { store, owner, lease, maxClockSkew = 1000, timetablePages = 16, clock = Date.now } = options;
    this.#options = options;
    this.#terms = { owner, for: lease, maxClockSkew, clock };
    this.#timetable = new Timetable(store, timetablePages);
    this.#now = clock;
  }

  /** The same name starts the same run once. */
  async start(workflowId: string, name: string, input: ByteMap, hurry: Hurry): Promise<InstanceId> {
    const workflow = this.#options.workflows.find(({ id }) => id === workflowId);
    if (workflow === undefined) throw new Error(`there is no workflow ${workflowId}`);
    const instanceId = await InstanceId.fromName(workflowId, name);
    const run = newRun(workflow, instanceId, input, this.#now());
    const { store } = this.#options;
    try {
      if (run.status.kind === 'running') await this.#drive(await claimNew(store, run, this.#terms), hurry);
      else await this.#entered(await store.save(run));
    } catch (error) {
      if (!(is(error, 'CHECKPOINT_CONFLICT') && error.conflict?.reason === 'exists')) throw error;
      const found = run.status.kind === 'running' ? undefined : await store.find(instanceId);
      if (found !== undefined) await this.#entered(found);
    }
    return instanceId;
  }

  /** Events are kept until the run asks for them. Sent twice, an event is one. */
  async send(instanceId: InstanceId, event: string, data: Uint8Array, hurry: Hurry): Promise<void> {
    for (;;) {
      const { lease, state } = await this.#claim(instanceId, (run, workflow, ownerDied) => {
        const told = withEvent(run, event, data);
        return wake(workflow, told, ownerDied, this.#now()) ?? told;
      });
      if (lease !== undefined) return this.#drive(lease, hurry);
      if (!isHeld(state, this.#terms)) return this.#mustKnow(state);
      const told = await this.#options.store.update(instanceId, (run) =>
        isTerminalKind(run.status.kind) ? undefined : withEvent(run, event, data),
      );
      // Given up meanwhile: then nobody but us has seen the event.
      if (isHeld(told, this.#terms) || isTerminalKind(told.status.kind)) return;
    }
  }

  /** At once: whoever works on the run finds out with its next save. */
  async cancel(instanceId: InstanceId): Promise<void> {
    await this.#options.store.update(instanceId, (run) =>
      isTerminalKind(run.status.kind) ? undefined : cancel(withoutLease(run)),
    );
  }

  /** Takes a run on, if there is something to do and nobody else is at it. */
  async resume(instanceId: InstanceId, hurry: Hurry): Promise<void> {
    await this.#wake(instanceId, hurry);
  }

  /**
   * Wakes the sleepers that are due, then takes on the runs of owners that died. For any cron. Resolves with what could
   * not be taken on, which keeps nothing else from it.
   */
  async tick(hurry: Hurry): Promise<readonly unknown[]> {
    const { store, lease, maxClockSkew = 1000 } = this.#options;
    const failures: unknown[] = [];
    const wake = async (id: InstanceId): Promise<number | undefined> => {
      try {
        return hurry() ? SOON : await this.#wake(id, hurry);
      } catch (error) {
        failures.push(error);
        return SOON;
      }
    };
    await this.#timetable.wakeDue(this.#now(), wake);
    const age = toMilliseconds(lease) + 2 * toMilliseconds(maxClockSkew);
    for await (const id of abandoned(store, this.#now, age)) await wake(id);
    return failures;
  }

  /** As `resume`. Resolves with when to come again, epoch milliseconds, where it sleeps or cannot be taken on yet. */
  async #wake(instanceId: InstanceId, hurry: Hurry): Promise<number | undefined> {
    try {
      const { lease, state } = await this.#claim(
        instanceId,
        (run, workflow, ownerDied) => wake(workflow, run, ownerDied, this.#now()) ?? { ...run },
      );
      if (lease !== undefined) await this.#drive(lease, hurry);
      else return isHeld(state, this.#terms) || this.#workflowOf(state) === undefined ? SOON : dueOf(state);
    } catch (error) {
      if (is(error, 'CHECKPOINT_CONFLICT')) return SOON; // many at once; one of them has it
      if (!is(error, 'STATE_NOT_FOUND')) throw error;
    }
    return undefined;
  }

  async #drive(lease: Lease, hurry: Hurry): Promise<void> {
    const workflow = this.#workflowOf(lease.state);
    while (workflow !== undefined && lease.remaining() > 0 && !hurry()) {
      try {
        await this.#step(workflow, lease);
      } catch (error) {
        if (is(error, 'OUTCOME_UNKNOWN')) await lease.reload();
        else if (!lease.over) throw error;
      }
    }
    await lease.release();
  }

  /** One step, one checkpoint. */
  async #step(workflow: Workflow, lease: Lease): Promise<void> {
    const begun = lease.state;
    const context = { fence: lease.claim.fence, extend: () => lease.extend() };
    const change = await workOf(workflow, begun)
      .run(begun, context)
      .then(
        (done) => (state: WorkflowState) => applied(workflow, state, done, this.#now()),
        (error: unknown) => (state: WorkflowState) => thrown(workflow, state, error, this.#now()),
      );
    const saved = await lease.update((state) =>
      position(state) === position(begun) ? this.#entered(change(state)) : undefined,
    );
    this.#options.onCheckpoint?.(saved);
  }

  #claim(
    instanceId: InstanceId,
    change: (run: WorkflowState, workflow: Workflow, ownerDied: boolean) => WorkflowStateInput | undefined,
  ): Promise<Claimed> {
    const changed: Change = async (run, overdue) => {
      const workflow = this.#workflowOf(run);
      const next = workflow && change(run, workflow, overdue !== undefined);
      return next && this.#entered(next, run);
    };
    return claim(this.#options.store, instanceId, this.#terms, changed);
  }

  /** The same state, once the timetable knows when to wake it. Where it slept `before`, until the same time, it does. */
  async #entered<S extends WorkflowStateInput>(state: S, before?: WorkflowState): Promise<S> {
    const due = dueOf(state);
    if (due !== undefined && !(before && dueOf(before) === due)) await this.#timetable.enter(state.instanceId, due);
    return state;
  }

  /** An event for a run of another version is not ours to acknowledge. */
  #mustKnow(run: WorkflowState): void {
    if (isTerminalKind(run.status.kind) || this.#workflowOf(run) !== undefined) return;
    throw new Error(`${run.instanceId} is a ${run.workflowId} ${run.version.major}, which nobody here knows`);
  }

  #workflowOf({ workflowId, version }: WorkflowState): Workflow | undefined {
    return this.#options.workflows.find(({ id, version: { major } }) => id === workflowId && major === version.major);
  }
}

function is(error: unknown, code: StateStoreErrorCode): error is Error & { conflict?: { reason: string } } {
  return isStateStoreError(error) && error.code === code;
}
