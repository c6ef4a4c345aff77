// Runs a command against a real S3 server and hands on its exit code:
//   node scripts/with-ceph.mjs -- vitest run
// Uses the server of `ceph.mjs start` when that runs, and leaves it running. Otherwise it starts one of its own, so
// that two of these at once do not share data, and ends it afterwards. No server: exit code 1, the command is not run.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { runningCeph, startCeph, stopCeph } from './ceph/cluster.mjs';
import { environmentOf, sharedDirectory } from './ceph/environment.mjs';

/** @typedef {import('./ceph/cluster.mjs').Connection} Connection */

const ownPrefix = 'workflow-state-ceph-run-';
const command = process.argv.slice(process.argv[2] === '--' ? 3 : 2);

// An interrupt reaches the command, and the server still ends after it.
/** @type {import('node:child_process').ChildProcess | undefined} */
let child;
/** @type {NodeJS.Signals | undefined} */
let interrupted;
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => {
    interrupted = signal;
    child?.kill(signal);
  });
}

try {
  if (command.length === 0) throw new Error('usage: with-ceph.mjs -- command [argument...]');
  await stopAbandoned();
  const shared = await runningCeph(sharedDirectory);
  process.exitCode = shared ? await run(shared) : await runOnOwn();
} catch (error) {
  console.error('with-ceph:', error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function runOnOwn() {
  // the name holds our pid, by which a later run sees that this one was killed
  const directory = mkdtempSync(join(tmpdir(), `${ownPrefix}${process.pid}-`));
  const from = performance.now();
  const connection = await startCeph(directory);
  process.stderr.write(`ceph: up in ${((performance.now() - from) / 1000).toFixed(1)} s\n`);
  try {
    return await run(connection);
  } finally {
    await stopCeph(directory);
  }
}

/** @param {Connection} connection @returns {Promise<number>} */
function run(connection) {
  if (interrupted) return Promise.resolve(128 + constants.signals[interrupted]);
  const [program = '', ...args] = command;
  /** @type {NodeJS.ProcessEnv} */
  const env = { ...process.env, ...environmentOf(connection) };
  // they would go along with the keys of this server, or replace them
  delete env.AWS_SESSION_TOKEN;
  delete env.AWS_PROFILE;
  return new Promise((resolve, reject) => {
    child = spawn(program, args, { stdio: 'inherit', env });
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']));
  });
}

/** Servers of runs of this user that were killed before they could end them. */
async function stopAbandoned() {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(ownPrefix))) {
    const directory = join(tmpdir(), name);
    const owner = Number(name.slice(ownPrefix.length).split('-')[0]);
    const ours = statSync(directory, { throwIfNoEntry: false })?.uid === process.getuid?.();
    if (ours && owner > 0 && !runsThisScript(owner)) await stopCeph(directory);
  }
}

/** @param {number} pid */
function runsThisScript(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('with-ceph');
  } catch {
    return false;
  }
}
