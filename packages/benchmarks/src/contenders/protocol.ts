// Between a run and the process of a contender.

/** What a traced run does to each instance, one after the other. */
export const PHASES = ['create', 'save', 'load', 'changeStatus', 'remove'] as const;

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
