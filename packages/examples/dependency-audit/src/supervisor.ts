// Starts the worker, kills it in the middle of a batch, starts it again, until the run is done.
//
// The moment of a kill is decided by what the worker says, never by a clock: it tells where it is before each task and
// waits to be answered. At the task in the middle of the batch in the middle of a stage, the answer is SIGKILL.

import type { ChildProcess } from 'node:child_process';
import type { InstanceId, StateStore } from '@workflow-state/core';
import { live } from './child.js';
import type { Display } from './display.js';
import { batchesDone, type Position } from './engine.js';
import { DemoFailure } from './failure.js';
import type { WorkerMessage } from './messages.js';

export interface SupervisorOptions {
  /** The supervisor's own handle on the store that the workers open by `url`. */
  readonly store: StateStore;
  readonly url: string;
  readonly root: string;
  readonly out: string;
  /** The stages to kill a worker in, in their order. */
  readonly killIn: readonly string[];
  readonly display: Display;
  readonly signal: AbortSignal;
  /** Entry of the worker's process. */
  readonly worker?: URL | undefined;
}

export interface Kill {
  readonly position: Position;
  readonly at: number;
  /** From the kill until the next process had come as far. */
  lostMs?: number;
}

export interface Survival {
  readonly run: InstanceId;
  readonly kills: readonly Kill[];
  /** Acknowledged saves, as the workers' `observe` saw them. */
  readonly saves: { readonly count: number; readonly totalMs: number; readonly largestBytes: number };
}

/** @throws `DemoFailure` where a run does not survive, or a kill is none. */
export async function supervise(options: SupervisorOptions): Promise<Survival> {
  const { url, root, out, killIn, signal, worker = new URL('./worker-main.js', import.meta.url) } = options;
  const lives = new Lives(options);
  for (;;) {
    const killsBefore = lives.kills.length;
    const exit = await live(worker, [url, root, out], signal, (message, child) => lives.hear(message, child));
    const kill = lives.kills[killsBefore];
    if (kill !== undefined) {
      if (exit.signal !== 'SIGKILL')
        throw new DemoFailure(`the worker was to die of SIGKILL, but ended by itself (${exit.code})`);
      await checkCutOff(options, lives, kill);
    } else if (exit.code === 0 && lives.status === 'completed') {
      break;
    } else {
      throw new DemoFailure(
        `the worker ended with ${exit.signal ?? `exit code ${exit.code}`}, its run ${lives.status ?? 'unfinished'}`,
      );
    }
  }
  const missed = killIn.slice(lives.kills.length);
  if (missed.length > 0)
    throw new DemoFailure(
      `nothing was killed in ${missed.join(', ')}: too few packages to be in the middle of anything?`,
    );
  return { run: lives.knownRun(), kills: lives.kills, saves: lives.saves };
}

/** What is known of the run, over the lives of all its workers. */
class Lives {
  readonly kills: Kill[] = [];
  readonly saves = { count: 0, totalMs: 0, largestBytes: 0 };
  status: string | undefined;
  #run: InstanceId | undefined;
  #stage: string | undefined;
  readonly #options: SupervisorOptions;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  knownRun(): InstanceId {
    if (this.#run === undefined) throw new DemoFailure('no worker has begun a run');
    return this.#run;
  }

  hear(message: WorkerMessage, child: ChildProcess): void {
    switch (message.type) {
      case 'started':
        return this.#started(message, child);
      case 'working':
        return this.#working(message.position, child);
      case 'saved':
        this.saves.count++;
        this.saves.totalMs += message.durationMs;
        this.saves.largestBytes = Math.max(this.saves.largestBytes, message.bytes);
        return;
      case 'ended':
        this.status = message.status;
        return;
      case 'superseded':
        throw new DemoFailure('another process has taken this run on: is the same store used by a second demo?');
      default:
        message satisfies never;
    }
  }

  #started({ run, resumed, checkpoint }: WorkerMessage & { type: 'started' }, { pid }: ChildProcess): void {
    const { display, store, url } = this.#options;
    if (this.#run !== undefined && run !== this.#run) {
      throw new DemoFailure(
        `nothing survived: the process that was started again found no unfinished run in ${url}` +
          (store.capabilities.durability === 'none'
            ? ', as is to be expected of a store of durability "none"; --store file:<directory> survives'
            : ''),
      );
    }
    this.#run = run;
    this.#stage = undefined;
    display.line(
      `process ${pid}: ${resumed ? `found run ${run}, resumes at checkpoint ${checkpoint}` : `begins run ${run}`}`,
    );
  }

  #working(position: Position, child: ChildProcess): void {
    const { display, killIn } = this.#options;
    const { stage, batch, batches, task } = position;
    if (stage !== this.#stage)
      display.line(`  ${stage.padEnd(9)} ${batches} batches${batch === 0 ? '' : `, from number ${batch + 1}`}`);
    this.#stage = stage;
    display.progress(`${stage}: batch ${batch + 1} of ${batches}`);
    const last = this.kills.at(-1);
    if (last?.lostMs === undefined && last !== undefined && isSame(last.position, position))
      last.lostMs = performance.now() - last.at;
    if (stage === killIn[this.kills.length] && batch === middle(batches) && task === middle(position.tasks)) {
      this.kills.push({ position, at: performance.now() });
      child.kill('SIGKILL');
    } else {
      child.send('go on');
    }
  }
}

/** After a kill: the batches before are in the store, the one that was cut off is not. */
async function checkCutOff({ store, display }: SupervisorOptions, lives: Lives, { position }: Kill): Promise<void> {
  const { stage, batch, batches, task, tasks } = position;
  display.line(
    `  SIGKILL   in the middle of ${stage}, batch ${batch + 1} of ${batches}, before package ${task + 1} of ${tasks}`,
  );
  const stored = await store.find(lives.knownRun());
  if (stored === undefined) {
    // The next process will not find it either, and fails the demo.
    display.line('  stored    nothing');
    return;
  }
  const done = batchesDone(stored, stage);
  if (done !== batch)
    throw new DemoFailure(
      `after the kill in batch ${batch + 1} of ${stage} the store has ${done} batches, not ${batch}`,
    );
  display.line(
    `  stored    checkpoint ${stored.checkpointVersion}, ${stored.status.kind}, ${done} of ${batches} batches of ${stage}`,
  );
}

function middle(count: number): number {
  return Math.floor(count / 2);
}

function isSame(a: Position, b: Position): boolean {
  return a.stage === b.stage && a.batch === b.batch && a.task === b.task;
}
