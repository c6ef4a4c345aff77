// Stores for the command to work on.

import { linkSync, mkdirSync, writeFileSync } from 'node:fs';
import {
  cancel,
  complete,
  encodeJson,
  enterStage,
  fail,
  InstanceId,
  newWorkflowState,
  openStateStore,
  type StateStore,
  waitFor,
} from '@workflow-state/core';
import { newNonce, readHeader, writeHeader } from '@workflow-state/core/backend';
import { fileSystemBackend } from '@workflow-state/filesystem';
import { memoryBackend } from '@workflow-state/memory';

const DAY = 86_400_000;
const version = { major: 1, minor: 4, patch: 0 };

/** Five orders in five states, saved some time ago. Ids and contents are always the same. */
export async function seedOrders(directory: string): Promise<readonly InstanceId[]> {
  let ago = 0;
  const store = await openStateStore(fileSystemBackend({ directory, durability: 'process' }), {
    clock: () => Date.now() - ago,
  });
  const ids: InstanceId[] = [];
  const begin = async (number: number, days: number) => {
    ago = days * DAY + 60_000;
    const instanceId = await InstanceId.fromName('orders', String(number));
    ids.push(instanceId);
    const input = { order: encodeJson({ number, total: 19.9 }), scan: Uint8Array.of(0x89, 0x50, 0x4e, 0x47) };
    const createdAt = new Date(Date.now() - ago);
    return store.save(
      newWorkflowState({ instanceId, workflowId: 'order', version, currentStage: 'check', input, createdAt }),
    );
  };
  await store.save(enterStage(await begin(4711, 0), 'pack'));
  await store.save(waitFor(enterStage(await begin(4712, 2), 'pay'), 'paid'));
  const done = enterStage(await begin(4713, 40), 'send');
  const metrics = { ...done.metrics, stagesExecuted: 3 };
  await store.save(
    complete({ ...done, metrics }, { output: { invoice: encodeJson({ sent: true }) }, durationMs: 8100 }),
  );
  await store.save(
    fail(await begin(4714, 5), { code: 'E_STOCK', message: 'nothing is left', recoveryHints: ['order more'] }),
  );
  await store.save(cancel(await begin(4715, 50)));
  await store.close();
  return ids;
}

/**
 * Many instances at version 3, in a moment: written as `layout.ts` of the filesystem backend has it, from one that was
 * saved. `old` of them were cancelled 40 days ago, the others run. Begins at the `first`; ids are always the same.
 */
export async function seedMany(
  directory: string,
  { first = 0, count, old }: { readonly first?: number; readonly count: number; readonly old: number },
): Promise<void> {
  await (await openStateStore(fileSystemBackend({ directory, durability: 'process' }))).close();
  const running = await template(false);
  const cancelled = await template(true);
  for (let shard = 0; shard < 256; shard++)
    for (const parent of ['data', 'ids'])
      mkdirSync(`${directory}/${parent}/${shard.toString(16).padStart(2, '0')}`, { recursive: true });
  for (let number = first; number < count; number++) {
    const id = InstanceId.parse(
      `${((number * 0x9e37_79b1) >>> 0).toString(16).padStart(8, '0')}${number.toString(16).padStart(24, '0')}`,
    );
    const envelope = number < old ? cancelled : running;
    const nonce = newNonce();
    const header = readHeader(envelope);
    if (header.entered === undefined || header.status === undefined) throw new TypeError('alive');
    const entered = { ...header.entered, nonce };
    writeHeader(envelope, { ...header, id, nonce, incarnation: nonce, entered });
    const shard = id.slice(0, 2);
    const token = `${directory}/data/${shard}/.${id}.${header.version}.${nonce}.tok`;
    writeFileSync(`${directory}/data/${shard}/${id}`, envelope);
    writeFileSync(token, '');
    linkSync(token, `${directory}/ids/${shard}/${id}.${nonce}`);
    linkSync(token, `${directory}/status/${header.status}/${id}.${entered.version}.${nonce}.${entered.at}`);
  }
}

const AT = 1_700_000_000_000;

/** The envelope of an instance at version 3, a kilobyte long. */
async function template(ended: boolean): Promise<Uint8Array> {
  const backend = memoryBackend();
  const store: StateStore = await openStateStore(backend, { clock: () => AT });
  let state = await store.save(
    newWorkflowState({
      workflowId: 'order',
      version,
      currentStage: 'check',
      input: { order: new Uint8Array(800).fill(7) },
      createdAt: new Date(AT),
    }),
  );
  state = await store.save(enterStage(state, 'pay'));
  await store.save(ended ? cancel(state) : { ...state, currentStage: 'send' });
  const stored = await backend.read(state.instanceId, {});
  if (stored === undefined) throw new Error('it was just saved');
  return stored.envelope;
}
