// Runs a command against a real S3 server and hands on its exit code:
//   node scripts/with-ceph.mjs -- vitest run
// Uses the server of `ceph.mjs start` when that runs, and leaves it running. Otherwise it starts one of its own, so
// that two of these at once do not share data, and ends it afterwards. No server: exit code 1, the command is not run.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { runningCeph, startCeph, stopCeph } from './ceph/cluster.mjs';
import { environmentOf, sharedDirectory } from './ceph/environment.mjs';

const [program, ...args] = process.argv.slice(process.argv[2] === '--' ? 3 : 2);
const privatePrefix = 'workflow-state-ceph-run-';

try {
  if (program === undefined) throw new Error('usage: with-ceph.mjs -- command [argument...]');
  await stopAbandoned();
  const shared = await runningCeph(sharedDirectory);
  if (shared) {
    process.exitCode = await run(program, args, shared);
  } else {
    // the name holds our pid, by which a later run knows whether this one was killed
    const directory = mkdtempSync(join(tmpdir(), `${privatePrefix}${process.pid}-`));
    const interrupted = new AbortController();
    const endOnSignal = () => interrupted.abort();
    for (const signal of signals) process.once(signal, endOnSignal);
    const from = performance.now();
    const connection = await startCeph(directory);
    process.stderr.write(`ceph: up in ${((performance.now() - from) / 1000).toFixed(1)} s\n`);
    for (const signal of signals) process.off(signal, endOnSignal);
    try {
      process.exitCode = interrupted.signal.aborted ? 1 : await run(program, args, connection);
    } finally {
      await stopCeph(directory);
    }
  }
} catch (error) {
  console.error(
    'with-ceph:',
    error instanceof Error ? error.message : error,
    error instanceof Error ? (error.cause ?? '') : '',
  );
  process.exitCode = 1;
}
