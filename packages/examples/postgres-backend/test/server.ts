// A PostgreSQL server of our own: in a directory of its own, on a unix socket there, without a port. PostgreSQL refuses to
// run as root, so where we are root it runs as the user `postgres` that its Debian package has made.
//
// As root its data is on a disk of its own, an ext4 in a file, whose power can be cut: what that disk's cache has not yet
// written is not in the file, so a copy of the file is what a power cut leaves.

import { execFileSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const DEBIAN = '/usr/lib/postgresql';
const MEGABYTES = 512;
const root = process.getuid?.() === 0;

export interface Server {
  /** The directory of its socket: `PGHOST`. */
  readonly host: string;
  stop(): void;
}

/** Whether its power can be cut. */
export const onOwnDisk = root && process.platform === 'linux';

/** Starts one, once Debian's package is there: installs it where it is missing and we may. */
export function startServer(): Server {
  const host = freshHome();
  const data = join(host, 'disk', 'data');
  if (onOwnDisk) {
    writeFileSync(join(host, 'image'), '');
    truncateSync(join(host, 'image'), MEGABYTES * 2 ** 20);
    run('mkfs.ext4', '-q', '-F', join(host, 'image'));
    mount(host);
  }
  asServer('initdb', '--pgdata', data, '--username=postgres', '--auth=trust', '--encoding=UTF8');
  return started(host);
}

/** What a power cut at this moment leaves of the server at `host`, started again beside it. */
export function startAfterPowerCut(host: string): Server {
  const home = freshHome();
  run('cp', '--sparse=always', join(host, 'image'), join(home, 'image'));
  mount(home);
  rmSync(join(home, 'disk', 'data', 'postmaster.pid'));
  return started(home);
}

function started(host: string): Server {
  const data = join(host, 'disk', 'data');
  const control = (...args: readonly string[]): void =>
    asServer('pg_ctl', '--wait', '--pgdata', data, '--log', join(host, 'disk', 'log'), ...args);
  control('start', '--options', `-c listen_addresses='' -c unix_socket_directories='${host}'`);
  return {
    host,
    stop() {
      control('stop', '--mode=immediate');
      if (onOwnDisk) run('umount', '--lazy', join(host, 'disk'));
      rmSync(host, { recursive: true, force: true });
    },
  };
}

function freshHome(): string {
  const home = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'postgres-backend-'));
  mkdirSync(join(home, 'disk'));
  giveAway(home);
  giveAway(join(home, 'disk'));
  return home;
}

function mount(home: string): void {
  run('mount', '-o', 'loop', join(home, 'image'), join(home, 'disk'));
  giveAway(join(home, 'disk'));
}

/** To the user that the server runs as. */
function giveAway(directory: string): void {
  if (root) chownSync(directory, user().uid, user().gid);
}

function user(): { readonly uid: number; readonly gid: number } {
  binaries();
  const id = (what: string): number => Number(execFileSync('id', [what, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

function binaries(): string {
  const installed = (): string | undefined =>
    existsSync(DEBIAN)
      ? readdirSync(DEBIAN)
          .sort((a, b) => Number(b) - Number(a))
          .map((version) => join(DEBIAN, version, 'bin'))
          .find((bin) => existsSync(join(bin, 'initdb')))
      : undefined;
  const found = installed();
  if (found !== undefined) return found;
  if (!root) throw new Error('PostgreSQL is missing; as root, run: apt-get install postgresql');
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'postgresql']])
    execFileSync('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=120', ...args], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  const now = installed();
  if (now === undefined) throw new Error(`postgresql was installed, but there is no ${DEBIAN}/*/bin/initdb`);
  return now;
}

function asServer(command: string, ...args: readonly string[]): void {
  const as = { stdio: ['ignore', 'ignore', 'inherit'] as ['ignore', 'ignore', 'inherit'], cwd: '/' };
  execFileSync(join(binaries(), command), args, { ...as, ...(root && user()) });
}

function run(command: string, ...args: readonly string[]): void {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}
