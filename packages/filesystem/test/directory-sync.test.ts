import { describe, expect, it } from 'vitest';
import { DirectorySync } from '../src/directory-sync.js';

/** fsyncs that end when told. */
function machine() {
  const log: string[] = [];
  const ends: ((error?: Error) => void)[] = [];
  let handles = 0;
  const sync = new DirectorySync({
    open: (path) => (log.push(`open ${path}`), ++handles),
    fsync: (handle) => {
      log.push(`fsync ${handle}`);
      return new Promise((resolve, reject) => ends.push((error) => (error === undefined ? resolve() : reject(error))));
    },
    close: (handle) => void log.push(`close ${handle}`),
  });
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return { log, ends, sync, turn };
}

describe('the shared fsync of a directory', () => {
  it('serves all who asked before it started, and nobody who asked later', async () => {
    const { log, ends, sync, turn } = machine();
    const answered: number[] = [];
    const ask = (who: number) => sync.sync('a').then(() => answered.push(who));
    void ask(1);
    await turn();
    void ask(2);
    void ask(3);
    ends[0]!();
    await turn();
    expect(answered).toEqual([1]);
    void ask(4);
    ends[1]!();
    await turn();
    expect(answered).toEqual([1, 2, 3]);
    ends[2]!();
    await turn();
    expect(answered).toEqual([1, 2, 3, 4]);
    expect(log).toEqual(['open a', 'fsync 1', 'fsync 1', 'fsync 1']);
  });

  it('keeps directories apart', async () => {
    const { log, ends, sync, turn } = machine();
    void sync.sync('a');
    void sync.sync('b');
    await turn();
    expect(log).toEqual(['open a', 'open b', 'fsync 1', 'fsync 2']);
    for (const end of ends) end();
  });

  it('fails all whom a failed fsync was to serve, serves those who wait for the next, and drops the handle', async () => {
    const { log, ends, sync, turn } = machine();
    const endings: string[] = [];
    const ask = (who: number) =>
      sync.sync('a').then(
        () => endings.push(`${who} done`),
        () => endings.push(`${who} failed`),
      );
    void ask(1);
    await turn();
    void ask(2);
    ends[0]!(new Error('EIO'));
    await turn();
    ends[1]!();
    await turn();
    expect(endings).toEqual(['1 failed', '2 done']);
    expect(log).toEqual(['open a', 'fsync 1', 'close 1', 'open a', 'fsync 2']);
  });

  it('closes its handles', async () => {
    const { log, ends, sync, turn } = machine();
    void sync.sync('a');
    await turn();
    ends[0]!();
    await sync.close();
    expect(log.at(-1)).toBe('close 1');
  });
});
