export { lruScheme } from './lru-scheme.js';
export type { LruCacheBound, LruCacheFreshness, LruCacheOptions } from './options.js';
export { withLruCache } from './with-lru-cache.js';
export type { CachedStateStore, LruCacheStats } from './with-lru-cache.js';
