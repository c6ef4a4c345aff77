// Who is to be woken when. A listing cannot tell: its entries say since when an instance waits, not until when. So the
// sleepers are entered in a few instances of the same store, the timetable: a tick reads those, and no sleeper that is not
// due. What it costs does not grow with their number (its size does: some 75 bytes each).
//
// What must stay true: a sleeper is entered before it is parked, and crossed out only after a tick has seen that it was
// woken or does not sleep any more; only the very entry that was seen. So nobody sleeps on. An entry too many, of a process
// that died in between or of one that an event has woken earlier, wakes nobody: whoever claims looks at the state.

import {
  decodeJson,
  encodeJson,
  InstanceId,
  isStateStoreError,
  newWorkflowState,
  pause,
  type ByteMap,
  type StateStore,
  type WorkflowState,
} from '@workflow-state/core';

interface Entry {
  readonly due: number;
  /** Of the state that was about to be parked: so no two entries are the same. */
  readonly checkpoint: number;
}

export class Timetable {
  readonly #store: StateStore;
  readonly #pages: readonly Promise<InstanceId>[];

  /** More pages: fewer meet on one of them, and each is smaller. A tick reads them all. */
  constructor(store: StateStore, pages: number) {
    this.#store = store;
    this.#pages = Array.from({ length: pages }, (_, page) => InstanceId.fromName('timetable', `${page} of ${pages}`));
  }

  /** Costs a load and a save. */
  async enter(sleeper: InstanceId, entry: Entry): Promise<void> {
    const page = Number.parseInt(sleeper.slice(0, 8), 16) % this.#pages.length;
    await this.#change(page, (entries) => ({ ...entries, [sleeper]: encodeJson(entry) }));
  }

  /** Calls `wake` for each sleeper that is due, and crosses out those for which it says that this is settled. */
  async wakeDue(now: number, wake: (sleeper: InstanceId) => Promise<boolean>): Promise<void> {
    for (const [page, instance] of this.#pages.entries()) {
      const seen = (await this.#store.find(await instance))?.state ?? {};
      const settled = new Set<string>();
      for (const [sleeper, entry] of Object.entries(seen))
        if (decodeJson<Entry>(entry).due <= now && (await wake(InstanceId.parse(sleeper)))) settled.add(sleeper);
      if (settled.size === 0) continue;
      await this.#change(page, (entries) => {
        const isLeft = ([id, entry]: [string, Uint8Array]) => !(settled.has(id) && isSame(entry, seen[id]));
        return Object.fromEntries(Object.entries(entries).filter(isLeft));
      });
    }
  }

  async #change(page: number, change: (entries: ByteMap) => ByteMap): Promise<void> {
    const instanceId = (await this.#pages[page]) ?? InstanceId.generate();
    const changed = (state: WorkflowState): WorkflowState => ({ ...state, state: change(state.state) });
    for (;;) {
      try {
        return void (await this.#store.update(instanceId, changed, { attempts: 50 }));
      } catch (error) {
        if (!isStateStoreError(error) || error.code !== 'STATE_NOT_FOUND') throw error;
      }
      const version = { major: 1, minor: 0, patch: 0 };
      // Paused for ever: in no listing that a sweep reads, and never cleaned up.
      const empty = pause(newWorkflowState({ instanceId, workflowId: 'timetable', version, currentStage: 'open' }));
      await this.#store.save(empty).catch((error: unknown) => {
        if (!isStateStoreError(error) || error.conflict?.reason !== 'exists') throw error;
      });
    }
  }
}

function isSame(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return b !== undefined && a.length === b.length && a.every((byte, index) => byte === b[index]);
}
