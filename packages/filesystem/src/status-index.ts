// Which instances have a status: one marker per instance in status/<kind>/, named after the write that entered it.
//
// What must stay true: an instance's marker is there from before the write that enters the status is published until
// after the one that leaves it, and keeps its name meanwhile. So one readdir cannot miss it. The index may show one too
// many while a writer is under way or after one died; it never shows too few. The data file is the only truth.
//
// One fact changes its name: a terminal instance that is saved again in the same kind enters it anew. A readdir may then
// see neither the new marker (behind its position) nor the old one (removed before it came there). So whoever removes a
// marker that another of the same kind replaces first gives <kind>.swaps a new time; a listing whose readdir lies between
// two equal times has missed nobody, any other reads again. Times are drawn at random: clocks have granularity.

import { isTerminalKind } from '@workflow-state/core';
import type { BackendCall, InstanceId, ScanEntry, ScanQuery, StatusKind } from '@workflow-state/core/backend';
import { ascending, namesIn } from './directory-names.js';
import { call, codeOf, discard, type Machine, type Steps } from './file-ops.js';
import { ID_LENGTH, type Layout, markerSince, type WriteName } from './layout.js';
import { linkInto } from './presence.js';
import { makeDurableFirst, type Volume } from './volume.js';

/** A stay in a status: what a marker says. */
export interface Stay {
  readonly status: StatusKind;
  readonly entered: WriteName & { readonly at: number };
}

/**
 * Makes the marker out of the token, which proves that the write that the token stands for is current.
 * `ENOENT`: it is not. There already is as good as made.
 */
export function* enterStatus(
  volume: Volume,
  token: string,
  id: InstanceId,
  { status, entered }: Stay,
): Steps<'done' | 'ENOENT'> {
  const { layout } = volume;
  const directory = layout.status(status);
  if ((yield* linkInto(directory, token, layout.marker(id, status, entered), id)) === 'ENOENT') return 'ENOENT';
  yield* makeDurableFirst(volume, directory);
  return 'done';
}

/** Removes the marker of a stay that is over. */
export function* leaveStatus({ layout }: Volume, id: InstanceId, left: Stay, now: StatusKind | undefined): Steps<void> {
  yield* removeMarker(layout, left.status, layout.marker(id, left.status, left.entered), now);
}

/** `now`: the kind under which the instance has another marker. */
export function* removeMarker(
  layout: Layout,
  kind: StatusKind,
  marker: string,
  now: StatusKind | undefined,
): Steps<void> {
  // Two markers of a kind that is not terminal are two stays, the first of them over: no listing needs to hear of it.
  // Without the announcement the marker stays: the listing shows the instance once, and the next sweep tries again.
  const isSwap = kind === now && isTerminalKind(kind);
  if (!isSwap || (yield* announceSwap(layout, kind))) yield* discard(marker);
}

function* announceSwap(layout: Layout, kind: StatusKind): Steps<boolean> {
  const path = layout.swaps(kind);
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      yield* call('setModified', path, Math.random() * 2 ** 31);
      return true;
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') return false;
      yield* makeSwaps(layout, kind);
    }
  }
  return false;
}

/** Made by `open`, and again should somebody have removed it. */
export function* makeSwaps(layout: Layout, kind: StatusKind): Steps<void> {
  try {
    yield* call('close', yield* call('create', layout.swaps(kind)));
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

/** So few that a cleanup, which removes them without waiting for anything, lets others have their turn soon. */
const BATCH = 256;
/** Readdirs of a directory in which terminal instances are saved again all the time. */
const PASSES = 8;

/** One readdir of one directory; one for each window, where it is larger than that. */
export async function* scanStatus(
  machine: Machine,
  layout: Layout,
  status: StatusKind,
  { after }: ScanQuery,
  { signal }: BackendCall,
  most?: number,
): AsyncGenerator<readonly ScanEntry[]> {
  for await (const names of ascending(() => undisturbed(machine, layout, status, signal), { after, most })) {
    signal?.throwIfAborted();
    let batch: ScanEntry[] = [];
    let lastId: InstanceId | undefined;
    let last = '';
    for (const name of names) {
      const statusSince = markerSince(name);
      if (statusSince === undefined) continue;
      const id = name.slice(0, ID_LENGTH) as InstanceId;
      if (id !== lastId) {
        if (batch.length === BATCH) {
          yield batch;
          batch = [];
          // All names are here already: without this the others on this thread would wait for the last of them.
          await machine.pause(0);
        }
      } else if (versionOf(name) > versionOf(last)) {
        // Two markers of one id: a writer between its steps, or dead there. The later stay is the one to show.
        batch.pop();
      } else {
        continue;
      }
      batch.push({ id, status, statusSince });
      lastId = id;
      last = name;
    }
    if (batch.length > 0) yield batch;
  }
}

function versionOf(name: string): number {
  return Number(name.slice(ID_LENGTH + 1, name.indexOf('.', ID_LENGTH + 1)));
}

/** A readdir, and again while markers replace others during it. */
async function* undisturbed(
  machine: Machine,
  layout: Layout,
  kind: StatusKind,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly string[]> {
  const path = layout.status(kind);
  if (!isTerminalKind(kind)) return yield* namesIn(machine, path);
  let before = await swapsOf(machine, layout, kind);
  for (let pass = 1; ; pass++) {
    yield* namesIn(machine, path);
    const after = await swapsOf(machine, layout, kind);
    // Every pass would have to miss the same instance, saved again during each at the right moment.
    if (before === after || pass === PASSES) return;
    signal?.throwIfAborted();
    before = after;
  }
}

async function swapsOf(machine: Machine, layout: Layout, kind: StatusKind): Promise<number | undefined> {
  try {
    return (await machine.times(layout.swaps(kind))).modified;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
