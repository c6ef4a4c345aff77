// Where states are measured. "Memory" is an ext4 on a device in memory, mounted in a mount namespace of this process: it
// has a journal as on a disk, whose flush costs nothing but the calls, and it is gone however the process ends.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from './arguments.js';
import { isTmpfs } from './machine.js';
const SHARED_MEMORY = '/dev/shm';
/** Set for the process that runs inside the namespace. */
const VARIABLE = 'WORKFLOW_STATE_BENCH_MEMORY';
/** The image is removed as soon as it is mounted: the device keeps it. */
const SCRIPT = `mkdir "$2" && truncate -s 12G "$1" && mkfs.ext4 -q -N 3000000 "$1" && mount -o loop,noinit_itable "$1" "$2" && rm "$1" && shift 2 && exec "$@"`;
/**
 * Runs this command again inside the namespace, where that is possible.
 * @returns its exit code; `undefined` when this process is to do the work itself.
 */
export function runInMemoryNamespace() {
  if (process.env[VARIABLE] !== undefined || process.platform !== 'linux') return undefined;
  if (process.getuid?.() !== 0 || !existsSync(SHARED_MEMORY)) return undefined;
  if (spawnSync('sh', ['-c', 'command -v unshare mkfs.ext4']).status !== 0) return undefined;
  const directory = mkdtempSync(join(SHARED_MEMORY, 'workflow-state-bench-'));
  try {
    const mountPoint = join(directory, 'ext4');
    const image = join(directory, 'image');
    const { status } = spawnSync(
      'unshare',
      ['--mount', '--propagation', 'private', 'sh', '-c', SCRIPT, 'sh', image, mountPoint, process.execPath].concat(
        process.argv.slice(1),
      ),
      { stdio: 'inherit', env: { ...process.env, [VARIABLE]: mountPoint } },
    );
    return status ?? 1;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
export function findPlaces(chosen) {
  const disk = chosen ?? tmpdir();
  if (!statSync(disk, { throwIfNoEntry: false })?.isDirectory()) throw new UsageError(`--disk: ${disk} is no folder`);
  if (isTmpfs(disk)) throw new UsageError(`${disk} is in memory; name a folder on a disk with --disk`);
  const mounted = process.env[VARIABLE];
  const memory = mounted ?? (existsSync(SHARED_MEMORY) ? SHARED_MEMORY : undefined);
  return { disk, memory };
}
//# sourceMappingURL=places.js.map
