// Eight processes, a queue, a cron, and misfortune. The parent is what surrounds the handlers in a deployment: it starts
// runs, sends events at least once, ticks, and receives reports. And it kills, freezes and cuts off its processes: mostly
// at moments that they tell it, before a step, else a few milliseconds later, in the middle of a save.
import { type ChildProcess, fork } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InstanceId, type StateStore } from '@workflow-state/core';
import { build } from 'esbuild';
import { Engine } from '../../src/engine.js';
import type { EngineEvent } from '../../src/handler.js';
import { newRun } from '../../src/progress.js';
import { encodeJson } from '@workflow-state/core';
import { CHUNK, count, render } from '../../src/word-report.js';
import { type Evidence, judge } from './judge.js';
import { type News, type Order, PAGES, type WorkerSettings } from './messages.js';
import { documents, workflowsOf } from './workflows.js';

export interface Simulation {
  /** The parent's own handle, which nothing befalls. */
  readonly store: StateStore;
  /** What the workers open. */
  readonly url: string;
  readonly runs: number;
  readonly processes: number;
  /** Steps between two faults. */
  readonly faultEvery: number;
  readonly fenced: boolean;
  readonly seed: number;
  readonly lease: number;
  readonly maxClockSkew: number;
  markers: Evidence['markers'];
}

export interface Outcome {
  readonly wrong: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
}

const ROOT = new URL('../../../../../', import.meta.url);

/** Milliseconds without a checkpoint, more than all leases and freezes together take. */
const STANDSTILL = 60_000;

/** What befalls the processes, in turn. */
const FAULTS = [
  'freeze before a step',
  'kill before a step',
  'freeze before a step',
  'freeze amid',
  'kill amid',
] as const;
/** Of all processes. More, and the others would not find the runs of those that are frozen. */
const FROZEN_AT_ONCE = 4;
/** Of each run: after three deaths in one step the engine gives a run up. */
const STRUCK = 2;

/** Codes after which a queue delivers again. */
const PASSING = /^(?:(?:STORAGE_ERROR|OUTCOME_UNKNOWN|CHECKPOINT_CONFLICT)\s?)+$/;

interface Worker {
  readonly process: ChildProcess;
  event: EngineEvent | undefined;
  /** The run it is in the middle of. */
  run: string | undefined;
  state: 'starting' | 'idle' | 'busy';
  /** Apart from its state: what it said before it was frozen may be heard afterwards. */
  frozen: boolean;
}

/** Bundles the worker into one file, as it would be deployed. */
export async function bundleWorker(outfile: string): Promise<void> {
  await build({
    entryPoints: [new URL('worker.ts', import.meta.url).pathname],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['@workflow-state/source'],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'error',
  });
}

export async function simulate(worker: string, options: Simulation): Promise<Outcome> {
  const fleet = new Fleet(worker, options);
  try {
    await fleet.run();
  } finally {
    await fleet.end();
  }
  await options.store.cleanup({ days: 1 });
  await lastTick(options);
  const { expected, acknowledged, published } = fleet;
  const wrong = await judge({ ...options, expected, acknowledged, published });
  const repeated = published.length - new Set(published.map(({ run }) => run)).size;
  return { wrong: [...fleet.mistakes, ...wrong], counts: { ...fleet.counts, 'published again': repeated } };
}

/** Of a time at which nobody can be asleep any more: a process that was frozen may have entered a run that had ended. */
async function lastTick({ store, lease, maxClockSkew }: Simulation): Promise<void> {
  const clock = (): number => Date.now() + 30 * 86_400_000;
  const workflows = workflowsOf('');
  const engine = new Engine({ store, workflows, owner: 'the last', lease, maxClockSkew, timetablePages: PAGES, clock });
  const failures = await engine.tick(() => false);
  if (failures.length > 0) throw new AggregateError(failures);
}

class Fleet {
  readonly expected = new Map<string, { readonly report: string; readonly steps: readonly string[] }>();
  readonly acknowledged: { run: string; length: number; entry: string }[] = [];
  readonly published: { run: string; text: string }[] = [];
  readonly mistakes: string[] = [];
  readonly counts = {
    steps: 0,
    kills: 0,
    'frozen until taken over': 0,
    'frozen in the middle': 0,
    'delivered again': 0,
    ticks: 0,
  };
  readonly #options: Simulation;
  readonly #bundle: string;
  readonly #workers = new Set<Worker>();
  readonly #queue: EngineEvent[] = [];
  /** How often each run was struck by a fault. */
  readonly #struck = new Map<string, number>();
  readonly #completed = new Set<string>();
  /** Runs that nobody approves. */
  readonly #timed = new Set<string>();
  readonly #reports: Server;
  readonly #random: () => number;
  #steps = 0;
  #faults = 0;
  /** One whose turn has come, and that waits until it may be. */
  #owed: (typeof FAULTS)[number] | undefined;
  /** See `#look`. */
  #settled = false;
  #ending = false;
  /** When a checkpoint was last acknowledged, milliseconds of `performance.now()`. */
  #progress = performance.now();
  #finish!: () => void;
  #giveUp!: (error: unknown) => void;
  readonly #outcome = new Promise<void>((resolve, reject) => {
    this.#finish = resolve;
    this.#giveUp = reject;
  });

  constructor(bundle: string, options: Simulation) {
    this.#bundle = bundle;
    this.#options = options;
    this.#random = generator(options.seed);
    this.#reports = createServer((request, response) => {
      let text = '';
      request.on('data', (data: Buffer) => (text += data.toString()));
      request.on('end', () => {
        // One of ten is turned away: that step is tried again.
        const refused = this.#random() % 10 === 0;
        if (!refused) this.published.push({ run: String(request.headers['idempotency-key']), text });
        response.writeHead(refused ? 503 : 204).end();
      });
    });
  }

  async run(): Promise<void> {
    const { processes } = this.#options;
    await new Promise<void>((resolve) => this.#reports.listen(0, '127.0.0.1', resolve));
    for (let n = 0; n < processes; n++) this.#spawn();
    const cron = setInterval(() => {
      if (this.#settled) return;
      const ticking = [...this.#workers].filter(({ frozen, event }) => !frozen && event?.type === 'tick');
      if (ticking.length > 1 || this.#queue.some(({ type }) => type === 'tick')) return;
      this.#queue.unshift({ type: 'tick' });
      this.#dispatch();
    }, 500);
    // Whoever sent an approval does so again, until it sees its report.
    const again = setInterval(() => {
      if (this.expected.size < this.#options.runs || this.#queue.length > 0) return;
      for (const instance of this.expected.keys())
        if (!this.#completed.has(instance) && !this.#timed.has(instance))
          this.#queue.push({ type: 'event', instance, event: 'approved' });
      this.#look().catch(this.#giveUp);
    }, 1500);
    const watch = setInterval(() => {
      if (performance.now() - this.#progress > STANDSTILL)
        this.#describe().then((text) => this.#giveUp(new Error(text)), this.#giveUp);
    }, 1000);
    try {
      await Promise.all([this.#outcome, this.#start()]);
    } finally {
      clearInterval(watch);
      clearInterval(cron);
      clearInterval(again);
    }
  }

  async end(): Promise<void> {
    this.#ending = true;
    const gone = [...this.#workers].map(({ process }) => new Promise((resolve) => process.once('exit', resolve)));
    for (const { process } of this.#workers) process.kill('SIGKILL');
    await Promise.all(gone);
    this.#reports.closeAllConnections();
    await new Promise((resolve) => this.#reports.close(resolve));
  }

  /** Runs are created as the fleet gets on with them. */
  async #start(): Promise<void> {
    const workflows = workflowsOf('');
    for (let number = 0; number < this.#options.runs && !this.#ending; number++) {
      while (this.#queue.length > 8 && !this.#ending) await new Promise((resolve) => setTimeout(resolve, 10));
      const timed = number % 3 === 0;
      const workflow = workflows[timed ? 1 : 0]!;
      const texts = documents(ROOT, number);
      const input = Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, encodeJson(text)]));
      const instance = await InstanceId.fromName('simulation', String(number));
      const chunks = Object.values(texts).reduce((sum, text) => sum + chunksOf(text), 0);
      this.expected.set(instance, {
        report: render(Object.values(texts).map(count)),
        steps: ['split', ...Array.from({ length: chunks }, () => 'count'), 'merge', 'publish'],
      });
      await this.#options.store.save(newRun(workflow, instance, input, Date.now()));
      this.#queue.push({ type: 'resume', instance });
      // Some approve before the run asks for it, some twice, the others once it waits.
      if (timed) this.#timed.add(instance);
      for (let times = timed ? 0 : number % 4; times > 1; times--)
        this.#queue.push({ type: 'event', instance, event: 'approved' });
      this.#dispatch();
    }
  }

  #spawn(): void {
    const { url, lease, maxClockSkew, fenced } = this.#options;
    const { port } = this.#reports.address() as AddressInfo;
    const settings: WorkerSettings = { url, lease, maxClockSkew, fenced, reportUrl: `http://127.0.0.1:${port}/` };
    const process = fork(this.#bundle, [JSON.stringify(settings)], { execArgv: [] });
    const worker: Worker = { process, event: undefined, run: undefined, state: 'starting', frozen: false };
    this.#workers.add(worker);
    process.on('message', (news: News) => this.#hear(worker, news));
    // Of one that was just killed: what it was told is delivered again once it is gone.
    process.on('error', () => undefined);
    process.on('exit', (code, signal) => {
      this.#workers.delete(worker);
      if (this.#ending) return;
      if (signal !== 'SIGKILL') this.#mistake(`a process ended with ${code}`);
      this.#deliverAgain(worker);
      this.#spawn();
    });
  }

  #hear(worker: Worker, news: News): void {
    switch (news.type) {
      case 'ready':
        worker.state = 'idle';
        return this.#dispatch();
      case 'working':
        return this.#working(worker, news.run);
      case 'stored':
        this.acknowledged.push(news);
        this.#progress = performance.now();
        if (news.status === 'completed') this.#completed.add(news.run);
        else if (news.status === 'waiting' && !this.#timed.has(news.run))
          this.#queue.push({ type: 'event', instance: news.run, event: 'approved' });
        return;
      case 'done':
        if (news.error !== undefined) {
          if (!PASSING.test(news.error)) this.#mistake(news.error);
          this.#deliverAgain(worker);
        }
        worker.event = worker.run = undefined;
        worker.state = 'idle';
        return this.#dispatch();
      default:
        return news satisfies never;
    }
  }

  #mistake(what: string): void {
    this.mistakes.push(what);
    if (this.mistakes.length > 20) this.#giveUp(new Error(this.mistakes.join('\n')));
  }

  /** The moment before a step: here things go wrong. */
  #working(worker: Worker, run: string): void {
    this.counts.steps++;
    worker.run = run;
    for (const other of this.#workers) if (other !== worker && other.run === run && other.frozen) this.#thaw(other);
    const { faultEvery, lease, maxClockSkew } = this.#options;
    const goOn = (): void => void (worker.process.connected && worker.process.send({ type: 'go on' } satisfies Order));
    const fault = ++this.#steps % faultEvery === 0 ? FAULTS[this.#faults++ % FAULTS.length] : this.#owed;
    if (fault === undefined) return goOn();
    const struck = this.#struck.get(run) ?? 0;
    const frozen = [...this.#workers].filter((other) => other.frozen).length;
    const mayBe = struck < STRUCK && (frozen < FROZEN_AT_ONCE || !fault.startsWith('freeze'));
    this.#owed = mayBe ? undefined : fault;
    if (!mayBe) return goOn();
    this.#struck.set(run, struck + 1);
    const overdue = lease + maxClockSkew;
    switch (fault) {
      case 'kill before a step':
        return this.#kill(worker);
      case 'kill amid':
        setTimeout(() => this.#kill(worker), this.#random() % 15);
        break;
      case 'freeze amid':
        setTimeout(() => {
          if (this.#workers.has(worker) && worker.state === 'busy' && !worker.frozen)
            this.#freeze(worker, 'frozen in the middle', 2 * overdue);
        }, this.#random() % 15);
        break;
      case 'freeze before a step':
        this.#freeze(worker, 'frozen until taken over', 8 * overdue);
        break;
      default:
        fault satisfies never;
    }
    return goOn();
  }

  #kill(worker: Worker): void {
    if (worker.process.kill('SIGKILL')) this.counts.kills++;
  }

  /** For longer than its lease; to the queue its time is up. */
  #freeze(worker: Worker, how: 'frozen until taken over' | 'frozen in the middle', most: number): void {
    this.counts[how]++;
    worker.process.kill('SIGSTOP');
    worker.frozen = true;
    this.#deliverAgain(worker);
    setTimeout(() => this.#thaw(worker), most);
  }

  #thaw(worker: Worker): void {
    if (!worker.frozen) return;
    worker.frozen = false;
    worker.process.kill('SIGCONT');
    this.#dispatch();
  }

  #deliverAgain({ event }: Worker): void {
    if (event === undefined || event.type === 'tick') return;
    this.counts['delivered again']++;
    this.#queue.push(event);
  }

  #dispatch(): void {
    for (const worker of this.#workers) {
      if (worker.state !== 'idle' || worker.frozen) continue;
      const event = this.#queue.shift();
      if (event === undefined) return;
      if (event.type === 'tick') this.counts.ticks++;
      worker.event = event;
      worker.state = 'busy';
      // Now and then a process has time for a few steps only.
      const steps = this.#random() % 8 === 0 ? 3 : 1000;
      worker.process.send({ type: 'event', event, steps } satisfies Order);
    }
  }

  /** What everybody is at: for whoever has to find out why nothing goes on. */
  async #describe(): Promise<string> {
    const lines = [
      `no checkpoint for ${STANDSTILL} ms; ${this.expected.size} started, ${this.#completed.size} completed`,
    ];
    for (const { process, ...about } of this.#workers) lines.push(`process ${process.pid}: ${JSON.stringify(about)}`);
    for (const event of this.#queue) lines.push(`to be delivered: ${JSON.stringify(event)}`);
    for await (const run of this.#options.store.states({ status: ['initializing', 'running', 'waiting', 'paused'] })) {
      const { instanceId, workflowId, status, currentStage, updatedAt, state } = run;
      const keys = Object.keys(state).join(', ');
      lines.push(
        `${workflowId} ${instanceId} is ${status.kind} in ${currentStage} since ${updatedAt.toISOString()}: ${keys}`,
      );
    }
    return lines.join('\n');
  }

  /** Whether all is done; then no more ticks, and the end once the last process has nothing to do. */
  async #look(): Promise<void> {
    this.#settled = this.expected.size === this.#options.runs && (await this.#isQuiet());
    if (this.#settled && ![...this.#workers].some(({ state, frozen }) => state === 'busy' || frozen)) this.#finish();
  }

  /** No run is under way. */
  async #isQuiet(): Promise<boolean> {
    const { store } = this.#options;
    for (const kind of ['running', 'waiting'] as const)
      for await (const id of store.listByStatus(kind)) if (await isIn(store, id)) return false;
    return true;
  }
}

/** Whether it has not ended: a listing may still name one whose process died in mid-transition. */
async function isIn(store: StateStore, id: InstanceId): Promise<boolean> {
  const head = await store.head(id);
  return head?.status === 'running' || head?.status === 'waiting';
}

function chunksOf(text: string): number {
  let chunks = 0;
  for (let from = 0; from < text.length; chunks++) {
    const space = text.indexOf(' ', from + CHUNK);
    from = space === -1 ? text.length : space;
  }
  return chunks;
}

function generator(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}
