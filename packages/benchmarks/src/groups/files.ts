// Saves and loads on a filesystem, beside every contender: 1, 16 and 256 KB, one at a time and 32 at a time.

import fs from 'node:fs';
import { join } from 'node:path';
import { CONTENDERS } from '../contenders/all.js';
import type { Batch, Operation } from '../contenders/protocol.js';
import { DURABLE_FLOOR } from '../contenders/floors.js';
import { newerNode } from '../contenders/installed.js';
import { type Remote, startContender } from '../contenders/remote.js';
import { contest, type Entrant } from '../contest.js';
import { filesystemOf } from '../machine.js';
import { type Missing, type Table, missingBecause } from '../results.js';
import type { Group, Places, Run } from './group.js';

export const SIZES = [1, 16, 256] as const;
export const CONCURRENCIES = [1, 32] as const;

/** A multiple of every concurrency: each lane then has instances of its own. */
const INSTANCES = 64;
/** Milliseconds that a batch should take, so that a round is short however slow a contender is. */
const BATCH = 12;
/** A batch of so many milliseconds is long, and taken in few rounds. */
const LONG = 300;
const FEW = 3;
/** Calls, or milliseconds, after which code counts as compiled. */
const WARM_CALLS = 2000;
const WARM_TIME = 300;

export const FILES_DISK = files('files-disk', 'disk', 'Saves and loads on the disk');
export const FILES_MEMORY = files('files-memory', 'memory', 'Saves and loads on ext4 in memory');

function files(name: string, place: keyof Places, title: string): Group {
  return {
    name,
    title,
    packages: [...new Set(CONTENDERS.flatMap(({ packages }) => packages))],
    async run(run) {
      const parent = run.places[place];
      if (parent === undefined) throw new Error(`there is no place for ${name}: it needs Linux and /dev/shm`);
      const tables: Table[] = [];
      for (const kib of run.quick ? [16] : SIZES) tables.push(...(await ofSize(kib, parent, run)));
      return {
        facts: {
          filesystem: filesystemOf(parent),
          instances: String(INSTANCES),
          'node of node:sqlite': newerNode()?.version ?? 'none',
        },
        tables,
      };
    },
  };
}

async function ofSize(kib: number, parent: string, { quick, progress }: Run): Promise<Table[]> {
  const root = fs.mkdtempSync(join(parent, 'workflow-state-bench-'));
  const remotes: Remote[] = [];
  const missing: Missing[] = [];
  try {
    for (const contender of CONTENDERS) {
      progress(`${kib} KB: opening ${contender.name}`);
      try {
        remotes.push(await startContender(contender, root, { bytes: kib * 1024, instances: INSTANCES }));
      } catch (error) {
        missing.push(missingBecause(contender.name, error));
      }
    }
    const tables: Table[] = [];
    for (const operation of ['save', 'load'] as const)
      for (const concurrency of CONCURRENCIES) {
        const title = `${operation}, ${kib} KB, ${concurrency === 1 ? 'one at a time' : `${concurrency} at a time`}`;
        progress(title);
        const rounds = quick ? 5 : 15;
        const figures = await contestOf(remotes, { operation, concurrency, rounds, settle: settler(root) });
        tables.push({
          id: `${operation}-${kib}-${concurrency}`,
          title,
          unit: 'µs',
          floor: DURABLE_FLOOR.name,
          figures,
          missing,
        });
      }
    return tables;
  } finally {
    for (const remote of remotes) await remote.end();
    fs.rmSync(root, { recursive: true, force: true });
  }
}

interface FilesContest {
  readonly operation: Operation;
  readonly concurrency: number;
  readonly rounds: number;
  readonly settle: () => void;
}

async function contestOf(
  remotes: readonly Remote[],
  { operation, concurrency, rounds, settle }: FilesContest,
): Promise<Table['figures']> {
  const entrants: Entrant[] = [];
  for (const remote of remotes) {
    const estimate = await warmUp(remote, { operation, concurrency });
    // At least as many as may be in flight; a save at most once for each instance.
    const enough = Math.max(concurrency, Math.ceil((BATCH * 1000) / estimate));
    const calls = operation === 'save' ? Math.min(INSTANCES, enough) : enough;
    entrants.push({
      name: remote.contender.name,
      round: () => remote.run({ operation, concurrency, calls }),
      ...(calls * estimate > LONG * 1000 ? { rounds: FEW } : {}),
    });
  }
  return contest(entrants, { rounds, warmUp: 1, floor: DURABLE_FLOOR.name, settle });
}

/** Until the code is compiled. @returns microseconds per call at the end of it. */
async function warmUp(remote: Remote, batch: Pick<Batch, 'operation' | 'concurrency'>): Promise<number> {
  const calls = Math.max(batch.concurrency, 16);
  const begin = performance.now();
  for (let done = calls; ; done += calls) {
    const time = await remote.run({ ...batch, calls });
    if (done >= WARM_CALLS || performance.now() - begin > WARM_TIME) return time;
  }
}

/** Commits what the batch before left in the filesystem's journal, which the next flush would have to pay for. */
function settler(directory: string): () => void {
  const file = fs.openSync(join(directory, '.settle'), 'w');
  return () => {
    fs.writeSync(file, '.');
    fs.fsyncSync(file);
  };
}
