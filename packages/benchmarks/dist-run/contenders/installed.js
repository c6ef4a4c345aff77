// The contenders have a folder, a manifest and a lockfile of their own, outside the workspace: native modules are built
// for whoever measures, and for nobody else.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
const folder = fileURLToPath(new URL('../../contenders', import.meta.url));
const modules = join(folder, 'node_modules');
const importer = pathToFileURL(join(folder, 'import.mjs')).href;
/** `true` where that was to do. What is optional and cannot be built is left out, and found missing when it is opened. */
export function installContenders() {
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
export async function contender(specifier) {
  const { importContender } = await import(importer);
  return importContender(specifier);
}
/** `undefined` when it is not installed. */
export function versionOf(name) {
  const manifest = join(modules, name, 'package.json');
  if (!existsSync(manifest)) return undefined;
  return JSON.parse(readFileSync(manifest, 'utf8')).version;
}
/** A Node.js with `node:sqlite` that needs no flag: this one, or that of the contenders. */
export function newerNode() {
  if (Number(process.versions.node.split('.')[0]) >= 24) return { path: process.execPath, version: process.version };
  const name = `node-${process.platform}-${process.arch}`;
  const path = join(modules, name, 'bin/node');
  return existsSync(path) ? { path, version: `v${versionOf(name) ?? ''}` } : undefined;
}
//# sourceMappingURL=installed.js.map
