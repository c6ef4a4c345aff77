// Modules of src that the published package has no file for, bundled for a benchmark that counts what they call.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** What `../src/<file>` exports, of all these files. */
export async function fromSource(...files) {
  const directory = mkdtempSync(join(tmpdir(), 'workflow-state-bench-'));
  const outfile = join(directory, 'source.cjs');
  try {
    await build({
      stdin: {
        contents: files.map((file) => `export * from ${JSON.stringify(`../src/${file}`)};`).join('\n'),
        resolveDir: fileURLToPath(new URL('.', import.meta.url)),
      },
      outfile,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      target: 'node20',
      conditions: ['@workflow-state/source'],
      logLevel: 'error',
    });
    return await import(outfile);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
