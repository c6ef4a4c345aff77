// What is installed where: one package in each directory of a pnpm store, as a real directory between links to the
// packages that it depends on.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface InstalledPackage {
  /** From the store, with forward slashes. */
  readonly path: string;
  readonly name: string;
  readonly version: string;
}

/** The directories of a pnpm store (`node_modules/.pnpm`), each with its package, sorted. */
export async function listStore(root: string): Promise<readonly string[]> {
  const entries = await readdir(root, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && entry.name !== 'node_modules')
    .map(({ name }) => name)
    .sort();
}

/** The package in one of these directories; `undefined` where there is none. */
export async function findPackage(root: string, directory: string): Promise<InstalledPackage | undefined> {
  const top = `${directory}/node_modules`;
  for (const name of await realDirectories(join(root, top))) {
    for (const path of name.startsWith('@') ? await scoped(root, `${top}/${name}`) : [`${top}/${name}`]) {
      const manifest = await readManifest(root, path);
      if (manifest !== undefined) return { path, name: String(manifest['name']), version: String(manifest['version']) };
    }
  }
  return undefined;
}

/** `package.json` of the package at that path. */
export async function readManifest(root: string, path: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    const text = await readFile(join(root, path, 'package.json'), 'utf8');
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function scoped(root: string, scope: string): Promise<readonly string[]> {
  return (await realDirectories(join(root, scope))).map((name) => `${scope}/${name}`);
}

async function realDirectories(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && entry.name !== '.bin')
    .map(({ name }) => name)
    .sort();
}
