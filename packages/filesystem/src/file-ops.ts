// The seam: every system call of this backend, by name. Nothing else here touches the disk.
//
// The protocol (save.ts, create.ts, delete.ts, resolve.ts, sweep.ts) is written once, as generators that *yield* the
// calls they want made and receive what came of them. `run` makes them: on this thread where the answer of an operation
// is a value, in the thread pool where it is a promise. So the text reads as the list of steps, costs no promise where
// none is needed, and a test can count, delay or fail any call, or step several actors through every interleaving on a
// simulated disk without an event loop.

import fs from 'node:fs';
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import { ensureDir } from 'fs-extra/esm';

/** A value now, or later. */
export type Eventually<T> = T | Promise<T>;

/** An open file. Opaque: only handed back. */
export type Handle = number;

/** An open directory. Opaque: only handed back. */
export type Directory = fs.Dir;

/** The system calls in use. All throw what `node:fs` throws: an error with a `code`. */
export interface FileOps {
  /** A new file for writing. `EEXIST` if the name is taken. */
  create(path: string): Eventually<Handle>;
  /** An existing file, or a directory, for reading. */
  open(path: string): Eventually<Handle>;
  size(handle: Handle): Eventually<number>;
  /** Bytes read into `into` from `offset` on, at the same offset of the file; 0 at its end. */
  read(handle: Handle, into: Uint8Array, offset: number): Eventually<number>;
  /** Bytes accepted, from `offset` on; may be fewer than were offered. */
  write(handle: Handle, bytes: Uint8Array, offset: number): Eventually<number>;
  fsync(handle: Handle): Eventually<void>;
  close(handle: Handle): Eventually<void>;
  link(from: string, to: string): Eventually<void>;
  rename(from: string, to: string): Eventually<void>;
  unlink(path: string): Eventually<void>;
  mkdir(path: string): Eventually<void>;
  rmdir(path: string): Eventually<void>;
  exists(path: string): Eventually<boolean>;
  /** All names. For directories that may be of any size, see directory-names.ts. */
  readdir(path: string): Eventually<string[]>;
  opendir(path: string): Eventually<Directory>;
  /** Some thousand names that were not returned yet; none at the end. */
  readNames(directory: Directory): Eventually<string[]>;
  closedir(directory: Directory): Eventually<void>;
  /** Size of a directory, as the filesystem has it. */
  bytes(path: string): Eventually<number>;
  /** Modification and change time, epoch milliseconds, fractions kept. */
  times(path: string): Eventually<FileTimes>;
  /** Sets the modification time, in seconds. */
  setModified(path: string, seconds: number): Eventually<void>;
  /** Type of the filesystem, as `statfs(2)` has it. */
  filesystemType(path: string): Eventually<number>;
  /** The directory and whatever is missing above it. */
  ensureDirectory(path: string): Eventually<void>;
  /** No system call: gives others on this thread their turn (0), or other processes some time. */
  pause(milliseconds: number): Eventually<void>;
}

export interface FileTimes {
  readonly modified: number;
  readonly changed: number;
}

/** What the protocol runs on: the calls above, and the fsync of a directory that one caller may share with others. */
export interface Machine extends FileOps {
  syncDirectory(path: string): Eventually<void>;
}

/** One call that a protocol wants made. */
export type Call = { [Name in keyof Machine]: readonly [Name, ...Parameters<Machine[Name]>] }[keyof Machine];

/** Part of the protocol: yields calls, ends with a result. */
export type Steps<Result> = Generator<Call, Result, unknown>;

/** Makes the calls of `steps`, one after the other. No turn of the event loop passes between calls that answer at once. */
export async function run<Result>(steps: Steps<Result>, machine: Machine): Promise<Result> {
  let step = steps.next();
  while (step.done !== true) {
    let answer: unknown;
    try {
      answer = perform(machine, step.value);
      if (answer instanceof Promise) answer = await answer;
    } catch (error) {
      step = steps.throw(error);
      continue;
    }
    step = steps.next(answer);
  }
  return step.value;
}

function perform(machine: Machine, [name, a, b, c]: Call): unknown {
  return (machine[name] as (a: unknown, b: unknown, c: unknown) => unknown)(a, b, c);
}

/** One call, typed: `const handle = yield* call('open', path)`. */
export function* call<Name extends keyof Machine>(
  name: Name,
  ...args: Parameters<Machine[Name]>
): Steps<Awaited<ReturnType<Machine[Name]>>> {
  return (yield [name, ...args] as unknown as Call) as Awaited<ReturnType<Machine[Name]>>;
}

/** One call whose failures named in `expected` are answers, not errors. */
function* answer<Code extends string>(asked: Call, expected: readonly Code[]): Steps<'done' | Code> {
  try {
    yield asked;
    return 'done';
  } catch (error) {
    const code = expected.find((one) => one === codeOf(error));
    if (code === undefined) throw error;
    return code;
  }
}

/** `ENOENT`: the source is not there, or a directory on the way. */
export function rename(from: string, to: string): Steps<'done' | 'ENOENT'> {
  return answer(['rename', from, to], ['ENOENT']);
}

export function link(from: string, to: string): Steps<'done' | 'ENOENT' | 'EEXIST'> {
  return answer(['link', from, to], ['ENOENT', 'EEXIST']);
}

export function unlink(path: string): Steps<'done' | 'ENOENT'> {
  return answer(['unlink', path], ['ENOENT']);
}

export function mkdir(path: string): Steps<'done' | 'EEXIST' | 'ENOENT'> {
  return answer(['mkdir', path], ['EEXIST', 'ENOENT']);
}

export function rmdir(path: string): Steps<'done' | 'ENOENT' | 'ENOTEMPTY' | 'EEXIST'> {
  // POSIX allows either code for a directory that is not empty.
  return answer(['rmdir', path], ['ENOENT', 'ENOTEMPTY', 'EEXIST']);
}

/** An empty array where the directory is not there. */
export function* readdir(path: string): Steps<readonly string[]> {
  try {
    return yield* call('readdir', path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** When what has that name last changed, epoch milliseconds; `undefined`: by now it is gone. */
export function* changedAt(path: string): Steps<number | undefined> {
  try {
    return (yield* call('times', path)).changed;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Removes what nobody needs any more. What stays behind misleads nobody for long: the next sweep meets it and reports. */
export function* discard(...paths: readonly string[]): Steps<void> {
  for (const path of paths) {
    try {
      yield ['unlink', path];
    } catch {
      // See above. Gone already is fine too.
    }
  }
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Everything in the thread pool. */
export function asyncFileOps(): FileOps {
  const { promises } = fs;
  return {
    create: (path) => callback((done) => fs.open(path, 'wx', done)),
    open: (path) => callback((done) => fs.open(path, 'r', done)),
    size: (handle) => callback<fs.Stats>((done) => fs.fstat(handle, done)).then(({ size }) => size),
    read: (handle, into, offset) =>
      callback((done) => fs.read(handle, into, offset, into.length - offset, offset, done)),
    write: (handle, bytes, offset) =>
      callback((done) => fs.write(handle, bytes, offset, bytes.length - offset, offset, done)),
    fsync: (handle) => callback((done) => fs.fsync(handle, done)),
    close: (handle) => callback((done) => fs.close(handle, done)),
    link: (from, to) => callback((done) => fs.link(from, to, done)),
    rename: (from, to) => callback((done) => fs.rename(from, to, done)),
    unlink: (path) => callback((done) => fs.unlink(path, done)),
    mkdir: (path) => callback((done) => fs.mkdir(path, done)),
    rmdir: (path) => callback((done) => fs.rmdir(path, done)),
    exists: (path) => promises.access(path).then(yes, no),
    readdir: (path) => callback((done) => fs.readdir(path, done)),
    opendir: (path) => callback((done) => fs.opendir(path, { bufferSize: NAMES_AT_ONCE }, done)),
    readNames,
    closedir: (directory) => callback((done) => directory.close(done)),
    bytes: (path) => callback<fs.Stats>((done) => fs.lstat(path, done)).then(({ size }) => size),
    times: (path) => callback<fs.Stats>((done) => fs.lstat(path, done)).then(timesOf),
    setModified: (path, seconds) => callback((done) => fs.utimes(path, seconds, seconds, done)),
    filesystemType: (path) => promises.statfs(path).then(({ type }) => type),
    ensureDirectory: (path) => ensureDir(path),
    pause: (milliseconds) => (milliseconds === 0 ? turn() : delay(milliseconds)),
  };
}

/**
 * Metadata and data on this thread, where a cached call takes microseconds and a thread pool's wake-up ten times that;
 * what waits for the device (fsync) or grows with the store (readdir) in the thread pool.
 */
export function hybridFileOps(): FileOps {
  return {
    ...asyncFileOps(),
    create: (path) => fs.openSync(path, 'wx'),
    open: (path) => fs.openSync(path, 'r'),
    size: (handle) => fs.fstatSync(handle).size,
    read: (handle, into, offset) => fs.readSync(handle, into, offset, into.length - offset, offset),
    write: (handle, bytes, offset) => fs.writeSync(handle, bytes, offset, bytes.length - offset, offset),
    close: (handle) => fs.closeSync(handle),
    link: (from, to) => fs.linkSync(from, to),
    rename: (from, to) => fs.renameSync(from, to),
    unlink: (path) => fs.unlinkSync(path),
    mkdir: (path) => fs.mkdirSync(path),
    rmdir: (path) => fs.rmdirSync(path),
    exists: (path) => fs.existsSync(path),
    opendir: (path) => fs.opendirSync(path, { bufferSize: NAMES_AT_ONCE }),
    closedir: (directory) => directory.closeSync(),
    bytes: (path) => fs.lstatSync(path).size,
    times: (path) => timesOf(fs.lstatSync(path)),
    setModified: (path, seconds) => fs.utimesSync(path, seconds, seconds),
  };
}

/** The fsyncs on this thread too: an fsync in the pool wakes two threads, which may take as long as the flush of a fast disk. */
function syncFileOps(): FileOps {
  return { ...hybridFileOps(), fsync: (handle) => fs.fsyncSync(handle) };
}

export const FILE_OPS: Readonly<Record<'hybrid' | 'sync' | 'async', () => FileOps>> = {
  hybrid: hybridFileOps,
  sync: syncFileOps,
  async: asyncFileOps,
};

/** Large enough that the thread pool is asked seldom, small enough that taking them over does not stall this thread. */
const NAMES_AT_ONCE = 8192;

/** One trip to the thread pool fetches as many as that; the others are there already, or it is the end. */
async function readNames(directory: Directory): Promise<string[]> {
  const names: string[] = [];
  let entry = await callback<fs.Dirent | null>((done) => directory.read(done));
  for (; entry !== null; entry = directory.readSync()) {
    names.push(entry.name);
    if (names.length === NAMES_AT_ONCE) break;
  }
  return names;
}

function callback<T>(start: (done: (error: Error | null, value?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error === null || error === undefined ? resolve(value as T) : reject(error)));
  });
}

function timesOf({ mtimeMs, ctimeMs }: fs.Stats): FileTimes {
  return { modified: mtimeMs, changed: ctimeMs };
}

const yes = (): boolean => true;
const no = (): boolean => false;
