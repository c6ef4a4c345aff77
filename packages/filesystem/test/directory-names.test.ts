import fc from 'fast-check';
import type { InstanceId } from '@workflow-state/core';
import { closeSync, mkdirSync, openSync, readdirSync, readlinkSync, unlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ascending, namesIn, namesThatStart } from '../src/directory-names.js';
import { type FileOps, hybridFileOps, type Machine, run } from '../src/file-ops.js';
import { freshDirectory, parents } from './support/place.js';

const idOf = (number: number): string => number.toString(16).padStart(32, '0');
const touch = (path: string): void => closeSync(openSync(path, 'wx'));

/** As if every directory were too large to be read at once. */
function machineFor(changes: Partial<FileOps> = {}): Machine {
  return { ...hybridFileOps(), bytes: () => Infinity, syncDirectory: () => {}, ...changes };
}

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

async function* batches(names: readonly string[], size: number): AsyncGenerator<readonly string[]> {
  for (let at = 0; at < names.length; at += size) yield names.slice(at, at + size);
}

const directories = fc.record({
  // Few ids, so that some have several names.
  names: fc.uniqueArray(
    fc.tuple(fc.nat(30), fc.nat(99)).map(([id, other]) => `${idOf(id)}.${other}`),
    { maxLength: 60 },
  ),
  foreign: fc.subarray(['README', '.DS_Store', idOf(3), `${'x'.repeat(40)}.1`, `${idOf(7)}~`, '']),
  size: fc.integer({ min: 1, max: 20 }),
  most: fc.integer({ min: 1, max: 70 }),
  after: fc.option(fc.nat(30), { nil: undefined }),
});

describe('a directory of any size', () => {
  it('is delivered ascending, whole and without what is not ours, however it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(directories, async ({ names, foreign, size, most, after }) => {
        const from = after === undefined ? undefined : (idOf(after) as InstanceId);
        const windows = await all(ascending(() => batches([...names, ...foreign], size), { after: from, most }));
        const wanted = names.filter((name) => from === undefined || name.slice(0, 32) > from).sort();
        expect(windows.flat()).toEqual(wanted);
      }),
      { seed: 1 },
    );
  });

  it('holds no more names than it may, but for those of one instance, which stay together', async () => {
    await fc.assert(
      fc.asyncProperty(directories, async ({ names, size, most }) => {
        const windows = await all(ascending(() => batches(names, size), { most }));
        const owners = windows.map((window) => [...new Set(window.map((name) => name.slice(0, 32)))]);
        expect(owners.flat()).toEqual([...new Set(owners.flat())]);
        for (const window of windows) {
          const last = window.at(-1)?.slice(0, 32);
          expect(window.filter((name) => name.slice(0, 32) !== last).length).toBeLessThan(most);
        }
      }),
      { seed: 1 },
    );
  });

  it('is read once for each window, and once where it fits', async () => {
    const names = Array.from({ length: 1000 }, (_, i) => `${idOf((i * 7919) % 1000)}.1`);
    const reads = async (most: number): Promise<number> => {
      let count = 0;
      await all(ascending(() => (count++, batches(names, 64)), { most }));
      return count;
    };
    expect(await reads(1000)).toBe(1);
    expect(await reads(999)).toBe(2);
    expect(await reads(100)).toBe(10);
  });

  it('is read in batches, as many calls as that takes, and closed again', async () => {
    const directory = freshDirectory();
    const names = Array.from({ length: 9000 }, (_, i) => `${idOf(i)}.1`);
    for (const name of names) touch(`${directory}/${name}`);
    const lengths = (await all(namesIn(machineFor(), directory))).map(({ length }) => length);
    expect(lengths).toEqual([8192, 808]);
    expect((await all(ascending(() => namesIn(machineFor(), directory)))).flat()).toEqual(names);
    expect(await run(namesThatStart(directory, idOf(77)), machineFor())).toEqual([`${idOf(77)}.1`]);
    const once = machineFor({
      bytes: () => 2 ** 20,
      opendir: () => {
        throw new Error('one call would do');
      },
    });
    expect((await all(namesIn(once, directory))).flat()).toHaveLength(9000);
    // Also where the caller does not want the rest.
    for await (const _ of namesIn(machineFor(), directory)) break;
    expect(openHandles(directory)).toEqual([]);
  });

  it.each(parents)('misses no name on %s that stays while others come and go during every read', async (parent) => {
    const directory = freshDirectory(parent);
    const stays = Array.from({ length: 1000 }, (_, i) => `${idOf(i * 20)}.1`);
    for (const name of stays) touch(`${directory}/${name}`);
    let number = 0;
    const passing: string[] = [];
    const names = await all(
      ascending(
        async function* () {
          const machine = machineFor();
          const handle = await machine.opendir(directory);
          for (;;) {
            const reading = machine.readNames(handle);
            // Meanwhile, as far as the thread pool is quick to begin.
            for (let i = 0; i < 50; i++) {
              const name = `${idOf(((number += 7919) % 20_000) + 1)}.${number}`;
              touch(`${directory}/${name}`);
              passing.push(name);
              if (passing.length > 300) unlinkSync(`${directory}/${passing.shift()}`);
            }
            const batch = await reading;
            if (batch.length === 0) break;
            yield batch;
          }
          await machine.closedir(handle);
        },
        { most: 150 },
      ),
    );
    const found = new Set(names.flat());
    expect(stays.filter((name) => !found.has(name))).toEqual([]);
    expect(names.length).toBeGreaterThan(5);
    expect(names.flat()).toEqual(names.flat().sort());
  });

  it('that is not there has no name to start with', async () => {
    expect(await run(namesThatStart('/nowhere/at/all', 'a'), machineFor({ ...hybridFileOps() }))).toEqual([]);
    const fresh = freshDirectory();
    mkdirSync(`${fresh}/inner`);
    await expect(all(namesIn(machineFor(hybridFileOps()), `${fresh}/none`))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

function openHandles(directory: string): string[] {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(directory);
    } catch {
      return false;
    }
  });
}
