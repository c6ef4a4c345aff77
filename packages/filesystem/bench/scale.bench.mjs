// What grows with the number of instances, and what must not: saves and loads stay flat, a listing by status grows with its
// matches, opening reads no instance, cleanup holds names and no states.
//
//   pnpm build && node bench/scale.bench.mjs [instances=100000] [directory]
//
// Measured at a hundredth, a tenth and all of the instances, in one store that grows; 1000000 takes minutes, and more
// inodes than a tmpfs has unless mounted with nr_inodes=0, because there every name counts as one. Ratios are of one run.
// Exits with 1 when opening makes more calls in a large store than in a small one, or looks at instances.

import { execFile } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { complete, newWorkflowState, openStateStore, pause, waitFor } from '@workflow-state/core';
import { fileSystemBackend } from '@workflow-state/filesystem';
import { hybridFileOps } from '../dist/file-ops.js';
import { fileSystemBackendOn } from '../dist/filesystem-backend.js';

const SAMPLES = 400;
/** Of each size: 5 % wait, 10 % have ended long ago; and a hundred pause, however many there are. */
const WAITING = 20;
const ENDED = 10;
const PAUSED = 100;
const DAY = 86_400_000;

const MEBIBYTE = 2 ** 20;
const padding = new Uint8Array(500);
const input = () =>
  newWorkflowState({
    workflowId: 'scale',
    version: { major: 1, minor: 0, patch: 0 },
    currentStage: 'one',
    state: { padding },
  });

if (process.argv[2] === '--cleanup') await cleanUp(process.argv[3]);
else
  await main(
    Number(process.argv[2] ?? 100_000),
    process.argv[3] ?? (fs.existsSync('/dev/shm') ? '/dev/shm' : tmpdir()),
  );

async function main(most, parent) {
  const directory = fs.mkdtempSync(join(parent, 'workflow-state-scale-'));
  const rows = [];
  const failures = [];
  try {
    const ids = [];
    for (const size of [most / 100, most / 10, most].map(Math.round)) {
      const seconds = await grow(directory, ids, size);
      rows.push({
        size,
        'created per s': Math.round((size - (rows.at(-1)?.size ?? 0)) / seconds),
        ...(await measure(directory, ids)),
      });
      console.log(`${size} measured`);
    }
    console.table(Object.fromEntries(Object.keys(rows[0]).map((what) => [what, rows.map((row) => row[what])])));
    const [small, , large] = rows;
    for (const what of ['save µs', 'load µs', 'open ms', 'paused ms'])
      console.log(
        `${what}: ${large[what]} with ${large.size}, ${(large[what] / small[what]).toFixed(2)} × that with ${small.size}`,
      );
    if (large['open calls'] !== small['open calls'])
      failures.push(`open made ${large['open calls']} calls, ${small['open calls']} in a small store`);
    if (rows.some((row) => row['open calls below data and ids'] !== 0)) failures.push('open looked at instances');
  } finally {
    // The asynchronous one would hold all names at once.
    fs.rmSync(directory, { recursive: true, force: true });
  }
  for (const failure of failures) console.error(failure);
  process.exitCode = failures.length === 0 ? 0 : 1;
}

/** Those that have ended did so ten days ago. */
async function grow(directory, ids, size) {
  const begin = performance.now();
  const now = await openStateStore(fileSystemBackend({ directory, durability: 'process' }));
  const then = await openStateStore(fileSystemBackend({ directory, durability: 'process' }), {
    clock: () => Date.now() - 10 * DAY,
  });
  const first = ids.length === 0;
  while (ids.length < size) {
    const at = ids.length;
    const state = first && at < PAUSED ? pause(input()) : at % WAITING === 1 ? waitFor(input(), 'event') : input();
    const ended = at >= PAUSED && at % ENDED === 0;
    const { instanceId } = await (ended ? then.save(complete(input())) : now.save(state));
    ids.push(instanceId);
  }
  await now.close();
  await then.close();
  return (performance.now() - begin) / 1000;
}

async function measure(directory, ids) {
  const row = {};
  const calls = [];
  const ops = Object.fromEntries(
    Object.entries(hybridFileOps()).map(([name, call]) => [
      name,
      (...args) => {
        calls.push(`${name} ${args.filter((arg) => typeof arg === 'string').join(' ')}`);
        return call(...args);
      },
    ]),
  );
  let begin = performance.now();
  const store = await openStateStore(fileSystemBackendOn({ directory, durability: 'process' }, ops));
  row['open ms'] = round(performance.now() - begin);
  row['open calls'] = calls.length;
  row['open calls below data and ids'] = calls.filter((call) =>
    /\/(?:data|ids)\/./.test(call.replace(directory, '')),
  ).length;

  // Spread over all, never one that has ended: it would enter its status anew.
  const some = Array.from(
    { length: SAMPLES },
    (_, i) => ids[Math.floor((i * ids.length) / SAMPLES / 10) * 10 + 3] ?? ids[3],
  );
  row['load µs'] = await median(some, async (id) => void (await store.load(id)));
  const states = new Map();
  for (const id of some) states.set(id, await store.load(id));
  row['save µs'] = await median(some, async (id) => void states.set(id, await store.save(states.get(id))));

  const delay = monitorEventLoopDelay({ resolution: 1 });
  const listings = {
    paused: () => store.listByStatus('paused'),
    waiting: () => store.listByStatus('waiting'),
    list: () => store.list(),
  };
  for (const [name, list] of Object.entries(listings)) {
    const times = [];
    let count = 0;
    delay.reset();
    delay.enable();
    for (let round = 0; round < 5; round++) {
      count = 0;
      begin = performance.now();
      for await (const _ of list()) count++;
      times.push(performance.now() - begin);
    }
    delay.disable();
    row[`${name} named`] = count;
    row[`${name} ms`] = round(middle(times));
    row[`${name} longest stall ms`] = round(delay.max / 1e6);
  }
  const reads = [];
  for (let i = 0; i < 5; i++) {
    begin = performance.now();
    await fs.promises.readdir(`${directory}/status/waiting`);
    reads.push(performance.now() - begin);
  }
  row['waiting µs per match'] = round((row['waiting ms'] * 1000) / row['waiting named']);
  row['waiting / readdir'] = round(row['waiting ms'] / middle(reads));
  await store.close();
  // In a process of its own, whose memory nothing else has used.
  const { stdout } = await promisify(execFile)(process.execPath, [
    fileURLToPath(import.meta.url),
    '--cleanup',
    directory,
  ]);
  return { ...row, ...JSON.parse(stdout) };
}

async function cleanUp(directory) {
  const store = await openStateStore(fileSystemBackend({ directory, durability: 'process' }));
  await store.count('paused');
  const before = process.resourceUsage().maxRSS * 1024;
  const begin = performance.now();
  const { removed, failures } = await store.cleanup({ days: 1 });
  const ms = performance.now() - begin;
  await store.close();
  if (failures.length > 0) throw failures[0].error;
  console.log(
    JSON.stringify({
      'cleanup removed': removed,
      'cleanup ms': round(ms),
      'cleanup peak RSS MiB': Math.round((process.resourceUsage().maxRSS * 1024) / MEBIBYTE),
      'of it cleanup': Math.round((process.resourceUsage().maxRSS * 1024 - before) / MEBIBYTE),
    }),
  );
}

async function median(items, run) {
  const times = [];
  for (const item of items) {
    const begin = performance.now();
    await run(item);
    times.push((performance.now() - begin) * 1000);
  }
  return round(middle(times));
}

function middle(numbers) {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
}

function round(number) {
  return Math.round(number * 100) / 100;
}
