// How long ended instances are kept.

import { StateStoreError } from './errors.js';
import { show } from './show.js';
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

/** Milliseconds by kind. @throws `INVALID_ARGUMENT`. */
export function checkRetention(retention: unknown): ReadonlyMap<TerminalKind, number> {
  if (isObject(retention) && TERMINAL_KINDS.some((kind) => Object.hasOwn(retention, kind))) {
    const ages = new Map<TerminalKind, number>();
    for (const [key, value] of Object.entries(retention)) {
      if (!(TERMINAL_KINDS as readonly string[]).includes(key)) throw invalid(`retention.${key}`, show(value), key);
      if (value !== undefined) ages.set(key as TerminalKind, duration(value, `retention.${key}`));
    }
    return ages;
  }
  const age = duration(retention, 'retention');
  return new Map(TERMINAL_KINDS.map((kind) => [kind, age]));
}

function duration(value: unknown, path: string): number {
  if (isObject(value)) {
    const parts = Object.entries(value).filter(([, part]) => part !== undefined);
    if (parts.length === 0) throw invalid(path, 'no part at all');
    return parts.reduce((sum, [unit, part]) => {
      if (!Object.hasOwn(UNITS, unit)) throw invalid(`${path}.${unit}`, show(part), unit);
      return sum + amount(part, `${path}.${unit}`) * UNITS[unit as keyof typeof UNITS];
    }, 0);
  }
  return amount(value, path);
}

function amount(value: unknown, path: string): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw invalid(path, show(value));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(path: string, got: string, unknownKey?: string): StateStoreError {
  const what =
    unknownKey === undefined ? 'a duration is finite and at least 0' : `there is no ${JSON.stringify(unknownKey)} here`;
  return new StateStoreError('INVALID_ARGUMENT', `${path}: ${what}, got ${got}`, {
    recoveryHints: [
      'pass milliseconds, { days, hours, minutes, seconds, milliseconds }, or one of these per terminal kind',
      `terminal kinds are ${TERMINAL_KINDS.join(', ')}; a kind not named is kept`,
    ],
  });
}
