export { memoryBackend, MemorySpace } from './memory-backend.js';
export type { MemoryBackendOptions } from './memory-backend.js';
export { memoryScheme } from './memory-scheme.js';
