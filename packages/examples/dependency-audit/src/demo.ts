// The demo from its beginning to its end: what it shows, in order.

import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { StateStore } from '@workflow-state/core';
import type { DemoArguments } from './arguments.js';
import type { Display } from './display.js';
import { advance } from './engine.js';
import { DemoFailure } from './failure.js';
import { beginJournal, judge, readJournal, type Verdict } from './journal.js';
import { lookBack } from './look-back.js';
import { openStore } from './stores.js';
import { supervise, type SupervisorOptions } from './supervisor.js';
import { survivalTable } from './survival-table.js';
import { isAudit, newAudit, type ReportFile, reportFilesOf, stages } from './workflow.js';

export interface Surroundings {
  readonly display: Display;
  readonly signal: AbortSignal;
  /** Entry of the worker's process, where it is not the demo's own. */
  readonly worker?: URL | undefined;
}

/** @throws `DemoFailure` where anything did not survive that should have. */
export async function demo(args: DemoArguments, surroundings: Surroundings): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'dependency-audit-'));
  try {
    const url = args.store ?? pathToFileURL(join(scratch, 'store')).href;
    const store = await openStore(url);
    try {
      await mkdir(args.out, { recursive: true });
      beginJournal(args.out);
      await show(args, { ...surroundings, ...args, store, url, killIn: ['hash', 'licences'] }, scratch);
    } finally {
      await store.close();
    }
  } finally {
    surroundings.display.end();
    await rm(scratch, { recursive: true, force: true });
  }
}

async function show(args: DemoArguments, options: SupervisorOptions, scratch: string): Promise<void> {
  const { store, display, root, out } = options;
  display.line(
    `store: ${args.store ?? 'file:, in a directory of its own'} (durability: ${store.capabilities.durability})`,
  );
  await finishLeftOver(options);

  const began = performance.now();
  const survival = await supervise(options);
  const tookMs = performance.now() - began;

  display.progress('the same without a store on disk and without a kill, to compare');
  const expected = await uninterrupted(root, join(scratch, 'uninterrupted'));
  const state = await store.load(survival.run);
  const verdict = judge(readJournal(out).filter(({ run }) => run === survival.run));
  const same = await isSameReport(out, expected);
  display.line(survivalTable({ survival, verdict, state, tookMs, out, same }));
  check(verdict, same);
  await lookBack(store, args, display);
}

/** Runs of demos that were stopped half-way. Who opens a store takes on what it finds there. */
async function finishLeftOver(options: SupervisorOptions): Promise<void> {
  let left = 0;
  for await (const state of options.store.states({ status: 'running' })) if (isAudit(state)) left++;
  for (; left > 0; left--) {
    options.display.line('an earlier demo was stopped here half-way; its run is finished first');
    await supervise({ ...options, killIn: [] });
  }
}

/** The report of a run that nobody kills. The same code, in this process, over a store in memory. */
async function uninterrupted(root: string, out: string): Promise<readonly ReportFile[]> {
  const store: StateStore = await openStore('memory:');
  try {
    return reportFilesOf(await advance(store, await store.save(await newAudit({ root, out })), stages));
  } finally {
    await store.close();
  }
}

/** Compares the files as they lie there, not what the state says about them. */
async function isSameReport(out: string, expected: readonly ReportFile[]): Promise<boolean> {
  for (const { file, sha256 } of expected) {
    const found = createHash('sha256')
      .update(await readFile(join(out, file)))
      .digest('hex');
    if (found !== sha256) return false;
  }
  return expected.length > 0;
}

function check({ repeated }: Verdict, same: boolean): void {
  if (repeated.length > 0)
    throw new DemoFailure(`finished batches were done again after a kill: ${repeated.join(', ')}`);
  if (!same)
    throw new DemoFailure('the report is not that of an uninterrupted run (were packages installed meanwhile?)');
}
