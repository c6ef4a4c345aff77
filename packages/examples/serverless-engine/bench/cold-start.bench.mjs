// The bundled handler from the start of its process to its first save, on Ceph; each in a process of its own.
//
//   npm run bench [rounds]        in this directory
//
// `import` is what Lambda does before it calls the handler: load the bundle, open the store. `first` is a `start` event
// whose run is created, split, counted and parked: four checkpoints and an entry of the timetable. `warm` is the next. On AWS
// `open` sends nothing; here it reads the verdict on the server, which the first process has stored.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const rounds = Number(process.argv[2] ?? 15);
const { S3_BUCKET, S3_ENDPOINT } = process.env;
const scratch = mkdtempSync(join(tmpdir(), 'cold-start-'));
try {
  const outfile = join(scratch, 'handler.mjs');
  await build({
    entryPoints: [fileURLToPath(new URL('../src/lambda.ts', import.meta.url))],
    outfile,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    conditions: ['@workflow-state/source'],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  const probe = join(scratch, 'probe.mjs');
  writeFileSync(
    probe,
    `const began = performance.now();
     const { handler } = await import(${JSON.stringify(outfile)});
     const imported = performance.now();
     const context = { getRemainingTimeInMillis: () => 60_000 };
     const start = (name) => handler({ type: 'start', workflow: 'word-report', name, input: { text: 'a few words' } }, context);
     await start(process.argv[2]);
     const first = performance.now();
     await start(process.argv[2] + ' again');
     console.log(JSON.stringify({ import: imported - began, first: first - imported, warm: performance.now() - first }));
     process.exit();`,
  );
  const times = { import: [], first: [], warm: [], 'node itself': [] };
  const env = {
    ...process.env,
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    WORKFLOW_STATE_URL: `s3://${S3_BUCKET}/cold-start-${process.pid}?endpoint=${S3_ENDPOINT}`,
  };
  for (let round = -1; round < rounds; round++) {
    const began = performance.now();
    spawnSync(process.execPath, ['-e', '']);
    const bare = performance.now() - began;
    const { status, stdout, stderr } = spawnSync(process.execPath, [probe, `run ${round}`], { env, encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    if (round < 0) continue;
    times['node itself'].push(bare);
    for (const [name, time] of Object.entries(JSON.parse(stdout))) times[name].push(time);
  }
  const { size } = statSync(outfile);
  console.log(
    `bundle: ${Math.round(size / 1024)} KiB, ${Math.round(gzipSync(readFileSync(outfile)).length / 1024)} gzipped`,
  );
  console.log(`milliseconds, median of ${rounds} (least, most); node ${process.version}`);
  for (const [name, all] of Object.entries(times)) {
    const sorted = all.toSorted((a, b) => a - b);
    const show = (value) => value.toFixed(0).padStart(5);
    console.log(`${name.padEnd(12)} ${show(sorted[sorted.length >> 1])} (${show(sorted[0])}, ${show(sorted.at(-1))})`);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
