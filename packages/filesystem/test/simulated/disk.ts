// A disk in memory: what POSIX says of the calls in use, and what it leaves open at a power cut.
//
// Names point to inodes; a file lives while a name points to it (bytes stay readable through an open handle). What
// survives a power cut:
//   - of a file, its bytes only if it was fsynced; else it is torn;
//   - of the names, what an fsync of their directory made durable, and of the operations since then any prefix: of all of
//     them together (`ordered`: ext4, xfs), or of each directory's own, one far ahead of another (`dirs`: btrfs). There
//     a rename between two directories can be torn in two.

/** What an entry points to when it is no file. */
const DIRECTORY = '/';

export type Order = 'ordered' | 'dirs';

interface Inode {
  /** Where its bytes are: an inode that was torn has others. */
  readonly content: string;
  readonly length: number;
  readonly synced: boolean;
  /** As `setModified` has set it. */
  readonly modified: number;
}

/** An entry set, or removed. */
type Change = readonly [path: string, inode: string | undefined];

/** An entry that came, went, or was replaced. */
export interface Difference {
  readonly how: 'came' | 'went' | 'replaced';
  readonly directory: string;
  readonly name: string;
}

export type Code = 'ENOENT' | 'EEXIST' | 'ENOTEMPTY' | 'EISDIR';

/** What a call came to: a value, with the bytes it read, or the code of its error. */
export type Answer = { readonly value: unknown; readonly bytes?: Uint8Array } | { readonly code: Code };

const DONE: Answer = { value: undefined };
const failed = { ENOENT: { code: 'ENOENT' }, EEXIST: { code: 'EEXIST' }, ENOTEMPTY: { code: 'ENOTEMPTY' } } as const;

export const directoryOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));
export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** Numbers for texts, so that a state is a short string. */
const codes = new Map<string, number>();
function codeOf(text: string): number {
  let code = codes.get(text);
  if (code === undefined) {
    code = codes.size;
    codes.set(text, code);
  }
  return code;
}

const SEPARATOR = 2 ** 32 - 1;

function textOf(...numbers: readonly number[]): string {
  return String.fromCharCode(...numbers.flatMap((number) => [number & 0xffff, number >>> 16]));
}

/** Bytes of all disks, by a name for them. */
const contents = new Map<string, Uint8Array>();

function contentOf(inode: string, bytes: Uint8Array): string {
  const name = `${inode}:${codeOf(Buffer.from(bytes).toString('latin1'))}`;
  if (!contents.has(name)) contents.set(name, bytes);
  return name;
}

/** Handles stand for an inode, or a directory, wherever they were opened. */
const opened: string[] = [];
const handles = new Map<string, number>();

function handleOf(inode: string): number {
  let handle = handles.get(inode);
  if (handle === undefined) {
    handle = opened.length;
    opened.push(inode);
    handles.set(inode, handle);
  }
  return handle;
}

export function openedAs(handle: number): string {
  const inode = opened[handle];
  if (inode === undefined) throw new Error(`no such handle: ${handle}`);
  return inode;
}

interface Parts {
  /** Directories that were always there and always will be. */
  readonly fixed: ReadonlySet<string>;
  readonly order: Order | undefined;
  readonly entries: ReadonlyMap<string, string>;
  readonly inodes: ReadonlyMap<string, Inode>;
  readonly durable: ReadonlyMap<string, string>;
  readonly log: readonly (readonly Change[])[];
}

export class Disk {
  readonly #fixed: ReadonlySet<string>;
  readonly #order: Order | undefined;
  readonly #entries: Map<string, string>;
  readonly #inodes: Map<string, Inode>;
  #durable: ReadonlyMap<string, string>;
  #log: readonly (readonly Change[])[];
  #differences: Difference[] = [];
  #key: string | undefined;

  private constructor({ fixed, order, entries, inodes, durable, log }: Parts) {
    this.#fixed = fixed;
    this.#order = order;
    this.#entries = new Map(entries);
    this.#inodes = new Map(inodes);
    this.#durable = durable;
    this.#log = log;
  }

  /** `order`: where power may be cut. */
  static empty(fixed: Iterable<string>, order?: Order): Disk {
    const nothing = new Map<never, never>();
    return new Disk({ fixed: new Set(fixed), order, entries: nothing, inodes: nothing, durable: nothing, log: [] });
  }

  copy(): Disk {
    return new Disk(this.#parts());
  }

  /** The same, everything on it durable. */
  settled(order: Order | undefined): Disk {
    const inodes = new Map([...this.#inodes].map(([name, inode]) => [name, { ...inode, synced: true }]));
    return new Disk({ ...this.#parts(), order, inodes, durable: new Map(this.#entries), log: [] });
  }

  #parts(): Parts {
    return {
      fixed: this.#fixed,
      order: this.#order,
      entries: this.#entries,
      inodes: this.#inodes,
      durable: this.#durable,
      log: this.#log,
    };
  }

  // What is there.

  /** Equal for disks that nobody can tell apart, now; with `order`, nor after any power cut. */
  get key(): string {
    return (this.#key ??= this.visibleKey + this.#powerKey());
  }

  get visibleKey(): string {
    return this.#textOf(this.#entries);
  }

  #powerKey(): string {
    if (this.#order === undefined) return '';
    const log = this.#log.map((changes) =>
      textOf(...changes.map(([path, inode]) => this.#entryCode(path, inode ?? '')), SEPARATOR),
    );
    return [textOf(SEPARATOR), this.#textOf(this.#durable), textOf(SEPARATOR), ...log].join('');
  }

  #textOf(entries: ReadonlyMap<string, string>): string {
    const all: number[] = [];
    for (const [path, inode] of entries) all.push(this.#entryCode(path, inode));
    return textOf(...all.sort((a, b) => a - b));
  }

  #entryCode(path: string, inode: string): number {
    const state = this.#inodes.get(inode);
    return codeOf(
      state === undefined
        ? `${path} ${inode}`
        : `${path} ${state.content} ${state.length} ${state.modified} ${this.#order !== undefined && state.synced}`,
    );
  }

  /** Paths, sorted. */
  get paths(): string[] {
    return [...this.#entries.keys()].sort();
  }

  lookup(path: string): string | undefined {
    return this.#entries.get(path) ?? (this.#fixed.has(path) ? DIRECTORY : undefined);
  }

  /** Bytes of the file of that name. */
  bytes(path: string): Uint8Array | undefined {
    const inode = this.#inodes.get(this.#entries.get(path) ?? '');
    return inode && contents.get(inode.content)?.subarray(0, inode.length);
  }

  /** `undefined`: no such directory. */
  names(directory: string): string[] | undefined {
    if (this.lookup(directory) !== DIRECTORY) return undefined;
    const names: string[] = [];
    for (const path of this.#entries.keys()) if (directoryOf(path) === directory) names.push(nameOf(path));
    for (const path of this.#fixed) if (path !== '' && directoryOf(path) === directory) names.push(nameOf(path));
    return names;
  }

  /** What the last call did to the names. */
  takeDifferences(): readonly Difference[] {
    const differences = this.#differences;
    this.#differences = [];
    return differences;
  }

  // System calls.

  create(path: string): Answer {
    if (this.lookup(path) !== undefined) return failed.EEXIST;
    if (this.lookup(directoryOf(path)) !== DIRECTORY) return failed.ENOENT;
    // Named after its first name, which is hardly ever used twice: so the order of two creates leaves no trace.
    let inode = path;
    while (this.#inodes.has(inode)) inode += '~';
    this.#inodes.set(inode, { content: inode, length: 0, synced: false, modified: 0 });
    this.#change([[path, inode]]);
    return { value: handleOf(inode) };
  }

  open(path: string): Answer {
    const found = this.lookup(path);
    if (found === undefined) return failed.ENOENT;
    if (found === DIRECTORY) return { value: handleOf(`${path}/`) };
    // A handle reads what is there now: contents do not change once there is a name to open.
    return { value: handleOf(this.#inodes.get(found)?.content ?? found) };
  }

  static size(handle: number): Answer {
    return { value: contents.get(openedAs(handle))?.length ?? 0 };
  }

  static read(handle: number, length: number, offset: number): Answer {
    const bytes = contents.get(openedAs(handle))?.subarray(offset, length) ?? new Uint8Array(0);
    return { value: bytes.length, bytes };
  }

  /** `most`: how many bytes the filesystem takes at once. */
  write(handle: number, bytes: Uint8Array, offset: number, most: number = Infinity): Answer {
    const name = openedAs(handle);
    const count = Math.min(bytes.length - offset, most);
    // Only ever appended to, and never read before it is whole.
    const content = contentOf(name, bytes.slice(0, offset + count));
    this.#touch(name, { content, length: offset + count, synced: false });
    return { value: count };
  }

  fsync(handle: number): Answer {
    const name = openedAs(handle);
    if (name.endsWith('/')) return this.syncDirectory(name.slice(0, -1));
    this.#touch(name, { synced: true });
    return DONE;
  }

  /** Second half of `link`: the first looks the source up, and does not come back to it. */
  linkInode(inode: string, to: string): Answer {
    // A file that has lost its last name meanwhile takes no other.
    if (![...this.#entries.values()].includes(inode)) return failed.ENOENT;
    if (this.lookup(directoryOf(to)) !== DIRECTORY) return failed.ENOENT;
    if (this.lookup(to) !== undefined) return failed.EEXIST;
    this.#change([[to, inode]]);
    return DONE;
  }

  link(from: string, to: string): Answer {
    const inode = this.lookup(from);
    return inode === undefined ? failed.ENOENT : this.linkInode(inode, to);
  }

  rename(from: string, to: string): Answer {
    const inode = this.lookup(from);
    if (inode === undefined || this.lookup(directoryOf(to)) !== DIRECTORY) return failed.ENOENT;
    if (inode === DIRECTORY || this.lookup(to) === DIRECTORY) throw new Error('directories are not renamed here');
    // Two names of one file: rename has nothing to do, and does it.
    if (this.lookup(to) === inode) return DONE;
    this.#change([
      [from, undefined],
      [to, inode],
    ]);
    return DONE;
  }

  unlink(path: string): Answer {
    const inode = this.lookup(path);
    if (inode === undefined) return failed.ENOENT;
    if (inode === DIRECTORY) return { code: 'EISDIR' };
    this.#change([[path, undefined]]);
    return DONE;
  }

  mkdir(path: string): Answer {
    if (this.lookup(path) !== undefined) return failed.EEXIST;
    if (this.lookup(directoryOf(path)) !== DIRECTORY) return failed.ENOENT;
    this.#change([[path, DIRECTORY]]);
    return DONE;
  }

  rmdir(path: string): Answer {
    const names = this.names(path);
    if (names === undefined) return failed.ENOENT;
    if (names.length > 0) return failed.ENOTEMPTY;
    this.#change([[path, undefined]]);
    return DONE;
  }

  modified(path: string): Answer {
    const found = this.lookup(path);
    return found === undefined ? failed.ENOENT : { value: this.#inodes.get(found)?.modified ?? 0 };
  }

  setModified(path: string, to: number): Answer {
    const inode = this.lookup(path);
    if (inode === undefined) return failed.ENOENT;
    this.#touch(inode, { modified: to });
    return DONE;
  }

  syncDirectory(directory: string): Answer {
    if (this.lookup(directory) !== DIRECTORY) return failed.ENOENT;
    if (this.#order === undefined || this.#log.length === 0) return DONE;
    const isHere = ([path]: Change): boolean => directoryOf(path) === directory;
    const durable = new Map(this.#durable);
    if (this.#order === 'ordered') {
      const end = this.#log.findLastIndex((changes) => changes.some(isHere)) + 1;
      for (const changes of this.#log.slice(0, end)) apply(durable, changes);
      this.#log = this.#log.slice(end);
    } else {
      for (const changes of this.#log) if (changes.every(isHere)) apply(durable, changes);
      this.#log = this.#log.filter((changes) => !changes.every(isHere));
    }
    this.#durable = durable;
    this.#key = undefined;
    return DONE;
  }

  /** Every disk that a power cut now may leave. */
  afterPowerCut(): Disk[] {
    let outcomes: ReadonlyMap<string, string>[] = [this.#durable];
    for (const own of this.#independentLogs()) {
      outcomes = outcomes.flatMap((before) => {
        let names = before;
        return [before, ...own.map((changes) => (names = applied(names, changes)))];
      });
    }
    const disks = new Map<string, Disk>();
    for (const names of outcomes) {
      const disk = this.#recovered(names);
      disks.set(disk.key, disk);
    }
    return [...disks.values()];
  }

  /** One of them. `draw`: a number below that. */
  afterSomePowerCut(draw: (below: number) => number): Disk {
    const names = new Map(this.#durable);
    for (const own of this.#independentLogs())
      for (const changes of own.slice(0, draw(own.length + 1))) apply(names, changes);
    return this.#recovered(names);
  }

  /** Of each a prefix survives. */
  #independentLogs(): (readonly (readonly Change[])[])[] {
    if (this.#order === 'ordered') return [this.#log];
    const logs = new Map<string, (readonly Change[])[]>();
    for (const changes of this.#log) {
      const directory = directoryOf(changes[0]?.[0] ?? '');
      logs.set(directory, [...(logs.get(directory) ?? []), changes]);
    }
    return [...logs.values()];
  }

  #recovered(names: ReadonlyMap<string, string>): Disk {
    const isThere = (path: string): boolean => this.#fixed.has(path) || names.get(path) === DIRECTORY;
    const entries = new Map([...names].filter(([path]) => isThere(directoryOf(path))));
    const inodes = new Map<string, Inode>();
    for (const name of entries.values()) {
      const inode = this.#inodes.get(name);
      if (inode === undefined) continue;
      const torn = !inode.synced && inode.length > 0;
      const content = torn ? `${inode.content} torn` : inode.content;
      if (torn && !contents.has(content)) contents.set(content, new Uint8Array(inode.length));
      inodes.set(name, { ...inode, content, synced: true });
    }
    return new Disk({ ...this.#parts(), entries, inodes, durable: entries, log: [] });
  }

  #touch(name: string, to: Partial<Inode>): void {
    const inode = this.#inodes.get(name);
    if (inode === undefined) return;
    this.#inodes.set(name, { ...inode, ...to });
    this.#key = undefined;
  }

  #change(changes: readonly Change[]): void {
    for (const [path, inode] of changes) {
      const how = inode === undefined ? 'went' : this.#entries.has(path) ? 'replaced' : 'came';
      this.#differences.push({ how, directory: directoryOf(path), name: nameOf(path) });
    }
    apply(this.#entries, changes);
    this.#key = undefined;
    if (this.#order === undefined) {
      const alive = new Set(this.#entries.values());
      for (const name of this.#inodes.keys()) if (!alive.has(name)) this.#inodes.delete(name);
    } else if (this.#order === 'dirs') {
      const directories = new Set(changes.map(([path]) => directoryOf(path)));
      const parts = [...directories].map((directory) => changes.filter(([path]) => directoryOf(path) === directory));
      this.#log = [...this.#log, ...parts];
    } else {
      this.#log = [...this.#log, changes];
    }
  }
}

function apply(names: Map<string, string>, changes: readonly Change[]): void {
  for (const [path, inode] of changes) {
    if (inode === undefined) names.delete(path);
    else names.set(path, inode);
  }
}

function applied(names: ReadonlyMap<string, string>, changes: readonly Change[]): ReadonlyMap<string, string> {
  const after = new Map(names);
  apply(after, changes);
  return after;
}
