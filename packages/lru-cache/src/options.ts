// What `withLruCache` takes. Checked once, at construction: a cache that is wrongly set up is refused, not used.

import { StateStoreError } from '@workflow-state/core';

/** At least one bound: a cache without one is a memory leak, so there is no such type. */
export type LruCacheBound =
  | {
      /** Most entries, 1 to 16 777 216. Room for all of them is set aside at once, a few machine words each. */
      readonly max: number;
      readonly maxSize?: number | undefined;
    }
  | {
      readonly max?: number | undefined;
      /**
       * Most bytes, estimated: byte arrays and texts of the states, and an allowance for the objects around them.
       * A state larger than that is not cached.
       */
      readonly maxSize: number;
    };

export type LruCacheFreshness =
  | {
      /**
       * `always`: every hit asks the store whether that write is still the one stored (`isCurrent`, which reads no body:
       * two existence checks on the filesystem, one HEAD request on S3). Keeps `reads: 'latest'`, with any number of writers.
       *
       * `never`: a hit asks nobody. Writes through this store are seen at once; writes by anybody else when the entry
       * expires (`ttl`), is evicted, or is found out by a call that does ask. Declared as `reads: 'may-be-stale'`. A save
       * of a stale state is refused as a conflict, as ever.
       */
      readonly revalidate: 'always' | 'never';
      readonly cacheAbsence?: false | undefined;
    }
  | {
      readonly revalidate: 'never';
      /**
       * Also remember that there was nothing. Default `false`. A create through this store ends it; one elsewhere does
       * not. Not with `always`: to prove that nothing is there costs what a load costs.
       */
      readonly cacheAbsence?: boolean | undefined;
    };

export type LruCacheOptions = LruCacheBound &
  LruCacheFreshness & {
    /**
     * Whole milliseconds, at least 1, after which an entry is no longer used, counted from when the call that read or
     * wrote it began. Default: never. No timer runs: what has expired is let go when met, or by `purgeStale`.
     */
    readonly ttl?: number | undefined;
    /**
     * `bytes`: the byte arrays of a state are handed out as they are in the cache, not copied, so **a caller that writes
     * into one changes what every later caller loads** (never what is stored). For engines that treat them as immutable.
     */
    readonly share?: 'bytes' | undefined;
    /** Milliseconds by which `ttl` is measured. Default `performance.now`. */
    readonly clock?: (() => number) | undefined;
  };

interface Check {
  readonly expected: string;
  readonly test: (value: unknown) => boolean;
}

const LARGEST_MAX = 2 ** 24;

const CHECKS: { readonly [K in keyof Required<LruCacheOptions>]: Check } = {
  max: { expected: `an integer from 1 to ${LARGEST_MAX}`, test: integerTo(LARGEST_MAX) },
  maxSize: { expected: 'a whole number of bytes, at least 1', test: integerTo(Number.MAX_SAFE_INTEGER) },
  ttl: { expected: 'whole milliseconds, at least 1', test: integerTo(Number.MAX_SAFE_INTEGER) },
  revalidate: {
    expected: "'always' (ask the store at every hit) or 'never' (reads may be stale)",
    test: (value) => value === 'always' || value === 'never',
  },
  cacheAbsence: { expected: 'true or false', test: (value) => typeof value === 'boolean' },
  share: { expected: "'bytes', or nothing", test: (value) => value === 'bytes' },
  clock: { expected: 'a function that returns milliseconds', test: (value) => typeof value === 'function' },
};

/** @throws `INVALID_ARGUMENT`, naming the option, its value and what would be right. */
export function checkLruCacheOptions(
  options: unknown,
  nameOf: (option: string) => string = (option) => `options.${option}`,
): asserts options is LruCacheOptions {
  if (typeof options !== 'object' || options === null) {
    throw invalidArgument('options', "such as { max: 1000, revalidate: 'always' }", options);
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  for (const [name, value] of given) {
    const check = Object.hasOwn(CHECKS, name) ? CHECKS[name as keyof typeof CHECKS] : undefined;
    if (check === undefined)
      throw invalidArgument(nameOf(name), `no such option (known: ${Object.keys(CHECKS).join(', ')})`, value);
    if (!check.test(value)) throw invalidArgument(nameOf(name), check.expected, value);
  }
  const { max, maxSize, revalidate, cacheAbsence }: { readonly [K in keyof LruCacheOptions]?: unknown } = options;
  if (max === undefined && maxSize === undefined) {
    throw invalidArgument(
      `${nameOf('max')} or ${nameOf('maxSize')}`,
      'at least one bound, such as max: 1000',
      undefined,
    );
  }
  if (revalidate === undefined) throw invalidArgument(nameOf('revalidate'), CHECKS.revalidate.expected, undefined);
  if (revalidate === 'always' && cacheAbsence === true) {
    throw invalidArgument(
      nameOf('cacheAbsence'),
      "false with revalidate: 'always', where proving absence costs a load",
      true,
    );
  }
}

export function invalidArgument(path: string, expected: string, value: unknown): StateStoreError {
  return new StateStoreError('INVALID_ARGUMENT', `${path}: expected ${expected}, got ${show(value)}`);
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 60));
  if (typeof value === 'object' && value !== null) return value instanceof Promise ? 'a promise' : 'an object';
  return typeof value === 'function' ? 'a function' : String(value);
}

function integerTo(most: number): (value: unknown) => boolean {
  return (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most;
}
