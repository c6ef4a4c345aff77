// Where tests put their stores: in memory where there is such a filesystem, on the disk, and wherever
// WORKFLOW_STATE_TEST_DIRECTORIES (separated by colons) says.

import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

const made: string[] = [];

afterAll(() => {
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true });
});

const MEMORY = '/dev/shm';

export const fastParent: string = existsSync(MEMORY) ? MEMORY : tmpdir();

/** One parent directory per filesystem to test on. */
export const parents: readonly string[] = [
  ...new Set([
    tmpdir(),
    fastParent,
    ...(process.env['WORKFLOW_STATE_TEST_DIRECTORIES']?.split(':').filter((path) => path !== '') ?? []),
  ]),
];

export function freshDirectory(parent: string = fastParent): string {
  const path = mkdtempSync(join(parent, 'workflow-state-'));
  made.push(path);
  return path;
}

/** Every name below, directories with a slash, sorted. */
export function tree(root: string, below = ''): string[] {
  const names: string[] = [];
  for (const name of readdirSync(join(root, below))) {
    const path = below === '' ? name : `${below}/${name}`;
    if (statSync(join(root, path)).isDirectory()) names.push(`${path}/`, ...tree(root, path));
    else names.push(path);
  }
  return names.sort();
}
