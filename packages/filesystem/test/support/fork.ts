// Other processes for tests. Their code is TypeScript beside the tests, bundled once per run, since not every Node.js
// that this package supports runs TypeScript.

import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { freshDirectory } from './place.js';

const bundles = new Map<string, Promise<string>>();

/** Forks that module. Messages are structured clones, so bytes stay bytes. */
export async function forkEntry(entry: URL, args: readonly string[] = []): Promise<ChildProcess> {
  return fork(await bundled(entry), [...args], {
    serialization: 'advanced',
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

/** Path of that module as one script. */
export function bundled(entry: URL): Promise<string> {
  let bundle = bundles.get(entry.href);
  if (bundle === undefined) {
    bundle = bundleOf(entry);
    bundles.set(entry.href, bundle);
  }
  return bundle;
}

async function bundleOf(entry: URL): Promise<string> {
  const outfile = join(freshDirectory(), 'entry.cjs');
  await build({
    entryPoints: [fileURLToPath(entry)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    conditions: ['@workflow-state/source'],
    external: ['fast-check'],
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
