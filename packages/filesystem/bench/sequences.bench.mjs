// What a durable save costs for its arrangement alone: the system calls of several ways to keep the same promise, without
// codec, store or protocol. Says what there is to gain, and where nothing is.
//
//   node bench/sequences.bench.mjs [directory] [bytes] [rounds]
//
// Interleaved rounds, a tenth percentile beside the median: the former is the better guide on a machine that is shared.
// Those that publish last wait for one flush instead of two, but change what must be done after a power cut: the README
// says what.

import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

const [parent = tmpdir(), size = '16384', rounds = '30'] = process.argv.slice(2);
const SAVES = 32;
const WORKERS = 4;
const WARM_UP = 5;
const bytes = new Uint8Array(Number(size)).fill(7);
const root = fs.mkdtempSync(join(parent, 'workflow-state-bench-'));
let count = 0;

/** Instances in shards of their own, each with a data file and a token. */
class Instances {
  #tokens = [];
  data = [];
  shard = [];

  constructor(name) {
    for (let i = 0; i < SAVES; i++) {
      const shard = join(root, name.replaceAll(/\W+/g, '-'), String(i));
      fs.mkdirSync(shard, { recursive: true });
      this.shard.push(fs.openSync(shard, 'r'));
      this.data.push(join(shard, 'd'.repeat(32)));
      this.#tokens.push(join(shard, '.0.tok'));
      fs.writeFileSync(this.data[i], bytes);
      fs.writeFileSync(this.#tokens[i], '');
    }
  }

  candidate(i) {
    return `${this.data[i]}.${count++}.tmp`;
  }

  write(i, flags = 'wx') {
    const path = this.candidate(i);
    const handle = fs.openSync(path, flags);
    fs.writeSync(handle, bytes);
    return [path, handle];
  }

  /** From and to. */
  nextToken(i) {
    const from = this.#tokens[i];
    this.#tokens[i] = join(from, '..', `.${++count}.tok`);
    return [from, this.#tokens[i]];
  }

  moveToken(i) {
    fs.renameSync(...this.nextToken(i));
  }
}

const fsync = (handle) =>
  new Promise((resolve, reject) => fs.fsync(handle, (error) => (error ? reject(error) : resolve())));

const workers = Array.from({ length: WORKERS }, () => {
  const source = `
    const fs = require('node:fs');
    const { parentPort } = require('node:worker_threads');
    parentPort.on('message', ({ job, bytes, candidate, token, data, shard }) => {
      const handle = fs.openSync(candidate, 'wx');
      fs.writeSync(handle, bytes);
      fs.fsyncSync(handle);
      fs.closeSync(handle);
      fs.renameSync(...token);
      fs.renameSync(candidate, data);
      fs.fsyncSync(shard);
      parentPort.postMessage(job);
    });`;
  return new Worker(source, { eval: true }).on('message', (job) => {
    jobs.get(job)();
    jobs.delete(job);
  });
});
const jobs = new Map();

const ways = {
  'write, fsync, rename, fsync'(all, i) {
    const [path, handle] = all.write(i);
    fs.fsyncSync(handle);
    fs.closeSync(handle);
    fs.renameSync(path, all.data[i]);
    fs.fsyncSync(all.shard[i]);
  },
  'with the token (io: sync)'(all, i) {
    const [path, handle] = all.write(i);
    fs.fsyncSync(handle);
    fs.closeSync(handle);
    all.moveToken(i);
    fs.renameSync(path, all.data[i]);
    fs.fsyncSync(all.shard[i]);
  },
  '.. with fdatasync'(all, i) {
    const [path, handle] = all.write(i);
    fs.fdatasyncSync(handle);
    fs.closeSync(handle);
    all.moveToken(i);
    fs.renameSync(path, all.data[i]);
    fs.fsyncSync(all.shard[i]);
  },
  '.. with O_DSYNC'(all, i) {
    const { O_CREAT, O_EXCL, O_WRONLY, O_DSYNC } = fs.constants;
    const [path, handle] = all.write(i, O_CREAT | O_EXCL | O_WRONLY | O_DSYNC);
    fs.closeSync(handle);
    all.moveToken(i);
    fs.renameSync(path, all.data[i]);
    fs.fsyncSync(all.shard[i]);
  },
  async 'fsyncs in the pool (hybrid)'(all, i) {
    const [path, handle] = all.write(i);
    await fsync(handle);
    fs.closeSync(handle);
    all.moveToken(i);
    fs.renameSync(path, all.data[i]);
    await fsync(all.shard[i]);
  },
  'all of it in a worker thread'(all, i) {
    return new Promise((resolve) => {
      const job = count++;
      jobs.set(job, resolve);
      const save = {
        job,
        bytes,
        candidate: all.candidate(i),
        token: all.nextToken(i),
        data: all.data[i],
        shard: all.shard[i],
      };
      workers[job % WORKERS].postMessage(save);
    });
  },
  async 'both fsyncs at once, then publish'(all, i) {
    const [path, handle] = all.write(i);
    all.moveToken(i);
    await Promise.all([fsync(handle), fsync(all.shard[i])]);
    fs.closeSync(handle);
    fs.renameSync(path, all.data[i]);
  },
  async 'one fsync, then publish'(all, i) {
    const [path, handle] = all.write(i);
    all.moveToken(i);
    await fsync(handle);
    fs.closeSync(handle);
    fs.renameSync(path, all.data[i]);
  },
};

const every = Array.from({ length: SAVES }, (_, i) => i);

/** All candidates are flushed before the first is published. */
async function inPhases(all, shards) {
  const candidates = every.map((i) => all.write(i));
  await Promise.all(candidates.map(([, handle]) => fsync(handle)));
  for (const [i, [path, handle]] of candidates.entries()) {
    fs.closeSync(handle);
    all.moveToken(i);
    fs.renameSync(path, all.data[i]);
  }
  await Promise.all(shards.map(fsync));
}

async function contest(title, rivals) {
  const names = Object.keys(rivals);
  const times = new Map(names.map((name) => [name, []]));
  const instances = new Map(names.map((name) => [name, new Instances(`${title}-${name}`)]));
  for (let round = -WARM_UP; round < Number(rounds); round++) {
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + round + WARM_UP) % names.length];
      const start = performance.now();
      await rivals[name](instances.get(name));
      if (round >= 0) times.get(name).push(((performance.now() - start) * 1000) / SAVES);
    }
  }
  console.log(`\n${size} bytes, ${title}, ${parent}: us per save, and times the first; 10 % and median`);
  const at = (name, share) => times.get(name).toSorted((a, b) => a - b)[Math.floor(Number(rounds) * share)];
  for (const name of names) {
    const [low, median] = [0.1, 0.5].map((share) => {
      const time = at(name, share);
      return `${time.toFixed(0).padStart(8)} ${(time / at(names[0], share)).toFixed(2)}x`;
    });
    console.log(`  ${name.padEnd(36)}${low}${median}`);
  }
  for (const { shard } of instances.values()) for (const handle of shard) fs.closeSync(handle);
}

const of = (save) => Object.fromEntries(Object.entries(ways).map(([name, way]) => [name, (all) => save(way, all)]));
await contest(
  'one at a time',
  of(async (save, all) => {
    for (const i of every) await save(all, i);
  }),
);
await contest(`${SAVES} at a time`, {
  ...of((save, all) => Promise.all(every.map((i) => save(all, i)))),
  'hybrid, in phases': (all) => inPhases(all, all.shard),
  '.. and one directory for all': (all) => inPhases(all, all.shard.slice(-1)),
});
for (const worker of workers) await worker.terminate();
fs.rmSync(root, { recursive: true });
