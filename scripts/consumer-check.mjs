// What a user does: an empty folder, the packed packages, npm install, the README's ten lines.
// Type-checked by each supported TypeScript as ESM and as CommonJS, then run as both. And what an author of a backend does:
// the conformance command on a module of theirs, where nobody has installed fast-check.
//   node scripts/consumer-check.mjs        after a build; needs pnpm on the PATH
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packages, root } from './packages.mjs';

const compilers = { ts59: '5.9.3', ts60: '6.0.3', ts70: '7.0.2' };
const modules = ['nodenext', 'node20', 'preserve'];

const home = mkdtempSync(join(tmpdir(), 'consumer-'));
const run = (command, args, cwd = home) =>
  execFileSync(command, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });

try {
  const tarballs = join(home, 'tarballs');
  mkdirSync(tarballs);
  for (const { dir, manifest } of packages) {
    if (manifest.private !== true) run('pnpm', ['pack', '--pack-destination', tarballs], join(root, dir));
  }
  const packed = readdirSync(tarballs).map((name) => `./tarballs/${name}`);
  writeFileSync(join(home, 'package.json'), JSON.stringify({ name: 'consumer', private: true }));
  const tools = Object.entries(compilers).map(([alias, version]) => `${alias}@npm:typescript@${version}`);
  run('npm', [
    'install',
    '--no-audit',
    '--no-fund',
    '--prefer-offline',
    '--loglevel=error',
    ...packed,
    ...tools,
    '@types/node@20',
  ]);
  console.log(`installed ${packed.length} packages from their tarballs`);

  // The ten lines, as the README has them; as CommonJS, inside a function, because that has no top-level await.
  const [, esm] = /^```ts\n(.*?)^```$/ms.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? [];
  if (esm === undefined) throw new Error('README.md has no ts block');
  const imports = esm.match(/^import .*$/gm) ?? [];
  const body = esm.replaceAll(/^import .*$/gm, '');
  writeFileSync(join(home, 'esm.mts'), esm);
  writeFileSync(
    join(home, 'cjs.cts'),
    `${imports.join('\n')}\nasync function main(): Promise<void> {${body}}\nvoid main();\n`,
  );

  for (const [alias, version] of Object.entries(compilers)) {
    for (const module of modules) {
      const tsc = join(home, 'node_modules', alias, 'bin/tsc');
      const resolution = module === 'preserve' ? ['--moduleResolution', 'bundler'] : [];
      const emit = alias === 'ts59' && module === 'nodenext' ? ['--outDir', 'out'] : ['--noEmit'];
      run(
        process.execPath,
        [
          tsc,
          '--ignoreConfig',
          '--strict',
          '--target',
          'es2022',
          '--lib',
          'es2023,esnext.disposable',
          '--types',
          'node',
          '--skipLibCheck',
          'false',
          '--module',
          module,
          ...resolution,
          ...emit,
          'esm.mts',
          ...(module === 'preserve' ? [] : ['cjs.cts']),
        ].filter((flag) => flag !== '--ignoreConfig' || version.startsWith('7')),
      );
      console.log(`TypeScript ${version}, module ${module}: types hold`);
    }
  }
  for (const file of ['esm.mjs', 'cjs.cjs']) {
    const output = run(process.execPath, [join('out', file)]);
    if (!output.includes('removed')) throw new Error(`${file} did not come to its end: ${output}`);
    console.log(`${file}: runs`);
  }

  writeFileSync(join(home, 'my-backend.mjs'), `export { memoryBackend as backend } from '@workflow-state/memory';\n`);
  const only = ['--only', '0,3.counter,4.model'];
  run('npx', ['--offline', 'workflow-state-conformance', './my-backend.mjs', ...only, '--json', 'report.json']);
  const report = JSON.parse(readFileSync(join(home, 'report.json'), 'utf8'));
  const undrawn = report.unexamined.filter((text) =>
    /^4\.model: fast-check.* is not installed: npm install/.test(text),
  );
  if (
    report.harness !== 'memory' ||
    report.package.name !== 'consumer' ||
    report.counts.passed !== 2 ||
    undrawn.length !== 1
  )
    throw new Error(`the conformance command reports ${JSON.stringify(report, null, 2)}`);
  console.log('workflow-state-conformance: runs, and says what it could not');
} finally {
  rmSync(home, { recursive: true, force: true });
}
