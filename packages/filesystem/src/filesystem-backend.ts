// The backend: who does what. Each mechanism has a file of its own; layout.ts is the place to begin.

import { resolve as absolute } from 'node:path';
import {
  type InstanceId,
  RevisionConflict,
  type StateBackend,
  StateStoreError,
  type Stored,
  type WriteRevision,
} from '@workflow-state/core/backend';
import { create } from './create.js';
import { readData, readHead, readStart } from './data-file.js';
import { remove } from './delete.js';
import { DirectorySync } from './directory-sync.js';
import { storageError } from './failures.js';
import { FILE_OPS, type FileOps, type Machine, run, type Steps } from './file-ops.js';
import { scanIds } from './id-index.js';
import { Layout } from './layout.js';
import { mustExist, open } from './open.js';
import { save } from './save.js';
import { scanStatus, type Stay } from './status-index.js';
import type { Volume } from './volume.js';

export interface FileSystemBackendOptions {
  /**
   * Where the store is: a directory of its own on a local disk, made when absent. A relative path is taken from the
   * working directory of this moment. Not on a network filesystem, and with hard links (not FAT or exFAT).
   */
  readonly directory: string;
  /**
   * `full` (default): an acknowledged save survives a power cut, as far as the device keeps what it says it has written.
   * `process`: it survives the end of the process, however sudden, and no more; saves are several times faster.
   * Processes that share a store should agree.
   */
  readonly durability?: 'full' | 'process' | undefined;
  /**
   * `hybrid` (default): fsyncs and listings in the thread pool; everything else, a few microseconds a call on a local
   * disk, on this thread. `async`: everything in the thread pool, for disks that may stall. Slower by the wake-ups.
   * `sync`: the fsyncs on this thread too, for programs that save one state after the other and do nothing else
   * meanwhile. The event loop stands still as long as the disk takes, and saves at the same time share no fsync.
   */
  readonly io?: 'hybrid' | 'sync' | 'async' | undefined;
  /**
   * How long what a crash left behind stays before `cleanup` removes it, in milliseconds: default one hour. Safe at any
   * value; a small one disturbs writers that are merely slow, who then have to write once more.
   */
  readonly leftoverAge?: number | undefined;
}

const HOUR = 3_600_000;

/**
 * Keeps workflow state in a directory, safe across the processes of one host.
 * @throws `INVALID_ARGUMENT`. Places that cannot be a store are refused when it is opened.
 */
export function fileSystemBackend(options: FileSystemBackendOptions): StateBackend {
  return fileSystemBackendOn(options, FILE_OPS[check(options).io ?? 'hybrid']());
}

/** The same over given system calls, for tests. */
export function fileSystemBackendOn(options: FileSystemBackendOptions, ops: FileOps): StateBackend {
  const { directory, durability = 'full', leftoverAge = HOUR } = check(options);
  const layout = new Layout(absolute(directory));
  const directories = new DirectorySync(ops);
  const machine: Machine = { ...ops, syncDirectory: (path) => directories.sync(path) };
  const durable = durability === 'full';
  // Until open has seen the filesystem: as if it kept no order.
  let volume: Volume = { layout, durable, ordered: !durable };

  return {
    name: 'filesystem',
    capabilities: Object.freeze({
      durability: durable ? 'power-loss' : 'process',
      sharing: 'host',
      reads: 'latest',
      reclaims: true,
      maxBodyBytes: Infinity,
    }),

    async open({ create: make = true }): Promise<void> {
      if (!make) await run(mustExist(layout), machine);
      volume = await run(open(layout, durable), machine);
    },

    async read(id): Promise<Stored | undefined> {
      const envelope = await told(layout.data(id), run(readData(layout, id), machine), id);
      return envelope && { envelope };
    },

    async head(id): Promise<Stored | undefined> {
      const envelope = await told(layout.data(id), run(readStart(layout, id), machine), id);
      return envelope && { envelope };
    },

    isCurrent: (id, revision) => told(layout.data(id), run(isCurrent(layout, id, revision), machine), id),

    async write(record, expected, call): Promise<void> {
      const { id, revision } = record;
      const { status } = revision;
      if (expected === undefined) {
        if (status === 'tombstone') throw new RevisionConflict('there is nothing to delete');
        return run(create(volume, { ...record, revision: { ...revision, status } }, call), machine);
      }
      if ('damaged' in expected) {
        const { removeDamaged } = await import('./damaged.js');
        await run(removeDamaged(volume, id, expected, call), machine);
        if (status !== 'tombstone')
          await run(create(volume, { ...record, revision: { ...revision, status } }, {}), machine);
        return;
      }
      // Deletes are removals here: no tombstone is ever stored.
      if (expected.status === 'tombstone') throw new RevisionConflict();
      const base: WriteRevision & Stay = { ...expected, status: expected.status };
      if (status !== 'tombstone' && revision.nonce === revision.incarnation) {
        // A copy from another store that replaces an older one: in between there is none, and who dies there copies again.
        await run(remove(volume, id, base, call), machine);
        return run(create(volume, { ...record, revision: { ...revision, status } }, {}), machine);
      }
      await run(status === 'tombstone' ? remove(volume, id, base, call) : save(volume, record, base, call), machine);
    },

    async *scan(query, call) {
      try {
        yield* query.status === undefined
          ? scanIds(machine, layout, query, call)
          : scanStatus(machine, layout, query.status, query, call);
      } catch (error) {
        throw call.signal?.aborted === true ? error : storageError(`${layout.root} cannot be listed`, error);
      }
    },

    // Loaded when they are called for: what runs an order needs none of them.
    async sweep(_olderThan, call) {
      return (await import('./sweep.js')).sweepStore(machine, volume, leftoverAge, call);
    },

    async *verify(call) {
      yield* (await import('./verify.js')).verify(machine, volume, leftoverAge, call);
    },

    async *diagnose(call) {
      yield* (await import('./diagnose.js')).diagnose(machine, volume, call);
    },

    close: () => directories.close(),
  };
}

/** What the machine says of a handle names no file. */
async function told<T>(path: string, reading: Promise<T>, id: InstanceId): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    throw storageError(`${path} cannot be read`, error, id);
  }
}

/** The token is there only while its write is what is stored. Not there, it may have another turn: the header decides. */
function* isCurrent(layout: Layout, id: InstanceId, revision: WriteRevision): Steps<boolean> {
  if (yield ['exists', layout.token(id, revision)]) return true;
  return (yield* readHead(layout, id))?.nonce === revision.nonce;
}

function check(options: FileSystemBackendOptions): FileSystemBackendOptions {
  const { directory, durability, io, leftoverAge } = options;
  if (typeof directory !== 'string' || directory === '' || directory.includes('\0')) {
    throw invalid('directory', 'the path of a directory', directory, 'is the environment variable set?');
  }
  if (durability !== undefined && !['full', 'process'].includes(durability))
    throw invalid('durability', "'full' or 'process'", durability);
  if (io !== undefined && !Object.hasOwn(FILE_OPS, io)) throw invalid('io', "'hybrid', 'sync' or 'async'", io);
  if (leftoverAge !== undefined && !(Number.isFinite(leftoverAge) && leftoverAge >= 0)) {
    throw invalid('leftoverAge', 'milliseconds, at least 0', leftoverAge);
  }
  return options;
}

function invalid(option: string, expected: string, value: unknown, ...recoveryHints: string[]): StateStoreError {
  return new StateStoreError(
    'INVALID_ARGUMENT',
    `fileSystemBackend, option ${option}: expected ${expected}, got ${JSON.stringify(value)}`,
    { recoveryHints },
  );
}
