// One store at one number of instances, in a process of its own: filled by one, measured by the next, whose memory nothing
// else has used.
//
//   node growth-process.js fill <store> <directory> <from> <to>
//   node growth-process.js measure <store> <directory> <instances>           prints the measurements as JSON

import fs, { promises as fsp } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { at } from '../at.js';
import { type Spread, spreadOf } from '../spread.js';
import { GROWTH_STORES, type OpenGrowthStore, statusOf } from './growth-stores.js';

/** By what was measured; time in the unit that the name says. */
export type Measurements = Readonly<Record<string, Spread>>;

const SAMPLES = 200;

const [task = '', name = '', directory = '', first = '', second = ''] = process.argv.slice(2);
const filesOpened = countFilesOpened();
const growing = GROWTH_STORES.find((store) => store.name === name);
if (growing === undefined) throw new Error(`there is no store ${name}`);
const begin = performance.now();
const store = await growing.open(directory);
const opened = performance.now() - begin;
if (task === 'fill') await store.fill(Number(first), Number(second));
else process.stdout.write(JSON.stringify(await measure(store, Number(first))));
await store.close();
process.exit();

async function measure(open: OpenGrowthStore, instances: number): Promise<Measurements> {
  const found: Record<string, Spread> = { 'open, ms': spreadOf([opened]) };
  // Spread over all, never one that has ended: it would enter its status anew.
  const some = Array.from({ length: SAMPLES }, (_, sample) => Math.floor((sample * instances) / SAMPLES / 10) * 10 + 3);
  for (const [what, run] of Object.entries({ load: open.load, save: open.save })) {
    if (run === undefined) continue;
    const times: number[] = [];
    for (const index of [...some, ...some]) {
      const start = performance.now();
      await run(index);
      times.push((performance.now() - start) * 1000);
    }
    // The first half was for the compiler.
    found[`${what}, µs`] = spreadOf(times.slice(SAMPLES));
  }
  let waiting = 0;
  for (let index = 0; index < instances; index++) if (statusOf(index) === 'waiting') waiting++;
  const listings = { byStatus: () => open.byStatus(), list: () => open.list(), count: open.count };
  for (const [what, run] of Object.entries(listings)) {
    if (run === undefined) continue;
    const times: number[] = [];
    const stalls: number[] = [];
    const opens: number[] = [];
    const ratios: number[] = [];
    for (let round = 0; round < 15 && (round < 1 || times.reduce((sum, time) => sum + time, 0) < 4000); round++) {
      const before = filesOpened();
      const { result, time, stall } = await watched(run);
      times.push(time);
      if (what === 'byStatus' && open.floor !== undefined) ratios.push(at(times, round) / (await timeOf(open.floor)));
      stalls.push(stall);
      opens.push(filesOpened() - before);
      if (what !== 'list' && result !== waiting) throw new Error(`${what} found ${result} of ${waiting} that wait`);
    }
    found[`${what}, ms`] = spreadOf(times);
    found[`${what}, longest stall, ms`] = spreadOf(stalls);
    if (ratios.length > 0) found[`${what}, over one readdir of the matches, ×`] = spreadOf(ratios);
    found[`${what}, files read`] = spreadOf(opens);
  }
  if (open.cleanup !== undefined) {
    const { result, time, stall } = await watched(open.cleanup);
    found['cleanup, µs per instance'] = spreadOf([(time * 1000) / Math.max(1, result)]);
    found['cleanup, longest stall, ms'] = spreadOf([stall]);
  }
  found['peak memory, MiB'] = spreadOf([process.resourceUsage().maxRSS / 1024]);
  return found;
}

/** Beside the result how long it took, and the longest time between two turns of the loop: milliseconds. */
async function watched(
  run: () => Promise<number>,
): Promise<{ readonly result: number; readonly time: number; readonly stall: number }> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  // What is synchronous shows between a turn before it and the next one.
  await turns();
  const start = performance.now();
  const result = await run();
  const time = performance.now() - start;
  await turns();
  delay.disable();
  return { result, time, stall: delay.max / 1e6 };
}

async function timeOf(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

function turns(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 4));
}

/** Files, not directories: no listing opens those by these calls. */
function countFilesOpened(): () => number {
  let count = 0;
  const counted = <Call extends (...args: never[]) => unknown>(call: Call): Call =>
    ((...args: never[]) => {
      count++;
      return call(...args);
    }) as Call;
  fs.openSync = counted(fs.openSync);
  fs.open = Object.assign(counted(fs.open), fs.open);
  fs.readFileSync = counted(fs.readFileSync);
  fsp.open = counted(fsp.open);
  fsp.readFile = counted(fsp.readFile);
  syncBuiltinESMExports();
  return () => count;
}
