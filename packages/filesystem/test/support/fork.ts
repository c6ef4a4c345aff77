// Other processes for tests. Their code is TypeScript beside the tests, bundled once per run, since not every Node.js
// that this package supports runs TypeScript.

import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { freshDirectory } from './place.js';

const bundles = new Map<string, Promise<string>>();

/** Forks `test/support/<name>.ts`. Messages are structured clones, so bytes stay bytes. */
export async function forkEntry(name: string, args: readonly string[] = []): Promise<ChildProcess> {
  return fork(await bundled(name), [...args], { serialization: 'advanced', execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

/** Path of that entry as one script. */
export function bundled(name: string): Promise<string> {
  let bundle = bundles.get(name);
  if (bundle === undefined) {
    bundle = bundleOf(name);
    bundles.set(name, bundle);
  }
  return bundle;
}

async function bundleOf(name: string): Promise<string> {
  const outfile = join(freshDirectory(), `${name}.cjs`);
  await build({
    entryPoints: [fileURLToPath(new URL(`${name}.ts`, import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    conditions: ['@workflow-state/source'],
    logLevel: 'error',
  });
  return outfile;
}

/** Kills it at whatever it is doing, and waits until it is gone. */
export function killed(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}
