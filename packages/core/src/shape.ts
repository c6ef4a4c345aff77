// Shapes of data, checked and copied in one pass. Containers and dates come out new; bytes are passed on, for the encoder
// or the decoder has them on a buffer of its own. The same shapes serve what users pass to `save` and what is read back,
// so nothing can be stored that cannot be loaded.
//
// The path of what is wrong is put together while the error climbs out of its containers: what is right costs no text.

import { show } from './show.js';

/** Returns a copy of `value`, or throws a {@link ShapeError}. */
export type Shape<T> = (value: unknown) => T;

export class ShapeError extends Error {
  override readonly name: string = 'ShapeError';
  readonly #finding: string;
  #path = '';

  constructor(expected: string, value: unknown) {
    super();
    this.#finding = `: expected ${expected}, got ${show(value)}`;
  }

  /** Puts one more container before the path. */
  within(segment: string): this {
    this.#path = segment + this.#path;
    this.message = this.#path + this.#finding;
    return this;
  }
}

/** The copy of a whole value, whose name begins the path. */
export function checkShape<T>(shape: Shape<T>, value: unknown, name: string): T {
  return inside(name, () => shape(value));
}

export const text: Shape<string> = (value) => {
  if (typeof value !== 'string') throw new ShapeError('a string', value);
  if (!value.isWellFormed()) throw new ShapeError('a string without unpaired surrogates (see toWellFormed)', value);
  return value;
};

export const bytes: Shape<Uint8Array> = (value) => {
  if (value instanceof Uint8Array) return value;
  throw new ShapeError('a Uint8Array (encodeJson makes one of a JSON value)', value);
};

export const uint32: Shape<number> = (value) => {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff) return value;
  throw new ShapeError('an integer from 0 to 4294967295', value);
};

export const milliseconds: Shape<number> = (value) => {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw new ShapeError('finite milliseconds, at least 0', value);
};

export const double: Shape<number> = (value) => {
  if (typeof value === 'number') return value;
  throw new ShapeError('a number', value);
};

export const date: Shape<Date> = (value) => {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return new Date(value.getTime());
  throw new ShapeError('a valid Date', value);
};

export function literal<T extends string>(expected: T): Shape<T> {
  return (value) => {
    if (value === expected) return expected;
    throw new ShapeError(JSON.stringify(expected), value);
  };
}

export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value) => (value === undefined ? undefined : shape(value));
}

export function listOf<T>(shape: Shape<T>): Shape<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value)) throw new ShapeError('an array', value);
    // Not map(): holes must be met, as the undefined that they read as.
    return Array.from(value, (item: unknown, index) => inside(`[${index}]`, () => shape(item)));
  };
}

/** A plain object with any keys. */
export function mapOf<T>(shape: Shape<T>): Shape<Record<string, T>> {
  return (value) => {
    const copy: Record<string, T> = {};
    let at: string | undefined;
    try {
      for (const key of ownKeys(value)) {
        if (!key.isWellFormed()) throw new ShapeError('keys without unpaired surrogates', key);
        at = key;
        setOwn(copy, key, shape(read(value, key)));
        at = undefined;
      }
    } catch (error) {
      throw climb(error, at);
    }
    return copy;
  };
}

/** A plain object with these keys and no others. A field whose shape is `optional` may be absent, and then stays so. */
export function record<T extends object>(fields: { readonly [K in keyof T]-?: Shape<T[K]> }): Shape<T> {
  const known = new Map(Object.entries(fields) as [string, Shape<unknown>][]);
  return (value) => {
    const copy: Record<string, unknown> = {};
    let at: string | undefined;
    try {
      for (const key of ownKeys(value)) {
        if (known.has(key)) continue;
        at = key;
        throw new ShapeError(`no such property (known: ${[...known.keys()].join(', ')})`, read(value, key));
      }
      for (const [key, shape] of known) {
        at = key;
        const field = shape(read(value, key));
        if (field !== undefined) copy[key] = field;
      }
    } catch (error) {
      throw climb(error, at);
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

function ownKeys(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) throw new ShapeError('a plain object', value);
  const prototype: unknown = Object.getPrototypeOf(value);
  // Null, or an Object.prototype: that of another realm will do.
  if (prototype !== null && (Array.isArray(value) || Object.getPrototypeOf(prototype) !== null)) {
    throw new ShapeError('a plain object', value);
  }
  const keys = Reflect.ownKeys(value);
  for (const key of keys) if (typeof key === 'symbol') throw new ShapeError('no symbol as a key', key);
  return keys as string[];
}

function read(value: unknown, key: string): unknown {
  const property = Object.getOwnPropertyDescriptor(value, key);
  if (property === undefined) return undefined;
  if (!('value' in property)) throw new ShapeError('a value, not an accessor', property['get'] ?? property['set']);
  return property.value;
}

function inside<T>(segment: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof ShapeError) error.within(segment);
    throw error;
  }
}

/** The error, seen from the container that holds `key`; of the container itself without one. */
function climb(error: unknown, key: string | undefined): unknown {
  if (!(error instanceof ShapeError) || key === undefined) return error;
  return error.within(/^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${show(key)}]`);
}
