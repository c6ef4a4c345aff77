// Opening: makes the directory a store, or refuses a place that cannot be one, before anything is read or written there.
// Costs the same at any size: shards are not looked into.

import { dirname } from 'node:path';
import { STATUS_KINDS, StateStoreError, type StateStoreErrorCode, TERMINAL_KINDS } from '@workflow-state/core';
import { storageError } from './failures.js';
import { call, codeOf, discard, mkdir, type Steps } from './file-ops.js';
import { NETWORK, ORDERED, warnOf } from './filesystem-type.js';
import { checkFormat, writeFormat } from './format-file.js';
import type { Layout } from './layout.js';
import { makeSwaps } from './status-index.js';
import { freshNonce, type Volume } from './volume.js';

/** May lie beside a store: a fresh ext volume has it at its root. */
const NOT_COUNTED: ReadonlySet<string> = new Set(['lost+found']);
const OURS = /^(?:data|ids|status|\.(?:format|probe)\.[0-9a-f]{16})$/;

/** What the volume is like. @throws `StateStoreError`, always with a remedy. */
export function* open(layout: Layout, durable: boolean): Steps<Volume> {
  const { root } = layout;
  yield* attempt(`the store's directory ${root} cannot be made`, call('ensureDirectory', root));
  const names = yield* attempt(`${root} cannot be read`, list(root));
  const volume: Volume = { layout, durable, ordered: yield* orderOf(root, durable) };
  const exists = names.includes('format');
  if (exists) yield* checkFormat(layout);
  else refuseForeign(root, names);
  yield* attempt(`${root} is not writable`, makeTree(layout));
  if (durable) yield* syncDirectories(layout, exists);
  if (exists) {
    yield* probeHardLink(layout);
    return volume;
  }
  yield* hardLinks(root, writeFormat(volume));
  if (durable) yield* syncOnce(root);
  return volume;
}

/** Before anything is made. @throws `INVALID_ARGUMENT` */
export function* mustExist({ root, format }: Layout): Steps<void> {
  try {
    yield* call('times', format);
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) throw storageError(`${root} cannot be read`, error);
    throw refusal(
      'INVALID_ARGUMENT',
      `there is no store in ${root}`,
      'check the path; the first program that saves a state there makes the store',
    );
  }
}

function* list(root: string): Steps<readonly string[]> {
  try {
    return yield* call('readdir', root);
  } catch (error) {
    if (codeOf(error) !== 'ENOTDIR') throw error;
    throw refusal(
      'INVALID_ARGUMENT',
      `${root} is not a directory`,
      'give the path of a directory, or of one to be made',
    );
  }
}

function refuseForeign(root: string, names: readonly string[]): void {
  const foreign = names.filter((name) => !OURS.test(name) && !NOT_COUNTED.has(name));
  if (foreign.length === 0) return;
  const some = foreign.slice(0, 3).map((name) => JSON.stringify(name));
  throw refusal(
    'INVALID_ARGUMENT',
    `${root} is no store and not empty: it holds ${some.join(', ')}${foreign.length > 3 ? ` and ${foreign.length - 3} more` : ''}`,
    'choose a directory of its own for the store',
  );
}

function* orderOf(root: string, durable: boolean): Steps<boolean> {
  const type = (yield* call('filesystemType', root)) >>> 0;
  const network = NETWORK.get(type);
  if (network !== undefined) {
    throw refusal(
      'NOT_SUPPORTED',
      `${root} is on a network filesystem (${network}), which can report that a rename failed although it worked`,
      'use a local disk, or the S3 backend',
    );
  }
  yield* warnOf(root, type, durable);
  return !durable || ORDERED.has(type);
}

/** Shards are made when first needed. */
function* makeTree(layout: Layout): Steps<void> {
  for (const path of [
    layout.dataRoot,
    layout.idsRoot,
    layout.statusRoot,
    ...STATUS_KINDS.map((kind) => layout.status(kind)),
  ])
    yield* mkdir(path);
  for (const kind of TERMINAL_KINDS) yield* makeSwaps(layout, kind);
}

/** Before the format file is there, everything it promises must last: what is above as well. Which of it is new, nobody can tell. */
function* syncDirectories({ root, statusRoot }: Layout, exists: boolean): Steps<void> {
  try {
    yield* syncOnce(statusRoot);
    yield* syncOnce(root);
  } catch (error) {
    if (!NOT_ALLOWED.includes(codeOf(error) ?? '')) throw storageError(`${root} cannot be synced`, error);
    throw refusal(
      'NOT_SUPPORTED',
      `the filesystem of ${root} cannot sync a directory, so that no save there is known to survive a power cut`,
      "use another filesystem, or durability: 'process'",
      error,
    );
  }
  if (exists) return;
  for (let path = root; path !== dirname(path);) {
    path = dirname(path);
    try {
      yield* syncOnce(path);
    } catch (error) {
      // Not ours to read: made by others, long ago.
      if (!NOT_ALLOWED.includes(codeOf(error) ?? '')) throw storageError(`${path} cannot be synced`, error);
    }
  }
}

const NOT_ALLOWED: readonly string[] = ['EINVAL', 'EPERM', 'EISDIR', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'EROFS'];

function* syncOnce(path: string): Steps<void> {
  const handle = yield* call('open', path);
  try {
    yield* call('fsync', handle);
  } finally {
    yield* call('close', handle);
  }
}

/** Also proves that a store that was there before is writable. */
function* probeHardLink({ root, format }: Layout): Steps<void> {
  const probe = `${root}/.probe.${freshNonce()}`;
  yield* hardLinks(root, call('link', format, probe));
  yield* discard(probe);
}

function* hardLinks<T>(root: string, steps: Steps<T>): Steps<T> {
  try {
    return yield* steps;
  } catch (error) {
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EINVAL'].includes(codeOf(error) ?? ''))
      throw storageError(`${root} is not writable`, error);
    throw refusal(
      'NOT_SUPPORTED',
      `${root} is on a filesystem without hard links, or this process may not link the store's files`,
      'use a filesystem with hard links (not FAT or exFAT), as the user who owns the store',
      error,
    );
  }
}

function* attempt<T>(what: string, steps: Steps<T>): Steps<T> {
  try {
    return yield* steps;
  } catch (error) {
    if (codeOf(error) === 'EEXIST' || codeOf(error) === 'ENOTDIR') {
      throw refusal(
        'INVALID_ARGUMENT',
        `${what}: something on the way is not a directory`,
        'give the path of a directory, or of one to be made',
        error,
      );
    }
    throw storageError(what, error);
  }
}

function refusal(code: StateStoreErrorCode, message: string, remedy: string, cause?: unknown): StateStoreError {
  return new StateStoreError(code, message, { recoveryHints: [remedy], ...(cause !== undefined && { cause }) });
}
