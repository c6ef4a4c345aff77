// Runs test-node/*.test.mjs under node:test, against the built packages: what users get, without a bundler between.
// Finds the files itself, because `node --test` reads directories and globs differently in each major version.
//   node ../../scripts/node-test.mjs          in one package
//   node scripts/node-test.mjs --all          in each package that has a test:node script
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { packages, root } from './packages.mjs';

function runIn(cwd) {
  const folder = join(cwd, 'test-node');
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.test.mjs')) : [];
  if (files.length === 0) {
    console.error(`no test-node/*.test.mjs in ${cwd}`);
    return 1;
  }
  mkdirSync(join(cwd, 'reports'), { recursive: true });
  const reporters = ['spec', 'stdout', 'tap', 'reports/node-test.tap'].map((value, i) =>
    i % 2 === 0 ? `--test-reporter=${value}` : `--test-reporter-destination=${value}`,
  );
  const { status, error } = spawnSync(
    process.execPath,
    ['--test', ...reporters, ...files.sort().map((name) => `test-node/${name}`)],
    { cwd, stdio: 'inherit' },
  );
  if (error) throw error;
  return status ?? 1;
}

const folders = process.argv.includes('--all')
  ? packages.filter(({ manifest }) => manifest.scripts?.['test:node']).map(({ dir }) => join(root, dir))
  : [process.cwd()];
process.exitCode = Math.max(0, ...folders.map(runIn));
