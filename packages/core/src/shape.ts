// Shapes of data, checked and copied in one pass. Containers and dates come out new; bytes are passed on, for the encoder
// or the decoder has them on a buffer of its own. The same shapes serve what users pass to a store and what is read back,
// so nothing can be stored that cannot be loaded.
//
// The path of what is wrong is put together while the error climbs out of its containers: what is right costs no text.

import { StateStoreError } from './errors.js';
import { dateOf, isBytes } from './realms.js';
import { setOwn } from './set-own.js';
import { show } from './show.js';

/** Returns a copy of `value`, or throws a {@link ShapeError}. */
export type Shape<T> = (value: unknown) => T;

export class ShapeError extends Error {
  constructor(expected: string, value: unknown) {
    super(`: expected ${expected}, got ${show(value)}`);
  }

  /** Puts one more container before the path. */
  within(segment: string): this {
    this.message = segment + this.message;
    return this;
  }
}

/** The copy of a whole value, whose name begins the path. */
export function checkShape<T>(
  shape: Shape<T>,
  value: unknown,
  name: string,
  code: 'INVALID_ARGUMENT' | 'INVALID_STATE' = 'INVALID_ARGUMENT',
  ...recoveryHints: string[]
): T {
  try {
    return shape(value);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new StateStoreError(code, name + error.message, { recoveryHints });
  }
}

/** What passes `test`, as it is. */
export function is<T>(expected: string, test: (value: unknown) => boolean): Shape<T> {
  return (value) => {
    if (test(value)) return value as T;
    throw new ShapeError(expected, value);
  };
}

export function integer(least: number, most: number = Number.MAX_SAFE_INTEGER): Shape<number> {
  return is(
    `an integer from ${least} to ${most}`,
    (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most,
  );
}

export function oneOf<T>(...allowed: readonly T[]): Shape<T> {
  return is(`one of ${allowed.join(', ')}`, (value) => allowed.includes(value as T));
}

export const text: Shape<string> = is('a well-formed string', isText);
export const bytes: Shape<Uint8Array> = is('a Uint8Array (encodeJson makes one of a JSON value)', isBytes);
export const uint32: Shape<number> = integer(0, 0xffff_ffff);
export const double: Shape<number> = is('a number', (value) => typeof value === 'number');
export const amount: Shape<number> = is('a finite number of at least 0', isAmount);

export const date: Shape<Date> = (value) => {
  const copy = dateOf(value);
  if (!Number.isNaN(+copy)) return copy;
  throw new ShapeError('a valid Date', value);
};

export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value) => (value === undefined ? undefined : shape(value));
}

export function listOf<T>(shape: Shape<T>): Shape<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value)) throw new ShapeError('an array', value);
    // Not map(): holes must be met, as the undefined that they read as.
    return Array.from(value, (_, index) => field(shape, value, index));
  };
}

/** A plain object with any keys. */
export function mapOf<T>(shape: Shape<T>): Shape<Record<string, T>> {
  return (value) => {
    const copy: Record<string, T> = {};
    for (const key of ownKeys(value)) setOwn(copy, key, field(shape, value, key));
    return copy;
  };
}

/** A plain object with these keys and no others. A field whose shape is `optional` may be absent, and then stays so. */
export function record<T extends object>(fields: { readonly [K in keyof T]-?: Shape<T[K]> }): Shape<T> {
  const known = new Map(Object.entries<Shape<unknown>>(fields));
  const unknown = is(noneBut(known.keys()), () => false);
  return (value) => {
    for (const key of ownKeys(value)) if (!known.has(key)) field(unknown, value, key);
    const copy: Record<string, unknown> = {};
    for (const [key, shape] of known) {
      const part = field(shape, value, key);
      if (part !== undefined) copy[key] = part;
    }
    return copy as T;
  };
}

export function noneBut(known: Iterable<string>): string {
  return `no such property (known: ${[...known].join(', ')})`;
}

export function isAmount(value: unknown): boolean {
  return Number.isFinite(value) && (value as number) >= 0;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed();
}

function ownKeys(value: unknown): readonly string[] {
  if (!isPlain(value)) throw new ShapeError('a plain object', value);
  const keys = Reflect.ownKeys(value);
  for (const key of keys) if (!isText(key)) throw new ShapeError('well-formed strings as keys', key);
  return keys as string[];
}

/** Of a null prototype, or of an Object.prototype: that of another realm will do. */
function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** What `container` holds under `key`. */
function field<T>(shape: Shape<T>, container: unknown, key: string | number): T {
  try {
    const property = Object.getOwnPropertyDescriptor(container, key);
    if (property !== undefined && !('value' in property)) throw new ShapeError('a value, not an accessor', property);
    return shape(property?.value);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw error.within(/^[a-z_$][\w$]*$/i.test(String(key)) ? `.${key}` : `[${show(key)}]`);
  }
}
