// A real S3 server for tests and benchmarks: Ceph's gateway on this machine, everything in memory.
//   node scripts/ceph.mjs start     starts it, or finds it running; prints how to reach it
//   node scripts/ceph.mjs status    prints the same, or exits with 1 when it does not run
//   node scripts/ceph.mjs stop      ends it; its data is gone
// Prints lines for a shell, `eval "$(node scripts/ceph.mjs start)"`, or one JSON object with --json.
// Installs Debian's packages when they are missing (root, or sudo without a password).
import { runningCeph, startCeph, stopCeph } from './ceph/cluster.mjs';
import { environmentOf, sharedDirectory } from './ceph/environment.mjs';

const command = process.argv[2];
try {
  if (command === 'start') print(await startCeph(sharedDirectory));
  else if (command === 'status') print(await runningCeph(sharedDirectory));
  else if (command === 'stop') await stopCeph(sharedDirectory);
  else throw new Error('usage: ceph.mjs start | status | stop [--json]');
} catch (error) {
  console.error('ceph:', error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

/** @param {import('./ceph/cluster.mjs').Connection | undefined} connection */
function print(connection) {
  if (!connection) throw new Error('not running');
  const environment = environmentOf(connection);
  if (process.argv.includes('--json')) console.log(JSON.stringify(environment));
  else for (const [name, value] of Object.entries(environment)) console.log(`export ${name}=${value}`);
}
