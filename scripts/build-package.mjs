// The `build` of a package: declarations by tsc, code by esbuild. Sources have one idea per file, and an import pays for
// each file that it opens; so what is published has one file for each entry, and for what several of them share.
// What is imported only when it is called for stays in files of its own.
//   node ../../scripts/build-package.mjs     in the folder of the package
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { build } from 'esbuild';

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const published = [
  ...Object.values(manifest.exports).flatMap((entry) => entry.default ?? []),
  ...Object.values(manifest.bin ?? {}),
];
const entryPoints = published.map((file) => file.replace(/^(?:\.\/)?dist\/(.*)\.js$/, 'src/$1.ts'));

rmSync('dist', { recursive: true, force: true });
execFileSync('tsc', ['-p', 'tsconfig.build.json', '--emitDeclarationOnly'], { stdio: 'inherit' });
await build({
  entryPoints,
  outdir: 'dist',
  outbase: 'src',
  chunkNames: '[name]-[hash]', // beside the entries: src/version.ts of a package looks for ../package.json
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'es2022',
  packages: 'external',
  sourcemap: true,
  sourcesContent: false, // src is published too
  logLevel: 'warning',
});
