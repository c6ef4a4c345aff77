// What a save, a load and a listing cost on a real S3 server, against the raw SDK in the same run: the conditional PUT of
// the same bytes, the GET of the same object, and the reading of every object. Then what the package weighs.
//
//   pnpm build && node scripts/with-ceph.mjs -- node packages/s3/bench/s3.bench.mjs [rounds] [instances]
//
// Each pair is measured in alternation, so that a busy machine disturbs both alike; a ratio is that of the medians, with
// the quartiles of the paired ratios behind it. The raw client has the SDK's default retries, ours its own.

import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { enterStage, newWorkflowState, openStateStore } from '@workflow-state/core';
import { build } from 'esbuild';
import { s3Backend } from '../dist/index.js';

const ROUNDS = Number(process.argv[2] ?? 400);
const INSTANCES = Number(process.argv[3] ?? 10_000);
const SHARE = 20; // one in so many has the status that is listed
const {
  S3_ENDPOINT: endpoint,
  S3_REGION: region,
  S3_BUCKET: bucket,
  S3_ACCESS_KEY: accessKeyId,
  S3_SECRET_KEY: secretAccessKey,
} = process.env;
if (endpoint === undefined) throw new Error('S3_ENDPOINT is not set; run this by scripts/with-ceph.mjs');

const connect = () =>
  new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
const raw = connect();
const prefix = `bench/${randomUUID()}`;
const store = await openStateStore(s3Backend({ bucket, prefix, client: connect() }));

const version = { major: 1, minor: 0, patch: 0 };
const payload = crypto.getRandomValues(new Uint8Array(16 * 1024));
const fresh = (status) => {
  const state = newWorkflowState({ workflowId: 'order', version, currentStage: 'pay', state: { payload } });
  return status === undefined ? state : { ...state, status };
};

const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
const sort = (numbers) => numbers.toSorted((a, b) => a - b);

async function timed(act) {
  const begin = performance.now();
  await act();
  return performance.now() - begin;
}

/** Alternates between the two, and prints the ratio of ours to theirs. */
async function compare(name, ours, theirs) {
  const pairs = [];
  for (let round = -20; round < ROUNDS; round++) {
    const first = round % 2 === 0;
    const a = first ? await timed(ours) : undefined;
    const b = await timed(theirs);
    const pair = [a ?? (await timed(ours)), b];
    if (round >= 0) pairs.push(pair);
  }
  const [mine, other] = [0, 1].map((at) => quantile(sort(pairs.map((pair) => pair[at])), 0.5));
  const ratios = sort(pairs.map(([a, b]) => a / b));
  const [low, high] = [quantile(ratios, 0.25), quantile(ratios, 0.75)].map((ratio) => ratio.toFixed(2));
  console.log(
    `${name.padEnd(58)} ${mine.toFixed(2).padStart(8)} ms ${other.toFixed(2).padStart(8)} ms   ${(mine / other).toFixed(2)}x  (${low}-${high})`,
  );
}

console.log(`${''.padEnd(58)} ${'ours'.padStart(11)} ${'raw SDK'.padStart(11)}   ratio`);
{
  let state = await store.save(enterStage(await store.save(fresh()), 'pay'));
  const Key = `${prefix}/raw`;
  const Body = new Uint8Array(
    await (
      await raw.send(new GetObjectCommand({ Bucket: bucket, Key: `${prefix}/instances/${state.instanceId}` }))
    ).Body.transformToByteArray(),
  );
  let count = 0;
  const put = async (condition) => {
    new DataView(Body.buffer).setUint32(200, count++); // equal bytes would have equal ETags
    return (await raw.send(new PutObjectCommand({ Bucket: bucket, Key, Body, ...condition }))).ETag.replaceAll('"', '');
  };
  let etag = await put({ IfNoneMatch: '*' });
  await compare(
    'save, 16 KB: one conditional PUT of the same size',
    async () => (state = await store.save({ ...state, currentStage: state.currentStage === 'pay' ? 'ship' : 'pay' })),
    async () => (etag = await put({ IfMatch: etag })),
  );
  const { instanceId } = state;
  const place = { Bucket: bucket, Key: `${prefix}/instances/${instanceId}` };
  await compare(
    'load, 16 KB: one GET of the same object, read to its end',
    () => store.load(instanceId),
    async () => (await raw.send(new GetObjectCommand(place))).Body.transformToByteArray(),
  );
  await compare(
    'head (the first 128 bytes): one HEAD',
    () => store.head(instanceId),
    () => raw.send(new HeadObjectCommand(place)),
  );
}

async function inParallel(count, width, act) {
  let next = 0;
  await Promise.all(
    Array.from({ length: width }, async () => {
      while (next < count) await act(next++);
    }),
  );
}

{
  await inParallel(INSTANCES, 24, (index) =>
    store.save(fresh(index % SHARE === 0 ? { kind: 'waiting', stage: 'pay', event: 'paid' } : undefined)),
  );
  let found = 0;
  const ours = await timed(async () => {
    for await (const _ of store.listByStatus('waiting')) found++;
  });
  const all = await timed(async () => {
    const keys = [];
    for (let after; ; after = keys.at(-1)) {
      const page = await raw.send(
        new ListObjectsV2Command({ Bucket: bucket, Prefix: `${prefix}/instances/`, StartAfter: after }),
      );
      keys.push(...(page.Contents ?? []).map(({ Key }) => Key));
      if (!page.IsTruncated) break;
    }
    await inParallel(keys.length, 24, async (at) =>
      (await raw.send(new GetObjectCommand({ Bucket: bucket, Key: keys[at] }))).Body.transformToByteArray(),
    );
  });
  console.log(
    `listByStatus: ${found} of ${INSTANCES}; reading every object, 24 at a time`.padEnd(58),
    `${ours.toFixed(0).padStart(8)} ms ${all.toFixed(0).padStart(8)} ms   1/${(all / ours).toFixed(0)}`,
  );
}
await store.close();
raw.destroy();

const here = new URL('..', import.meta.url).pathname;
async function weigh(external) {
  const { outputFiles } = await build({
    entryPoints: [`${here}/dist/index.js`],
    absWorkingDir: here,
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    external,
    logLevel: 'error',
  });
  return `${(gzipSync(outputFiles[0].contents, { level: 9 }).length / 1000).toFixed(1)} KB`;
}
console.log('\nbundle, minified and gzipped');
console.log(
  `  without core and the SDK  ${await weigh(['@aws-sdk/*', '@workflow-state/core', '@workflow-state/core/*'])}`,
);
console.log(`  with core                 ${await weigh(['@aws-sdk/*'])}`);
console.log(`  with core and the SDK     ${await weigh([])}`);

function importTime(specifiers) {
  const code = `${specifiers.map((one) => `await import(${JSON.stringify(one)});`).join('')}process.stdout.write(String(performance.now()));`;
  const times = Array.from({ length: 15 }, () =>
    Number(
      execFileSync(process.execPath, ['--input-type=module', '-e', code], {
        cwd: here,
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    ),
  );
  return quantile(sort(times), 0.5);
}
const [nothing, sdk, both] = [[], ['@aws-sdk/client-s3'], ['@aws-sdk/client-s3', '@workflow-state/s3']].map(importTime);
console.log('import time, median of 15 processes');
console.log(`  the SDK                   ${(sdk - nothing).toFixed(0)} ms`);
console.log(`  this package, beyond it   ${(both - sdk).toFixed(0)} ms`);
