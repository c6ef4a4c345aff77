// Who is to be woken when. A listing cannot tell: its entries say since when an instance waits, not until when. So the
// sleepers are entered in a few instances of the same store, the timetable: a tick reads those, and no sleeper that is not
// due. What it costs does not grow with their number (its size does: some 80 bytes each).
//
// What must stay true: as long as a run sleeps (a new one: from when its start was acknowledged), there is an entry for
// it that is due no later. So nobody sleeps on.
// - A sleeper is entered before it is parked, a new one right after (engine.ts says why that holds whoever is frozen in
//   between). Who enters it makes the entry another one, and never due later: who was frozen and comes late harms nobody.
// - Only a tick puts an entry off, or crosses it out: after it has looked at the run, and only the very entry that it saw
//   before. An entry that is due too early, or of a run that does not sleep, costs such a look and wakes nobody.

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
  /** Of the call that made it, or made it another one. */
  readonly nonce: string;
}

/** What a tick found behind the entry with that nonce: when to come again, if ever. */
interface Look {
  readonly nonce: string;
  readonly again: number | undefined;
}

export class Timetable {
  readonly #store: StateStore;
  readonly #pages: readonly Promise<InstanceId>[];

  /** More pages: fewer meet on one of them, and each is smaller. A tick reads them all. */
  constructor(store: StateStore, pages: number) {
    this.#store = store;
    this.#pages = Array.from({ length: pages }, (_, page) => InstanceId.fromName('timetable', `${page} of ${pages}`));
  }

  /** `due`: epoch milliseconds. Costs a load and a save. */
  async enter(sleeper: InstanceId, due: number): Promise<void> {
    const page = Number.parseInt(sleeper.slice(0, 8), 16) % this.#pages.length;
    const nonce = crypto.randomUUID().slice(0, 13);
    await this.#change(page, (entries) => {
      const known = entries[sleeper];
      const earliest = known === undefined ? due : Math.min(due, decodeJson<Entry>(known).due);
      return { ...entries, [sleeper]: encodeJson({ due: earliest, nonce } satisfies Entry) };
    });
  }

  /**
   * Calls `wake` for each sleeper that is due. It says when to come again, epoch milliseconds; `undefined`: not for this
   * entry.
   */
  async wakeDue(now: number, wake: (sleeper: InstanceId) => Promise<number | undefined>): Promise<void> {
    for (const [page, instance] of this.#pages.entries()) {
      const seen = (await this.#store.find(await instance))?.state ?? {};
      const looks = new Map<string, Look>();
      for (const [sleeper, entry] of Object.entries(seen)) {
        const { due, nonce } = decodeJson<Entry>(entry);
        if (due > now) continue;
        const again = await wake(InstanceId.parse(sleeper));
        if (again === undefined || again > now) looks.set(sleeper, { nonce, again });
      }
      if (looks.size > 0) await this.#change(page, (entries) => settled(entries, looks));
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

function settled(entries: ByteMap, looks: ReadonlyMap<string, Look>): ByteMap {
  const left: Record<string, Uint8Array> = {};
  for (const [sleeper, entry] of Object.entries(entries)) {
    const look = looks.get(sleeper);
    if (look?.nonce !== decodeJson<Entry>(entry).nonce) left[sleeper] = entry;
    else if (look.again !== undefined)
      left[sleeper] = encodeJson({ due: look.again, nonce: look.nonce } satisfies Entry);
  }
  return left;
}
