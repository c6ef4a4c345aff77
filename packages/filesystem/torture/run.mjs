// Bundles the programs of this directory, since not every Node.js that this package supports runs TypeScript, and runs
// one of them. It finds the others beside itself.
//
//   node torture/run.mjs torture [--seconds 20] [--seed 1] [--directory /dev/shm]
//   node torture/run.mjs power-loss [--all]

import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const [program = '', ...args] = process.argv.slice(2).filter((arg) => arg !== '--');
const programs = readdirSync(here).filter((name) => name.endsWith('.main.ts'));
if (!programs.includes(`${program}.main.ts`)) throw new Error(`there is no ${program} among ${programs.join(', ')}`);

const outdir = mkdtempSync(join(tmpdir(), 'workflow-state-torture-'));
try {
  await build({
    entryPoints: programs.map((name) => join(here, name)),
    outdir,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    conditions: ['@workflow-state/source'],
    external: ['fast-check'],
    logLevel: 'error',
  });
  const child = spawn(process.execPath, [join(outdir, `${program}.main.cjs`), ...args], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  process.exitCode = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
} finally {
  rmSync(outdir, { recursive: true, force: true });
}
