// How long others on the thread wait while this store saves, alone and beside a process that keeps the disk busy with
// fsyncs of its own.
//
//   pnpm build && node bench/event-loop.bench.mjs [rounds=9] [directory=the system's for temporary files]
//
// A round is a second of saves at `full`, of 16 KB, 8 at a time. Delays are those of `monitorEventLoopDelay`, beyond its
// own resolution; figures are medians over interleaved rounds, ratios are to the least that does the same on one thread:
// write, fsync, rename, fsync of the directory, all in the thread pool.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { newWorkflowState, openStateStore } from '@workflow-state/core';
import { fileSystemBackend } from '@workflow-state/filesystem';

const MILLISECONDS = 1000;
const AT_ONCE = 8;
/** Milliseconds, as for the stalls of listings. */
const BUDGET = 60;
const BYTES = new Uint8Array(16_384).fill(7);

if (process.argv[2] === '--fsync') await keepSyncing(process.argv[3]);
else await main(Number(process.argv[2] ?? 9), process.argv[3] ?? tmpdir());

/** Until it is killed. */
async function keepSyncing(directory) {
  const handle = fs.openSync(join(directory, 'busy'), 'w');
  for (;;) {
    fs.writeSync(handle, BYTES, 0, BYTES.length, 0);
    fs.fsyncSync(handle);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function main(rounds, parent) {
  const root = fs.mkdtempSync(join(parent, 'workflow-state-bench-'));
  const stores = [];
  try {
    const contestants = { 'write, fsync, rename, in the pool': await plain(join(root, 'plain')) };
    for (const io of ['hybrid', 'async']) {
      const store = await openStateStore(fileSystemBackend({ directory: join(root, io), io }));
      stores.push(store);
      contestants[io] = await saver(store);
    }
    await contest('alone', contestants, rounds);
    const busy = spawn(process.execPath, [fileURLToPath(import.meta.url), '--fsync', root], { stdio: 'inherit' });
    try {
      await contest('beside a process that fsyncs', contestants, rounds);
    } finally {
      busy.kill();
    }
  } finally {
    for (const store of stores) await store.close();
    fs.rmSync(root, { recursive: true });
  }
}

/** Of each: makes the save number `at`. */
async function saver(store) {
  const states = [];
  for (let at = 0; at < AT_ONCE; at++) {
    const input = newWorkflowState({
      workflowId: 'bench',
      version: { major: 1, minor: 0, patch: 0 },
      currentStage: 'one',
      state: { body: BYTES },
    });
    states.push(await store.save(input));
  }
  return async (at) => void (states[at] = await store.save(states[at]));
}

async function plain(directory) {
  const { promises } = fs;
  await promises.mkdir(directory);
  let count = 0;
  return async (at) => {
    const candidate = join(directory, `${at}.${count++}`);
    await promises.writeFile(candidate, BYTES, { flush: true });
    await promises.rename(candidate, join(directory, String(at)));
    const handle = await promises.open(directory);
    await handle.sync();
    await handle.close();
  };
}

async function contest(where, contestants, rounds) {
  const seen = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
  for (let round = -1; round < rounds; round++) {
    for (const [name, save] of Object.entries(contestants)) {
      const result = await aRound(save);
      if (round >= 0) seen[name].push(result);
    }
  }
  console.log(`\n${where}: delay of the event loop during saves at full, 16 KB, ${AT_ONCE} at a time`);
  const middle = (name, what) => seen[name].map((result) => result[what]).toSorted((a, b) => a - b)[rounds >> 1];
  const [floor] = Object.keys(contestants);
  for (const name of Object.keys(contestants)) {
    const [p99, longest] = [middle(name, 'p99'), middle(name, 'longest')];
    const verdict = p99 <= BUDGET ? `within ${BUDGET}` : `OVER ${BUDGET}`;
    console.log(
      `  ${name.padEnd(34)} ${String(middle(name, 'saves')).padStart(6)} saves/s, mean ${middle(name, 'mean').toFixed(2)} ms (${(middle(name, 'mean') / middle(floor, 'mean')).toFixed(2)}x), 99 % below ${p99.toFixed(1)} ms (${(p99 / middle(floor, 'p99')).toFixed(2)}x), ${verdict}; longest ${longest.toFixed(1)} ms`,
    );
  }
}

async function aRound(save) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const end = performance.now() + MILLISECONDS;
  let saves = 0;
  delay.enable();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async (_, at) => {
      for (; performance.now() < end; saves++) await save(at);
    }),
  );
  delay.disable();
  // A timer of one millisecond is late by nothing where the loop is idle.
  const late = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - 1);
  return { saves, mean: late(delay.mean), p99: late(delay.percentile(99)), longest: late(delay.max) };
}
