// What the store costs over the least that could keep the same promise, and where the difference is.
//
//   pnpm build && node bench/floor.bench.mjs [rounds]
//
// Every figure is the median over interleaved rounds, every ratio between figures of one run: on a shared machine nothing
// else can be compared. WORKFLOW_STATE_BENCH_DIRECTORIES (separated by colons) says where; default: the disk, and tmpfs,
// which has no fsync to speak of, for what does without. Where a flush costs nothing but the calls, an ext4 in memory:
//
//   truncate -s 1G /dev/shm/ext4 && mkfs.ext4 -q -N 300000 /dev/shm/ext4 && mount -o loop /dev/shm/ext4 /mnt

import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InstanceId, newWorkflowState, openStateStore } from '@workflow-state/core';
import { fileSystemBackend } from '@workflow-state/filesystem';
import { decodeState, encodeBody, encodeRecord } from '../../core/dist/state-codec.js';

const ROUNDS = Number(process.argv[2] ?? 40);
const PER_ROUND = 32;
const parents =
  process.env.WORKFLOW_STATE_BENCH_DIRECTORIES?.split(':') ??
  ['/dev/shm', tmpdir()].filter((path) => fs.existsSync(path));

function input() {
  const state = {};
  for (let i = 0; i < 48; i++) state[`field-${i}`] = new Uint8Array(340).fill(i);
  return newWorkflowState({
    workflowId: 'bench',
    version: { major: 1, minor: 0, patch: 0 },
    currentStage: 'one',
    input: {},
    state,
  });
}

const body = ({ workflowId, version, status, currentStage, input: given, state, metrics, retryAttempts }) => ({
  workflowId,
  version,
  status,
  currentStage,
  input: given,
  state,
  metrics,
  retryAttempts,
});

/** The same bytes by the same codec: what any durable replace must do. */
class Floor {
  constructor(directory) {
    fs.mkdirSync(directory, { recursive: true });
    this.directory = directory;
    this.handle = fs.openSync(directory, 'r');
    this.count = 0;
  }

  save(state, durable) {
    const nonce = '0123456789abcdef';
    const revision = {
      version: 1,
      nonce,
      incarnation: nonce,
      first: true,
      status: state.status.kind,
      entered: { version: 1, nonce, at: 0 },
      createdAt: 0,
    };
    const { envelope } = encodeRecord(
      { id: state.instanceId, revision, parent: undefined, updatedAt: 0 },
      encodeBody(body(state)),
    );
    const path = join(this.directory, state.instanceId);
    const candidate = `${path}.${this.count++}`;
    const handle = fs.openSync(candidate, 'wx');
    fs.writeSync(handle, envelope);
    if (durable) fs.fsyncSync(handle);
    fs.closeSync(handle);
    fs.renameSync(candidate, path);
    if (durable) fs.fsyncSync(this.handle);
  }

  load(id) {
    return decodeState(id, { envelope: new Uint8Array(fs.readFileSync(join(this.directory, id))) });
  }
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

/** Interleaved: each contestant once per round, in changing order. Microseconds per operation. */
async function contest(contestants, operations, rounds = ROUNDS) {
  const times = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
  const names = Object.keys(contestants);
  for (let round = -3; round < rounds; round++) {
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + round + 3) % names.length];
      const start = performance.now();
      await contestants[name]();
      if (round >= 0) times[name].push(((performance.now() - start) * 1000) / operations);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(times[name])]));
}

function report(title, figures, budgets) {
  console.log(`\n${title}`);
  const [[, floor]] = Object.entries(figures);
  for (const [name, time] of Object.entries(figures)) {
    const ratio = time / floor;
    const budget = budgets[name];
    const verdict = budget === undefined ? '' : ratio <= budget ? `  within ${budget}` : `  OVER ${budget}`;
    console.log(`  ${name.padEnd(34)} ${time.toFixed(1).padStart(9)} us  ${ratio.toFixed(2).padStart(6)}x${verdict}`);
  }
}

async function saves(parent, durability) {
  const root = fs.mkdtempSync(join(parent, 'workflow-state-bench-'));
  const durable = durability === 'full';
  const floor = new Floor(join(root, 'floor'));
  const stores = {};
  for (const io of ['hybrid', 'async'])
    stores[io] = await openStateStore(fileSystemBackend({ directory: join(root, io), durability, io }));
  const states = {};
  for (const [io, store] of Object.entries(stores))
    states[io] = await Promise.all(Array.from({ length: PER_ROUND }, () => store.save(input())));
  const plain = states.hybrid;

  const one = (io) => async () => {
    for (let i = 0; i < PER_ROUND; i++) states[io][i] = await stores[io].save(states[io][i]);
  };
  const many = (io) => async () => {
    states[io] = await Promise.all(states[io].map((state) => stores[io].save(state)));
  };
  const serial = async () => {
    for (const state of plain) floor.save(state, durable);
  };
  const budgets = durable ? [{ hybrid: 1.4 }, { hybrid: 0.5 }] : [{}, {}];
  report(
    `save, ${durability}, 16 KB, one at a time, ${parent}`,
    await contest({ 'encode, write, rename': serial, hybrid: one('hybrid'), async: one('async') }, PER_ROUND),
    budgets[0],
  );
  report(
    `save, ${durability}, 16 KB, ${PER_ROUND} at a time, ${parent}`,
    await contest({ 'encode, write, rename': serial, hybrid: many('hybrid'), async: many('async') }, PER_ROUND),
    budgets[1],
  );

  const load = (store, ids) => async () => {
    for (const { instanceId } of ids) await store.load(instanceId);
  };
  report(
    `load, 16 KB, one at a time, ${parent}`,
    await contest(
      {
        'readFileSync, decode': async () => {
          for (const { instanceId } of plain) floor.load(instanceId);
        },
        hybrid: load(stores.hybrid, plain),
        async: load(stores.async, states.async),
      },
      PER_ROUND,
      ROUNDS * 10,
    ),
    { hybrid: 1.15 },
  );
  for (const store of Object.values(stores)) await store.close();
  fs.closeSync(floor.handle);
  fs.rmSync(root, { recursive: true });
}

/** 100 000 instances as the index knows them: listings read nothing else. */
async function listings(parent) {
  const root = fs.mkdtempSync(join(parent, 'workflow-state-bench-'));
  const backend = fileSystemBackend({ directory: root, durability: 'process' });
  const store = await openStateStore(backend);
  const kinds = [
    ['waiting', 5_000],
    ['running', 35_000],
    ['completed', 60_000],
  ];
  for (const [kind, count] of kinds) {
    for (let i = 0; i < count; i++) {
      const id = InstanceId.generate();
      const nonce = id.slice(16);
      fs.mkdirSync(`${root}/ids/${id.slice(0, 2)}`, { recursive: true });
      fs.writeFileSync(`${root}/ids/${id.slice(0, 2)}/${id}.${nonce}`, '');
      fs.writeFileSync(`${root}/status/${kind}/${id}.1.${nonce}.1700000000000`, '');
    }
  }
  const consume = (source) => async () => {
    let count = 0;
    for await (const _ of source()) count++;
    return count;
  };
  report(
    `list 5 000 of 100 000 by status, ${parent} (per call)`,
    await contest(
      {
        'one readdir of the matches': () => fs.promises.readdir(`${root}/status/waiting`),
        listByStatus: consume(() => store.listByStatus('waiting')),
        'count(kind)': () => store.count('waiting'),
      },
      1,
    ),
    { listByStatus: 1.5 },
  );
  for (const [name, source] of [
    ['listByStatus, 5 000 of 100 000', () => store.listByStatus('waiting')],
    ['listByStatus, 60 000 of 100 000', () => store.listByStatus('completed')],
    ['list, 100 000', () => store.list()],
  ]) {
    const stalls = [];
    const totals = [];
    for (let i = 0; i < 9; i++) {
      const start = performance.now();
      stalls.push(await longestStall(consume(source)));
      totals.push(performance.now() - start);
    }
    console.log(
      `  ${name.padEnd(34)} ${median(totals).toFixed(0).padStart(6)} ms, longest stall of the loop ${median(stalls).toFixed(0)} ms (worst ${Math.max(...stalls).toFixed(0)}), budget 60`,
    );
  }
  await store.close();
  fs.rmSync(root, { recursive: true });
}

/** Between two turns of the loop, in milliseconds. */
async function longestStall(work) {
  let longest = 0;
  let last = performance.now();
  let ended = false;
  const turn = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (!ended) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  turn();
  ended = true;
  return longest;
}

const TMPFS = 0x01021994;
for (const parent of parents) {
  if (fs.statfsSync(parent).type !== TMPFS) await saves(parent, 'full');
  await saves(parent, 'process');
  await listings(parent);
}
