// What each package adds to a bundle: its built main entry, bundled and minified by esbuild, then gzipped. Without what it
// imports later, if at all.
// Fails when one is over its budget, when a package has none, or when core reaches for what only Node.js has.
//   pnpm build && node scripts/size.mjs
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { packages, root } from './packages.mjs';

/**
 * Bytes of minified, gzipped code, dependencies of other makers and core itself left out. Ceilings a little above what is
 * there, so that growth is noticed. The aim is 12 000 for core and 6 000 for each backend.
 */
const BUDGETS = {
  '@workflow-state/core': 13_800,
  '@workflow-state/memory': 1_500,
  '@workflow-state/filesystem': 12_200,
  '@workflow-state/s3': 7_300,
  '@workflow-state/lru-cache': 4_500,
  '@workflow-state/lease': 2_400,
};

/** Runs on edge runtimes: no imports at all, and none of these in the code. */
const PORTABLE = '@workflow-state/core';
const NOT_PORTABLE = [
  /\bimport\s*\(/,
  /\brequire\s*\(/,
  /\beval\s*\(/,
  /\bnew Function\b/,
  /\bBuffer\s*[.([]/,
  /\bprocess\.(?:env|hrtime|nextTick|on|version)\b/,
  /\bsetImmediate\s*\(/,
  /\b__(?:dirname|filename)\b/,
  /\bimport\.meta\b/,
  /\bfast-check\b/,
];

const EXTERNAL = ['node:*', '@workflow-state/core', '@aws-sdk/*', '@smithy/*', 'fs-extra', 'lru-cache', 'fast-check'];

async function bundle(dir) {
  const { outputFiles, metafile } = await build({
    entryPoints: [join(root, dir, 'dist/index.js')],
    absWorkingDir: root,
    bundle: true,
    splitting: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    external: EXTERNAL,
    outdir: 'bundle',
    logLevel: 'error',
  });
  // The entry, and the chunks that it imports at once.
  const loaded = new Set(['bundle/index.js']);
  for (const path of loaded)
    for (const { path: other, kind, external } of metafile.outputs[path].imports)
      if (kind === 'import-statement' && !external) loaded.add(other);
  const outputs = [...loaded].map((path) => metafile.outputs[path]);
  return {
    text: outputFiles
      .filter(({ path }) => loaded.has(relative(root, path)))
      .map(({ text }) => text)
      .join('\n'),
    imports: [
      ...new Set(outputs.flatMap(({ imports }) => imports.filter(({ external }) => external).map(({ path }) => path))),
    ],
    inputs: outputs.flatMap(({ inputs }) =>
      Object.entries(inputs).map(([path, { bytesInOutput }]) => ({ path, bytes: bytesInOutput })),
    ),
  };
}

const problems = [];
for (const { dir, manifest } of packages) {
  const { name } = manifest;
  if (manifest.private || manifest.exports?.['.'] === undefined) continue;
  const budget = BUDGETS[name];
  if (budget === undefined) {
    problems.push(`${name} has no budget in scripts/size.mjs`);
    continue;
  }
  const { text, imports, inputs } = await bundle(dir);
  const bytes = gzipSync(text, { level: 9 }).length;
  console.log(`${name.padEnd(28)} ${String(bytes).padStart(6)} of ${String(budget).padStart(6)} bytes`);
  if (bytes > budget) {
    problems.push(`${name} is ${bytes - budget} bytes over its budget`);
    console.log('  minified, before gzip:');
    for (const input of inputs.toSorted((a, b) => b.bytes - a.bytes).slice(0, 10))
      console.log(`  ${String(input.bytes).padStart(8)}  ${input.path}`);
  }

  for (const { path } of inputs) {
    if (path.includes('node_modules/')) problems.push(`${name} bundles ${path}, which belongs in EXTERNAL or nowhere`);
    if (path.includes('/conformance/')) problems.push(`${name} has the conformance suite in its main entry: ${path}`);
  }
  if (name !== PORTABLE) continue;
  for (const path of imports) problems.push(`${name} imports ${path}`);
  for (const pattern of NOT_PORTABLE) {
    const match = pattern.exec(text);
    if (match) problems.push(`${name} has ${match[0]} in its bundle`);
  }
}

for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
