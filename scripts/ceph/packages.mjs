// Gets the Ceph daemons from Debian's (or Ubuntu's) own archive. About 64 MB to download on a bare Debian 12.
// Without a ceph.conf in /etc the packages start no daemon of their own.
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const packages = ['ceph-mon', 'ceph-osd', 'radosgw'];
const commands = ['ceph', 'ceph-mon', 'ceph-osd', 'monmaptool', 'radosgw', 'radosgw-admin'];

/** Installs what is missing, as root or by `sudo` without a password. Throws with what to do when it cannot. */
export function installCeph() {
  const missing = commands.filter((command) => !onPath(command));
  if (missing.length === 0) return;

  const manual = `apt-get install --no-install-recommends ${packages.join(' ')}`;
  if (process.platform !== 'linux' || !onPath('apt-get')) {
    throw new Error(`missing ${missing.join(', ')}; this script can install them on Debian and Ubuntu only`);
  }
  const root = process.getuid?.() === 0;
  if (!root && spawnSync('sudo', ['-n', 'true']).status !== 0) {
    throw new Error(`missing ${missing.join(', ')}; as root, run: ${manual}`);
  }

  process.stderr.write(`ceph: installing ${packages.join(', ')}\n`);
  apt(root, ['update']);
  apt(root, ['install', '--yes', '--no-install-recommends', ...packages]);
  const still = commands.filter((command) => !onPath(command));
  if (still.length > 0) throw new Error(`${packages.join(', ')} installed, but ${still.join(', ')} not found`);
}

/** @param {boolean} root @param {string[]} args */
function apt(root, args) {
  // another apt may be at work, as on a machine that has just started
  const command = ['apt-get', '--quiet', '-o', 'DPkg::Lock::Timeout=120', ...args];
  const environment = ['env', 'DEBIAN_FRONTEND=noninteractive', 'LC_ALL=C'];
  const [program = '', ...rest] = [...(root ? [] : ['sudo', '-n']), ...environment, ...command];
  const { status, stdout, stderr, error } = spawnSync(program, rest, { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (status === 0) return;
  const why = error?.message ?? `${stdout}${stderr}`.trim().split('\n').slice(-15).join('\n');
  throw new Error(`${command.join(' ')} failed:\n${why}`);
}

/** @param {string} command */
function onPath(command) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
