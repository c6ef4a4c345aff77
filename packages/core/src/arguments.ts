// What the methods of a store accept: each check names the argument, the value and what would be right.

import { StateStoreError } from './errors.js';
import { show } from './show.js';

export function invalidArgument(
  path: string,
  expected: string,
  value: unknown,
  ...recoveryHints: string[]
): StateStoreError {
  return new StateStoreError('INVALID_ARGUMENT', `${path}: expected ${expected}, got ${show(value)}`, {
    recoveryHints,
  });
}

/** Checks of the options of one call, by name; every call also takes `signal`. */
export type Checks = Readonly<Record<string, (value: unknown, path: string) => void>>;

export function checkOptions(options: unknown, checks: Checks, path = 'options'): void {
  if (options === undefined) return;
  if (typeof options !== 'object' || options === null) throw invalidArgument(path, 'an object', options);
  for (const [name, value] of Object.entries(options)) {
    const check = name === 'signal' ? isSignal : Object.hasOwn(checks, name) ? checks[name] : undefined;
    if (check === undefined) {
      throw invalidArgument(
        `${path}.${name}`,
        `no such option (known: ${['signal', ...Object.keys(checks)].join(', ')})`,
        value,
      );
    }
    if (value !== undefined) check(value, `${path}.${name}`);
  }
}

export function integer(least: number, most: number): (value: unknown, path: string) => void {
  return (value, path) => {
    if (!Number.isInteger(value) || (value as number) < least || (value as number) > most) {
      const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
      throw invalidArgument(path, `an integer ${range}`, value);
    }
  };
}

export function isFunction(value: unknown, path: string): void {
  if (typeof value !== 'function') throw invalidArgument(path, 'a function', value);
}

export function oneOf(...allowed: readonly unknown[]): (value: unknown, path: string) => void {
  return (value, path) => {
    if (!allowed.includes(value)) throw invalidArgument(path, `one of ${allowed.map(String).join(', ')}`, value);
  };
}

function isSignal(value: unknown, path: string): void {
  if (!(value instanceof AbortSignal)) throw invalidArgument(path, 'an AbortSignal', value);
}
