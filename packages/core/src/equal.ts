// Deep equality of two values of one shape: numbers by SameValueZero, bytes bytewise, the rest by structure.

import { isBytes } from './realms.js';

export function equal(a: unknown, b: unknown): boolean {
  if (a === b || Object.is(a, b)) return true;
  if (!isContainer(a) || !isContainer(b)) return false;
  if (isBytes(a)) return a.length === b['length'] && a.every((byte, index) => byte === b[index]);
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]));
}

function isContainer(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
