// What the methods of a store accept beside states: each refusal names the argument, the value and what would be right.

import { StateStoreError } from './errors.js';
import { checkShape, is, noneBut, type Shape } from './shape.js';
import { show } from './show.js';

/** Checks of the options of one call, by name; every call also takes `signal`. */
export type Checks = Readonly<Record<string, Shape<unknown>>>;

export const isFunction: Shape<unknown> = is('a function', (value) => typeof value === 'function');

const signal: Shape<unknown> = is('an AbortSignal', (value) => value instanceof AbortSignal);

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

/** Not a shape: options may be of any class, and have accessors. */
export function checkOptions(options: unknown, checks: Checks): void {
  if (options === undefined) return;
  if (typeof options !== 'object' || options === null) throw invalidArgument('options', 'an object', options);
  const known = new Map(Object.entries({ signal, ...checks }));
  for (const [name, value] of Object.entries(options)) {
    const path = `options.${name}`;
    const check = known.get(name);
    if (check === undefined) throw invalidArgument(path, noneBut(known.keys()), value);
    if (value !== undefined) checkShape(check, value, path);
  }
}
