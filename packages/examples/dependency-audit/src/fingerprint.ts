// One hash for all files of a package: SHA-256 over the path and the SHA-256 of each, in the order of the paths. Links
// and `.bin` are left out: the installer writes them, with paths of this machine. So is what a compiler remembers of its
// last run: Vitest keeps that in its own package, and writes it whenever types are tested.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

export interface Fingerprint {
  readonly files: number;
  readonly bytes: number;
  readonly sha256: string;
}

export async function fingerprint(directory: string): Promise<Fingerprint> {
  const all = createHash('sha256');
  let files = 0;
  let bytes = 0;
  for await (const path of filesBelow(directory, '')) {
    const file = createHash('sha256');
    for await (const chunk of createReadStream(join(directory, path)) as AsyncIterable<Buffer>) {
      file.update(chunk);
      bytes += chunk.length;
    }
    all.update(`${path}\0${file.digest('hex')}\n`);
    files++;
  }
  return { files, bytes, sha256: all.digest('hex') };
}

async function* filesBelow(root: string, path: string): AsyncGenerator<string> {
  const entries = await readdir(join(root, path), { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const inside = path === '' ? entry.name : `${path}/${entry.name}`;
    if (entry.isFile() && !entry.name.endsWith('.tsbuildinfo')) yield inside;
    else if (entry.isDirectory() && entry.name !== '.bin') yield* filesBelow(root, inside);
  }
}
