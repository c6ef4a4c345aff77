import type { Machine } from './machine.js';
import type { Spread } from './spread.js';
export interface Figure {
  readonly name: string;
  readonly time: Spread;
  /** To the floor of the table, in the same rounds. */
  readonly ratio?: Spread;
}
export interface Missing {
  readonly name: string;
  readonly why: string;
}
export interface Table {
  /** Unique in the group; charts, README and budgets find it by this. */
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly floor?: string;
  readonly figures: readonly Figure[];
  readonly missing?: readonly Missing[];
}
export interface GroupResult {
  readonly group: string;
  readonly quick: boolean;
  readonly date: string;
  /** Of the code that was measured. */
  readonly commit: string;
  readonly machine: Machine;
  /** Of the packages that took part. */
  readonly versions: Readonly<Record<string, string>>;
  /** What else describes the run: filesystems, servers, sizes. */
  readonly facts: Readonly<Record<string, string>>;
  readonly tables: readonly Table[];
}
export declare function readResult(group: string): GroupResult | undefined;
/** @returns the path. */
export declare function writeResult(result: GroupResult): string;
//# sourceMappingURL=results.d.ts.map
