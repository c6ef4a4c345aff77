// What grows with the number of instances, and what must not: saves, loads and opening stay what they are, a listing by
// status grows with its matches, listings and cleanup hold a bounded number of names in memory, and no states.
//
//   pnpm build && node bench/scale.bench.mjs [instances=100000] [directory]
//
// Measured at a thousandth, a hundredth, a tenth and all of the instances, in one store that grows. A million takes
// minutes, 8 GB and more inodes than a tmpfs has by default, because there every name counts as one:
//
//   mount -t tmpfs -o nr_inodes=0,size=12g none /mnt && node bench/scale.bench.mjs 1000000 /mnt
//
// Ratios are of one run. What takes memory runs in processes of their own, whose peaks are theirs alone. Exits with 1 when
// opening makes more calls in a large store than in a small one, or looks at instances, and when a listing or a cleanup
// holds more than its bound.

import { execFile } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { complete, newWorkflowState, openStateStore, pause, waitFor } from '@workflow-state/core';
import { fileSystemBackend } from '@workflow-state/filesystem';
import { fromSource } from '../../../scripts/from-source.mjs';

const SAMPLES = 400;
/** Of each size: 5 % wait, 10 % have ended long ago; and a hundred pause, however many there are. */
const WAITING = 20;
const ENDED = 10;
const PAUSED = 100;
const DAY = 86_400_000;

const padding = new Uint8Array(500);
const input = () =>
  newWorkflowState({
    workflowId: 'scale',
    version: { major: 1, minor: 0, patch: 0 },
    currentStage: 'one',
    state: { padding },
  });

/** Of a process that lists or cleans, above one that has listed a hundred instances: names held, and garbage. */
const MOST_MEBIBYTES = 256;

const ALONE = {
  '--list': (store) => named(store.list()),
  '--list-initializing': (store) => named(store.listByStatus('initializing')),
  '--count-initializing': (store) => store.count('initializing'),
  '--cleanup': async (store) => {
    const { removed, failures } = await store.cleanup({ days: 1 });
    if (failures.length > 0) throw failures[0].error;
    return removed;
  },
};

const alone = ALONE[process.argv[2]];
if (alone === undefined)
  await main(
    Number(process.argv[2] ?? 100_000),
    process.argv[3] ?? (fs.existsSync('/dev/shm') ? '/dev/shm' : tmpdir()),
  );
else await measured(alone, process.argv[3]);

async function main(most, parent) {
  const directory = fs.mkdtempSync(join(parent, 'workflow-state-scale-'));
  const rows = [];
  try {
    const ids = [];
    for (const size of [1000, 100, 10, 1].map((part) => Math.round(most / part)).filter((size) => size >= 1000)) {
      const before = ids.length;
      const seconds = await grow(directory, ids, size);
      const perSecond = Math.round((size - before) / seconds);
      rows.push({ instances: size, 'created per s': perSecond, ...(await measure(directory, ids)) });
      console.log(`${size} measured`);
    }
  } finally {
    // The asynchronous one would hold all names at once.
    fs.rmSync(directory, { recursive: true, force: true });
  }
  report(rows);
  const failures = wrongs(rows);
  for (const failure of failures) console.error(failure);
  process.exitCode = failures.length === 0 ? 0 : 1;
}

/** As a table of README.md. */
function report(rows) {
  const whats = Object.keys(rows[0]);
  const cells = whats.map((what) => [what, ...rows.map((row) => String(row[what]))]);
  const [head, ...lines] = cells.map((line) => `| ${line.join(' | ')} |`);
  console.log([head, `| --- |${' ---: |'.repeat(rows.length)}`, ...lines].join('\n'));
  const [small] = rows;
  for (const what of whats.filter((what) => /^(?:save|load|open|paused) (?:µs|ms)$|per match/.test(what)))
    console.log(
      `${what}: ${rows.map((row) => (row[what] / small[what]).toFixed(2)).join(' · ')} × that with ${small.instances}`,
    );
}

function wrongs(rows) {
  const [small] = rows;
  return rows.flatMap((row) => {
    const wrong = [];
    if (row['open calls'] !== small['open calls'])
      wrong.push(
        `open made ${row['open calls']} calls with ${row.instances} instances, ${small['open calls']} with ${small.instances}`,
      );
    if (row['open calls below data and ids'] !== 0) wrong.push(`open looked at instances, with ${row.instances}`);
    for (const [what, mebibytes] of Object.entries(row))
      if (what.endsWith(' MiB') && mebibytes > MOST_MEBIBYTES)
        wrong.push(`${what}: ${mebibytes} with ${row.instances} instances, bound ${MOST_MEBIBYTES}`);
    return wrong;
  });
}

async function named(ids) {
  let count = 0;
  for await (const _ of ids) count++;
  return count;
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
  const { hybridFileOps, fileSystemBackendOn } = await fromSource(
    new URL('../src/', import.meta.url),
    'file-ops.ts',
    'filesystem-backend.ts',
  );
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
  for (const what of Object.keys(ALONE)) {
    const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(import.meta.url), what, directory]);
    const { result, ms, mebibytes, stall } = JSON.parse(stdout);
    const name = what.slice(2).replace('-', ' ');
    row[`${name}: ${name === 'cleanup' ? 'removed' : 'named'}`] = result;
    row[`${name}: ms`] = ms;
    row[`${name}: longest stall ms`] = stall;
    row[`${name}: peak MiB`] = mebibytes;
    // What was removed does not come back, and is not missed.
    if (name !== 'cleanup') row[`${name}: µs per match`] = round((ms * 1000) / result);
  }
  return row;
}

/** In a process of its own, whose memory nothing else has used. */
async function measured(work, directory) {
  const store = await openStateStore(fileSystemBackend({ directory, durability: 'process' }));
  // What all code and every library takes.
  await named(store.listByStatus('paused'));
  const peak = () => process.resourceUsage().maxRSS / 1024;
  const before = peak();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const begin = performance.now();
  const result = await work(store);
  const ms = round(performance.now() - begin);
  delay.disable();
  await store.close();
  console.log(
    JSON.stringify({ result, ms, mebibytes: Math.round(peak() - before), stall: Math.round(delay.max / 1e6) }),
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
