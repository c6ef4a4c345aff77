// What only this backend can see: names that are not ours, what crashes left, instances without what they need.
//
// Must stay true: what a call under way explains is not reported. Calls last milliseconds, so what is younger than
// `leftoverAge` is passed over; and what would be wrong at any age is looked at twice, with the data file read before and
// after. Holds the names of one shard, or of a window of one status, at a time.

import { STATUS_KINDS, type StatusKind } from '@workflow-state/core';
import {
  type BackendCall,
  type BackendFinding,
  type InstanceId,
  isStateStoreError,
} from '@workflow-state/core/backend';
import { readHead } from './data-file.js';
import { ascending, namesIn } from './directory-names.js';
import { changedAt, codeOf, type Machine, readdir, run, type Steps } from './file-ops.js';
import {
  type IdEntry,
  isDataName,
  isOfCreate,
  isShard,
  type Layout,
  type Marker,
  parseIdEntry,
  parseMarker,
  parseShardName,
  type ShardName,
} from './layout.js';
import { namesOfInstance } from './removal.js';
import type { Volume } from './volume.js';

type Findings = Generator<BackendFinding>;

/** As `StateBackend.verify`. */
export async function* verify(
  machine: Machine,
  volume: Volume,
  leftoverAge: number,
  { signal }: BackendCall,
): AsyncGenerator<BackendFinding> {
  const { layout } = volume;
  const youngest = Date.now() - leftoverAge;
  const names = (path: string): Promise<readonly string[]> => run(readdir(path), machine);
  yield* verifyRoot(await names(layout.root), layout);
  yield* foreign(await names(layout.statusRoot), layout.statusRoot, (name) =>
    STATUS_KINDS.some((kind) => name === kind || name === `${kind}.swaps`),
  );
  yield* foreign(await names(layout.idsRoot), layout.idsRoot, isShard);
  yield* foreign(await names(layout.dataRoot), layout.dataRoot, isShard);
  for (const kind of STATUS_KINDS) {
    signal?.throwIfAborted();
    const path = layout.status(kind);
    const markers = (): AsyncIterable<readonly string[]> => namesIfAny(machine, path);
    for await (const batch of markers()) yield* foreign(batch, path, (name) => parseMarker(name) !== undefined);
    for await (const window of ascending(markers))
      for (const twice of repeated(window)) yield* await run(staleOf(layout, kind, twice, youngest), machine);
  }
  for (let number = 0; number < 256; number++) {
    signal?.throwIfAborted();
    const shard = number.toString(16).padStart(2, '0');
    const [ids, data] = [`${layout.idsRoot}/${shard}`, `${layout.dataRoot}/${shard}`];
    const entries = await names(ids);
    const files = await names(data);
    yield* foreign(entries, ids, (name) => name.startsWith(shard) && parseIdEntry(name) !== undefined);
    yield* foreign(files, data, (name) => isOurs(name, shard));
    for (const noted of note(entries, files)) yield* await run(verifyInstance(volume, noted, youngest), machine);
  }
}

function* verifyRoot(names: readonly string[], { root }: Layout): Findings {
  const ours = new Set(['format', 'data', 'ids', 'status', 'lost+found']);
  yield* foreign(names, root, (name) => ours.has(name) || /^\.(?:format|probe)\.[0-9a-f]{16}$/.test(name));
}

function* foreign(names: readonly string[], directory: string, isKnown: (name: string) => boolean): Findings {
  for (const name of names) if (!isKnown(name)) yield { kind: 'foreign', what: `${directory}/${name}` };
}

function isOurs(name: string, shard: string): boolean {
  const id = isDataName(name) ? name : parseShardName(name)?.id;
  return id?.startsWith(shard) === true;
}

async function* namesIfAny(machine: Machine, path: string): AsyncGenerator<readonly string[]> {
  try {
    yield* namesIn(machine, path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

/** Markers of ids that have several; `names` ascends. */
function* repeated(names: readonly string[]): Generator<readonly Marker[]> {
  let group: Marker[] = [];
  for (const name of names) {
    const marker = parseMarker(name);
    if (marker === undefined) continue;
    if (marker.id !== group[0]?.id) {
      if (group.length > 1) yield group;
      group = [];
    }
    group.push(marker);
  }
  if (group.length > 1) yield group;
}

function* staleOf(
  layout: Layout,
  kind: StatusKind,
  markers: readonly Marker[],
  youngest: number,
): Steps<BackendFinding[]> {
  const [{ id } = { id: undefined }] = markers;
  // The newest belongs to a writer between its steps, or to one that died there.
  if (id === undefined || markers.some(({ since }) => since > youngest)) return [];
  const head = yield* headOf(layout, id);
  if (head === undefined) return [];
  return markers
    .filter(({ nonce }) => head.status !== kind || nonce !== head.entered?.nonce)
    .map(({ name }) => ({ kind: 'stale-index', what: `${layout.status(kind)}/${name}`, instanceId: id }));
}

interface Noted {
  readonly id: InstanceId;
  data: boolean;
  readonly names: ShardName[];
  readonly entries: IdEntry[];
}

function note(entries: readonly string[], files: readonly string[]): Iterable<Noted> {
  const notes = new Map<InstanceId, Noted>();
  const of = (id: InstanceId): Noted => {
    const noted = notes.get(id) ?? { id, data: false, names: [], entries: [] };
    notes.set(id, noted);
    return noted;
  };
  for (const name of entries) {
    const entry = parseIdEntry(name);
    if (entry !== undefined) of(entry.id).entries.push(entry);
  }
  for (const name of files) {
    const parsed = parseShardName(name);
    if (parsed !== undefined) of(parsed.id).names.push(parsed);
    else if (isDataName(name)) of(name).data = true;
  }
  return notes.values();
}

function* verifyInstance(volume: Volume, noted: Noted, youngest: number): Steps<BackendFinding[]> {
  const { layout } = volume;
  const { id, data, names, entries } = noted;
  const found: BackendFinding[] = [];
  const tokens = names.filter(({ kind }) => kind === 'tok').length;
  const current = data && tokens > 1 ? (yield* headOf(layout, id))?.nonce : undefined;
  for (const name of names) {
    const path = `${layout.shard(id)}/${name.name}`;
    if (isTooMuch(name, data, current) && (yield* isOlder(path, youngest)))
      found.push({ kind: 'leftover', what: path, instanceId: id });
  }
  if (!data) return found;
  if (entries.length !== 1) found.push(...(yield* verifyEntries(layout, noted, youngest)));
  if (!names.some(isHold) && (yield* isStuck(volume, id))) {
    found.push({
      kind: 'stuck',
      what: layout.data(id),
      instanceId: id,
      problem: 'its token was removed: it can be read, but neither saved nor deleted',
    });
  }
  return found;
}

/** Whether an instance at rest has no such name. `current`: the stored write, where there are several tokens. */
function isTooMuch(name: ShardName, data: boolean, current: string | undefined): boolean {
  if (!data) return true;
  if (name.kind === 'tok') return current !== undefined && name.nonce !== current && isOfCreate(name);
  return name.kind !== 'void';
}

function isHold({ kind }: ShardName): boolean {
  return kind === 'tok' || kind === 'dead';
}

function* verifyEntries(layout: Layout, { id, entries }: Noted, youngest: number): Steps<BackendFinding[]> {
  const before = yield* headOf(layout, id);
  if (before === undefined) return [];
  const own = layout.idEntry(id, before.incarnation);
  const isThere = yield ['exists', own];
  // An entry is there from before the create until after the delete: so one of this life is missing, if it still lasts.
  if ((yield* headOf(layout, id))?.incarnation !== before.incarnation) return [];
  const found: BackendFinding[] = isThere === true ? [] : [{ kind: 'missing-index', what: own, instanceId: id }];
  for (const { name, incarnation } of entries) {
    const path = `${layout.idsShard(id)}/${name}`;
    if (incarnation !== before.incarnation && (yield* isOlder(path, youngest)))
      found.push({ kind: 'stale-index', what: path, instanceId: id });
  }
  return found;
}

/** No token, and nobody has it: a readdir may miss a name that is being renamed, but who renames it writes. */
function* isStuck(volume: Volume, id: InstanceId): Steps<boolean> {
  const before = yield* headOf(volume.layout, id);
  if (before === undefined) return false;
  for (let look = 0; look < 2; look++) if ((yield* namesOfInstance(volume, id)).some(isHold)) return false;
  return (yield* headOf(volume.layout, id))?.nonce === before.nonce;
}

/** What cannot be read is reported by whoever reads it. */
function* headOf(
  layout: Layout,
  id: InstanceId,
): Steps<ReturnType<typeof readHead> extends Steps<infer H> ? H : never> {
  try {
    return yield* readHead(layout, id);
  } catch (error) {
    if (isStateStoreError(error)) return undefined;
    throw error;
  }
}

function* isOlder(path: string, youngest: number): Steps<boolean> {
  const changed = yield* changedAt(path);
  return changed !== undefined && changed <= youngest;
}
