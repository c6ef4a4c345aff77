// The fsync of a directory, shared: one that starts after a save's last rename serves that save, so all saves of a shard
// that come while one runs wait for the next, together.
//
// What must stay true: a caller is answered only by an fsync that *started* after it asked. A failed fsync fails all
// whom it was to serve, is never repeated for them, and its handle is not used again: after an error the kernel may
// report success for what it has dropped.

import type { FileOps, Handle } from './file-ops.js';

interface Directory {
  /** An open handle: kept, because a shard is synced at every save of its instances. */
  handle: Promise<Handle> | undefined;
  running: Promise<void> | undefined;
  next: Promise<void> | undefined;
}

export class DirectorySync {
  readonly #ops: Pick<FileOps, 'open' | 'fsync' | 'close'>;
  readonly #directories: Map<string, Directory> = new Map();

  constructor(ops: Pick<FileOps, 'open' | 'fsync' | 'close'>) {
    this.#ops = ops;
  }

  sync(path: string): Promise<void> {
    let directory = this.#directories.get(path);
    if (directory === undefined) {
      directory = { handle: undefined, running: undefined, next: undefined };
      this.#directories.set(path, directory);
    }
    const { running, next } = directory;
    if (next !== undefined) return next;
    if (running === undefined) return this.#start(path, directory);
    // Whether the one under way fails says nothing about the next.
    const start = (): Promise<void> => this.#start(path, directory);
    directory.next = running.then(start, start);
    return directory.next;
  }

  async close(): Promise<void> {
    const directories = [...this.#directories.values()];
    this.#directories.clear();
    for (const { handle } of directories) {
      if (handle !== undefined) await handle.then((open) => this.#ops.close(open), ignore);
    }
  }

  #start(path: string, directory: Directory): Promise<void> {
    directory.next = undefined;
    const running = this.#fsync(path, directory).finally(() => {
      directory.running = undefined;
    });
    directory.running = running;
    return running;
  }

  async #fsync(path: string, directory: Directory): Promise<void> {
    directory.handle ??= Promise.resolve(this.#ops.open(path));
    const { handle } = directory;
    try {
      await this.#ops.fsync(await handle);
    } catch (error) {
      directory.handle = undefined;
      await handle.then((open) => this.#ops.close(open)).catch(ignore);
      throw error;
    }
  }
}

function ignore(): void {}
