// What takes part, and what each promises. A state goes in as an object and comes out as one; who stores bytes is given
// the project's own codec, so that the stores are compared and not their serialisers.

import type { WorkflowStateInput } from '@workflow-state/core';

/** From the strongest promise to the weakest. Contenders of two classes never share a group of bars. */
export const PROMISES = {
  'power-loss': 'an acknowledged save survives a power cut',
  atomic: 'a power cut may take back acknowledged saves, and tears none',
  process: 'a killed process loses nothing; a power cut may lose or tear',
  none: 'a killed process may leave a torn state',
} as const;

export type Promised = keyof typeof PROMISES;

export interface Contender {
  readonly name: string;
  readonly promises: Promised;
  /** How that is known, beyond the flushes that the run counts. */
  readonly because: string;
  /** npm packages whose versions belong to the result. */
  readonly packages: readonly string[];
  /** Needs a Node.js with `node:sqlite` out of its experimental stage. */
  readonly newerNode?: boolean;
  readonly role: 'ours' | 'peer' | 'floor';
  readonly open: (directory: string, states: readonly WorkflowStateInput[]) => Promise<OpenContender>;
}

/** Instances are named by their index in the states given to `open`. What is synchronous may return no promise. */
export interface OpenContender {
  /** Not timed. */
  readonly beforeSaves?: (indices: readonly number[]) => Promise<void>;
  readonly save: (index: number) => unknown;
  readonly load: (index: number) => unknown;
  /** Where a store has them; counted only. */
  readonly changeStatus?: (index: number) => unknown;
  readonly remove?: (index: number) => unknown;
  readonly close?: () => unknown;
}
