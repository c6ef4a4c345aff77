// What a user does: an empty folder, the packed packages, npm install. Needs a build, and pnpm on the PATH.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The folder in which the packed command is installed. */
    readonly installed: string;
  }
}

const PACKAGES = ['core', 'memory', 'filesystem', 's3', 'lru-cache', 'cli'];

export function setup(project: TestProject): () => void {
  const home = mkdtempSync(join(tmpdir(), 'workflow-state-cli-'));
  const tarballs = join(home, 'tarballs');
  mkdirSync(tarballs);
  for (const name of PACKAGES) {
    const cwd = fileURLToPath(new URL(`../../../${name}/`, import.meta.url));
    execFileSync('pnpm', ['pack', '--pack-destination', tarballs], { cwd, stdio: 'ignore' });
  }
  writeFileSync(join(home, 'package.json'), JSON.stringify({ name: 'operator', private: true, type: 'module' }));
  const packed = readdirSync(tarballs).map((name) => `./tarballs/${name}`);
  const options = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', '--omit=peer'];
  execFileSync('npm', ['install', ...options, ...packed], { cwd: home, stdio: ['ignore', 'ignore', 'inherit'] });
  project.provide('installed', home);
  return () => rmSync(home, { recursive: true, force: true });
}
