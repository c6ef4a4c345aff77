import { execFileSync } from 'node:child_process';
import { readFileSync, statfsSync } from 'node:fs';
import os from 'node:os';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
}

export function thisMachine(): Machine {
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
const FILESYSTEMS: Readonly<Record<number, string>> = {
  0xef53: 'ext4',
  0x58465342: 'xfs',
  0x9123683e: 'btrfs',
  0x01021994: 'tmpfs',
  0x794c7630: 'overlayfs',
  0x2fc12fc1: 'zfs',
};

export function filesystemOf(directory: string): string {
  const { type } = statfsSync(directory);
  return FILESYSTEMS[type] ?? `unknown (0x${type.toString(16)})`;
}

export function isTmpfs(directory: string): boolean {
  return filesystemOf(directory) === 'tmpfs';
}

/** `-dirty` behind it where what is measured differs from that; `unknown` outside a repository. */
export function commitOf(root: string): string {
  const git = (...args: readonly string[]): string =>
    execFileSync('git', [...args], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    const made = ['results', 'charts'].map((name) => `:!packages/benchmarks/${name}`);
    const changes = git('status', '--porcelain', '--', '.', ':!**/*.md', ...made);
    return `${git('rev-parse', '--short=9', 'HEAD')}${changes === '' ? '' : '-dirty'}`;
  } catch {
    return 'unknown';
  }
}

/** Of the last minute, where the system tells; a run on a busy machine should say so. */
export function load(): string {
  try {
    return readFileSync('/proc/loadavg', 'utf8').split(' ')[0] ?? 'unknown';
  } catch {
    return String(os.loadavg()[0]);
  }
}
