// The status of a run: a union on `kind`. The kind is what stores index; the rest travels in the body.

/** Kinds in the order of a run's life. The order is part of storage format 1: only ever append. */
export const STATUS_KINDS = [
  'initializing',
  'running',
  'waiting',
  'paused',
  'completed',
  'failed',
  'cancelled',
] as const;

export type StatusKind = (typeof STATUS_KINDS)[number];

/** Kinds after which nothing more happens. Only these are ever cleaned up. */
export const TERMINAL_KINDS = ['completed', 'failed', 'cancelled'] as const;

export type TerminalKind = (typeof TERMINAL_KINDS)[number];

/** Name of a stage of a workflow definition. Any string without unpaired surrogates. */
export type StageId = string;

/** What a run has counted and measured so far. */
export interface WorkflowMetrics {
  /** Unsigned 32-bit. */
  readonly stagesExecuted: number;
  /** Unsigned 32-bit. */
  readonly retryCount: number;
  /** Unsigned 32-bit. */
  readonly errorCount: number;
  /** Milliseconds by stage: finite, at least 0, fractions kept. */
  readonly stageDurations: Readonly<Record<StageId, number>>;
  /** The engine's own figures: any IEEE double, NaN and −0 included. */
  readonly custom: Readonly<Record<string, number>>;
}

/** What a completed run leaves. */
export interface WorkflowResult {
  readonly output: Readonly<Record<string, Uint8Array>>;
  /** Milliseconds: finite, at least 0. */
  readonly durationMs: number;
  readonly metrics: WorkflowMetrics;
}

/** What a failed run leaves: data, not an `Error`. */
export interface WorkflowError {
  readonly code: string;
  readonly message: string;
  readonly stage?: StageId | undefined;
  readonly trace?: string | undefined;
  readonly recoveryHints: readonly string[];
}

export type WorkflowStatus =
  | { readonly kind: 'initializing' }
  | { readonly kind: 'running'; readonly currentStage: StageId }
  | { readonly kind: 'waiting'; readonly stage: StageId; readonly event: string }
  | { readonly kind: 'paused'; readonly stage: StageId }
  | { readonly kind: 'completed'; readonly result: WorkflowResult }
  | { readonly kind: 'failed'; readonly error: WorkflowError }
  | { readonly kind: 'cancelled' };

export function isStatusKind(value: unknown): value is StatusKind {
  return (STATUS_KINDS as readonly unknown[]).includes(value);
}

/** Whether a run of this kind has ended. */
export function isTerminalKind(kind: unknown): kind is TerminalKind {
  return (TERMINAL_KINDS as readonly unknown[]).includes(kind);
}
