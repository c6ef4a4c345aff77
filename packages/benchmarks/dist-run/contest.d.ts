import type { Figure } from './results.js';
export interface Entrant {
  readonly name: string;
  /** One timed batch. @returns time per call, in the unit of the table. */
  readonly round: () => Promise<number>;
}
export interface ContestOptions {
  readonly rounds: number;
  readonly warmUp?: number;
  /** The entrant that the others are divided by. */
  readonly floor: string;
  /** Before each batch, not timed. */
  readonly settle?: () => void;
}
export declare function contest(
  entrants: readonly Entrant[],
  { rounds, warmUp, floor, settle }: ContestOptions,
): Promise<Figure[]>;
/** Microseconds per call of `calls` calls, one after the other. What is synchronous is not awaited. */
export declare function timed(calls: number, run: (call: number) => unknown): Promise<number>;
//# sourceMappingURL=contest.d.ts.map
