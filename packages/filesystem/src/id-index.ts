// Which instances there are: one entry per life of an instance in ids/<xx>/, named after the create it began with.
//
// It is a status index with a single status that every instance has from create to delete: made from the token before
// the create is decided, removed after the delete took effect, never renamed in between. `list` reads these directories
// and not data/, whose entries are replaced at every save and may be missed for it.

import type { BackendCall, InstanceId, ScanEntry, ScanQuery } from '@workflow-state/core/backend';
import { ascending, namesIn } from './directory-names.js';
import { codeOf, type Machine, type Steps } from './file-ops.js';
import { isShard, type Layout, parseIdEntry } from './layout.js';
import { linkInto } from './presence.js';
import { makeDurableFirst, type Volume } from './volume.js';

/** `ENOENT`: the token is not there. There already is as good as made. */
export function* enterIds(
  volume: Volume,
  token: string,
  id: InstanceId,
  incarnation: string,
): Steps<'done' | 'ENOENT'> {
  const { layout } = volume;
  const directory = layout.idsShard(id);
  if ((yield* linkInto(directory, token, layout.idEntry(id, incarnation), id)) === 'ENOENT') return 'ENOENT';
  yield* makeDurableFirst(volume, directory);
  return 'done';
}

/** Shards read ahead: a thread pool has four threads. */
const AHEAD = 4;

/** One readdir per shard that exists; more where it is larger than a window. A shard made later holds nothing that was there throughout. */
export async function* scanIds(
  machine: Machine,
  layout: Layout,
  { after, limit = Infinity }: ScanQuery,
  { signal }: BackendCall,
  most?: number,
): AsyncGenerator<readonly ScanEntry[]> {
  const shards = (await machine.readdir(layout.idsRoot))
    .filter((name) => isShard(name) && name >= (after ?? '').slice(0, 2))
    .sort();
  // A page that a shard or two will fill is not worth reading ahead for.
  const ahead = limit < 1000 ? 1 : AHEAD;
  const reads: Promise<Windows>[] = [];
  for (let next = 0; next < shards.length || reads.length > 0;) {
    while (next < shards.length && reads.length < ahead) {
      const path = `${layout.idsRoot}/${shards[next++]}`;
      const read = begun(ascending(() => existing(namesIn(machine, path)), { after, most }));
      read.catch(() => {}); // Awaited below, unless the caller has stopped.
      reads.push(read);
    }
    const windows = await reads.shift();
    for (let window = windows?.first; window?.done === false; window = await windows?.others.next()) {
      signal?.throwIfAborted();
      const batch: ScanEntry[] = [];
      let last: string | undefined;
      for (const name of window.value) {
        const entry = parseIdEntry(name);
        if (entry === undefined || entry.id === last) continue;
        last = entry.id;
        batch.push({ id: entry.id });
      }
      if (batch.length > 0) yield batch;
    }
  }
}

interface Windows {
  readonly first: IteratorResult<readonly string[], void>;
  readonly others: AsyncGenerator<readonly string[], void>;
}

async function begun(windows: AsyncGenerator<readonly string[], void>): Promise<Windows> {
  return { first: await windows.next(), others: windows };
}

async function* existing(names: AsyncIterable<readonly string[]>): AsyncGenerator<readonly string[]> {
  try {
    yield* names;
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}
