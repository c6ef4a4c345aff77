import type { Group } from './groups/group.js';
export interface Arguments {
  readonly help: boolean;
  readonly quick: boolean;
  readonly record: boolean;
  readonly render: boolean;
  readonly only: readonly string[];
  readonly disk: string | undefined;
}
/** A mistake in the command line, with the remedy in its message. */
export declare class UsageError extends Error {
  readonly name = 'UsageError';
}
export declare function helpText(groups: readonly Group[]): string;
/** @throws UsageError */
export declare function parseArguments(args: readonly string[], groups: readonly Group[]): Arguments;
//# sourceMappingURL=arguments.d.ts.map
