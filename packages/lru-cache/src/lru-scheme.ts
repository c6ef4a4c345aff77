// `lru+file:./state?lru.max=1000&lru.revalidate=always`: the store of `file:./state`, with a cache around it. Parameters
// that begin with `lru.` are the cache's, all others are passed on.

import { readParameters, type StoreScheme, StateStoreError } from '@workflow-state/core';
import { checkLruCacheOptions, invalidArgument } from './options.js';
import { withLruCache } from './with-lru-cache.js';

const PREFIX = 'lru.';

export const lruScheme: StoreScheme = {
  scheme: 'lru',
  async open(url, context) {
    const inner = /^lru\+(.+)$/.exec(url.scheme)?.[1];
    if (inner === undefined) {
      throw new StateStoreError('INVALID_ARGUMENT', `${url.scheme}: names no store to put a cache around`, {
        recoveryHints: ['write lru+file:./state?lru.max=1000&lru.revalidate=always'],
      });
    }
    const own = new URLSearchParams();
    const rest = new URLSearchParams();
    for (const [name, value] of url.parameters) (name.startsWith(PREFIX) ? own : rest).append(name, value);
    const read = readParameters<Record<keyof typeof READERS, unknown>>({ ...url, parameters: own }, READERS);
    const options: unknown = Object.fromEntries(
      Object.entries(read).map(([name, value]) => [name.slice(PREFIX.length), value]),
    );
    // Before anything is opened, so that nothing has to be closed again.
    checkLruCacheOptions(options, (option) => `${url.scheme}: URL, parameter "${PREFIX}${option}"`);
    const query = rest.toString();
    return withLruCache(await context.open(`${inner}:${url.location}${query === '' ? '' : `?${query}`}`), options);
  },
};

const READERS = {
  'lru.max': wholeNumber,
  'lru.maxSize': wholeNumber,
  'lru.ttl': wholeNumber,
  'lru.revalidate': asWritten,
  'lru.share': asWritten,
  'lru.cacheAbsence': trueOrFalse,
};

function wholeNumber(text: string, path: string): number {
  if (!/^\d{1,16}$/.test(text)) throw invalidArgument(path, 'a whole number in decimal digits', text);
  return Number(text);
}

function asWritten(text: string): string {
  return text;
}

function trueOrFalse(text: string, path: string): boolean {
  if (text !== 'true' && text !== 'false') throw invalidArgument(path, 'true or false', text);
  return text === 'true';
}
