// Power loss for real: a filesystem in a file is cut off right after an acknowledgement, or amid writes, and mounted again.
// Every acknowledged write must be there, none torn, every listing complete, and the store usable. The same without
// an fsync must fail, or this proves nothing. Needs root and loop devices.
//
//   npm run test:power-loss              ext4
//   npm run test:power-loss -- --all     xfs and btrfs too; installs their tools where missing

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import {
  InstanceId,
  isTerminalKind,
  openStateStore,
  STATUS_KINDS,
  type StateStore,
  type WorkflowState,
} from '@workflow-state/core';
import { isStateStoreError } from '@workflow-state/core/backend';
import { fileSystemBackend } from '../src/filesystem-backend.js';
import { idsOf } from './ids.js';
import { leftovers } from './leftovers.js';
import { fresh, padding, type Task, type Way, type Work } from './power-writer.main.js';
import { fastDirectory } from './options.js';
import { ended, program } from './processes.js';
import { ensureTools, FILESYSTEMS, type Filesystem, VolumeImage } from './volume-image.js';

const EACH = 20;
const WORK: readonly Work[] = ['save', 'status', 'create', 'delete'];
const INSIDE = 'WORKFLOW_STATE_OWN_MOUNTS';

interface Case {
  readonly way: Way;
  /** Cut after that many acknowledgements, with others under way; undefined: after the last. */
  readonly amid?: number;
  readonly atOnce: number;
}

const CASES: readonly Case[] = [
  { way: 'full', atOnce: 1 },
  { way: 'full', atOnce: 8 },
  { way: 'full', atOnce: 8, amid: 30 },
  { way: 'full', atOnce: 4, amid: 53 },
  { way: 'process', atOnce: 1 },
  { way: 'no file fsync', atOnce: 1 },
  { way: 'no directory fsync', atOnce: 1 },
];

interface Found {
  /** Acknowledged and not there. */
  readonly lost: string[];
  readonly torn: string[];
  /** Missing in a listing, left over, not usable, neither old nor new. */
  readonly wrong: string[];
  readonly acknowledged: Readonly<Record<Work, number>>;
}

function isIntact({ lost, torn, wrong }: Found): boolean {
  return lost.length + torn.length + wrong.length === 0;
}

async function lose(filesystem: Filesystem, { way, atOnce, amid }: Case, parent: string): Promise<Found> {
  const place = mkdtempSync(`${parent}/workflow-state-power-`);
  const volume = new VolumeImage(filesystem, place);
  try {
    const directory = `${volume.mountPoint}/store`;
    const work = Array.from({ length: WORK.length * EACH }, (_, at) => ({
      id: InstanceId.generate(),
      work: WORK[at % WORK.length] ?? 'save',
    }));
    const before = await openStateStore(fileSystemBackend({ directory, durability: 'process' }));
    for (const { id, work: what } of work) if (what !== 'create') await before.save(fresh(id));
    await before.close();
    volume.sync();
    const acknowledged = await writeUntilCut({ directory, way, work, atOnce }, volume, amid);
    volume.restart();
    return await inspect(directory, work, acknowledged);
  } finally {
    volume.remove();
    rmSync(place, { recursive: true, force: true });
  }
}

async function writeUntilCut(task: Task, volume: VolumeImage, amid: number | undefined): Promise<Set<string>> {
  const child = spawn(process.execPath, [program('power-writer'), JSON.stringify(task)], {
    // What it says when its filesystem is gone is of no interest, unless it is gone too early.
    stdio: ['ignore', 'pipe', amid === undefined ? 'inherit' : 'ignore'],
  });
  const acknowledged = new Set<string>();
  let cut = false;
  for await (const line of createInterface({ input: child.stdout })) {
    const [what, id = ''] = line.split(' ');
    if (what === 'done') acknowledged.add(id);
    if (what === 'end' || acknowledged.size === amid) {
      volume.cutPower();
      cut = true;
      break;
    }
  }
  child.kill('SIGKILL');
  await ended(child);
  if (!cut) throw new Error(`the writer ended after ${acknowledged.size} acknowledgements`);
  return acknowledged;
}

async function inspect(directory: string, work: Task['work'], acknowledged: ReadonlySet<string>): Promise<Found> {
  const lost: string[] = [];
  const torn: string[] = [];
  const wrong: string[] = [];
  const counts = { save: 0, status: 0, create: 0, delete: 0 };
  const store = await openStateStore(fileSystemBackend({ directory, leftoverAge: 0 }));
  const living = new Map<InstanceId, WorkflowState>();
  for (const { id, work: what } of work) {
    const must = acknowledged.has(id);
    if (must) counts[what]++;
    let found: WorkflowState | undefined;
    try {
      found = await store.find(id);
    } catch (error) {
      if (!isStateStoreError(error) || error.code !== 'DESERIALIZATION_ERROR') throw error;
      torn.push(`${what} ${id}: ${error.message}`);
      continue;
    }
    if (found !== undefined) living.set(id, found);
    const version = found?.checkpointVersion ?? 0;
    const [old, new_] = what === 'create' ? [0, 1] : what === 'delete' ? [1, 0] : [1, 2];
    if (version !== old && version !== new_) wrong.push(`${what} ${id}: version ${version}`);
    if (must && version !== new_) lost.push(`${what} ${id}: version ${version}`);
    if (found === undefined) continue;
    const bytes = found.state['padding'];
    if (bytes === undefined || Buffer.compare(bytes, padding(id, version)) !== 0)
      torn.push(`${what} ${id}: other bytes`);
    if (what === 'status' && isTerminalKind(found.status.kind) !== (version === 2))
      wrong.push(`${id}: ${found.status.kind}`);
  }
  wrong.push(...(await listings(store, living)));
  // Loss is loss; whether what is left can be used is a question for those who lost nothing.
  if (torn.length + lost.length === 0)
    wrong.push(
      ...(await useAll(
        store,
        directory,
        work.map(({ id }) => id),
      )),
    );
  await store.close();
  return { lost, torn, wrong, acknowledged: counts };
}

async function listings(store: StateStore, living: ReadonlyMap<InstanceId, WorkflowState>): Promise<string[]> {
  const wrong: string[] = [];
  const all = new Set(await idsOf(store.list()));
  for (const id of living.keys()) if (!all.has(id)) wrong.push(`${id} is not in the list`);
  for (const kind of STATUS_KINDS) {
    const named = new Set(await idsOf(store.listByStatus(kind)));
    for (const [id, { status }] of living)
      if (status.kind === kind && !named.has(id)) wrong.push(`${id} is not listed as ${kind}`);
  }
  return wrong;
}

/** Swept, nothing of the dead is left; then each instance is saved or made anew, and deleted. */
async function useAll(store: StateStore, directory: string, ids: readonly InstanceId[]): Promise<string[]> {
  const wrong: string[] = [];
  const { failures } = await store.cleanup({ days: 1 });
  for (const { error } of failures) wrong.push(`cleanup: ${String(error)}`);
  const living = new Set<string>(await idsOf(store.list()));
  wrong.push(...(await leftovers(directory, living)));
  for (const id of ids) {
    const saved = await store.save((await store.find(id)) ?? fresh(id));
    if (!(await store.delete(id, { revision: saved.revision }))) wrong.push(`${id} could not be deleted`);
  }
  wrong.push(...(await leftovers(directory, new Set())));
  return wrong;
}

/** Starts this program again where nobody else sees what it mounts. */
function withOwnMounts(args: readonly string[]): void {
  if (process.platform !== 'linux') throw new Error('power loss can be tried on Linux only');
  if (process.getuid?.() !== 0) throw new Error('power loss needs root: it mounts filesystems');
  const { status, error } = spawnSync(
    'unshare',
    ['--mount', '--propagation', 'private', process.execPath, process.argv[1] ?? '', ...args],
    { stdio: 'inherit', env: { ...process.env, [INSIDE]: 'yes' } },
  );
  if (error !== undefined) throw error;
  process.exitCode = status ?? 1;
}

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  if (process.env[INSIDE] === undefined) return withOwnMounts(args);
  const { values } = parseArgs({
    args,
    options: { all: { type: 'boolean', default: false }, directory: { type: 'string', default: fastDirectory() } },
  });
  const begin = performance.now();
  const wrong: string[] = [];
  for (const filesystem of values.all ? FILESYSTEMS : FILESYSTEMS.slice(0, 1)) {
    ensureTools(filesystem);
    for (const one of CASES) {
      // A copy of the image is no power cut while somebody writes to it.
      if (one.amid !== undefined && filesystem === 'btrfs') continue;
      const { way, amid, atOnce } = one;
      const name = `${filesystem}, ${way}, ${atOnce} at once, cut ${amid === undefined ? 'after the last' : `after ${amid}`}`;
      let found = await lose(filesystem, one, values.directory);
      // A control may be saved by what the kernel commits by itself every few seconds.
      for (let again = 0; again < 2 && way !== 'full' && isIntact(found); again++)
        found = await lose(filesystem, one, values.directory);
      const total = Object.values(found.acknowledged).reduce((sum, count) => sum + count, 0);
      console.log(
        `${name}: ${total} acknowledged (${WORK.map((work) => `${work} ${found.acknowledged[work]}`).join(', ')}), ` +
          `${found.lost.length} lost, ${found.torn.length} torn, ${found.wrong.length} wrong`,
      );
      if (way === 'full')
        wrong.push(...[...found.lost, ...found.torn, ...found.wrong].map((text) => `${name}: ${text}`));
      else if (isIntact(found)) wrong.push(`${name}: nothing is lost, so this cannot fail`);
    }
  }
  for (const text of wrong.slice(0, 20)) console.error(text);
  if (wrong.length > 0) process.exitCode = 1;
  console.log(
    `${wrong.length === 0 ? 'nothing lost at full' : 'FAILED'}, in ${Math.round((performance.now() - begin) / 1000)} s`,
  );
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
