// Between a run and the process of a contender.

/**
 * What a traced run does to each instance, one after the other. Removed first, so that a create is counted where
 * the store has kept instances before; of a store that cannot remove, only saves and loads are counted.
 */
export const PHASES = ['remove', 'create', 'save', 'load', 'changeStatus'] as const;

export type Phase = (typeof PHASES)[number];

/** Name of a file that is asked for before a phase, and before what follows the last: there is none, but a tracer sees it. */
export function markOf(phase: Phase | 'end'): string {
  return `mark-${phase}`;
}

export type Operation = 'save' | 'load';

export interface Batch {
  readonly operation: Operation;
  readonly calls: number;
  readonly concurrency: number;
}

/** Microseconds per call, of the wall's clock; or why there are none. */
export type Answer = { readonly time: number } | { readonly error: string };
