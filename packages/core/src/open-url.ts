// Opening a store by URL, so that a deployment chooses its backend by configuration. Schemes are passed in, never
// looked up: importing one package never loads another, and a string never decides what code runs.

import { show } from './show.js';
import { invalidArgument } from './arguments.js';
import { StateStoreError } from './errors.js';
import type { StateStore, StateStoreOptions } from './state-store.js';

/** A URL taken apart, without the resolution of paths that `new URL` does: `file:./state` stays relative. */
export interface StoreUrl {
  /** Lower case, without the colon. */
  readonly scheme: string;
  /** Between the colon and the question mark, as written. */
  readonly location: string;
  readonly parameters: URLSearchParams;
}

export interface SchemeContext {
  /** For `openStateStore`. */
  readonly options: StateStoreOptions;
  /** Opens another URL with the same schemes and options: what a wrapper does with the one inside. */
  readonly open: (url: string) => Promise<StateStore>;
}

/** How one kind of URL is opened. A wrapper's scheme `lru` also gets `lru+file:…`, with the whole in `url.scheme`. */
export interface StoreScheme {
  readonly scheme: string;
  open(url: StoreUrl, context: SchemeContext): Promise<StateStore>;
}

export interface OpenUrlOptions extends StateStoreOptions {
  /** The schemes that this deployment knows, such as `fileScheme` of `@workflow-state/filesystem`. */
  readonly schemes: readonly StoreScheme[];
}

/** @throws `INVALID_ARGUMENT` for a malformed URL or an unknown scheme, and whatever opening the store throws. */
export async function openStateStoreFromUrl(url: string, options: OpenUrlOptions): Promise<StateStore> {
  const { schemes, ...storeOptions } = options ?? {};
  if (!Array.isArray(schemes) || schemes.length === 0) {
    throw invalidArgument('options.schemes', 'at least one, such as fileScheme', schemes);
  }
  const parsed = parseStoreUrl(url);
  const byName = new Map(schemes.map((scheme: StoreScheme) => [scheme.scheme, scheme]));
  // A wrapper's `lru+file` is opened by `lru`, unless there is one of the whole name.
  const scheme = byName.get(parsed.scheme) ?? byName.get(parsed.scheme.replace(/\+.*/, ''));
  if (scheme === undefined) {
    throw new StateStoreError('INVALID_ARGUMENT', `no scheme here opens "${parsed.scheme}:"`, {
      recoveryHints: [`known schemes: ${[...byName.keys()].join(', ')}`],
    });
  }
  return scheme.open(parsed, { options: storeOptions, open: (inner) => openStateStoreFromUrl(inner, options) });
}

/** @throws `INVALID_ARGUMENT`. The text itself is not repeated in the message: it may hold credentials. */
export function parseStoreUrl(url: string): StoreUrl {
  const match = typeof url === 'string' ? /^([a-z][a-z0-9+.-]*):([^?#]*)\??([^#]*)$/i.exec(url) : null;
  if (match === null) {
    const got = typeof url === 'string' ? 'another text' : show(url);
    throw new StateStoreError(
      'INVALID_ARGUMENT',
      `a store URL looks like memory:, file:./state or s3://bucket, with # as %23; got ${got}`,
    );
  }
  const [, scheme = '', location = '', query] = match;
  return { scheme: scheme.toLowerCase(), location, parameters: new URLSearchParams(query) };
}

/**
 * The parameters of a URL as an object, each read by the function under its name.
 * @throws `INVALID_ARGUMENT` for a parameter that is not among them, or is given twice.
 */
export function readParameters<T>(
  url: StoreUrl,
  readers: { readonly [K in keyof T]: (text: string, path: string) => T[K] },
): Partial<T> {
  const values: Partial<T> = {};
  const known = new Map(Object.entries<(text: string, path: string) => T[keyof T]>(readers));
  for (const name of url.parameters.keys()) {
    const path = `${url.scheme}: URL, parameter ${show(name)}`;
    const [text = '', ...others] = url.parameters.getAll(name);
    const read = known.get(name);
    if (read === undefined) throw invalidArgument(path, `one of ${[...known.keys()].join(', ') || 'none'}`, text);
    if (others.length > 0) throw invalidArgument(path, 'it once', [text, ...others]);
    values[name as keyof T] = read(text, path);
  }
  return values;
}
