// Deletes instances by name, each only if it is still what was shown, and only if that was confirmed.

import { type InstanceId, isStateStoreError, type StateHead, type StateStore } from '@workflow-state/core';
import { shortly } from '../error-line.js';
import { EXIT, type ExitCode, UsageError } from '../exit.js';
import { instanceOf, NoInstance } from '../instance.js';
import type { Session } from '../session.js';
import { print, say } from '../terminal.js';
import { age, plural } from '../text.js';

/** What is about to be deleted. A damaged record has no head; whatever is there then goes. */
interface Doomed {
  readonly id: InstanceId;
  readonly head: StateHead | undefined;
}

export async function rm(
  session: Session,
  ids: readonly string[],
  { yes = false }: { readonly yes?: boolean },
): Promise<ExitCode> {
  if (!yes && !(process.stdin.isTTY && process.stderr.isTTY))
    throw new UsageError('rm asks before it deletes, and there is no terminal to ask on', 'add --yes');
  const store = await session.open();
  const doomed: Doomed[] = [];
  let missing = 0;
  for (const text of new Set(ids)) {
    const found = await look(store, text, session.signal);
    if (found === undefined) missing++;
    else doomed.push(found);
  }
  if (doomed.length > 0 && !yes && !(await isConfirmed(doomed, session.signal))) {
    say('nothing was deleted');
    return EXIT.problems;
  }
  let failed = 0;
  for (const one of doomed) {
    session.signal.throwIfAborted();
    if (await remove(store, one)) await print(one.id);
    else failed++;
  }
  return missing + failed > 0 ? EXIT.problems : EXIT.ok;
}

async function look(store: StateStore, text: string, signal: AbortSignal): Promise<Doomed | undefined> {
  try {
    const id = await instanceOf(store, text, signal);
    const head = await store.head(id, { signal }).catch((error: unknown) => {
      if (isStateStoreError(error) && error.code === 'DESERIALIZATION_ERROR') return 'damaged' as const;
      throw error;
    });
    if (head !== undefined) return { id, head: head === 'damaged' ? undefined : head };
    say(`there is no instance ${id}`);
  } catch (error) {
    if (!(error instanceof NoInstance)) throw error;
    say(error.message);
  }
  return undefined;
}

async function isConfirmed(doomed: readonly Doomed[], signal: AbortSignal): Promise<boolean> {
  for (const { id, head } of doomed) {
    say(
      head === undefined
        ? `${id}  damaged`
        : `${id}  ${head.status}, version ${head.checkpointVersion}, saved ${age(head.updatedAt)} ago`,
    );
  }
  const { confirm } = await import('@clack/prompts');
  const what = doomed.length === 1 ? 'it' : `these ${plural(doomed.length, 'instance')}`;
  const answer = await confirm({
    message: `Delete ${what} for good?`,
    initialValue: false,
    output: process.stderr,
    signal,
  });
  signal.throwIfAborted();
  return answer === true;
}

async function remove(store: StateStore, { id, head }: Doomed): Promise<boolean> {
  try {
    if (await store.delete(id, head === undefined ? {} : { revision: head.revision })) return true;
    say(`${id}: it was deleted meanwhile`);
  } catch (error) {
    const changed = isStateStoreError(error) && error.code === 'CHECKPOINT_CONFLICT';
    say(`${id}: ${changed ? 'not deleted, for it has changed since it was looked at' : shortly(error)}`);
  }
  return false;
}
