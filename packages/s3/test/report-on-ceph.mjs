// A report of the suite on a real S3 server, for the guide's table of known backends:
//   node scripts/with-ceph.mjs -- pnpm --filter @workflow-state/s3 run report:ceph report.json        after a build
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
// Here, because it finds what it forks beside itself.
const outfile = here('ceph-harness.bundled.mjs');
try {
  await build({
    entryPoints: [here('ceph-harness.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
  });
  const runner = here('../../core/dist/conformance/runner/main.js');
  const { status } = spawnSync(process.execPath, [runner, outfile, '--json', process.argv[2] ?? 'report.json'], {
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
} finally {
  rmSync(outfile, { force: true });
}
