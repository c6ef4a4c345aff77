export { fileSystemBackend } from './filesystem-backend.js';
export type { FileSystemBackendOptions } from './filesystem-backend.js';
export { fileScheme } from './file-scheme.js';
