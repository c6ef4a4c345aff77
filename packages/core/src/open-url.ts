// Opening a store by URL, so that a deployment chooses its backend by configuration. Schemes are passed in, never
// looked up: importing one package never loads another, and a string never decides what code runs.

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
    throw invalidArgument('options.schemes', 'the schemes to choose from, such as [memoryScheme, fileScheme]', schemes);
  }
  const parsed = parseStoreUrl(url);
  const byName = new Map(schemes.map((scheme: StoreScheme) => [scheme.scheme, scheme]));
  const scheme =
    byName.get(parsed.scheme) ??
    (parsed.scheme.includes('+') ? byName.get(parsed.scheme.split('+', 1)[0] ?? '') : undefined);
  if (scheme === undefined) {
    throw new StateStoreError('INVALID_ARGUMENT', `no scheme here opens ${JSON.stringify(`${parsed.scheme}:`)}`, {
      recoveryHints: [
        `known schemes: ${[...byName.keys()].join(', ')}`,
        'pass the scheme of the package that opens it',
      ],
    });
  }
  return scheme.open(parsed, { options: storeOptions, open: (inner) => openStateStoreFromUrl(inner, options) });
}

/** @throws `INVALID_ARGUMENT`. The text itself is not repeated in the message: it may hold credentials. */
export function parseStoreUrl(url: string): StoreUrl {
  const match = typeof url === 'string' ? /^([a-z][a-z0-9+.-]*):([^?#]*)(?:\?([^#]*))?$/i.exec(url) : null;
  if (match === null) {
    throw new StateStoreError(
      'INVALID_ARGUMENT',
      'a store URL looks like memory:, file:./state or s3://bucket/prefix?region=…, without a fragment',
      {
        recoveryHints:
          typeof url === 'string' && url !== ''
            ? ['a # in a path is written %23']
            : ['is the environment variable set?'],
      },
    );
  }
  const [, scheme = '', location = '', query = ''] = match;
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
  for (const name of url.parameters.keys()) {
    const path = `${url.scheme}: URL, parameter ${JSON.stringify(name)}`;
    const texts = url.parameters.getAll(name);
    if (!Object.hasOwn(readers, name))
      throw invalidArgument(path, `one of ${Object.keys(readers).join(', ') || 'no parameters'}`, texts[0]);
    if (texts.length > 1) throw invalidArgument(path, 'it once', texts);
    values[name as keyof T] = readers[name as keyof T](texts[0] ?? '', path);
  }
  return values;
}
