import type { WorkflowStateInput } from '@workflow-state/core';
/** From the strongest promise to the weakest. Contenders of two classes never share a group of bars. */
export declare const PROMISES: {
  readonly 'power-loss': 'an acknowledged save survives a power cut';
  readonly atomic: 'a power cut may take back acknowledged saves, and tears none';
  readonly process: 'a killed process loses nothing; a power cut may lose or tear';
  readonly none: 'a killed process may leave a torn state';
};
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
  beforeSaves?(indices: readonly number[]): Promise<void>;
  save(index: number): unknown;
  load(index: number): unknown;
  close?(): unknown;
}
//# sourceMappingURL=contender.d.ts.map
