// A filesystem in a file, mounted, and cut off as a power failure would.
//
// Everything is mounted in a mount namespace of our own (see power-loss.main.ts): whatever becomes of this process, no
// mount and no loop device outlives it.

import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, truncateSync } from 'node:fs';

export const FILESYSTEMS = ['ext4', 'xfs', 'btrfs'] as const;
export type Filesystem = (typeof FILESYSTEMS)[number];

const MEGABYTES = 400;

const TOOLS: Readonly<Record<Filesystem, { readonly make: readonly [string, ...string[]]; readonly from: string }>> = {
  ext4: { make: ['mkfs.ext4', '-q', '-F'], from: 'e2fsprogs' },
  xfs: { make: ['mkfs.xfs', '-q', '-f'], from: 'xfsprogs' },
  btrfs: { make: ['mkfs.btrfs', '-q', '-f'], from: 'btrfs-progs' },
};

/** Installs what makes that filesystem, where it is missing. @throws naming the package. */
export function ensureTools(filesystem: Filesystem): void {
  const {
    make: [program],
    from,
  } = TOOLS[filesystem];
  const there = (): boolean => spawnSync(program, ['-V'], { stdio: 'ignore' }).error === undefined;
  if (there()) return;
  console.log(`installing ${from}`);
  for (const args of [
    ['update', '-qq'],
    ['install', '-y', '-qq', '--no-install-recommends', from],
  ])
    spawnSync('apt-get', args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  if (!there()) throw new Error(`${program} is missing, and the package ${from} could not be installed: install it`);
}

export class VolumeImage {
  readonly mountPoint: string;
  readonly #filesystem: Filesystem;
  readonly #image: string;
  readonly #copy: string;

  constructor(filesystem: Filesystem, place: string) {
    this.#filesystem = filesystem;
    this.#image = `${place}/image`;
    this.#copy = `${place}/image-as-it-was`;
    this.mountPoint = `${place}/mounted`;
    mkdirSync(this.mountPoint);
    closeSync(openSync(this.#image, 'wx'));
    truncateSync(this.#image, MEGABYTES * 2 ** 20);
    const [program, ...args] = TOOLS[filesystem].make;
    execute(program, ...args, this.#image);
    execute('mount', '-o', 'loop', this.#image, this.mountPoint);
  }

  /** Everything so far is on the device. */
  sync(): void {
    execute('sync', '-f', this.mountPoint);
  }

  /** From here on nothing reaches the device, its journal's buffers included. */
  cutPower(): void {
    if (this.#filesystem === 'btrfs') {
      // Has no such call: what the device holds now is kept, and what comes later forgotten.
      execute('cp', '--sparse=always', this.#image, this.#copy);
      return;
    }
    // ioctl(FS_IOC_SHUTDOWN, FS_SHUTDOWN_FLAGS_NOLOGFLUSH). Node.js has no ioctl; every Debian has perl.
    execute(
      'perl',
      '-e',
      'open(my $f, "<", $ARGV[0]) or die "open: $!"; my $flags = pack("I", 2); ioctl($f, 0x8004587d, $flags) or die "ioctl: $!"',
      this.mountPoint,
    );
  }

  /** As after the next start of the machine. */
  restart(): void {
    execute('umount', this.mountPoint);
    execute('mount', '-o', 'loop', this.#filesystem === 'btrfs' ? this.#copy : this.#image, this.mountPoint);
  }

  remove(): void {
    spawnSync('umount', ['-l', this.mountPoint], { stdio: 'ignore' });
    for (const path of [this.#image, this.#copy]) rmSync(path, { force: true });
  }
}

/** @throws with what it said. */
export function execute(program: string, ...args: readonly string[]): void {
  try {
    execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    throw new Error(`${program} ${args.slice(-2).join(' ')}: ${said === '' ? String(error) : said}`, { cause: error });
  }
}
