// Modules of a package's src that it publishes no file for, bundled for a benchmark that times or counts what they do.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/**
 * What these files export, all together.
 * @param {URL} src the package's sources
 * @param {...string} files in there
 */
export async function fromSource(src, ...files) {
  const directory = mkdtempSync(join(tmpdir(), 'workflow-state-bench-'));
  const outfile = join(directory, 'source.mjs');
  try {
    await build({
      stdin: {
        contents: files.map((file) => `export * from ${JSON.stringify(`./${file}`)};`).join('\n'),
        resolveDir: fileURLToPath(src),
      },
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      conditions: ['@workflow-state/source'],
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
      logLevel: 'error',
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
