export { s3Backend } from './s3-backend.js';
export type { S3BackendOptions } from './s3-backend.js';
export { s3Scheme } from './s3-scheme.js';
