// What the cache costs and saves, against the bare `lru-cache` with a copy of the state, and against the caches of the
// ecosystem. Every round runs every variant once, in shuffled order, so that a busy machine disturbs all alike; figures
// are medians over the rounds, ratios are to the floor of the same table in the same run.
//
//   pnpm build && node bench/lru-cache.bench.mjs [rounds] [--s3]
//
// keyv and cacheable know no states: they are given the same object, and clone or serialise as they do by default.
// --s3 adds the store on S3, with a server in this process; it needs `esbuild`, since that server is TypeScript.

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CacheableMemory } from 'cacheable';
import { Keyv } from 'keyv';
import { LRUCache } from 'lru-cache';
import { newWorkflowState, openStateStore } from '@workflow-state/core';
import { fileSystemBackend } from '@workflow-state/filesystem';
import { memoryBackend } from '@workflow-state/memory';
import { withLruCache } from '../dist/index.js';

const ROUNDS = Number(process.argv.find((argument) => /^\d+$/.test(argument)) ?? 101);
const INSTANCES = 200;
const parent = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** The copy that anybody would write: every field by hand, every byte array by `slice`. */
function copyByHand(state) {
  const bytes = (map) => {
    const copy = {};
    for (const key of Object.keys(map)) copy[key] = map[key].slice();
    return copy;
  };
  return {
    ...state,
    version: { ...state.version },
    status: { ...state.status },
    input: bytes(state.input),
    state: bytes(state.state),
    metrics: {
      ...state.metrics,
      stageDurations: { ...state.metrics.stageDurations },
      custom: { ...state.metrics.custom },
    },
    retryAttempts: { ...state.retryAttempts },
    createdAt: new Date(state.createdAt),
    updatedAt: new Date(state.updatedAt),
  };
}

console.log(`node ${process.version}, ${ROUNDS} rounds, ${INSTANCES} instances`);
for (const kib of [1, 16]) {
  const inputs = Array.from({ length: INSTANCES }, (_, seed) => makeState(kib * 1024, seed));
  const ids = inputs.map(({ instanceId }) => instanceId);
  const saved = await saveAll(await openStateStore(memoryBackend()), inputs);

  const lru = new LRUCache({ max: 2 * INSTANCES });
  const keyv = new Keyv();
  const cacheable = new CacheableMemory();
  for (const state of saved) {
    lru.set(state.instanceId, state);
    await keyv.set(state.instanceId, state);
    cacheable.set(state.instanceId, state);
  }
  const never = await cachedStore({ max: 2 * INSTANCES, revalidate: 'never' });
  const sharing = await cachedStore({ max: 2 * INSTANCES, revalidate: 'never', share: 'bytes' });
  const always = await cachedStore({ max: 2 * INSTANCES, revalidate: 'always' });
  const bare = await openStateStore(memoryBackend());
  await saveAll(bare, inputs);
  const tiny = await cachedStore({ max: 1, revalidate: 'never' });

  async function cachedStore(options) {
    const store = withLruCache(await openStateStore(memoryBackend()), options);
    await saveAll(store, inputs);
    return store;
  }

  await table(`hits, ${kib} KiB`, 'lru-cache get + copy by hand', 200, {
    'lru-cache get + copy by hand': (i) => copyByHand(lru.get(ids[i % INSTANCES])),
    'lru-cache get + structuredClone': (i) => structuredClone(lru.get(ids[i % INSTANCES])),
    'hit (never)': (i) => never.load(ids[i % INSTANCES]),
    "hit (never, share: 'bytes')": (i) => sharing.load(ids[i % INSTANCES]),
    'validated hit (always, memory)': (i) => always.load(ids[i % INSTANCES]),
    'keyv get (memory, JSON)': (i) => keyv.get(ids[i % INSTANCES]),
    'cacheable get (memory, clone)': (i) => cacheable.get(ids[i % INSTANCES]),
  });

  await table(`misses over memory, ${kib} KiB`, 'load without a cache', 100, {
    'load without a cache': (i) => bare.load(ids[i % INSTANCES]),
    'miss (never)': (i) => tiny.load(ids[i % INSTANCES]),
  });

  const directory = mkdtempSync(join(parent, 'lru-bench-'));
  try {
    const files = await openStateStore(fileSystemBackend({ directory, durability: 'process' }));
    await saveAll(files, inputs);
    const openFiles = async (options) =>
      withLruCache(await openStateStore(fileSystemBackend({ directory, durability: 'process' })), options);
    const proved = await openFiles({ max: 2 * INSTANCES, revalidate: 'always' });
    const trusted = await openFiles({ max: 2 * INSTANCES, revalidate: 'never' });
    const mixed = await openFiles({ max: INSTANCES * 0.3, revalidate: 'always' });
    const mixedNever = await openFiles({ max: INSTANCES * 0.3, revalidate: 'never' });
    for (const id of ids) for (const store of [proved, trusted]) await store.load(id);
    // Nine calls of ten go to a tenth of the instances, which stay cached; the others are evicted before they come again.
    const hot = INSTANCES * 0.1;
    let turn = 0;
    const pick = () => (++turn % 10 === 0 ? ids[hot + ((turn / 10) % (INSTANCES - hot))] : ids[turn % hot]);
    const data = (id) => [
      join(directory, 'data', id.slice(0, 2), id),
      join(directory, 'data', id.slice(0, 2), `.${id}`),
    ];

    await table(`filesystem, ${kib} KiB`, 'lru-cache get + copy by hand + 2 existsSync', 100, {
      'lru-cache get + copy by hand + 2 existsSync': (i) => {
        const id = ids[i % INSTANCES];
        for (const path of data(id)) existsSync(path);
        return copyByHand(lru.get(id));
      },
      'validated hit (always)': (i) => proved.load(ids[i % INSTANCES]),
      'hit (never)': (i) => trusted.load(ids[i % INSTANCES]),
      'load without a cache': (i) => files.load(ids[i % INSTANCES]),
      '90 % hits (always)': () => mixed.load(pick()),
      '90 % hits (never)': () => mixedNever.load(pick()),
    });
    const { hits, misses } = mixed.stats();
    console.log(`share of hits in the mix: ${((100 * hits) / (hits + misses)).toFixed(1)} %`);
    for (const store of [files, proved, trusted, mixed, mixedNever]) await store.close();
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }

  if (process.argv.includes('--s3')) await onS3(kib, inputs.slice(0, 20));
}

async function onS3(kib, inputs) {
  const { build } = await import('esbuild');
  const outfile = new URL(`../node_modules/.s3-server-${process.pid}.mjs`, import.meta.url).pathname;
  await build({
    stdin: {
      contents: `export { startS3Server } from '../../s3/test/server/s3-server.ts'; export { connect } from '../../s3/test/server/connect.ts'; export { s3Backend } from '../../s3/src/index.ts';`,
      resolveDir: new URL('.', import.meta.url).pathname,
    },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    conditions: ['@workflow-state/source'],
    logLevel: 'error',
  });
  const { startS3Server, connect, s3Backend } = await import(outfile);
  rmSync(outfile);
  const server = await startS3Server({ profile: 'aws' });
  const open = () => openStateStore(s3Backend({ bucket: 'test-bucket', client: connect(server) }));
  const bare = await open();
  const ids = (await saveAll(bare, inputs)).map(({ instanceId }) => instanceId);
  const proved = withLruCache(await open(), { max: 100, revalidate: 'always' });
  const trusted = withLruCache(await open(), { max: 100, revalidate: 'never' });
  for (const id of ids) for (const store of [proved, trusted]) await store.load(id);
  await table(`S3 in this process, ${kib} KiB`, 'load without a cache', 20, {
    'load without a cache': (i) => bare.load(ids[i % ids.length]),
    'isCurrent without a cache': async (i) => bare.head(ids[i % ids.length]),
    'validated hit (always)': (i) => proved.load(ids[i % ids.length]),
    'hit (never)': (i) => trusted.load(ids[i % ids.length]),
  });
  for (const store of [bare, proved, trusted]) await store.close();
  await server.close();
}

/** Median microseconds per call. */
async function table(title, floor, calls, variants) {
  const names = Object.keys(variants);
  const times = Object.fromEntries(names.map((name) => [name, []]));
  const random = generator(99);
  for (let round = -5; round < ROUNDS; round++) {
    for (let i = names.length - 1; i > 0; i--) {
      const j = random() % (i + 1);
      [names[i], names[j]] = [names[j], names[i]];
    }
    for (const name of names) {
      const run = variants[name];
      const start = process.hrtime.bigint();
      for (let i = 0; i < calls; i++) await run(i);
      if (round >= 0) times[name].push(Number(process.hrtime.bigint() - start) / 1e3 / calls);
    }
  }
  const median = (name) => times[name].toSorted((a, b) => a - b)[ROUNDS >> 1];
  console.log(`\n${title.padEnd(46)}${'µs'.padStart(9)}${'ratio'.padStart(8)}`);
  for (const name of Object.keys(variants)) {
    console.log(
      name.padEnd(46) + median(name).toFixed(2).padStart(9) + (median(name) / median(floor)).toFixed(2).padStart(8),
    );
  }
}

async function saveAll(store, inputs) {
  const saved = [];
  for (const input of inputs) saved.push(await store.save(input));
  return saved;
}

/** A state with `size` bytes in byte arrays: two maps of up to 24 each, keyed by stage. */
function makeState(size, seed) {
  const random = generator(seed + 1);
  const stages = Math.max(2, Math.min(24, Math.floor(size / 512)));
  const each = Math.max(16, Math.floor((size - 200) / (stages * 2)));
  const arrays = (prefix) =>
    Object.fromEntries(
      Array.from({ length: stages }, (_, i) => [
        `${prefix}-${i}`,
        Uint8Array.from({ length: each }, () => random() & 255),
      ]),
    );
  return newWorkflowState({
    workflowId: 'invoice',
    version: { major: 1, minor: 4, patch: 2 },
    currentStage: 'step-1',
    status: { kind: 'running', currentStage: 'step-1' },
    input: arrays('in'),
    state: arrays('step'),
  });
}

function generator(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}
