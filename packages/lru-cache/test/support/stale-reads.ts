import type { LruCacheOptions } from '../../src/index.js';

export function staleReads(_options: LruCacheOptions): Readonly<Record<string, string>> {
  return {};
}
