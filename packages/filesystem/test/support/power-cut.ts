// Cuts the power of a directory: what was done to it is recorded, and what a disk may have kept of that is made a
// directory of its own. What a disk may keep, simulated/disk.ts says.

import { linkSync, mkdirSync, writeFileSync } from 'node:fs';
import type { FileOps } from '../../src/file-ops.js';
import { Disk, type Order } from '../simulated/disk.js';

type Done = readonly [name: keyof FileOps, args: readonly unknown[], answer: unknown];

/** Calls that change something, or make it last. */
const RECORDED: readonly (keyof FileOps)[] = [
  'create', 'open', 'write', 'fsync', 'close', 'link', 'rename', 'unlink', 'mkdir', 'rmdir', 'setModified',
]; // prettier-ignore

export class PowerCut {
  readonly ops: FileOps;
  readonly #root: string;
  readonly #done: Done[] = [];

  /** `root` is empty, and nobody else changes it. `lies`: calls that make nothing last, whatever they say. */
  constructor(root: string, ops: FileOps, lies: readonly (keyof FileOps)[] = []) {
    this.#root = root;
    const recorded: Partial<Record<keyof FileOps, unknown>> = { ...ops };
    for (const name of RECORDED.filter((one) => !lies.includes(one))) {
      recorded[name] = (...args: unknown[]): unknown => {
        const answer: unknown = (ops[name] as (...given: unknown[]) => unknown)(...args);
        const note = (value: unknown): unknown => (this.#done.push([name, args, value]), value);
        return answer instanceof Promise ? answer.then(note) : note(answer);
      };
    }
    this.ops = recorded as unknown as FileOps;
  }

  /** Makes `directory` what is left. `draw`: a number below that, for what may be kept or not. */
  leave(directory: string, order: Order, draw: (below: number) => number): void {
    const disk = this.#disk(order).afterSomePowerCut(draw);
    const first = new Map<string | undefined, string>();
    // Sorted: a directory comes before what is in it.
    for (const path of disk.paths) {
      const bytes = disk.bytes(path);
      const inode = disk.lookup(path);
      const other = first.get(inode);
      if (bytes === undefined) mkdirSync(`${directory}${path}`);
      else if (other !== undefined) linkSync(`${directory}${other}`, `${directory}${path}`);
      else {
        writeFileSync(`${directory}${path}`, bytes);
        first.set(inode, path);
      }
    }
  }

  #disk(order: Order): Disk {
    const disk = Disk.empty([''], order);
    const handles = new Map<unknown, number>();
    const inner = (path: unknown): string => String(path).slice(this.#root.length);
    for (const [name, [first, second, third], answer] of this.#done) {
      if (name === 'write') {
        // Recorded with what was accepted.
        const bytes = (second as Uint8Array).subarray(0, Number(third) + Number(answer));
        disk.write(handles.get(first) as number, bytes, Number(third));
      } else if (name === 'fsync') disk.fsync(handles.get(first) as number);
      else if (name === 'close') handles.delete(first);
      else if (name === 'setModified') disk.setModified(inner(first), Number(second));
      else if (name === 'link' || name === 'rename') disk[name](inner(first), inner(second));
      else if (name === 'create' || name === 'open') {
        // Of what is above the store, nothing is known.
        const opened = String(first).startsWith(this.#root) ? disk[name](inner(first)) : disk.open('');
        if ('code' in opened) throw new Error(`${name} ${String(first)}: ${opened.code}`);
        handles.set(answer, opened.value as number);
      } else disk[name as 'unlink' | 'mkdir' | 'rmdir'](inner(first));
    }
    return disk;
  }
}
