export { postgresBackend, type PostgresBackendOptions } from './postgres-backend.js';
