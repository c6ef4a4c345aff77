// What the protocol must know of the place it runs in.

import { randomBytes } from 'node:crypto';
import { call, type Steps } from './file-ops.js';
import type { Layout } from './layout.js';

export interface Volume {
  readonly layout: Layout;
  /** Whether an acknowledged write is to survive a power cut: what is written is fsynced. */
  readonly durable: boolean;
  /**
   * Whether directory operations become durable in the order they were made, across directories (ext2/3/4, xfs; and
   * everywhere when nothing is to be durable). Elsewhere (btrfs) one directory may be ahead of another after a power
   * cut, so an index directory is synced before the write that relies on it, and left only after that write is durable.
   */
  readonly ordered: boolean;
}

/** Nothing where nothing is to be durable. Serves everything done in that directory before. */
export function* makeDurable(volume: Volume, directory: string): Steps<void> {
  if (volume.durable) yield* call('syncDirectory', directory);
}

/** As `makeDurable`, where the order of two directories is not kept by the filesystem. */
export function* makeDurableFirst(volume: Volume, directory: string): Steps<void> {
  if (!volume.ordered) yield* makeDurable(volume, directory);
}

/** For turns and owners: a name that was never used and never will be. */
export function freshNonce(): string {
  return randomBytes(8).toString('hex');
}

export function jitter(milliseconds: number): number {
  return milliseconds * (0.5 + Math.random());
}
