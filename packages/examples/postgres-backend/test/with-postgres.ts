// Runs a command beside a server of its own, and hands on its exit code:
//   node dist/test/with-postgres.js node --test dist/test/conformance.test.js

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { startServer } from './server.js';

const [command = '', ...args] = process.argv.slice(2);
const server = startServer();
try {
  const child = spawn(command, args, {
    stdio: 'inherit',
    env: { ...process.env, PGHOST: server.host, PGUSER: 'postgres', PGDATABASE: 'postgres' },
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  const [code] = await once(child, 'exit');
  process.exitCode = typeof code === 'number' ? code : 1;
} finally {
  server.stop();
}
