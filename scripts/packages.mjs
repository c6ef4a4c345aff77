// The packages of the workspace, as the scripts beside this file need them.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

const all = ['packages', 'packages/examples']
  .flatMap((parent) => readdirSync(join(root, parent)).map((name) => `${parent}/${name}`))
  .filter((dir) => existsSync(join(root, dir, 'package.json')))
  .sort()
  .map((dir) => ({ dir, manifest: JSON.parse(readFileSync(join(root, dir, 'package.json'), 'utf8')) }));

/** @param {{ dir: string }} package_ */
const isOutside = ({ dir }) => existsSync(join(root, dir, 'package-lock.json'));

/** Each package as `{ dir, manifest }`; `dir` is relative to the root. */
export const packages = all.filter((one) => !isOutside(one));

/** Those with a lockfile of npm: in this repository, and not in its workspace. */
export const outsidePackages = all.filter(isOutside);
