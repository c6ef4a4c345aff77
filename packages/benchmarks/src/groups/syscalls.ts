// What one operation asks of the system, counted by strace: calls on the contender's directory, and flushes among them.
// A promise to survive a power cut that flushes nothing would show here.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { CONTENDERS } from '../contenders/all.js';
import type { Contender } from '../contenders/contender.js';
import { markOf, type Phase, PHASES } from '../contenders/protocol.js';
import { CONTENDER_PROCESS, nodeOf } from '../contenders/remote.js';
import { type Figure, type Missing, type Table, missingBecause } from '../results.js';
import { spreadOf } from '../spread.js';
import type { Group } from './group.js';

const INSTANCES = 64;
const BYTES = 16 * 1024;
const FLUSHES = ['fsync', 'fdatasync', 'sync_file_range', 'msync', 'syncfs'];
const CALLS =
  'open,openat,read,pread64,readv,preadv,write,pwrite64,writev,pwritev,close,rename,renameat,renameat2,link,linkat,unlink,unlinkat,stat,lstat,fstat,statx,newfstatat,readlink,access,faccessat2,chmod,fchmod,chown,fchown,mkdir,rmdir,utimensat,fcntl,flock,ftruncate,getdents64';

export const SYSCALLS: Group = {
  name: 'syscalls',
  title: 'System calls and flushes of an operation, 16 KB',
  packages: [...new Set(CONTENDERS.flatMap(({ packages }) => packages))],
  async run({ places, progress }) {
    if (spawnSync('strace', ['-V']).status !== 0) throw new Error('strace is not installed');
    const root = fs.mkdtempSync(join(places.memory ?? places.disk, 'workflow-state-bench-'));
    const missing: Missing[] = [];
    const tables = new Map<string, Table>(
      PHASES.flatMap((phase) =>
        (['calls', 'flushes'] as const).map((what) => [
          `${phase}-${what}`,
          { id: `${phase}-${what}`, title: `${what} of a ${NAMES[phase]}`, unit: what, figures: [], missing },
        ]),
      ),
    );
    const add = (id: string, figure: Figure): void => {
      const table = tables.get(id);
      if (table !== undefined) tables.set(id, { ...table, figures: [...table.figures, figure] });
    };
    try {
      for (const contender of CONTENDERS) {
        progress(contender.name);
        try {
          for (const [phase, { calls, flushes }] of countOf(contender, root)) {
            if (calls === 0 && NEW[phase]) continue;
            add(`${phase}-calls`, exactly(contender.name, calls));
            add(`${phase}-flushes`, exactly(contender.name, flushes));
          }
        } catch (error) {
          missing.push(missingBecause(contender.name, error));
        }
      }
    } finally {
      fs.rmSync(root, { recursive: true, force: true });
    }
    return { facts: { size: '16 KB' }, tables: [...tables.values()] };
  },
};

const NAMES: Readonly<Record<Phase, string>> = {
  create: 'create',
  save: 'save',
  load: 'load',
  changeStatus: 'status change',
  remove: 'delete',
};

/** Only some contenders have these. */
const NEW: Readonly<Partial<Record<Phase, true>>> = { remove: true, create: true, changeStatus: true };

function exactly(name: string, count: number): Figure {
  return { name, time: spreadOf([count]) };
}

interface Count {
  calls: number;
  flushes: number;
}

function countOf(contender: Contender, root: string): ReadonlyMap<Phase, Count> {
  const directory = join(root, 'states');
  const output = join(root, 'trace');
  fs.mkdirSync(directory);
  const target = [CONTENDER_PROCESS, contender.name, directory, String(BYTES), String(INSTANCES), 'traced'];
  const { status, stderr } = spawnSync(
    'strace',
    ['-f', '-y', '-qq', '-o', output, '-e', `trace=${CALLS},${FLUSHES.join(',')}`, nodeOf(contender), ...target],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(stderr.trim().split('\n').at(-1) ?? `ended with ${status}`);
  const counts = new Map<Phase, Count>(PHASES.map((phase) => [phase, { calls: 0, flushes: 0 }]));
  let phase: Phase | 'end' | undefined;
  for (const line of fs.readFileSync(output, 'utf8').split('\n')) {
    const call = /^\d+ +(\w+)\(/.exec(line)?.[1];
    if (call === undefined) continue;
    // msync names an address, not a file.
    if (!line.includes(directory) && call !== 'msync') continue;
    const next = ([...PHASES, 'end'] as const).find((one) => line.includes(`/${markOf(one)}"`));
    const count = phase === undefined || phase === 'end' ? undefined : counts.get(phase);
    if (next !== undefined) phase = next;
    else if (count !== undefined) {
      count.calls++;
      if (FLUSHES.includes(call)) count.flushes++;
    }
  }
  fs.rmSync(directory, { recursive: true });
  return new Map([...counts].map(([one, count]) => [one, perInstance(count)]));
}

function perInstance({ calls, flushes }: Count): Count {
  const per = (count: number): number => Math.round((10 * count) / INSTANCES) / 10;
  return { calls: per(calls), flushes: per(flushes) };
}
