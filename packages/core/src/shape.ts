// Shapes of data, checked and copied in one pass: what comes out shares nothing with what went in, except strings.
// The same shapes serve what users pass to `save` and what is read back, so nothing can be stored that cannot be loaded.

import { show } from './show.js';

/** Returns a copy of `value`, or throws a {@link ShapeError} that names `path`. */
export type Shape<T> = (value: unknown, path: string) => T;

export class ShapeError extends Error {
  override readonly name: string = 'ShapeError';

  constructor(path: string, expected: string, value: unknown) {
    super(`${path}: expected ${expected}, got ${show(value)}`);
  }
}

export const text: Shape<string> = (value, path) => {
  if (typeof value !== 'string') throw new ShapeError(path, 'a string', value);
  if (!value.isWellFormed()) throw new ShapeError(path, 'a string without unpaired surrogates (see toWellFormed)', value);
  return value;
};

export const bytes: Shape<Uint8Array> = (value, path) => {
  if (!(value instanceof Uint8Array)) throw new ShapeError(path, 'a Uint8Array (encodeJson makes one of a JSON value)', value);
  return new Uint8Array(value);
};

export const uint32: Shape<number> = (value, path) => {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff) return value;
  throw new ShapeError(path, 'an integer from 0 to 4294967295', value);
};

export const milliseconds: Shape<number> = (value, path) => {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw new ShapeError(path, 'finite milliseconds, at least 0', value);
};

export const double: Shape<number> = (value, path) => {
  if (typeof value === 'number') return value;
  throw new ShapeError(path, 'a number', value);
};

export const date: Shape<Date> = (value, path) => {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return new Date(value.getTime());
  throw new ShapeError(path, 'a valid Date', value);
};

export function literal<T extends string>(expected: T): Shape<T> {
  return (value, path) => {
    if (value === expected) return expected;
    throw new ShapeError(path, JSON.stringify(expected), value);
  };
}

export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value, path) => (value === undefined ? undefined : shape(value, path));
}

export function listOf<T>(shape: Shape<T>): Shape<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw new ShapeError(path, 'an array', value);
    // Not map(): holes must be met, as the undefined that they read as.
    return Array.from(value, (item: unknown, index) => shape(item, `${path}[${index}]`));
  };
}

/** A plain object with any keys. */
export function mapOf<T>(shape: Shape<T>): Shape<Record<string, T>> {
  return (value, path) => {
    const copy: Record<string, T> = {};
    for (const key of ownKeys(value, path)) {
      if (!key.isWellFormed()) throw new ShapeError(`a key of ${path}`, 'no unpaired surrogates', key);
      setOwn(copy, key, shape(read(value, key, path), at(path, key)));
    }
    return copy;
  };
}

/** A plain object with these keys and no others. A field whose shape is `optional` may be absent, and then stays so. */
export function record<T extends object>(fields: { readonly [K in keyof T]-?: Shape<T[K]> }): Shape<T> {
  const known = new Map(Object.entries(fields) as [string, Shape<unknown>][]);
  return (value, path) => {
    for (const key of ownKeys(value, path)) {
      if (!known.has(key)) throw new ShapeError(at(path, key), `no such property (known: ${[...known.keys()].join(', ')})`, read(value, key, path));
    }
    const copy: Record<string, unknown> = {};
    for (const [key, shape] of known) {
      const field = shape(read(value, key, path), at(path, key));
      if (field !== undefined) copy[key] = field;
    }
    return copy as T;
  };
}

/** Sets an own property whatever its name: assignment to `__proto__` would change the prototype instead. */
export function setOwn<T>(target: Record<string, T>, key: string, value: T): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    target[key] = value;
  }
}

function ownKeys(value: unknown, path: string): readonly string[] {
  if (typeof value !== 'object' || value === null) throw new ShapeError(path, 'a plain object', value);
  const prototype: unknown = Object.getPrototypeOf(value);
  // Null, or an Object.prototype: that of another realm will do.
  if (prototype !== null && (Array.isArray(value) || Object.getPrototypeOf(prototype) !== null)) {
    throw new ShapeError(path, 'a plain object', value);
  }
  const keys = Reflect.ownKeys(value);
  for (const key of keys) if (typeof key === 'symbol') throw new ShapeError(path, 'no symbol as a key', key);
  return keys as string[];
}

function read(value: unknown, key: string, path: string): unknown {
  const property = Object.getOwnPropertyDescriptor(value, key);
  if (property === undefined) return undefined;
  if (!('value' in property)) throw new ShapeError(at(path, key), 'a value, not an accessor', property.get ?? property.set);
  return property.value;
}

function at(path: string, key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `${path}.${key}` : `${path}[${show(key)}]`;
}
