// The names of a directory of any size, ascending, with a bounded number of them in memory.
//
// A readdir has no order and no way back to a position, so a large directory is read once for each *window*: the names
// that come next after the last window, as many as may be held. Of a directory that fits, one window is all there is.
//
// Must stay true: a name that is in the directory throughout is delivered. Each window is the outcome of a whole readdir
// of its own, which cannot miss such a name (layout.ts); it drops a name only for being outside its range, and ranges
// follow each other without a gap: from the instance after the last one up to the last one held. Ranges begin and end
// between instances, so the names of one instance are delivered side by side.

import type { InstanceId } from '@workflow-state/core/backend';
import { call, codeOf, type Directory, type Machine, type Steps } from './file-ops.js';
import { ID_LENGTH, isNameOfInstance } from './layout.js';
import { sortNames } from './sort-names.js';

/** Names held: some 13 MB. While it is read, a quarter more, and a batch. */
const WINDOW = 131_072;

/** Bytes of a directory that is read at once. No filesystem in use needs fewer than 20 for a name, so it fits a window. */
const READ_AT_ONCE = 2 ** 20;

/** One readdir, in batches of no order. `ENOENT` is thrown. */
export async function* namesIn(machine: Machine, path: string): AsyncGenerator<readonly string[]> {
  if ((await machine.bytes(path)) <= READ_AT_ONCE) return yield await machine.readdir(path);
  const directory = await machine.opendir(path);
  try {
    for (;;) {
      const names = await machine.readNames(directory);
      if (names.length === 0) return;
      yield names;
    }
  } finally {
    await machine.closedir(directory);
  }
}

/** Those names of a directory of any size. None where it is not there. */
export function* namesThatStart(path: string, start: string): Steps<readonly string[]> {
  const isWanted = (name: string): boolean => name.startsWith(start);
  let directory: Directory;
  try {
    if ((yield* call('bytes', path)) <= READ_AT_ONCE) return (yield* call('readdir', path)).filter(isWanted);
    directory = yield* call('opendir', path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
  const wanted: string[] = [];
  try {
    for (;;) {
      const names = yield* call('readNames', directory);
      if (names.length === 0) return wanted;
      wanted.push(...names.filter(isWanted));
    }
  } finally {
    yield* call('closedir', directory);
  }
}

export interface Range {
  /** Only of instances greater than this one. */
  readonly after?: InstanceId | undefined;
  /** Names held at most; names of the last instance may come on top. */
  readonly most?: number | undefined;
}

/**
 * What begins with an id, ascending, a window at a time. `read` is a readdir in batches, or several over which names may
 * come more than once: each is then delivered once or more.
 */
export async function* ascending(
  read: () => AsyncIterable<readonly string[]>,
  { after, most = WINDOW }: Range = {},
): AsyncGenerator<string[]> {
  for (let from = after === undefined ? '' : endOf(after); ;) {
    const window = new Window(from, most);
    for await (const batch of read()) window.add(batch);
    const names = window.names();
    if (names.length > 0) yield names;
    if (window.end === undefined) return;
    from = window.end;
  }
}

/** Between the names of an instance and those of the next. */
function endOf(name: string): string {
  // The character after the dot that follows an id.
  return `${name.slice(0, ID_LENGTH)}/`;
}

class Window {
  /** Where the next window begins; `undefined`: nothing was left out. */
  end: string | undefined;
  readonly #from: string;
  readonly #most: number;
  /** Ascending. */
  #names: string[] = [];
  /** Not among them yet, each ascending. To merge each at once would cost as much as all the others together. */
  #added: string[][] = [];
  #count = 0;

  constructor(from: string, most: number) {
    this.#from = from;
    this.#most = most;
  }

  add(batch: readonly string[]): void {
    const { end } = this;
    const within = batch.filter(
      (name) => name > this.#from && (end === undefined || name < end) && isNameOfInstance(name),
    );
    if (within.length === 0) return;
    this.#added.push(sortNames(within));
    this.#count += within.length;
    if (this.#count >= this.#most / 4) this.#merge();
  }

  names(): string[] {
    this.#merge();
    return this.#names;
  }

  #merge(): void {
    const [only = [], ...others] = this.#names.length === 0 ? this.#added : [this.#names, ...this.#added];
    // A sort finds the ascending runs.
    const names = others.length === 0 ? only : only.concat(...others).sort();
    this.#names = names;
    this.#added = [];
    this.#count = 0;
    const last = names[this.#most - 1];
    if (last === undefined) return;
    const cut = endOf(last);
    let kept = this.#most;
    while (kept < names.length && (names[kept] ?? cut) < cut) kept++;
    if (kept === names.length) return;
    names.length = kept;
    this.end = cut;
  }
}
