import { execFileSync } from 'node:child_process';
import { readFileSync, statfsSync } from 'node:fs';
import os from 'node:os';
export function thisMachine() {
  const processors = os.cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.version,
  };
}
/** Magic numbers of statfs(2), for those that matter here. */
const FILESYSTEMS = {
  0xef53: 'ext4',
  0x58465342: 'xfs',
  0x9123683e: 'btrfs',
  0x01021994: 'tmpfs',
  0x794c7630: 'overlayfs',
  0x2fc12fc1: 'zfs',
};
export function filesystemOf(directory) {
  const { type } = statfsSync(directory);
  return FILESYSTEMS[type] ?? `unknown (0x${type.toString(16)})`;
}
export function isTmpfs(directory) {
  return filesystemOf(directory) === 'tmpfs';
}
/** `-dirty` behind it where the tree has changes; `unknown` outside a repository. */
export function commitOf(directory) {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty', '--abbrev=9'], {
      cwd: directory,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown';
  }
}
/** Of the last minute, where the system tells; a run on a busy machine should say so. */
export function load() {
  try {
    return readFileSync('/proc/loadavg', 'utf8').split(' ')[0] ?? 'unknown';
  } catch {
    return String(os.loadavg()[0]);
  }
}
//# sourceMappingURL=machine.js.map
