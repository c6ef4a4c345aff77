// How long ended instances are kept.

import { amount, checkShape, is, isAmount, optional, record, type Shape, ShapeError } from './shape.js';
import { TERMINAL_KINDS, type TerminalKind } from './status.js';

/** A length of time: milliseconds, or the sum of these parts. Finite, at least 0. */
export type Duration = number | DurationParts;

export interface DurationParts {
  readonly days?: number | undefined;
  readonly hours?: number | undefined;
  readonly minutes?: number | undefined;
  readonly seconds?: number | undefined;
  readonly milliseconds?: number | undefined;
}

/** One duration for every terminal kind, or one for each: a kind not named is kept. */
export type Retention = Duration | { readonly [K in TerminalKind]?: Duration | undefined };

const UNITS = { days: 86_400_000, hours: 3_600_000, minutes: 60_000, seconds: 1000, milliseconds: 1 } as const;

const milliseconds: Shape<number> = is(
  'milliseconds, { days, hours, minutes, seconds, milliseconds }, or these by terminal kind',
  isAmount,
);
const part = optional(amount);
const parts = record<DurationParts>({ days: part, hours: part, minutes: part, seconds: part, milliseconds: part });

/** In milliseconds. */
const duration: Shape<number> = (value) => {
  if (!isObject(value)) return milliseconds(value);
  const given = Object.entries<number>(parts(value) as Record<keyof DurationParts, number>);
  if (given.length === 0) throw new ShapeError(`one of ${Object.keys(UNITS).join(', ')}`, value);
  return given.reduce((sum, [unit, count]) => sum + count * UNITS[unit as keyof DurationParts], 0);
};

const kept = optional(duration);
const byKind = record<{ readonly [K in TerminalKind]?: number | undefined }>({
  completed: kept,
  failed: kept,
  cancelled: kept,
});

/** Milliseconds by kind. */
const ages: Shape<ReadonlyMap<TerminalKind, number>> = (value) => {
  const isByKind = isObject(value) && TERMINAL_KINDS.some((kind) => Object.hasOwn(value, kind));
  const entries = isByKind ? Object.entries(byKind(value)) : TERMINAL_KINDS.map((kind) => [kind, duration(value)]);
  return new Map(entries as [TerminalKind, number][]);
};

/** Milliseconds by kind. @throws `INVALID_ARGUMENT`. */
export function checkRetention(retention: unknown): ReadonlyMap<TerminalKind, number> {
  return checkShape(ages, retention, 'retention');
}

/** A duration in milliseconds. `name` is what an error calls it. @throws `INVALID_ARGUMENT`. */
export function toMilliseconds(value: Duration, name: string = 'duration'): number {
  return checkShape(duration, value, name);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
