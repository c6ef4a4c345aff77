// A real S3 server (Ceph's radosgw) in one directory. The directory is the only state: its processes are found by
// the pid files in it, and a pid counts only while that process runs with the ceph.conf of this directory, so neither
// a crash nor a reused pid makes us end something that is not ours.
import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, openSync, closeSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createBucket } from './bucket.mjs';
import { cephConf } from './config.mjs';
import { installCeph } from './packages.mjs';

/**
 * How to reach the server: the variables that the tests read.
 * @typedef {{ S3_ENDPOINT: string, S3_REGION: string, S3_BUCKET: string, S3_ACCESS_KEY: string, S3_SECRET_KEY: string }} Connection
 */

// Throw-away: they are valid on this loopback server only.
const accessKey = 'local-test-access';
const secretKey = 'local-test-secret';
const bucket = 'workflow-state-test';

const daemons = /** @type {const} */ (['rgw', 'osd', 'mon']); // in the order in which they stop
const startLimitMs = 60_000;

/** The running server of this directory, or nothing. @param {string} directory @returns {Promise<Connection | undefined>} */
export async function runningCeph(directory) {
  if (!daemons.every((daemon) => pidOf(directory, daemon) !== undefined)) return undefined;
  const file = join(directory, 'connection.json');
  if (!existsSync(file)) return undefined;
  const connection = /** @type {Connection} */ (JSON.parse(readFileSync(file, 'utf8')));
  return (await answers(connection.S3_ENDPOINT)) ? connection : undefined;
}

/**
 * Starts an empty server, or returns the one that runs already in this directory. What a crash has left there is
 * ended and removed first. Throws, with the end of the failing daemon's log, when the server cannot be had.
 * @param {string} directory
 * @returns {Promise<Connection>}
 */
export async function startCeph(directory) {
  if (process.platform !== 'linux') throw new Error('Ceph runs on Linux only');
  const unlock = await lock(directory);
  try {
    const running = await runningCeph(directory);
    if (running) return running;
    installCeph();
    await stopCeph(directory);
    for (const folder of ['mon', 'osd', 'run', 'log']) mkdirSync(join(directory, folder), { recursive: true });
    return await bringUp(directory).catch(async (error) => {
      await killAll(directory); // the directory stays, for its logs
      throw error;
    });
  } finally {
    unlock();
  }
}

/**
 * Held by one start at a time. A socket in Linux's abstract namespace ends with its process, however that ends.
 * @param {string} directory
 * @returns {Promise<() => void>}
 */
async function lock(directory) {
  for (;;) {
    const server = createServer();
    const taken = await new Promise((resolve, reject) => {
      server.once('listening', () => resolve(true));
      server.once('error', (/** @type {NodeJS.ErrnoException} */ error) =>
        error.code === 'EADDRINUSE' ? resolve(false) : reject(error),
      );
      server.listen(`\0${directory}`);
    });
    if (taken) return () => server.close();
    await sleep(100);
  }
}

/** Ends the daemons of this directory and removes it. Its data is in memory: gone. @param {string} directory */
export async function stopCeph(directory) {
  await killAll(directory);
  rmSync(directory, { recursive: true, force: true });
}

/** @param {string} directory @returns {Promise<Connection>} */
async function bringUp(directory) {
  const cluster = randomUUID();
  const [monitorPort, gatewayPort] = await freePorts();
  const conf = join(directory, 'ceph.conf');
  writeFileSync(conf, cephConf({ directory, cluster, monitorPort, gatewayPort }));
  const ceph = (/** @type {string[]} */ ...args) => run('ceph', '-c', conf, '--connect-timeout', '20', ...args);

  const map = join(directory, 'monmap');
  await run('monmaptool', '--create', '--fsid', cluster, '--addv', 'a', `[v2:127.0.0.1:${monitorPort}]`, map);
  await run('ceph-mon', '-c', conf, '--mkfs', '-i', 'a', '--monmap', map);
  launch(directory, 'mon', 'ceph-mon', '-c', conf, '-i', 'a', '-f');

  // `ceph` itself waits until the monitor answers
  const osd = randomUUID();
  const id = (await ceph('osd', 'new', osd)).trim();
  await run('ceph-osd', '-c', conf, '-i', id, '--mkfs', '--osd-uuid', osd);
  launch(directory, 'osd', 'ceph-osd', '-c', conf, '-i', id, '-f');

  // both wait for the osd by themselves: they create the pools of the gateway
  const user = ['user', 'create', '--uid=test', '--display-name=test'];
  const keys = [`--access-key=${accessKey}`, `--secret-key=${secretKey}`];
  await run('radosgw-admin', '-c', conf, '-n', 'client.rgw', ...user, ...keys);
  launch(directory, 'rgw', 'radosgw', '-c', conf, '-n', 'client.rgw', '-f');

  const endpoint = `http://127.0.0.1:${gatewayPort}`;
  const limit = Date.now() + startLimitMs;
  while (!(await answers(endpoint))) {
    for (const daemon of daemons) {
      if (pidOf(directory, daemon) === undefined) throw new Error(`${daemon} ended:\n${logTail(directory, daemon)}`);
    }
    if (Date.now() > limit) throw new Error(`gateway silent after ${startLimitMs} ms:\n${logTail(directory, 'rgw')}`);
    await sleep(50);
  }
  await createBucket({ endpoint, accessKey, secretKey, bucket });

  const connection = {
    S3_ENDPOINT: endpoint,
    S3_REGION: 'us-east-1',
    S3_BUCKET: bucket,
    S3_ACCESS_KEY: accessKey,
    S3_SECRET_KEY: secretKey,
  };
  writeFileSync(join(directory, 'connection.json'), JSON.stringify(connection));
  return connection;
}

/**
 * A daemon in its own session: it outlives this script.
 * @param {string} directory @param {typeof daemons[number]} daemon @param {string} program @param {string[]} args
 */
function launch(directory, daemon, program, ...args) {
  const log = openSync(join(directory, 'log', `${daemon}.out`), 'a');
  const child = spawn(program, args, { detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  child.on('error', () => {}); // it has no pid then, which is noticed
  child.unref();
  writeFileSync(join(directory, `${daemon}.pid`), String(child.pid ?? ''));
}

/** @param {string} directory */
async function killAll(directory) {
  for (const daemon of daemons) {
    // the data is not kept, so there is nothing to flush
    const pid = pidOf(directory, daemon);
    if (pid === undefined) continue;
    process.kill(pid, 'SIGKILL');
    while (pidOf(directory, daemon) === pid) await sleep(20);
  }
}

/** @param {string} directory @param {typeof daemons[number]} daemon */
function pidOf(directory, daemon) {
  try {
    const pid = Number(readFileSync(join(directory, `${daemon}.pid`), 'utf8'));
    // empty for a process that has ended and that nobody has reaped
    const ours = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(join(directory, 'ceph.conf'));
    return pid > 0 && ours ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** Any HTTP answer counts. @param {string} endpoint */
async function answers(endpoint) {
  try {
    await (await fetch(endpoint, { signal: AbortSignal.timeout(2_000) })).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

/** Two ports that are free at this moment. @returns {Promise<[number, number]>} */
async function freePorts() {
  const servers = [createServer(), createServer()];
  const ports = servers.map(
    (server) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(0, '127.0.0.1', () =>
          resolve(/** @type {import('node:net').AddressInfo} */ (server.address()).port),
        );
      }),
  );
  const both = /** @type {[number, number]} */ (await Promise.all(ports));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return both;
}

/** @param {string} program @param {string[]} args @returns {Promise<string>} */
async function run(program, ...args) {
  try {
    const options = { timeout: startLimitMs, encoding: /** @type {const} */ ('utf8') };
    return (await promisify(execFile)(program, args, options)).stdout;
  } catch (error) {
    const { message, killed, stderr } = /** @type {Error & { killed?: boolean, stderr?: string }} */ (error);
    const why = stderr?.trim().split('\n').slice(-15).join('\n') || message;
    throw new Error(`${program} ${killed ? `gave no answer in ${startLimitMs} ms` : 'failed'}:\n${why}`, {
      cause: error,
    });
  }
}

/** @param {string} directory @param {string} daemon */
function logTail(directory, daemon) {
  const file = join(directory, 'log', `${daemon}.out`);
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').slice(-8).join('\n') : '(no log)';
}
