// The contenders have a folder, a manifest and a lockfile of their own, outside the workspace: native modules are built
// for whoever measures, and for nobody else.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const folder = fileURLToPath(new URL('../../contenders', import.meta.url));
const modules = join(folder, 'node_modules');
const workspaceModules = fileURLToPath(new URL('../../node_modules', import.meta.url));
const importer = pathToFileURL(join(folder, 'import.mjs')).href;

/** `true` where that was to do. What is optional and cannot be built is left out, and found missing when it is opened. */
export function installContenders(): boolean {
  const lock = readFileSync(join(folder, 'package-lock.json'));
  const wanted = createHash('sha256').update(lock).update(process.version).update(process.arch).digest('hex');
  const mark = join(modules, '.installed');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return false;
  const { status, error } = spawnSync(
    'npm',
    ['ci', '--ignore-scripts=false', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'],
    { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'], shell: process.platform === 'win32' },
  );
  if (error) throw error;
  if (status !== 0) throw new Error(`npm ci of the contenders ended with ${status}; its output is above`);
  writeFileSync(mark, wanted);
  return true;
}

/** The namespace of a contender's module, as far as it is used. */
export async function contender<Module>(specifier: string): Promise<Module> {
  const { importContender } = (await import(importer)) as { importContender: (specifier: string) => Promise<Module> };
  return importContender(specifier);
}

/** Of a contender, or of what the workspace has installed for this package; `undefined` when neither has it. */
export function versionOf(name: string): string | undefined {
  const manifest = [modules, workspaceModules].map((place) => join(place, name, 'package.json')).find(existsSync);
  if (manifest === undefined) return undefined;
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

/** A Node.js with `node:sqlite` that needs no flag: this one, or that of the contenders. */
export function newerNode(): { readonly path: string; readonly version: string } | undefined {
  if (Number(process.versions.node.split('.')[0]) >= 24) return { path: process.execPath, version: process.version };
  const name = `node-${process.platform}-${process.arch}`;
  const path = join(modules, name, 'bin/node');
  return existsSync(path) ? { path, version: `v${versionOf(name) ?? ''}` } : undefined;
}
