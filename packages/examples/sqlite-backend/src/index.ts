export { sqliteBackend, type SqliteBackendOptions } from './sqlite-backend.js';
