// A disk whose power can be cut: an ext4 in a file. What its own cache has not yet written is not in that file, so a copy
// of the file is what a power cut leaves. Needs Linux, root, and mkfs.ext4.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync, truncateSync } from 'node:fs';
import { join, relative } from 'node:path';

const MEGABYTES = 512;

export class Disk {
  readonly #home = mkdtempSync('/dev/shm/sqlite-backend-disk-');
  readonly #image = join(this.#home, 'image');
  readonly #mounted: string[] = [];
  readonly directory: string;

  constructor() {
    writeFileSync(this.#image, '');
    truncateSync(this.#image, MEGABYTES * 2 ** 20);
    run('mkfs.ext4', '-q', '-F', this.#image);
    this.directory = this.#mount(this.#image);
    process.once('exit', () => {
      for (const directory of this.#mounted) run('umount', '--lazy', directory);
      rmSync(this.#home, { recursive: true, force: true });
    });
  }

  /** Where a file on this disk is found after a power cut at this moment. */
  afterPowerCut(file: string): string {
    const image = join(this.#home, `image-${this.#mounted.length}`);
    run('cp', '--sparse=always', this.#image, image);
    return join(this.#mount(image), relative(this.directory, file));
  }

  #mount(image: string): string {
    const directory = join(this.#home, `mounted-${this.#mounted.length}`);
    mkdirSync(directory);
    run('mount', '-o', 'loop', image, directory);
    this.#mounted.push(directory);
    return directory;
  }
}

/** `undefined` where this process may not mount anything. */
export function ownDisk(): Disk | undefined {
  return process.platform === 'linux' && process.getuid?.() === 0 ? new Disk() : undefined;
}

function run(command: string, ...args: readonly string[]): void {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}
