// Every ```ts block of every README is type-checked, and run unless it is marked `no-run` (it needs an account).
// The blocks of one README are one program, in their order: a later block may use what an earlier one declared.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const here = fileURLToPath(new URL('..', import.meta.url));
const root = join(here, '../../..');
const programs = join(here, 'programs');

interface Program {
  readonly readme: string;
  readonly name: string;
  readonly source: string;
  readonly runs: boolean;
}

function extract(readme: string): Program {
  const text = readFileSync(join(root, readme), 'utf8');
  const blocks = [...text.matchAll(/^```ts( no-run)?\n(.*?)^```$/gms)];
  return {
    readme,
    name: readme.replaceAll(/[^a-z0-9]+/gi, '-').toLowerCase(),
    source: blocks.map(([, , code]) => code).join('\n'),
    runs: blocks.every(([, noRun]) => noRun === undefined),
  };
}

// As git sees the tree, or, where there is no repository, those that are known to be there.
const readmes = [
  'README.md',
  ...['core', 'memory', 'filesystem', 's3', 'lru-cache', 'lease', 'cli'].map((name) => `packages/${name}/README.md`),
  'packages/core/WRITING-A-BACKEND.md',
].filter((path) => existsSync(join(root, path)));
const all = readmes.map(extract).filter(({ source }) => source !== '');

beforeAll(() => {
  rmSync(programs, { recursive: true, force: true });
  mkdirSync(programs);
  for (const { name, source } of all) writeFileSync(join(programs, `${name}.ts`), `${source}\nexport {};\n`);
  writeFileSync(
    join(programs, 'tsconfig.json'),
    JSON.stringify({ extends: '../../../../tsconfig.base.json', include: ['.'] }),
  );
});

afterAll(() => rmSync(programs, { recursive: true, force: true }));

describe('README code', () => {
  it('is there for the workspace and for each package', () => {
    expect(all.map(({ readme }) => readme)).toEqual([
      'README.md',
      ...['core', 'memory', 'filesystem', 's3', 'lru-cache', 'lease', 'cli'].map(
        (name) => `packages/${name}/README.md`,
      ),
      'packages/core/WRITING-A-BACKEND.md',
    ]);
  });

  it('passes the type check', () => {
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', programs], { encoding: 'utf8' });
    expect(stdout).toBe('');
    expect(status).toBe(0);
  });

  it.each(all.filter(({ runs }) => runs))('$readme runs to its end in an empty directory', async ({ name }) => {
    const outfile = join(programs, `${name}.mjs`);
    await build({
      entryPoints: [join(programs, `${name}.ts`)],
      outfile,
      bundle: true,
      format: 'esm',
      platform: 'node',
      conditions: ['@workflow-state/source'],
      external: ['@aws-sdk/*', 'fs-extra', 'fs-extra/*', 'lru-cache', 'fast-check'],
    });
    const cwd = mkdtempSync(join(tmpdir(), 'readme-'));
    try {
      const env = { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };
      const { status, stderr } = spawnSync(process.execPath, [outfile], {
        cwd,
        env,
        encoding: 'utf8',
        timeout: 120_000,
      });
      expect(stderr).toBe('');
      expect(status).toBe(0);
    } finally {
      rmSync(cwd, { recursive: true, force: true });
    }
  });
});
