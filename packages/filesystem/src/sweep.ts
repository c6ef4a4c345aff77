// The sweep: reclaims what deletes and crashes left behind, beside everything else that goes on.
//
// Age only decides whether a leftover is worth the trouble, never whether removing it is safe. That is the fence's work:
// giving the token another turn ends every write that knew the old one, however long its writer sleeps; and without its
// candidate no create can happen. Whatever was noted before is then dead, but for the data file, its token, its marker
// and its entry. A live writer that is fenced loses one retry, under a new nonce.

import { STATUS_KINDS } from '@workflow-state/core';
import type { BackendCall, EnvelopeHeader, InstanceId, StatusKind, SweepReport } from '@workflow-state/core/backend';
import { readHead } from './data-file.js';
import { ascending, namesIn, namesThatStart } from './directory-names.js';
import { changedAt, type Machine, link, readdir, rename, run, type Steps, unlink } from './file-ops.js';
import {
  type IdEntry,
  isDataName,
  isOfCreate,
  type Layout,
  type Marker,
  parseIdEntry,
  parseMarker,
  parseShardName,
  type ShardName,
} from './layout.js';
import { namesOfInstance, removePit } from './removal.js';
import { resolve } from './resolve.js';
import { removeMarker } from './status-index.js';
import { freshNonce, makeDurableFirst, type Volume } from './volume.js';

export interface Indexes {
  readonly markers: readonly (Marker & { readonly kind: StatusKind })[];
  readonly entries: readonly IdEntry[];
}

/** Everything found under one id. */
interface Noted {
  data: boolean;
  readonly names: ShardName[];
  readonly markers: (Marker & { readonly kind: StatusKind })[];
  readonly entries: IdEntry[];
}

/** The markers of one kind, a shard after the other. */
class ShardWise {
  readonly kind: StatusKind;
  readonly #windows: AsyncGenerator<readonly string[], void>;
  #names: readonly string[] = [];
  #at = 0;

  constructor(kind: StatusKind, windows: AsyncGenerator<readonly string[], void>) {
    this.kind = kind;
    this.#windows = windows;
  }

  /** Of that shard. Asked for in ascending order. */
  async of(shard: string): Promise<readonly string[]> {
    const names: string[] = [];
    for (;;) {
      const name = this.#names[this.#at];
      if (name === undefined) {
        this.#names = [];
        this.#at = 0;
        const next = await this.#windows.next();
        if (next.done === true) return names;
        this.#names = next.value;
      } else {
        if (name.slice(0, 2) > shard) return names;
        names.push(name);
        this.#at++;
      }
    }
  }
}

export async function sweepStore(
  machine: Machine,
  volume: Volume,
  leftoverAge: number,
  { signal }: BackendCall,
): Promise<SweepReport> {
  const { layout } = volume;
  const failures: { readonly what: string; readonly error: unknown }[] = [];
  const youngest = leftoverAge === 0 ? Infinity : Date.now() - leftoverAge;
  let removed = 0;
  const attempt = async (what: string, steps: () => Promise<number>): Promise<void> => {
    signal?.throwIfAborted();
    try {
      const count = await steps();
      removed += count;
    } catch (error) {
      failures.push({ what, error });
    }
  };
  await attempt(layout.root, () => sweepRoot(machine, layout, youngest));
  const markers = STATUS_KINDS.map(
    (kind) =>
      new ShardWise(
        kind,
        ascending(() => namesIn(machine, layout.status(kind))),
      ),
  );
  for (let number = 0; number < 256; number++) {
    const shard = number.toString(16).padStart(2, '0');
    const notes = new Map<InstanceId, Noted>();
    for (const source of markers) {
      await attempt(layout.status(source.kind), async () => {
        noteMarkers(notes, source.kind, await source.of(shard));
        return 0;
      });
    }
    await attempt(`${layout.dataRoot}/${shard}`, async () => {
      await run(noteShard(layout, shard, notes), machine);
      for (const [id, noted] of notes) {
        if (hasTooMuch(noted)) {
          await attempt(id, async () =>
            (await run(isOld(layout, id, noted, youngest), machine))
              ? run(sweepInstance(volume, id, noted), machine)
              : 0,
          );
        } else if (noted.markers.length === 0 || noted.entries.length === 0) {
          await attempt(id, () => run(healIndex(volume, id), machine));
        }
      }
      return 0;
    });
  }
  return { removed, failures };
}

function noteOf(notes: Map<InstanceId, Noted>, id: InstanceId): Noted {
  let noted = notes.get(id);
  if (noted === undefined) {
    noted = { data: false, names: [], markers: [], entries: [] };
    notes.set(id, noted);
  }
  return noted;
}

function noteMarkers(notes: Map<InstanceId, Noted>, kind: StatusKind, names: readonly string[]): void {
  for (const name of names) {
    const marker = parseMarker(name);
    if (marker !== undefined) noteOf(notes, marker.id).markers.push({ ...marker, kind });
  }
}

function* noteShard(layout: Layout, shard: string, notes: Map<InstanceId, Noted>): Steps<void> {
  for (const name of yield* readdir(`${layout.idsRoot}/${shard}`)) {
    const entry = parseIdEntry(name);
    if (entry !== undefined) noteOf(notes, entry.id).entries.push(entry);
  }
  const voids: ShardName[] = [];
  for (const name of yield* readdir(`${layout.dataRoot}/${shard}`)) {
    const parsed = parseShardName(name);
    if (parsed?.kind === 'void') voids.push(parsed);
    else if (parsed !== undefined) noteOf(notes, parsed.id).names.push(parsed);
    else if (isDataName(name)) noteOf(notes, name).data = true;
  }
  // Part of an instance that lives.
  for (const name of voids) if (!noteOf(notes, name.id).data) noteOf(notes, name.id).names.push(name);
}

/** One of each is what an instance at rest has. The token may have been on its way to another name. */
function hasTooMuch({ data, names, markers, entries }: Noted): boolean {
  return (
    !data || names.some(({ kind }) => kind !== 'tok') || Math.max(names.length, markers.length, entries.length) > 1
  );
}

/** Whether nothing that is too much has changed of late. */
function* isOld(
  layout: Layout,
  id: InstanceId,
  { data, names, markers, entries }: Noted,
  youngest: number,
): Steps<boolean> {
  const suspects = names
    .filter((name) => name.kind !== 'tok' || !data || isOfCreate(name))
    .map(({ name }) => `${layout.shard(id)}/${name}`);
  if (!data) {
    suspects.push(
      ...markers.map(({ kind, name }) => `${layout.status(kind)}/${name}`),
      ...entries.map(({ name }) => `${layout.idsShard(id)}/${name}`),
    );
  } else if (markers.length > 1 && markers.some(({ since }) => since > youngest)) {
    // A marker is another name of the token's file, whose times change with every save.
    return false;
  }
  for (const path of suspects) {
    const changed = yield* changedAt(path);
    if (changed !== undefined && changed > youngest) return false;
  }
  return true;
}

/**
 * Removes all leftovers of one instance, and puts back what its index lacks. Without `noted` the index is searched for it.
 * @returns how many names were removed.
 */
export function* sweepInstance(volume: Volume, id: InstanceId, noted: Indexes | undefined): Steps<number> {
  const { layout } = volume;
  const { markers, entries } = noted ?? (yield* searchIndex(volume, id));
  // Each attempt publishes or finishes what stands in the way; what it still finds moving is alive.
  for (let attempt = 0; attempt < 3; attempt++) {
    const names = yield* namesOfInstance(volume, id);
    const creates = new Set([...names.filter(isOfCreate), ...markers].map(({ nonce }) => nonce));
    for (const { incarnation } of entries) creates.add(incarnation);
    let removed = 0;
    for (const nonce of creates) removed += yield* removeOne(layout.candidate(id, { version: 1, nonce }));
    const head = yield* readHead(layout, id);
    const turn = freshNonce();
    if (head !== undefined) {
      const own = names.find(
        ({ kind, version, nonce }) => kind === 'tok' && version === head.version && nonce === head.nonce,
      );
      if ((yield* rename(layout.token(id, head, own?.by), layout.token(id, head, turn))) === 'ENOENT') {
        yield* resolve(volume, id, head);
        continue;
      }
    }
    yield* makeDurableFirst(volume, layout.shard(id));
    for (const name of names) removed += yield* removeName(layout, name, head);
    for (const { kind, name, nonce } of markers) {
      if (kind === head?.status && nonce === head.entered?.nonce) continue;
      yield* removeMarker(layout, kind, `${layout.status(kind)}/${name}`, head?.status);
      removed++;
    }
    for (const { name, incarnation } of entries)
      if (incarnation !== head?.incarnation) removed += yield* removeOne(`${layout.idsShard(id)}/${name}`);
    if (head !== undefined) yield* heal(layout, id, head, layout.token(id, head, turn));
    return removed;
  }
  return 0;
}

function* removeName(layout: Layout, found: ShardName, head: EnvelopeHeader | undefined): Steps<number> {
  const { id, kind, nonce, name } = found;
  const path = `${layout.shard(id)}/${name}`;
  // Tokens of creates that can no longer happen. Others go only where there is no data file: somebody removed it, and a
  // revision of old must not find a token when there is one again.
  if (kind === 'void' && head !== undefined) return 0;
  if (kind === 'tok' && (nonce === head?.nonce || (!isOfCreate(found) && head !== undefined))) return 0;
  if (kind !== 'pit') return yield* removeOne(path);
  yield* removePit(path);
  return 1;
}

/** Puts back what the index lacks, or what was not there yet when the index was read. Disturbs nobody. */
function* healIndex(volume: Volume, id: InstanceId): Steps<number> {
  const { layout } = volume;
  const head = yield* readHead(layout, id);
  const own = (yield* namesOfInstance(volume, id)).find(({ kind, nonce }) => kind === 'tok' && nonce === head?.nonce);
  if (head !== undefined && own !== undefined) yield* heal(layout, id, head, `${layout.shard(id)}/${own.name}`);
  return 0;
}

/** From the token, so that nothing is put back that has just ended. There already is fine. */
function* heal(
  layout: Layout,
  id: InstanceId,
  { status, entered, incarnation }: EnvelopeHeader,
  token: string,
): Steps<void> {
  if (status === undefined || entered === undefined) return;
  yield* link(token, layout.marker(id, status, entered));
  yield* link(token, layout.idEntry(id, incarnation));
}

function* searchIndex({ layout }: Volume, id: InstanceId): Steps<Indexes> {
  const notes = new Map<InstanceId, Noted>();
  for (const kind of STATUS_KINDS) noteMarkers(notes, kind, yield* namesThatStart(layout.status(kind), `${id}.`));
  yield* noteShard(layout, id.slice(0, 2), notes);
  return noteOf(notes, id);
}

/** What `open` left when it was killed. */
async function sweepRoot(machine: Machine, layout: Layout, youngest: number): Promise<number> {
  let removed = 0;
  for (const name of await machine.readdir(layout.root)) {
    if (!/^\.(?:format|probe)\.[0-9a-f]{16}$/.test(name)) continue;
    const path = `${layout.root}/${name}`;
    const changed = await run(changedAt(path), machine);
    // An `open` under way removes its own.
    if (changed !== undefined && changed <= youngest) removed += await run(removeOne(path), machine);
  }
  return removed;
}

function* removeOne(path: string): Steps<number> {
  return (yield* unlink(path)) === 'done' ? 1 : 0;
}
