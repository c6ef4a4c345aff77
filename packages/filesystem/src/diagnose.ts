// Whether a directory offers what the protocol rests on, tried out on files of its own, which it removes.
//
// Not part of the protocol: it asks once, for people. What open refuses is not asked again.

import { constants } from 'node:fs';
import { access, readdir, statfs } from 'node:fs/promises';
import type { BackendCall, Diagnosis } from '@workflow-state/core/backend';
import { writeCandidate } from './candidate.js';
import { storageError } from './failures.js';
import { call, codeOf, discard, link, type Machine, rename, run, type Steps, unlink } from './file-ops.js';
import { ORDERED, UNKNOWN } from './filesystem-type.js';
import type { Layout } from './layout.js';
import { freshNonce, type Volume } from './volume.js';

const TMPFS = 0x01021994;

const NAMES: ReadonlyMap<number, string> = new Map([
  [0xef53, 'ext2/3/4'],
  [0x58465342, 'xfs'],
  [0x9123683e, 'btrfs'],
  [TMPFS, 'tmpfs'],
  [0x794c7630, 'overlay'],
  [0x2fc12fc1, 'zfs'],
]);

const LITTLE_SPACE = 64 * 2 ** 20;
const FEW_FILES = 1000;
const CLOCK_TOLERANCE = 2000;

/** As `StateBackend.diagnose`. */
export async function* diagnose(machine: Machine, volume: Volume, { signal }: BackendCall): AsyncGenerator<Diagnosis> {
  const { layout } = volume;
  yield await rights(layout);
  signal?.throwIfAborted();
  yield* await run(tryOut(volume), machine);
  yield durability(volume, (await statfs(layout.root)).type >>> 0);
  yield await space(layout);
}

/** Of every directory: each process that uses the store must be able to write to all of them. */
async function rights({ root, dataRoot, idsRoot, statusRoot }: Layout): Promise<Diagnosis> {
  const what = 'rights';
  for (const parent of [root, dataRoot, idsRoot, statusRoot]) {
    for (const entry of [{ name: '.', isDirectory: () => true }, ...(await readdir(parent, { withFileTypes: true }))]) {
      const path = entry.name === '.' ? parent : `${parent}/${entry.name}`;
      if (!entry.isDirectory() || entry.name === 'lost+found') continue;
      try {
        await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
      } catch (error) {
        const { message, recoveryHints } = storageError(`${path} is not writable`, error);
        return { what, verdict: 'broken', found: message, remedy: recoveryHints[0] };
      }
    }
  }
  return { what, verdict: 'ok', found: 'every directory of the store can be read and written' };
}

/** The calls that decide who wins, each with what must fail. */
function* tryOut(volume: Volume): Steps<Diagnosis[]> {
  const { layout, durable } = volume;
  const name = (): string => `${layout.root}/.probe.${freshNonce()}`;
  const [first, second, third] = [name(), name(), name()];
  const bytes = new TextEncoder().encode(first);
  const what = 'renames, links';
  try {
    const from = Date.now();
    yield* writeCandidate(volume, first, bytes);
    const { modified } = yield* call('times', first);
    const to = Date.now();
    const made = yield* link(first, second);
    const again = yield* link(first, second);
    const moved = yield* rename(second, third);
    const movedAgain = yield* rename(second, third);
    const names = yield* call('readdir', layout.root);
    const listed = [first, second, third].map((path) => names.includes(path.slice(layout.root.length + 1)));
    const removed = yield* unlink(third);
    const saw = [made, again, moved, movedAgain, ...listed, removed].join(' ');
    const isRight = saw === 'done EEXIST done ENOENT true false true done';
    if (durable) yield* call('syncDirectory', layout.root);
    return [
      isRight
        ? {
            what,
            verdict: 'ok',
            found: `a name is taken once, and moves once${durable ? '; files and directories sync' : ''}`,
          }
        : {
            what,
            verdict: 'broken',
            found: `link, link, rename, rename, list and unlink answered ${saw}`,
            remedy: 'use a local disk, or the S3 backend',
          },
      clock(modified, from, to),
    ];
  } catch (error) {
    const { message, recoveryHints } = storageError(`${layout.root} does not do what a store needs`, error);
    return [
      { what, verdict: 'broken', found: message, remedy: recoveryHints[0] ?? `look up ${codeOf(error) ?? 'it'}` },
    ];
  } finally {
    yield* discard(first, second, third);
  }
}

function clock(modified: number, from: number, to: number): Diagnosis {
  const off = Math.round(modified < from ? modified - from : Math.max(0, modified - to));
  return Math.abs(off) <= CLOCK_TOLERANCE
    ? { what: 'clock', verdict: 'ok', found: 'the filesystem and this process agree on the time' }
    : {
        what: 'clock',
        verdict: 'doubtful',
        found: `the filesystem is ${Math.abs(off)} ms ${off < 0 ? 'behind' : 'ahead of'} this process`,
        remedy: 'synchronise the clocks: cleanup judges the age of leftovers by both',
      };
}

function durability({ durable, layout }: Volume, type: number): Diagnosis {
  const what = 'durability';
  const name = NAMES.get(type) ?? UNKNOWN.get(type) ?? `type 0x${type.toString(16)}`;
  if (!durable)
    return { what, verdict: 'ok', found: `on ${name}; saves survive the process, not a power cut, as was asked for` };
  const doubt = (found: string, remedy: string): Diagnosis => ({ what, verdict: 'doubtful', found, remedy });
  if (type === TMPFS)
    return doubt(
      `${layout.root} is on tmpfs, which accepts every sync and keeps nothing`,
      "put the store on a disk, or say so with durability: 'process'",
    );
  if (UNKNOWN.has(type))
    return doubt(`the filesystem (${name}) is served by another program, which nobody here knows`, 'use a local disk');
  if (ORDERED.has(type)) return { what, verdict: 'ok', found: `on ${name}; an acknowledged save survives a power cut` };
  return {
    what,
    verdict: 'ok',
    found: `on ${name}; an acknowledged save survives a power cut, at the cost of a few more syncs`,
  };
}

async function space({ root }: Layout): Promise<Diagnosis> {
  const { bavail, bsize, ffree, files } = await statfs(root);
  const free = bavail * bsize;
  const isShort = free < LITTLE_SPACE || (files > 0 && ffree < FEW_FILES);
  const found = `${Math.floor(free / 2 ** 20)} MiB free${files > 0 ? `, room for ${ffree} more files` : ''}`;
  return isShort
    ? { what: 'space', verdict: 'doubtful', found, remedy: 'free space, or clean up: an instance is three files' }
    : { what: 'space', verdict: 'ok', found };
}
